//! Errors that nobody waits for: told as if they were not caught.

use js_sys::Function;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;

use super::convert::get;

/// Tells the worker's `error` listeners and the console, and goes on. An exception that is thrown through this module would leave what
/// is under way in it half done (<https://html.spec.whatwg.org/multipage/webappapis.html#runtime-script-errors>): an older browser gets it
/// in a task of its own.
pub(super) fn report(thrown: &JsValue) {
    match get(&js_sys::global(), "reportError").dyn_ref::<Function>() {
        // It returns nothing and does not throw.
        Some(report) => drop(report.call1(&JsValue::UNDEFINED, thrown)),
        None => {
            let thrown = thrown.clone();
            spawn_local(async move { wasm_bindgen::throw_val(thrown) });
        }
    }
}

/// An exception of the app's callback is the app's to hear of.
pub(super) fn report_throw(outcome: Result<JsValue, JsValue>) {
    if let Err(thrown) = outcome {
        report(&thrown);
    }
}
