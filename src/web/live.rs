//! Live queries of an app in this very worker: row objects that keep their identity while they do not change.

use std::cell::RefCell;

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::JsValue;

use super::convert::{get, objects, set};
use super::uncaught::report_throw;

/// One subscriber's result.
pub(super) struct LiveRows {
    rows: RefCell<Vec<JsValue>>,
    key: Array,
    callback: Function,
}

/// What one notification changed.
#[derive(Default)]
struct Changes {
    inserted: Array,
    updated: Array,
    deleted: Array,
}

impl LiveRows {
    /// `key`: the columns that name a row; without any, rows are told apart by content.
    pub(super) fn new(key: Array, callback: Function) -> Self {
        Self {
            rows: RefCell::default(),
            key,
            callback,
        }
    }

    /// Makes the new result of a notification and calls back with `{ rows, changes: { inserted, updated, deleted } }`.
    pub(super) fn apply(&self, live: &JsValue) {
        let old = self.rows.take();
        let fresh = objects(&get(live, "rows"));
        let fresh = fresh.iter();
        let again = get(live, "fresh").is_truthy() && !old.is_empty();
        let (rows, changes) = if again {
            self.matched(&old, fresh.collect())
        } else {
            stepped(old.clone(), live, fresh)
        };
        let told = [&changes.inserted, &changes.updated, &changes.deleted];
        let is_same = rows == old && told.iter().all(|list| list.length() == 0);
        *self.rows.borrow_mut() = rows.clone();
        if again && is_same {
            return;
        }
        let object = Object::new();
        set(&object, "inserted", changes.inserted);
        set(&object, "updated", changes.updated);
        set(&object, "deleted", changes.deleted);
        let result = Object::new();
        set(&result, "rows", rows.iter().collect::<Array>());
        set(&result, "changes", object);
        report_throw(self.callback.call1(&JsValue::UNDEFINED, &result));
    }

    /// A whole result again, where the database was taken over: rows that are the same stay the same objects.
    fn matched(&self, old: &[JsValue], fresh: Vec<JsValue>) -> (Vec<JsValue>, Changes) {
        let changes = Changes::default();
        let mut left: Vec<(String, String, &JsValue)> = old
            .iter()
            .map(|row| (self.name(row), content(row), row))
            .collect();
        let rows = fresh.into_iter().map(|row| {
            let (name, content) = (self.name(&row), content(&row));
            let same = |one: &&(String, String, &JsValue)| one.0 == name;
            let found = left.iter().find(same).map(|one| (one.1 == content, one.2));
            let Some((unchanged, before)) = found else {
                changes.inserted.push(&row);
                return row;
            };
            let before = before.clone();
            let at = left.iter().position(|one| one.0 == name);
            at.map(|at| left.swap_remove(at));
            if unchanged {
                return before;
            }
            changes.updated.push(&row);
            row
        });
        let rows = rows.collect();
        for (_, _, gone) in left {
            changes.deleted.push(gone);
        }
        (rows, changes)
    }

    /// What a row is told apart by.
    fn name(&self, row: &JsValue) -> String {
        if self.key.length() == 0 {
            return content(row);
        }
        let values = self.key.iter();
        let values = values.map(|column| Reflect::get(row, &column).unwrap_or_default());
        values.map(|value| spelled(&value)).collect()
    }
}

/// The old result with the steps of a notification: `0, from, count` keeps rows, `1, from` replaces one, `2, count` inserts.
fn stepped(
    old: Vec<JsValue>,
    live: &JsValue,
    mut fresh: impl Iterator<Item = JsValue>,
) -> (Vec<JsValue>, Changes) {
    let changes = Changes::default();
    let mut old: Vec<Option<JsValue>> = old.into_iter().map(Some).collect();
    let steps = Array::from(&get(live, "steps"));
    let mut numbers = steps
        .iter()
        .map(|n| n.as_f64().unwrap_or_default() as usize);
    let mut rows = Vec::new();
    while let (Some(kind), Some(number)) = (numbers.next(), numbers.next()) {
        match kind {
            0 => {
                let count = numbers.next().unwrap_or_default();
                let stretch = old.iter_mut().skip(number).take(count);
                rows.extend(stretch.filter_map(Option::take));
            }
            1 => {
                old.get_mut(number).map(Option::take);
                if let Some(row) = fresh.next() {
                    changes.updated.push(&row);
                    rows.push(row);
                }
            }
            _ => {
                for row in fresh.by_ref().take(number) {
                    changes.inserted.push(&row);
                    rows.push(row);
                }
            }
        }
    }
    for gone in old.into_iter().flatten() {
        changes.deleted.push(&gone);
    }
    (rows, changes)
}

/// All values of a row as text.
fn content(row: &JsValue) -> String {
    let values = Object::values(&Object::from(row.clone()));
    values.iter().map(|value| spelled(&value)).collect()
}

/// A value with its type, so that 1 and "1" differ, and where it ends.
fn spelled(value: &JsValue) -> String {
    let kind = value.js_typeof().as_string().unwrap_or_default();
    let text = Array::of1(value).join("");
    format!("{kind}{text}\0")
}
