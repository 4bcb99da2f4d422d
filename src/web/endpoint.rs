//! The app's headers for its two servers: a record, or a function that is asked before each request.

use js_sys::{Function, Object, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::convert::get;
use crate::engine::Endpoint;

/// Where headers come from.
#[derive(Debug, Default)]
pub(super) struct Headers {
    electric: JsValue,
    write: JsValue,
}

impl Headers {
    /// Takes `electric.headers` and `write.headers` of the options.
    pub(super) fn of(options: &JsValue) -> Self {
        Self {
            electric: get(&get(options, "electric"), "headers"),
            write: get(&get(options, "write"), "headers"),
        }
    }

    /// The headers of one request; a function that throws leaves its sentence.
    pub(super) async fn resolve(
        &self,
        endpoint: Endpoint,
    ) -> Result<Vec<(String, String)>, String> {
        let source = match endpoint {
            Endpoint::Electric => self.electric.clone(),
            Endpoint::Write => self.write.clone(),
        };
        let headers = match source.dyn_ref::<Function>() {
            None => source,
            Some(function) => {
                let returned = function.call0(&JsValue::UNDEFINED).map_err(reason)?;
                match returned.dyn_into::<Promise>() {
                    Ok(promise) => JsFuture::from(promise).await.map_err(reason)?,
                    Err(plain) => plain,
                }
            }
        };
        let Some(record) = headers.dyn_ref::<Object>() else {
            return Ok(Vec::new());
        };
        Ok(Object::keys(record)
            .iter()
            .filter_map(|name| {
                let name = name.as_string()?;
                let value = get(&headers, &name).as_string()?;
                Some((name, value))
            })
            .collect())
    }
}

fn reason(thrown: JsValue) -> String {
    let message = get(&thrown, "message")
        .as_string()
        .or_else(|| thrown.as_string())
        .unwrap_or_else(|| "the function threw".into());
    format!("no headers for the request: {message}")
}
