//! Results: flat for the wire, as row objects for an app in the same worker.

use js_sys::{Array, JsString, Object, Reflect};
use wasm_bindgen::JsValue;

use super::{set, value};
use crate::tabs::Rows;

/// Adds `columns` and the flat `values` to a reply; `origins` and `types` if they were asked for.
pub(super) fn set_flat(object: &Object, rows: Rows) {
    let values = Array::new_with_length(rows.values.len() as u32);
    let width = rows.columns.len().max(1);
    for (at, value) in rows.values.into_iter().enumerate() {
        let boolean = rows.booleans.get(at % width).copied().unwrap_or(false);
        values.set(at as u32, value::to_js(value, boolean));
    }
    if !rows.origins.is_empty() {
        set(object, "origins", texts(&rows.origins));
        set(object, "types", texts(&rows.types));
    }
    set(object, "columns", texts(&rows.columns));
    set(object, "values", values);
}

fn texts(list: &[String]) -> Array {
    list.iter()
        .map(|text| JsString::from(text.as_str()))
        .collect()
}

/// The columns of a result, as property names.
pub(in crate::web) struct Shape {
    names: Vec<JsValue>,
    booleans: Vec<bool>,
}

impl Shape {
    /// Reads them off.
    pub(in crate::web) fn of(rows: &Rows) -> Self {
        Self {
            names: rows.columns.iter().map(Into::into).collect(),
            booleans: rows.booleans.clone(),
        }
    }

    /// The next row of `values` as an object.
    pub(in crate::web) fn object(
        &self,
        values: &mut impl Iterator<Item = crate::value::Value>,
    ) -> Object {
        let object = Object::new();
        for (name, boolean) in self.names.iter().zip(&self.booleans) {
            if let Some(value) = values.next() {
                // Fails only on frozen objects and proxies.
                let _ = Reflect::set(&object, name, &value::to_js(value, *boolean));
            }
        }
        object
    }
}

/// Appends a result's rows as objects.
pub(in crate::web) fn append_objects(list: &Array, rows: Rows) {
    let shape = Shape::of(&rows);
    let count = rows.values.len() / rows.columns.len().max(1);
    let mut values = rows.values.into_iter();
    for _ in 0..count {
        list.push(&shape.object(&mut values));
    }
}
