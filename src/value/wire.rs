//! SQLite ⇄ the JSON of the change log and of the `POST` body.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::decode::{decode, quoted};
use super::{PgType, Value, array, json, number};
use crate::error::{Error, Result};

/// The largest integer that every JSON reader keeps: 2^53 - 1.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// JSON's own null in a `json` column. A bare `null` is SQL NULL, so it travels as this string: one that `->>`, a text parameter or a
/// cast turns back into the JSON null. The escape tells it from the JSON string `"null"`.
const JSON_NULL: &str = r#""\u006eull""#;

/// Appends a value as JSON: booleans, integers to 2^53 and finite floats as themselves, json and arrays embedded, all else as strings.
/// The same goes for the elements of an array.
///
/// Total: a value that [`canonical`](super::canonical) would not pass is written by its storage class.
pub fn write_wire(out: &mut String, ty: &PgType, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Integer(int) => match ty {
            PgType::Bool if *int == 0 => out.push_str("false"),
            PgType::Bool if *int == 1 => out.push_str("true"),
            _ if is_number(ty) && int.unsigned_abs() <= MAX_SAFE_INTEGER => {
                json::push(out, format_args!("{int}"));
            }
            _ => json::push(out, format_args!("\"{int}\"")),
        },
        Value::Real(real) if is_number(ty) => json::write_real(out, *real),
        Value::Real(real) => json::write_string(out, &number::real_text(*real)),
        Value::Text(text) if ty.is_json() && text == "null" => out.push_str(JSON_NULL),
        Value::Text(text) if ty.is_json() && text == JSON_NULL => out.push_str("\"null\""),
        Value::Text(text) if embeds(ty) && json::is_valid(text) => match ty {
            PgType::Array(element) if **element == PgType::Int8 => write_int8_array(out, text),
            _ => out.push_str(text.trim()),
        },
        Value::Text(text) => json::write_string(out, text),
        Value::Blob(bytes) => json::write_bytes(out, bytes),
    }
}

/// Reads what [`write_wire`] wrote, and no less what a server or an app would write for it: numbers in text and text for numbers.
///
/// Numbers beyond a double keep all their digits. [`Error::Constraint`] if the JSON is no value of the type, as after a column has
/// changed its type.
pub fn read_wire(ty: &PgType, json: &RawValue) -> Result<Value> {
    let raw = json.get();
    if raw == "null" {
        return Ok(Value::Null);
    }
    if ty.is_json() {
        let text = if raw == JSON_NULL { "null" } else { raw };
        return Ok(Value::Text(text.to_owned()));
    }
    let refused = || Error::Constraint(format!("{} is not a value of type {ty}", quoted(raw)));
    let text = match raw.as_bytes().first() {
        Some(b'"') => Cow::Owned(crate::json::from_str::<String>(raw).map_err(|_| refused())?),
        Some(b'[') if embeds(ty) => return read_array(ty, raw).map_err(|_| refused()),
        Some(b'[' | b'{') => return Err(refused()),
        _ => Cow::Borrowed(raw),
    };
    match ty {
        PgType::Bool if raw == "1" => Ok(Value::Integer(1)),
        PgType::Bool if raw == "0" => Ok(Value::Integer(0)),
        PgType::Bool | PgType::Bytea => decode(ty, &text).map_err(|_| refused()),
        _ if is_number(ty) => decode(ty, &text).map_err(|_| refused()),
        _ => Ok(Value::Text(text.into_owned())),
    }
}

/// The array with its elements beyond 2^53 as strings, as a single `bigint` is.
fn write_int8_array(out: &mut String, text: &str) {
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if matches!(byte, b'[' | b',' | b']') {
            write_int8_element(out, text[from..at].trim_ascii());
            out.push(char::from(byte));
            from = at + 1;
        }
    }
    out.push_str(&text[from..]);
}

fn write_int8_element(out: &mut String, element: &str) {
    let is_wide = |int: i64| int.unsigned_abs() > MAX_SAFE_INTEGER;
    if element.parse().is_ok_and(is_wide) {
        json::write_string(out, element);
    } else {
        out.push_str(element);
    }
}

fn read_array(ty: &PgType, raw: &str) -> Result<Value, String> {
    match ty {
        PgType::Array(element) if **element == PgType::Int8 && raw.contains('"') => {
            array::respell_json(raw, element, |element, text| {
                decode(element, &text).map_err(|error| error.to_string())
            })
            .map(Value::Text)
        }
        _ => Ok(Value::Text(raw.to_owned())),
    }
}

fn embeds(ty: &PgType) -> bool {
    ty.is_json() || matches!(ty, PgType::Array(_))
}

/// Whether a number stands as a JSON number.
fn is_number(ty: &PgType) -> bool {
    matches!(
        ty,
        PgType::Bool
            | PgType::Int2
            | PgType::Int4
            | PgType::Int8
            | PgType::Oid
            | PgType::Float4
            | PgType::Float8
    )
}
