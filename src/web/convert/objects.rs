//! Results as row objects, made of the buffer that crosses between workers.

use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use super::{get, set, value};
use crate::error::Result;
use crate::tabs::Rows;

/// A result as a list of objects.
pub(in crate::web) fn rows_to_objects(rows: JsValue) -> Result<JsValue> {
    Ok(objects(&rows).into())
}

/// What a statement did, its `RETURNING` rows as objects.
pub(in crate::web) fn executed_to_objects(done: JsValue) -> Result<JsValue> {
    let object = Object::new();
    for name in ["rowsAffected", "transaction"] {
        set(&object, name, get(&done, name));
    }
    set(&object, "rows", objects(&get(&done, "rows")));
    Ok(object.into())
}

/// The rows of a result; none where there is no result.
pub(in crate::web) fn objects(rows: &JsValue) -> Array {
    let bytes = rows.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec);
    let rows = Rows::from_bytes(bytes.unwrap_or_default());
    let (columns, mut cells) = rows.read();
    let names: Vec<JsValue> = columns.names.into_iter().map(JsValue::from).collect();
    let list = Array::new();
    while let Some(first) = cells.next() {
        let object = Object::new();
        let row = std::iter::once(first).chain(cells.by_ref().take(names.len().saturating_sub(1)));
        for (name, cell) in names.iter().zip(row) {
            // Fails only on frozen objects and proxies.
            let _ = Reflect::set(&object, name, &value::to_js(cell));
        }
        list.push(&object);
    }
    list
}
