//! SQL values. The rules for results are part of the API: see `SqlValue` in the package's types.

use js_sys::{BigInt, Date, Number, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::error::{Error, Result};
use crate::tabs::Cell;
use crate::value::{PgType, Value, canonical};

/// A parameter: `undefined` is NULL, a `Date` a timestamp in UTC, booleans 0 and 1.
pub(super) fn from_js(value: &JsValue, position: usize) -> Result<Value> {
    let refused = |what: &str| {
        Err(Error::Argument(format!(
            "parameter {} cannot be stored: {what}",
            position + 1
        )))
    };
    if value.is_null() || value.is_undefined() {
        return Ok(Value::Null);
    }
    if let Some(flag) = value.as_bool() {
        return Ok(Value::Integer(flag.into()));
    }
    if let Some(text) = value.as_string() {
        return Ok(Value::Text(text));
    }
    if let Some(number) = value.as_f64() {
        return match number {
            _ if number.is_nan() => refused("NaN"),
            _ if Number::is_safe_integer(value) => Ok(Value::Integer(number as i64)),
            _ => Ok(Value::Real(number)),
        };
    }
    if value.is_bigint() {
        return match i64::try_from(value.clone()) {
            Ok(number) => Ok(Value::Integer(number)),
            Err(_) => refused("a bigint of more than 64 bits"),
        };
    }
    if let Some(date) = value.dyn_ref::<Date>() {
        if date.get_time().is_nan() {
            return refused("an invalid Date");
        }
        // As the server spells it, so that it compares with what a column holds.
        let text = Value::Text(date.to_iso_string().into());
        return canonical(&PgType::Timestamptz, text).or_else(|reason| refused(&reason));
    }
    if let Some(bytes) = value.dyn_ref::<Uint8Array>() {
        return Ok(Value::Blob(bytes.to_vec()));
    }
    refused("use JSON.stringify() for a json column, a Uint8Array for bytes")
}

/// A result: integers beyond 2^53 as `bigint`, columns declared `bool` as booleans.
pub(super) fn to_js(cell: Cell<'_>) -> JsValue {
    match cell {
        Cell::Null => JsValue::NULL,
        Cell::Boolean(flag) => JsValue::from_bool(flag),
        Cell::Integer(number) => {
            let safe = Number::MIN_SAFE_INTEGER as i64..=Number::MAX_SAFE_INTEGER as i64;
            if safe.contains(&number) {
                JsValue::from_f64(number as f64)
            } else {
                BigInt::from(number).into()
            }
        }
        Cell::Real(number) => JsValue::from_f64(number),
        Cell::Text(text) => JsValue::from_str(&text),
        Cell::Blob(bytes) => Uint8Array::from(bytes).into(),
    }
}
