//! Electric's text → SQLite.

use std::borrow::Cow;

use super::{PgType, Value, array, json, moment, network, number};
use crate::error::{Error, Result};

/// How much of a malformed text an error quotes.
const QUOTED_CHARS: usize = 80;

/// A value as it was decoded: its text still lies in the message where the spelling stays.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded<'a> {
    /// [`Value::Text`], not copied.
    Text(Cow<'a, str>),
    /// Everything else, and text in a spelling of its own.
    Value(Value),
}

impl Decoded<'_> {
    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Value(Value::Text(text)) => Some(text),
            Self::Value(_) => None,
        }
    }
}

impl From<Decoded<'_>> for Value {
    fn from(decoded: Decoded<'_>) -> Self {
        match decoded {
            Decoded::Text(text) => Self::Text(text.into_owned()),
            Decoded::Value(value) => value,
        }
    }
}

/// Reads one value of a shape message: snapshot spelling (`column::text`) or stream spelling (the type's output function).
///
/// NULL never comes here: it is a JSON `null` in the message. Types that are kept as text and that nothing computes on are not checked;
/// for all others a malformed text is [`Error::Protocol`].
pub fn decode(ty: &PgType, text: &str) -> Result<Value> {
    decode_text(ty, Cow::Borrowed(text)).map(Value::from)
}

/// [`decode`] that copies no text whose spelling stays.
pub fn decode_text<'a>(ty: &PgType, text: Cow<'a, str>) -> Result<Decoded<'a>> {
    let value = match ty {
        PgType::Text | PgType::Bpchar | PgType::Interval | PgType::Cidr | PgType::Other(_) => {
            return Ok(Decoded::Text(text));
        }
        PgType::Json | PgType::Jsonb => return Ok(Decoded::Text(json::trim(text))),
        PgType::Inet => return Ok(Decoded::Text(network::without_host_mask(text))),
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
        PgType::Numeric if number::is_server_numeric(&text) => return Ok(Decoded::Text(text)),
        PgType::Uuid if is_server_uuid(&text) => return Ok(Decoded::Text(text)),
        PgType::Numeric | PgType::Uuid => return Err(malformed(ty, &text)),
        PgType::Date | PgType::Time | PgType::Timetz | PgType::Timestamp | PgType::Timestamptz => {
            if moment::is_server_spelling(ty, &text) {
                return Ok(Decoded::Text(text));
            }
            // Years beyond 9999, BC, infinity; or a proxy's session in another time zone.
            moment::normalize(ty, &text)
                .map(Value::Text)
                .ok_or_else(|| malformed(ty, &text))?
        }
        PgType::Array(element) => array::to_json(&text, element, |element, text| {
            decode_text(element, text)
                .map(Value::from)
                .map_err(|e| e.to_string())
        })
        .map(Value::Text)
        .map_err(|_| malformed(ty, &text))?,
    };
    Ok(Decoded::Value(value))
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
