//! Results as they cross: flat.

use js_sys::{Array, JsString, Object};

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
