//! Results as they cross: one buffer of their own, so that it can be moved.

use js_sys::Uint8Array;

use crate::tabs::Rows;

/// A copy of the buffer outside of the module's memory.
pub(super) fn to_js(rows: &Rows) -> Uint8Array {
    Uint8Array::from(rows.as_bytes())
}
