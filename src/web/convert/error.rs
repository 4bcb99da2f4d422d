//! Our errors as `Error` objects with `code` and `retryable`.

use wasm_bindgen::JsValue;

use super::set;
use crate::error::Error;

/// What the app catches.
pub(in crate::web) fn to_js(error: &Error) -> JsValue {
    let report = error.report();
    let object = js_sys::Error::new(&report.message);
    object.set_name("ThroughlineError");
    set(&object, "code", report.code);
    set(&object, "retryable", report.retryable);
    object.into()
}
