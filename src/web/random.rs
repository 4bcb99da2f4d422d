//! Randomness of the browser's own generator.

use wasm_bindgen::JsCast;

use crate::error::{Error, Result};

/// 64 bits.
pub(super) fn seed() -> Result<u64> {
    let unavailable = |_| Error::Storage("this worker has no crypto.getRandomValues()".into());
    let scope: web_sys::WorkerGlobalScope = js_sys::global().unchecked_into();
    let mut bytes = [0; 8];
    scope
        .crypto()
        .and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes))
        .map_err(unavailable)?;
    Ok(u64::from_ne_bytes(bytes))
}

/// A name that no other tab has.
pub(super) fn name() -> Result<String> {
    Ok(format!("{:016x}{:016x}", seed()?, seed()?))
}
