//! Notifications as plain objects.

use js_sys::{Object, Uint32Array};
use wasm_bindgen::JsValue;

use super::{record, rows, set};
use crate::error::Result;
use crate::tabs::{LiveStep, Notification, TransactionRecord};

/// The notification as the page reads it.
pub(in crate::web) fn to_js(notification: Notification) -> Result<JsValue> {
    let object = Object::new();
    match notification {
        Notification::Live {
            subscription,
            fresh,
            diff,
        } => {
            set(&object, "type", "live");
            if fresh {
                set(&object, "fresh", true);
            }
            set(&object, "subscription", subscription.0);
            set(&object, "steps", Uint32Array::from(&steps(&diff.steps)[..]));
            set(&object, "rows", rows::to_js(&diff.rows));
        }
        Notification::LiveFailed {
            subscription,
            error,
        } => {
            set(&object, "type", "liveFailed");
            set(&object, "subscription", subscription.0);
            set(&object, "error", record(&error)?);
        }
        Notification::Status(status) => {
            set(&object, "type", "status");
            set(&object, "status", record(&status)?);
        }
        Notification::Accepted(transaction) => about(&object, "accepted", &transaction)?,
        Notification::Confirmed(transaction) => about(&object, "confirmed", &transaction)?,
        Notification::Rejected(transaction) => about(&object, "rejected", &transaction)?,
        Notification::Recovered(recovery) => {
            set(&object, "type", "recovered");
            set(&object, "recovery", record(&recovery)?);
        }
    }
    Ok(object.into())
}

fn about(object: &Object, kind: &str, transaction: &TransactionRecord) -> Result<()> {
    set(object, "type", kind);
    set(object, "transaction", record(transaction)?);
    Ok(())
}

/// `0, from, count` keeps rows, `1, from` replaces one, `2, count` inserts.
fn steps(steps: &[LiveStep]) -> Vec<u32> {
    let mut flat = Vec::new();
    for step in steps {
        match *step {
            LiveStep::Keep { from, count } => flat.extend([0, from, count]),
            LiveStep::Replace { from } => flat.extend([1, from]),
            LiveStep::Insert { count } => flat.extend([2, count]),
        }
    }
    flat
}
