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

use js_sys::{Object, Reflect};
use serde::Serialize;
use wasm_bindgen::JsValue;

use crate::error::{Error, Result};

/// A property; `undefined` where there is none.
pub(super) fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// Sets a property of an object of ours.
pub(super) fn set(object: &Object, name: &str, value: impl Into<JsValue>) {
    // Fails only on frozen objects and proxies.
    let _ = Reflect::set(object, &name.into(), &value.into());
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
