//! Replies as plain objects.

use js_sys::{Array, Object, Uint8Array};
use wasm_bindgen::JsValue;

use super::{record, rows, set};
use crate::error::Result;
use crate::tabs::{Executed, Reply};

/// The reply as the page reads it.
pub(in crate::web) fn to_js(reply: Reply) -> Result<JsValue> {
    Ok(match reply {
        Reply::Done => JsValue::NULL,
        Reply::Rows(result) => rows::to_js(&result).into(),
        Reply::Executed(done) => executed(&done, &optional(done.transaction.as_deref())).into(),
        Reply::Batch(all) => {
            // All of one transaction, so of one name.
            let key = optional(all.first().and_then(|done| done.transaction.as_deref()));
            let all = all.iter().map(|done| executed(done, &key));
            all.collect::<Array>().into()
        }
        Reply::Begun(id) => {
            let object = Object::new();
            set(&object, "transaction", id.0 as f64);
            object.into()
        }
        Reply::Committed(key) => {
            let object = Object::new();
            set(&object, "transaction", optional(key.as_deref()));
            object.into()
        }
        Reply::Status(status) => record(&*status)?,
        Reply::Transactions(records) => record(&records)?,
        Reply::Loaded(rows) => (rows as f64).into(),
        Reply::Verified(report) => record(&report)?,
        Reply::Inspected(inside) => record(&inside)?,
        Reply::Bytes(bytes) => {
            let object = Object::new();
            set(&object, "bytes", Uint8Array::from(&bytes[..]));
            object.into()
        }
    })
}

fn executed(done: &Executed, transaction: &JsValue) -> Object {
    let object = Object::new();
    set(&object, "rowsAffected", done.rows_affected as f64);
    set(&object, "transaction", transaction);
    if !done.rows.is_none() {
        set(&object, "rows", rows::to_js(&done.rows));
    }
    object
}

fn optional(key: Option<&str>) -> JsValue {
    key.map_or(JsValue::NULL, Into::into)
}
