//! Arrays: Postgres' `{…}` text → JSON text, by the rules of its "Array Input and Output Syntax"
//! (<https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO>).

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::decode::quoted;
use super::{PgType, Value, json, jsonb};

/// Postgres allows no more dimensions (`MAXDIM`).
const MAX_DIMENSIONS: usize = 6;

/// Turns the text of one element, unquoted, into its value.
pub(super) type ReadElement = fn(&PgType, Cow<'_, str>) -> Result<Value, String>;

/// Reads `{1,NULL,"a b"}`, nested or with bounds in front (`[0:1]={7,8}`), and writes `[1,null,"a b"]`.
///
/// The bounds are dropped, JSON has none; and a JSON null among the elements of a `jsonb[]` becomes the same `null` as SQL's.
pub(super) fn to_json(text: &str, element: &PgType, read: ReadElement) -> Result<String, String> {
    let text = text.trim_ascii();
    let body = match text.split_once('=') {
        Some((bounds, body)) if bounds.starts_with('[') => body.trim_ascii_start(),
        _ => text,
    };
    let mut parser = Parser {
        rest: body,
        delimiter: delimiter(element),
        element,
        read,
        out: String::with_capacity(body.len() + 2),
    };
    parser.array(1)?;
    if parser.rest.is_empty() {
        Ok(parser.out)
    } else {
        Err(unexpected())
    }
}

/// Reads a JSON array as an app writes it and spells each element as [`to_json`] does.
pub(super) fn respell_json(
    text: &str,
    element: &PgType,
    read: ReadElement,
) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    respell_level(&mut out, text, element, read, 1)?;
    Ok(out)
}

fn respell_level(
    out: &mut String,
    text: &str,
    element: &PgType,
    read: ReadElement,
    depth: usize,
) -> Result<(), String> {
    if depth > MAX_DIMENSIONS {
        return Err("an array has at most six dimensions".to_owned());
    }
    let items: Vec<&RawValue> =
        crate::json::from_str(text).map_err(|_| "the array is not valid JSON".to_owned())?;
    out.push('[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let raw = item.get();
        match raw.as_bytes().first() {
            _ if raw == "null" => out.push_str(raw),
            // A nested array, an object or anything else is itself an element here.
            _ if *element == PgType::Json => out.push_str(raw),
            _ if *element == PgType::Jsonb => {
                let refused = || format!("{} is not a jsonb", quoted(raw));
                out.push_str(&jsonb::spell(raw).ok_or_else(refused)?);
            }
            Some(b'[') => respell_level(out, raw, element, read, depth + 1)?,
            Some(b'"') => {
                let text: String = crate::json::from_str(raw).map_err(|e| e.to_string())?;
                write_element(out, element, &read(element, Cow::Owned(text))?)?;
            }
            _ => write_element(out, element, &read(element, Cow::Borrowed(raw))?)?,
        }
    }
    out.push(']');
    Ok(())
}

/// `box` is the only built-in type whose arrays are not separated by commas.
fn delimiter(element: &PgType) -> char {
    match element {
        PgType::Other(name) if name == "box" => ';',
        _ => ',',
    }
}

struct Parser<'a> {
    rest: &'a str,
    delimiter: char,
    element: &'a PgType,
    read: ReadElement,
    out: String,
}

impl Parser<'_> {
    fn array(&mut self, depth: usize) -> Result<(), String> {
        if depth > MAX_DIMENSIONS || !self.take('{') {
            return Err(unexpected());
        }
        self.out.push('[');
        if !self.take('}') {
            loop {
                match self.peek() {
                    Some('{') => self.array(depth + 1)?,
                    Some('"') => self.quoted()?,
                    _ => self.bare()?,
                }
                if self.take(self.delimiter) {
                    self.out.push(',');
                } else if self.take('}') {
                    break;
                } else {
                    return Err(unexpected());
                }
            }
        }
        self.out.push(']');
        Ok(())
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.rest = &self.rest[wanted.len_utf8()..];
        }
        found
    }

    /// An element in quotes; a backslash makes the next character plain.
    fn quoted(&mut self) -> Result<(), String> {
        let body = &self.rest[1..];
        let mut text = String::new();
        let mut plain_from = 0;
        let mut at = 0;
        loop {
            let step = body[at..].find(['"', '\\']).ok_or_else(unexpected)?;
            at += step;
            text.push_str(&body[plain_from..at]);
            if body[at..].starts_with('"') {
                self.rest = &body[at + 1..];
                return self.push(Cow::Owned(text));
            }
            plain_from = at + 1;
            let escaped = body[plain_from..].chars().next().ok_or_else(unexpected)?;
            at = plain_from + escaped.len_utf8();
        }
    }

    /// An element without quotes: up to the delimiter or the brace. Only here is NULL the null.
    fn bare(&mut self) -> Result<(), String> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        let end = loop {
            match chars.next() {
                Some((at, c)) if c == self.delimiter || c == '}' => break at,
                Some((_, '{' | '"')) | None => return Err(unexpected()),
                Some((_, '\\')) => text.push(chars.next().ok_or_else(unexpected)?.1),
                Some((_, c)) => text.push(c),
            }
        };
        let is_null = self.rest[..end].trim_ascii().eq_ignore_ascii_case("null");
        self.rest = &self.rest[end..];
        let text = text.trim_ascii_end();
        if text.is_empty() {
            return Err(unexpected());
        }
        if is_null {
            self.out.push_str("null");
            return Ok(());
        }
        self.push(Cow::Borrowed(text))
    }

    fn push(&mut self, text: Cow<'_, str>) -> Result<(), String> {
        let value = (self.read)(self.element, text)?;
        write_element(&mut self.out, self.element, &value)
    }
}

/// Booleans, integers and finite floats as themselves, JSON embedded, all else as strings.
fn write_element(out: &mut String, element: &PgType, value: &Value) -> Result<(), String> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Integer(int) if *element == PgType::Bool => {
            out.push_str(if *int == 0 { "false" } else { "true" });
        }
        Value::Integer(int) => json::push(out, format_args!("{int}")),
        Value::Real(real) => json::write_real(out, *real),
        Value::Text(text) if element.is_json() => {
            if !json::is_valid(text) {
                return Err("an element is not valid JSON".to_owned());
            }
            out.push_str(text);
        }
        Value::Text(text) => json::write_string(out, text),
        Value::Blob(bytes) => json::write_bytes(out, bytes),
    }
    Ok(())
}

fn unexpected() -> String {
    "the array text is malformed".to_owned()
}
