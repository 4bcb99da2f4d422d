//! What an app may write → the spelling that the server's echo will have.

use std::borrow::Cow;

use super::decode::{bool_text, bytea_text, quoted};
use super::{PgType, Value, array, json, jsonb, moment, network, number, real};

/// Spells a value as [`decode`](super::decode) will spell the server's echo of it, or says in a short sentence what is wrong with it.
///
/// Applying it twice changes nothing, and what [`decode`](super::decode) gave passes unchanged. It cannot know what only the server
/// does: the scale of a `numeric(10,2)`, the padding of a `char(n)`, the precision of a `timestamp(3)`, the spelling of an `interval`, of
/// a range and of other types that are kept as text.
pub fn canonical(ty: &PgType, value: Value) -> Result<Value, String> {
    let canonical = match ty {
        _ if value == Value::Null => Some(Value::Null),
        PgType::Bool => boolean(&value),
        PgType::Int2 | PgType::Int4 | PgType::Int8 | PgType::Oid => return integer(ty, &value),
        PgType::Float4 | PgType::Float8 => return float(ty, &value),
        PgType::Numeric => numeric(&value),
        PgType::Text | PgType::Bpchar | PgType::Interval | PgType::Other(_) => {
            return text(ty, value);
        }
        PgType::Json | PgType::Jsonb => return json(ty, value),
        PgType::Bytea => match value {
            Value::Blob(_) => return Ok(value),
            Value::Text(ref text) => bytea_text(text.trim_ascii()).map(Value::Blob),
            _ => None,
        },
        PgType::Array(element) => return array(ty, element, &value),
        PgType::Uuid => spelled(&value, uuid),
        PgType::Inet => spelled(&value, network::inet),
        PgType::Cidr => spelled(&value, network::cidr),
        PgType::Date | PgType::Time | PgType::Timetz | PgType::Timestamp | PgType::Timestamptz => {
            spelled(&value, |text| moment::normalize(ty, text))
        }
    };
    canonical.ok_or_else(|| refusal(ty, &value))
}

fn boolean(value: &Value) -> Option<Value> {
    match value {
        Value::Integer(0 | 1) => Some(value.clone()),
        Value::Real(real) => boolean(&Value::Integer(number::integral(*real)?)),
        Value::Text(text) => {
            bool_text(text).or_else(|| match text.trim_ascii().to_ascii_lowercase().as_str() {
                "1" => Some(Value::Integer(1)),
                "0" => Some(Value::Integer(0)),
                word => bool_text(word),
            })
        }
        _ => None,
    }
}

fn integer(ty: &PgType, value: &Value) -> Result<Value, String> {
    let int = match value {
        Value::Integer(int) => Some(*int),
        Value::Real(real) => number::integral(*real),
        Value::Text(text) => text.trim_ascii().parse().ok(),
        _ => None,
    };
    let int = int.ok_or_else(|| refusal(ty, value))?;
    let int = number::in_range(ty, int).ok_or_else(|| out_of_range(ty, value))?;
    Ok(Value::Integer(int))
}

fn float(ty: &PgType, value: &Value) -> Result<Value, String> {
    let real = match value {
        #[allow(clippy::cast_precision_loss)] // the server rounds as well
        Value::Integer(int) => Some(*int as f64),
        Value::Real(real) => Some(*real),
        Value::Text(text) => real::parse(text.trim_ascii()),
        _ => None,
    };
    let real = real.ok_or_else(|| refusal(ty, value))?;
    let overflown = real.is_infinite()
        && matches!(value, Value::Text(text) if text.bytes().any(|b| b.is_ascii_digit()));
    let rounded = match ty {
        PgType::Float4 => number::as_float4(real),
        _ => Some(real),
    };
    match rounded {
        Some(real) if !overflown => Ok(number::real_value(real)),
        _ => Err(out_of_range(ty, value)),
    }
}

fn numeric(value: &Value) -> Option<Value> {
    let text = match value {
        Value::Integer(int) => int.to_string(),
        Value::Real(real) => number::numeric_text(&number::real_text(*real))?,
        Value::Text(text) => number::numeric_text(text)?,
        _ => return None,
    };
    Some(Value::Text(text))
}

fn text(ty: &PgType, value: Value) -> Result<Value, String> {
    match (ty, &value) {
        (_, Value::Text(_)) => Ok(value),
        (PgType::Interval, _) | (_, Value::Null | Value::Blob(_)) => Err(refusal(ty, &value)),
        (_, Value::Integer(int)) => Ok(Value::Text(int.to_string())),
        (_, Value::Real(real)) => Ok(Value::Text(number::real_text(*real))),
    }
}

fn json(ty: &PgType, value: Value) -> Result<Value, String> {
    let text = match value {
        Value::Integer(int) => int.to_string(),
        Value::Real(real) if real.is_finite() => number::real_text(real),
        Value::Text(text) if json::is_valid(&text) => text,
        Value::Text(text) => return Err(format!("{} is not valid JSON", quoted(&text))),
        other => return Err(refusal(ty, &other)),
    };
    match ty {
        PgType::Json => Ok(Value::Text(json::trim(Cow::Owned(text)).into_owned())),
        _ => match jsonb::spell(&text) {
            Some(spelled) => Ok(Value::Text(spelled)),
            None => Err(refusal(ty, &Value::Text(text))),
        },
    }
}

/// JSON text, or Postgres' own `{…}` and `[0:1]={…}`.
fn array(ty: &PgType, element: &PgType, value: &Value) -> Result<Value, String> {
    let Value::Text(text) = value else {
        return Err(refusal(ty, value));
    };
    let read: array::ReadElement =
        |element, text| canonical(element, Value::Text(text.into_owned()));
    let has_bounds = || text.contains("={") && !json::is_valid(text);
    let spelled = match text.trim_ascii().as_bytes().first() {
        Some(b'{') => array::to_json(text, element, read),
        Some(b'[') if has_bounds() => array::to_json(text, element, read),
        Some(b'[') => array::respell_json(text, element, read),
        _ => return Err(refusal(ty, value)),
    };
    spelled.map(Value::Text)
}

/// For types that are text in one spelling: only text is taken.
fn spelled(value: &Value, spell: impl Fn(&str) -> Option<String>) -> Option<Value> {
    match value {
        Value::Text(text) => spell(text).map(Value::Text),
        _ => None,
    }
}

/// 32 digits in either case, in braces or not, a hyphen after any group of four: what Postgres reads
/// (<https://www.postgresql.org/docs/current/datatype-uuid.html>).
fn uuid(text: &str) -> Option<String> {
    let text = text.trim_ascii();
    let text = match text.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}')?,
        None => text,
    };
    let mut out = String::with_capacity(36);
    let (mut digits, mut after_hyphen) = (0, true);
    for c in text.chars() {
        if c == '-' && !after_hyphen && digits % 4 == 0 && digits < 32 {
            after_hyphen = true;
        } else if c.is_ascii_hexdigit() && digits < 32 {
            if matches!(digits, 8 | 12 | 16 | 20) {
                out.push('-');
            }
            out.push(c.to_ascii_lowercase());
            digits += 1;
            after_hyphen = false;
        } else {
            return None;
        }
    }
    (digits == 32).then_some(out)
}

fn refusal(ty: &PgType, value: &Value) -> String {
    let (shown, verb) = shown(value);
    format!("{shown} {verb} not {}", ty.with_article())
}

fn out_of_range(ty: &PgType, value: &Value) -> String {
    format!("{} is out of range for {ty}", shown(value).0)
}

fn shown(value: &Value) -> (String, &'static str) {
    match value {
        Value::Null => ("NULL".to_owned(), "is"),
        Value::Integer(int) => (int.to_string(), "is"),
        Value::Real(real) => (number::real_text(*real), "is"),
        Value::Text(text) => (quoted(text), "is"),
        Value::Blob(_) => ("bytes".to_owned(), "are"),
    }
}
