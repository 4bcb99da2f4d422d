//! Results as row objects, made of the flat ones that cross between workers.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::JsValue;

use super::{get, set};
use crate::error::Result;

/// `columns` and flat `values` as a list of objects.
pub(in crate::web) fn rows_to_objects(rows: JsValue) -> Result<JsValue> {
    Ok(objects(&rows).into())
}

/// What a statement did, its `RETURNING` rows as objects.
pub(in crate::web) fn executed_to_objects(done: JsValue) -> Result<JsValue> {
    let object = Object::new();
    for name in ["rowsAffected", "transaction"] {
        set(&object, name, get(&done, name));
    }
    set(&object, "rows", objects(&done));
    Ok(object.into())
}

/// The rows of a flat result.
pub(in crate::web) fn objects(rows: &JsValue) -> Array {
    let columns = Array::from(&get(rows, "columns"));
    let values = Array::from(&get(rows, "values"));
    let width = columns.length().max(1);
    let list = Array::new();
    for start in (0..values.length()).step_by(width as usize) {
        let object = Object::new();
        for (at, name) in columns.iter().enumerate() {
            // Fails only on frozen objects and proxies.
            let _ = Reflect::set(&object, &name, &values.get(start + at as u32));
        }
        list.push(&object);
    }
    list
}
