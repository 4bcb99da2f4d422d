//! The part of [`Database`] that is about the file as a whole.

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::convert::{request_of, set};
use super::database::Database;

#[wasm_bindgen]
impl Database {
    /// A standard SQLite file with everything in it; resolves to `{ bytes }`.
    pub fn export(&self) -> Promise {
        self.plain(&request_of("export"))
    }

    /// Puts a file that was exported in place of this database, in every tab.
    pub fn import(&self, bytes: JsValue) -> Promise {
        let request = request_of("import");
        set(&request, "bytes", bytes);
        self.plain(&request)
    }
}
