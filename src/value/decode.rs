//! Electric's text → SQLite.

use std::borrow::Cow;

use super::{PgType, Value, array, json, moment, network, number};
use crate::error::{Error, Result};

/// How much of a malformed text an error quotes.
const QUOTED_CHARS: usize = 80;

/// Reads one value of a shape message: snapshot spelling (`column::text`) or stream spelling (the type's output function).
///
/// NULL never comes here: it is a JSON `null` in the message. Types that are kept as text and that nothing computes on are not checked;
/// for all others a malformed text is [`Error::Protocol`].
pub fn decode(ty: &PgType, text: &str) -> Result<Value> {
    decode_owned(ty, Cow::Borrowed(text))
}

/// [`decode`] for a text that may already be owned: it is moved, not copied, where the spelling stays.
pub fn decode_owned(ty: &PgType, text: Cow<'_, str>) -> Result<Value> {
    let value = match ty {
        PgType::Text | PgType::Bpchar | PgType::Interval | PgType::Cidr | PgType::Other(_) => {
            Value::Text(text.into_owned())
        }
        PgType::Json | PgType::Jsonb => Value::Text(json::trim(text)),
        PgType::Inet => Value::Text(network::without_host_mask(text)),
        PgType::Bool => bool_text(&text).ok_or_else(|| malformed(ty, &text))?,
        PgType::Int2 | PgType::Int4 | PgType::Int8 | PgType::Oid => number::int_text(ty, &text)
            .map(Value::Integer)
            .ok_or_else(|| malformed(ty, &text))?,
        PgType::Float4 | PgType::Float8 => {
            number::float_text(&text).ok_or_else(|| malformed(ty, &text))?
        }
        PgType::Bytea => bytea_text(&text)
            .map(Value::Blob)
            .ok_or_else(|| malformed(ty, &text))?,
        PgType::Numeric if number::is_server_numeric(&text) => Value::Text(text.into_owned()),
        PgType::Uuid if is_server_uuid(&text) => Value::Text(text.into_owned()),
        PgType::Numeric | PgType::Uuid => return Err(malformed(ty, &text)),
        PgType::Date | PgType::Time | PgType::Timetz | PgType::Timestamp | PgType::Timestamptz => {
            if moment::is_server_spelling(ty, &text) {
                Value::Text(text.into_owned())
            } else {
                // Years beyond 9999, BC, infinity; or a proxy's session in another time zone.
                moment::normalize(ty, &text)
                    .map(Value::Text)
                    .ok_or_else(|| malformed(ty, &text))?
            }
        }
        PgType::Array(element) => array::to_json(&text, element, |element, text| {
            decode_owned(element, text).map_err(|e| e.to_string())
        })
        .map(Value::Text)
        .map_err(|_| malformed(ty, &text))?,
    };
    Ok(value)
}

/// Both spellings of a boolean: `t`/`f` in the stream, `true`/`false` in a snapshot.
pub(super) fn bool_text(text: &str) -> Option<Value> {
    match text {
        "t" | "true" => Some(Value::Integer(1)),
        "f" | "false" => Some(Value::Integer(0)),
        _ => None,
    }
}

/// The bytes of `\xdeadbeef`; upper-case digits too.
pub(super) fn bytea_text(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let nibble = |digit: u8| char::from(digit).to_digit(16);
    digits
        .chunks_exact(2)
        .map(|pair| u8::try_from(nibble(pair[0])? << 4 | nibble(pair[1])?).ok())
        .collect()
}

/// Lower case and hyphenated, as the server writes it.
fn is_server_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => matches!(b, b'0'..=b'9' | b'a'..=b'f'),
        })
}

fn malformed(ty: &PgType, text: &str) -> Error {
    Error::Protocol(format!("{} is not {}", quoted(text), ty.with_article()))
}

/// The text as an error shows it: in quotes, cut after 80 characters.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
