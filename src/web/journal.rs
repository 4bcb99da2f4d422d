//! The part of [`Database`] that is about rejected transactions.

use js_sys::{Object, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::convert::{get, request_of, set};
use super::database::Database;

#[wasm_bindgen]
impl Database {
    /// Queues a rejected transaction again; with `options.dependents` those that were rolled back with it, too.
    pub fn retry(&self, number: JsValue, options: &JsValue) -> Promise {
        self.plain(&dealing("retry", number, options))
    }

    /// The same, with other changes, and with `options.meta` in place of what was attached to it.
    pub fn edit(&self, number: JsValue, changes: JsValue, options: &JsValue) -> Promise {
        let request = dealing("edit", number, options);
        set(&request, "changes", changes);
        self.plain(&request)
    }

    /// Forgets a rejected transaction; with `options.dependents` those that were rolled back with it, too.
    pub fn discard(&self, number: JsValue, options: &JsValue) -> Promise {
        self.plain(&dealing("discard", number, options))
    }
}

fn dealing(kind: &str, number: JsValue, options: &JsValue) -> Object {
    let request = request_of(kind);
    set(&request, "number", number);
    for name in ["dependents", "meta"] {
        set(&request, name, get(options, name));
    }
    request
}
