//! Errors that nobody waits for: told as if they were not caught.

use js_sys::Function;
use wasm_bindgen::{JsCast, JsValue};

use super::convert::get;

/// Tells the worker's `error` listeners and the console, and goes on. An exception that is thrown through this module would leave what
/// is under way in it half done (<https://html.spec.whatwg.org/multipage/webappapis.html#runtime-script-errors>).
pub(super) fn report(thrown: &JsValue) {
    if let Some(report) = get(&js_sys::global(), "reportError").dyn_ref::<Function>() {
        // It returns nothing and does not throw.
        let _ = report.call1(&JsValue::UNDEFINED, thrown);
    }
}

/// An exception of the app's callback is the app's to hear of.
pub(super) fn report_throw(outcome: Result<JsValue, JsValue>) {
    if let Err(thrown) = outcome {
        report(&thrown);
    }
}
