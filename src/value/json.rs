//! The few pieces of JSON that are written or tested by hand, because a value's text must survive untouched.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::de::IgnoredAny;

const WHITESPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// The text without the whitespace around it. Nothing that embeds JSON in JSON can keep that; what is inside stays as it is.
pub(super) fn trim(text: Cow<'_, str>) -> Cow<'_, str> {
    let trimmed = text.trim_matches(WHITESPACE);
    if trimmed.len() == text.len() {
        text
    } else {
        Cow::Owned(trimmed.to_owned())
    }
}

/// Whether the text is one JSON value. Numbers may be beyond what a double holds.
pub(crate) fn is_valid(text: &str) -> bool {
    crate::json::from_str::<IgnoredAny>(text).is_ok()
}

/// Appends a JSON string.
///
/// By hand because serde_json writes into `io::Write` only and the copy through it would cost each value of each write.
pub(crate) fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[plain_from..at]);
        plain_from = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => push(out, format_args!("\\u{byte:04x}")),
        }
    }
    out.push_str(&text[plain_from..]);
    out.push('"');
}

/// Appends a double as a JSON number, or as text where JSON has no number for it (`"Infinity"`, `"-Infinity"`).
pub(super) fn write_real(out: &mut String, real: f64) {
    if real.is_finite() {
        out.push_str(&super::number::real_text(real));
    } else {
        write_string(out, &super::number::real_text(real));
    }
}

/// Appends bytes as the JSON string `"\\x…"`.
pub(super) fn write_bytes(out: &mut String, bytes: &[u8]) {
    out.push_str("\"\\\\x");
    for byte in bytes {
        push(out, format_args!("{byte:02x}"));
    }
    out.push('"');
}

/// Formatting into a `String` has no error to report.
pub(super) fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}
