//! Live queries of an app in this very worker: row objects that keep their identity while they do not change.

use std::cell::RefCell;

use js_sys::{Array, Function, Object};
use wasm_bindgen::JsValue;

use super::convert::{Shape, set};
use super::driver::report_throw;
use crate::tabs::{LiveDiff, LiveStep};

/// One subscriber's result.
pub(super) struct LiveRows {
    rows: RefCell<Vec<Object>>,
    callback: Function,
}

impl LiveRows {
    pub(super) fn new(callback: Function) -> Self {
        Self {
            rows: RefCell::default(),
            callback,
        }
    }

    /// Makes the new result and calls back with `{ rows, changes: { inserted, updated, deleted } }`.
    pub(super) fn apply(&self, diff: &LiveDiff) {
        let (inserted, updated, deleted) = (Array::new(), Array::new(), Array::new());
        let shape = Shape::of(&diff.rows);
        let mut values = diff.rows.values.iter().cloned();
        let mut old: Vec<Option<Object>> = self.rows.borrow_mut().drain(..).map(Some).collect();
        let mut rows = Vec::new();
        for step in &diff.steps {
            match *step {
                LiveStep::Keep { from, count } => {
                    let stretch = old.iter_mut().skip(from as usize).take(count as usize);
                    rows.extend(stretch.filter_map(Option::take));
                }
                LiveStep::Replace { from } => {
                    if let Some(place) = old.get_mut(from as usize) {
                        place.take();
                    }
                    let row = shape.object(&mut values);
                    updated.push(&row);
                    rows.push(row);
                }
                LiveStep::Insert { count } => {
                    for _ in 0..count {
                        let row = shape.object(&mut values);
                        inserted.push(&row);
                        rows.push(row);
                    }
                }
            }
        }
        for gone in old.into_iter().flatten() {
            deleted.push(&gone);
        }
        let changes = Object::new();
        set(&changes, "inserted", inserted);
        set(&changes, "updated", updated);
        set(&changes, "deleted", deleted);
        let result = Object::new();
        set(&result, "rows", rows.iter().collect::<Array>());
        set(&result, "changes", changes);
        *self.rows.borrow_mut() = rows;
        report_throw(self.callback.call1(&JsValue::UNDEFINED, &result));
    }
}
