//! Postgres input → Postgres output text, so that equal values have one spelling (protocol section 12).

use super::jsonb;
use super::time;
use super::types::PgType;

/// Why a text is no value of a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a valid {type_name}")]
pub struct NotOfType {
    text: String,
    type_name: &'static str,
}

/// The text Postgres would print for `text` read as `pg_type`, in the form of the change stream.
///
/// # Errors
/// The text is not of the type, out of its range, or too long.
pub fn canonical(pg_type: PgType, text: &str) -> Result<String, NotOfType> {
    read(pg_type, text).ok_or_else(|| NotOfType {
        text: text.chars().take(80).collect(),
        type_name: pg_type.name(),
    })
}

fn read(pg_type: PgType, text: &str) -> Option<String> {
    let trimmed = text.trim();
    match pg_type {
        PgType::Bool => boolean(trimmed),
        PgType::Int2 => trimmed.parse::<i16>().ok().map(|number| number.to_string()),
        PgType::Int4 => trimmed.parse::<i32>().ok().map(|number| number.to_string()),
        PgType::Int8 => trimmed.parse::<i64>().ok().map(|number| number.to_string()),
        PgType::Float4 => float(trimmed, 6, |text| {
            let number = text.parse::<f32>().ok()?;
            Some((f64::from(number), format!("{number:e}")))
        }),
        PgType::Float8 => float(trimmed, 15, |text| {
            let number = text.parse::<f64>().ok()?;
            Some((number, format!("{number:e}")))
        }),
        PgType::Numeric(limits) => super::numeric::canonical(trimmed, limits),
        PgType::Text => without_nul(text),
        PgType::Varchar(limit) => without_nul(text)
            .filter(|text| limit.is_none_or(|limit| text.chars().count() <= limit as usize)),
        PgType::Uuid => uuid(trimmed),
        PgType::Bytea => bytea(trimmed),
        PgType::Json => serde_json::from_str::<&serde_json::value::RawValue>(text)
            .ok()
            .map(|_| text.to_owned()),
        PgType::Jsonb => jsonb::canonical(text),
        PgType::Date => time::date(trimmed),
        PgType::Timestamp => time::timestamp(trimmed),
        PgType::Timestamptz => time::timestamptz(trimmed, 6),
        PgType::TimestamptzOf(digits) => time::timestamptz(trimmed, digits),
        PgType::Bpchar(length) => bpchar(text, length as usize),
        PgType::Bit(length) => {
            let bits = trimmed.len() == length as usize;
            let bits = bits && trimmed.bytes().all(|byte| matches!(byte, b'0' | b'1'));
            bits.then(|| trimmed.to_owned())
        }
        PgType::Inet => inet(trimmed),
        PgType::Named(_) | PgType::Array(..) => without_nul(text),
    }
}

/// Postgres text can hold every character but NUL.
fn without_nul(text: &str) -> Option<String> {
    (!text.contains('\0')).then(|| text.to_owned())
}

/// Padded to the length; spaces beyond it are cut off, anything else there is too long.
fn bpchar(text: &str, length: usize) -> Option<String> {
    let text = without_nul(text)?;
    let kept = text.trim_end_matches(' ');
    (kept.chars().count() <= length).then(|| format!("{kept:length$}"))
}

/// Addresses print without the mask of a single host.
fn inet(text: &str) -> Option<String> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let address: std::net::IpAddr = address.parse().ok()?;
    let single = if address.is_ipv4() { 32 } else { 128 };
    match bits {
        Some(bits) if bits > single => None,
        Some(bits) if bits < single => Some(format!("{address}/{bits}")),
        _ => Some(address.to_string()),
    }
}

fn boolean(text: &str) -> Option<String> {
    match text.to_ascii_lowercase().as_str() {
        "t" | "true" | "yes" | "on" | "1" => Some("t".into()),
        "f" | "false" | "no" | "off" | "0" => Some("f".into()),
        _ => None,
    }
}

/// Shortest digits that read back, with an exponent below 1e-4 and from `digits` digits on.
fn float(text: &str, digits: i32, parse: impl Fn(&str) -> Option<(f64, String)>) -> Option<String> {
    let (number, scientific) = parse(text)?;
    if number.is_nan() {
        return Some("NaN".into());
    }
    if number.is_infinite() {
        // A number too large for the type is an error, only the word means infinity.
        let named = text.to_ascii_lowercase().contains("inf");
        return named.then(|| match number > 0.0 {
            true => "Infinity".into(),
            false => "-Infinity".into(),
        });
    }
    let (mantissa, exponent) = scientific.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    if exponent < -4 || exponent >= digits {
        let sign = if exponent < 0 { '-' } else { '+' };
        return Some(format!("{mantissa}e{sign}{:02}", exponent.abs()));
    }
    super::numeric::canonical(&scientific, None)
}

fn uuid(text: &str) -> Option<String> {
    let hex: String = text
        .trim_start_matches('{')
        .trim_end_matches('}')
        .chars()
        .filter(|&letter| letter != '-')
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    if hex.len() != 32 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    Some(format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    ))
}

fn bytea(text: &str) -> Option<String> {
    let hex = text.strip_prefix("\\x")?;
    let whole = hex.len() % 2 == 0 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    whole.then(|| format!("\\x{}", hex.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn reads(pg_type: PgType, pairs: &[(&str, &str)]) {
        for (input, output) in pairs {
            assert_eq!(canonical(pg_type, input).as_deref(), Ok(*output), "{input}");
        }
    }

    fn refuses(pg_type: PgType, inputs: &[&str]) {
        for input in inputs {
            assert!(canonical(pg_type, input).is_err(), "{input}");
        }
    }

    #[test]
    fn scalars_have_one_spelling() {
        reads(PgType::Bool, &[("TRUE", "t"), ("f", "f"), ("off", "f")]);
        refuses(PgType::Bool, &["", "maybe"]);
        reads(PgType::Int4, &[("007", "7"), (" -5 ", "-5"), ("+3", "3")]);
        refuses(PgType::Int2, &["32768", "1.0", ""]);
        reads(
            PgType::Uuid,
            &[(
                "{A0EEBC99-9C0B4EF8BB6D6BB9BD380A11}",
                "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            )],
        );
        refuses(PgType::Uuid, &["x", "é0eebc999c0b4ef8bb6d6bb9bd380a1"]);
        reads(PgType::Bytea, &[("\\xDEad", "\\xdead"), ("\\x", "\\x")]);
        refuses(PgType::Bytea, &["dead", "\\xd", "\\xzz"]);
        refuses(PgType::Varchar(Some(2)), &["abc"]);
        refuses(PgType::Text, &["a\0b"]);
        reads(
            PgType::Json,
            &[("{\"b\":1,  \"a\":2}", "{\"b\":1,  \"a\":2}")],
        );
        refuses(PgType::Json, &["{", ""]);
        reads(PgType::Bpchar(3), &[("a", "a  "), ("abc  ", "abc")]);
        refuses(PgType::Bpchar(3), &["abcd"]);
        reads(PgType::Bit(4), &[("1010", "1010")]);
        refuses(PgType::Bit(4), &["101", "10a0"]);
        reads(
            PgType::Inet,
            &[
                ("10.1.2.3/32", "10.1.2.3"),
                ("10.1.2.3/24", "10.1.2.3/24"),
                ("::1/128", "::1"),
            ],
        );
        refuses(PgType::Inet, &["10.1.2.3/33", "x", "10.1.2"]);
        reads(
            PgType::TimestamptzOf(3),
            &[("2026-01-02 03:04:05.6785+00", "2026-01-02 03:04:05.679+00")],
        );
    }

    #[test]
    fn floats_print_as_postgres_does() {
        reads(
            PgType::Float8,
            &[
                ("4.50", "4.5"),
                ("1e-7", "1e-07"),
                ("1e22", "1e+22"),
                ("123456789012345", "123456789012345"),
                ("1e15", "1e+15"),
                ("0.0001", "0.0001"),
                ("-0", "-0"),
                ("nan", "NaN"),
                ("-infinity", "-Infinity"),
            ],
        );
        reads(PgType::Float4, &[("0.1", "0.1"), ("1000000", "1e+06")]);
        refuses(PgType::Float8, &["1e400", "x", ""]);
    }
}
