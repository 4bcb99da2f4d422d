//! What the app adds to a request: headers, and parameters of the shape URL. Functions among them are asked before each
//! request.

use js_sys::{Array, Function, Object, Promise, Reflect, Symbol};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::convert::get;
use crate::engine::{Endpoint, Fetch};
use crate::error::{Error, Result};

/// Names and values.
type Pairs = Vec<(String, String)>;

/// Where they come from.
#[derive(Debug)]
pub(super) struct Sources {
    electric: JsValue,
    params: JsValue,
    write: JsValue,
    /// `write.send`, if the app posts by itself.
    pub(super) send: JsValue,
    /// `write.classify`.
    pub(super) classify: JsValue,
}

impl Sources {
    /// Takes the functions, and what may hold some, of the options.
    pub(super) fn of(options: &JsValue) -> Self {
        let electric = get(options, "electric");
        let write = get(options, "write");
        Self {
            electric: get(&electric, "headers"),
            params: get(&electric, "params"),
            send: get(&write, "send"),
            classify: get(&write, "classify"),
            write: get(&write, "headers"),
        }
    }

    /// Adds the parameters to a request and returns its headers. A function that throws leaves its sentence.
    pub(super) async fn complete(&self, fetch: &mut Fetch) -> Result<Pairs> {
        match fetch.endpoint {
            Endpoint::Write => pairs(&self.write, "headers", false).await,
            Endpoint::Electric => {
                // The plain ones are in the URL already: they are part of what the shape is.
                fetch.add_params(pairs(&self.params, "params", true).await?)?;
                pairs(&self.electric, "headers", false).await
            }
        }
    }
}

/// The names with a value; `asked_only` leaves out what no function says.
async fn pairs(source: &JsValue, what: &str, asked_only: bool) -> Result<Pairs> {
    let record = now(source, what).await?;
    let mut found = Pairs::new();
    let Some(object) = record.dyn_ref::<Object>() else {
        return Ok(found);
    };
    // `Headers` and lists of pairs are iterable.
    let entries = match Reflect::has(object, &Symbol::iterator()) {
        Ok(true) => Array::from(object),
        _ => Object::entries(object),
    };
    for entry in entries {
        let entry = Array::from(&entry);
        let given = entry.get(1);
        if asked_only && !source.is_function() && !given.is_function() {
            continue;
        }
        let value = now(&given, what).await?;
        let Some(name) = entry.get(0).as_string() else {
            continue;
        };
        match value.as_string() {
            Some(value) => found.push((name, value)),
            None if value.is_undefined() || value.is_null() => {}
            None => {
                let message = format!("{what}: {name:?} must be text");
                return Err(Error::Argument(message));
            }
        }
    }
    Ok(found)
}

/// A value, or what the function in its place says.
async fn now(source: &JsValue, what: &str) -> Result<JsValue> {
    let Some(function) = source.dyn_ref::<Function>() else {
        return Ok(source.clone());
    };
    let reason = |thrown: JsValue| {
        let message = get(&thrown, "message")
            .as_string()
            .or_else(|| thrown.as_string())
            .unwrap_or_else(|| "the function threw".into());
        Error::Network(format!("no {what} for the request: {message}"))
    };
    let returned = function.call0(&JsValue::UNDEFINED).map_err(reason)?;
    JsFuture::from(Promise::resolve(&returned))
        .await
        .map_err(reason)
}
