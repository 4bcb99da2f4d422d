//! Integers, floats and numerics in text.

use super::{PgType, Value, real};

/// Reads a decimal integer and checks it against the type's range.
pub(super) fn int_text(ty: &PgType, text: &str) -> Option<i64> {
    in_range(ty, text.parse().ok()?)
}

/// The integer if the type can hold it.
pub(super) fn in_range(ty: &PgType, int: i64) -> Option<i64> {
    let range = match ty {
        PgType::Int2 => i64::from(i16::MIN)..=i64::from(i16::MAX),
        PgType::Int4 => i64::from(i32::MIN)..=i64::from(i32::MAX),
        PgType::Oid => 0..=i64::from(u32::MAX),
        _ => i64::MIN..=i64::MAX,
    };
    range.contains(&int).then_some(int)
}

/// The integer that a double stands for, if it is one and fits 64 bits.
pub(super) fn integral(real: f64) -> Option<i64> {
    // 2^63 itself is a double, i64::MAX is not.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    #[allow(clippy::cast_possible_truncation)] // the range is checked
    (real.fract() == 0.0 && (-LIMIT..LIMIT).contains(&real)).then_some(real as i64)
}

/// Reads a float of the server. NaN stays text, because SQLite would make it NULL.
pub(super) fn float_text(text: &str) -> Option<Value> {
    real::parse(text).map(real_value)
}

/// The SQLite value of a double that may be NaN.
pub(super) fn real_value(real: f64) -> Value {
    if real.is_nan() {
        Value::Text("NaN".to_owned())
    } else {
        Value::Real(real)
    }
}

/// The nearest value that `real` (four bytes) holds, in the decimal digits that the server echoes; `None` beyond its range.
pub(super) fn as_float4(real: f64) -> Option<f64> {
    #[allow(clippy::cast_possible_truncation)] // rounding is the point
    let single = real as f32;
    if (single.is_infinite() && real.is_finite()) || (single == 0.0 && real != 0.0) {
        return None;
    }
    real::parse(&single.to_string())
}

/// The shortest text that reads back as the same double: `1`, `-0`, `0.1`, `1e22`, `Infinity`.
pub(super) fn real_text(real: f64) -> String {
    if real.is_infinite() {
        return if real > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let mut text = format!("{real:?}");
    if text.ends_with(".0") {
        text.truncate(text.len() - ".0".len());
    }
    text
}

/// Whether the text is a numeric as the server writes it: digits and a point, never an exponent.
pub(super) fn is_server_numeric(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned) || unsigned == "Infinity" || text == "NaN",
    }
}

/// Spells a numeric as the server will: no `+`, no exponent, no needless zero in front, the scale as given.
///
/// `None` if it is no number or beyond what numeric holds (131072 digits before the point, 16383 after it,
/// <https://www.postgresql.org/docs/current/datatype-numeric.html>).
pub(super) fn numeric_text(text: &str) -> Option<String> {
    let trimmed = text.trim_ascii();
    let (negative, unsigned) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    if unsigned.eq_ignore_ascii_case("nan") {
        return (unsigned.len() == trimmed.len()).then(|| "NaN".to_owned());
    }
    if unsigned.eq_ignore_ascii_case("infinity") || unsigned.eq_ignore_ascii_case("inf") {
        return Some(if negative { "-Infinity" } else { "Infinity" }.to_owned());
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let point = i64::try_from(whole.len()).ok()? + i64::from(exponent);
    let scale = i64::try_from(fraction.len()).ok()? - i64::from(exponent);
    if point > 131_072 || scale > 16_383 {
        return None;
    }
    let point = usize::try_from(point);
    let (whole, fraction) = match point {
        // A width of formatting has 16 bits.
        Ok(point) if point >= digits.len() => {
            let zeros = "0".repeat(point - digits.len());
            (digits + &zeros, String::new())
        }
        Ok(point) => (digits[..point].to_owned(), digits[point..].to_owned()),
        Err(_) => {
            let scale = usize::try_from(scale).ok()?;
            (String::new(), format!("{digits:0>scale$}"))
        }
    };
    let whole = whole.trim_start_matches('0');
    let is_zero = whole.is_empty() && fraction.bytes().all(|b| b == b'0');
    let sign = if negative && !is_zero { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    let dot = if fraction.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{dot}{fraction}"))
}
