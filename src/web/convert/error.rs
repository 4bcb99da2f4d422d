//! Our errors as `Error` objects with `code` and `retryable`.

use wasm_bindgen::JsValue;

use super::{get, set};
use crate::error::Error;

/// What the app catches.
pub(in crate::web) fn to_js(error: &Error) -> JsValue {
    let report = error.report();
    object(&report.message, report.code.into(), report.retryable.into())
}

/// The same, of a report that came from another tab.
pub(in crate::web) fn report_to_js(report: &JsValue) -> JsValue {
    let message = get(report, "message").as_string().unwrap_or_default();
    object(&message, get(report, "code"), get(report, "retryable"))
}

fn object(message: &str, code: JsValue, retryable: JsValue) -> JsValue {
    let object = js_sys::Error::new(message);
    object.set_name("ThroughlineError");
    set(&object, "code", code);
    set(&object, "retryable", retryable);
    object.into()
}
