//! JavaScript ⇄ Rust: requests in, replies and notifications out.

mod error;
mod notification;
mod objects;
mod reply;
mod request;
mod rows;
mod value;

pub(super) use error::{report_to_js, to_js as error_to_js};
pub(super) use notification::to_js as notification_to_js;
pub(super) use objects::{executed_to_objects, objects, rows_to_objects};
pub(super) use reply::to_js as reply_to_js;
pub(super) use request::from_js as request_from_js;

use std::cell::RefCell;

use js_sys::{Object, Reflect};
use serde::Serialize;
use wasm_bindgen::JsValue;

use crate::error::{Error, Result};

thread_local! {
    /// Names of properties as JavaScript has them: to make one takes longer than to look it up in an object.
    static NAMES: RefCell<Vec<(&'static str, JsValue)>> = const { RefCell::new(Vec::new()) };
}

fn name_of(text: &'static str) -> JsValue {
    NAMES.with_borrow_mut(|names| {
        let known = names.iter().find(|(known, _)| std::ptr::eq(*known, text));
        if let Some((_, name)) = known {
            return name.clone();
        }
        let name = JsValue::from_str(text);
        names.push((text, name.clone()));
        name
    })
}

/// A property; `undefined` where there is none.
pub(super) fn get(object: &JsValue, name: &'static str) -> JsValue {
    Reflect::get(object, &name_of(name)).unwrap_or(JsValue::UNDEFINED)
}

/// Sets a property of an object of ours.
pub(super) fn set(object: &Object, name: &'static str, value: impl Into<JsValue>) {
    // Fails only on frozen objects and proxies.
    let _ = Reflect::set(object, &name_of(name), &value.into());
}

/// A request without its fields.
pub(super) fn request_of(kind: &str) -> Object {
    let request = Object::new();
    set(&request, "type", kind);
    request
}

/// A serializable record as a plain object, `None` as null.
pub(super) fn record(value: &impl Serialize) -> Result<JsValue> {
    value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .map_err(|error| Error::Internal(format!("cannot hand over a record: {error}")))
}
