//! JSON of a request → the text that Postgres reads, by the column's type.

use serde_json::Value;
use serde_json::value::RawValue;

/// JSON's own null in a `json` column, since a bare `null` is SQL's: the string is escaped to tell it from `"null"`.
const JSON_NULL: &str = r#""\u006eull""#;
/// Postgres allows no more dimensions (`MAXDIM`).
const MAX_DIMENSIONS: usize = 6;

/// How values of a type are written in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// `true` or `false`.
    Bool,
    /// A number.
    Integer,
    /// A number, or text where a double would lose digits.
    Number,
    /// Any JSON value, embedded.
    Json,
    /// A string.
    Text,
    /// An array of such values, or a string in Postgres' own spelling.
    Array {
        /// The elements.
        element: Box<Spelling>,
        /// What stands between them in Postgres' spelling.
        delimiter: char,
    },
}

impl Spelling {
    /// That of a type by the name in Postgres' catalogue; a type that is not known travels as a string.
    pub fn named(type_name: &str) -> Self {
        match type_name {
            "bool" => Spelling::Bool,
            "int2" | "int4" => Spelling::Integer,
            "int8" | "float4" | "float8" | "numeric" | "oid" => Spelling::Number,
            "json" | "jsonb" => Spelling::Json,
            _ => Spelling::Text,
        }
    }

    /// That of an array of such values.
    pub fn array_of(self, delimiter: char) -> Self {
        let element = Box::new(self);
        Spelling::Array { element, delimiter }
    }

    /// The text of a JSON value that is not null; `None` when it does not fit.
    pub fn text_of(&self, json: &str) -> Option<String> {
        let text = || serde_json::from_str::<String>(json).ok();
        let number =
            || matches!(serde_json::from_str(json), Ok(Value::Number(_))).then(|| json.to_owned());
        match self {
            Spelling::Bool => matches!(json, "true" | "false").then(|| json.to_owned()),
            Spelling::Integer => number(),
            Spelling::Number => number().or_else(text),
            Spelling::Json if json == JSON_NULL => Some("null".to_owned()),
            Spelling::Json => Some(json.to_owned()),
            Spelling::Text => text(),
            Spelling::Array { .. } if json.starts_with('"') => text(),
            Spelling::Array { element, delimiter } => {
                let mut out = String::new();
                write_array(&mut out, element, *delimiter, json, 1)?;
                Some(out)
            }
        }
    }
}

/// Why a JSON value has no text.
pub(crate) fn misfit(json: &str, type_name: &str) -> String {
    let shown = match json.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &json[..end]),
        None => json.to_owned(),
    };
    format!("{shown} does not fit the type {type_name}")
}

/// `[1,null,"a b"]` → `{1,NULL,"a b"}`, nested as well. A nested array among json elements is an element.
fn write_array(
    out: &mut String,
    element: &Spelling,
    delimiter: char,
    json: &str,
    depth: usize,
) -> Option<()> {
    let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    out.push('{');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(delimiter);
        }
        let item = item.get();
        match item.as_bytes().first() {
            _ if item == "null" => out.push_str("NULL"),
            Some(b'[') if *element != Spelling::Json => {
                if depth == MAX_DIMENSIONS {
                    return None;
                }
                write_array(out, element, delimiter, item, depth + 1)?;
            }
            _ => write_element(out, &element.text_of(item)?, delimiter),
        }
    }
    out.push('}');
    Some(())
}

/// Quoted where Postgres quotes it
/// (<https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO>).
fn write_element(out: &mut String, text: &str, delimiter: char) {
    let special = |letter: char| {
        matches!(letter, '{' | '}' | '"' | '\\') || letter == delimiter || letter.is_whitespace()
    };
    if !text.is_empty() && !text.eq_ignore_ascii_case("null") && !text.contains(special) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            out.push('\\');
        }
        out.push(letter);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn spelled(type_name: &str, json: &str) -> Option<String> {
        Spelling::named(type_name).text_of(json)
    }

    fn array(type_name: &str, json: &str) -> Option<String> {
        Spelling::named(type_name).array_of(',').text_of(json)
    }

    #[test]
    fn json_types_follow_the_column_type() {
        assert_eq!(
            spelled("int8", "\"9223372036854775807\"").unwrap(),
            "9223372036854775807"
        );
        assert_eq!(spelled("jsonb", "{\"a\":1}").unwrap(), "{\"a\":1}");
        assert_eq!(spelled("text", "5"), None);
        assert_eq!(spelled("bool", "\"t\""), None);
        assert_eq!(spelled("int4", "\"5\""), None);
        assert_eq!(spelled("float8", "\"NaN\"").unwrap(), "NaN");
    }

    #[test]
    fn the_null_of_json_is_not_the_null_of_sql() {
        assert_eq!(spelled("jsonb", r#""\u006eull""#).unwrap(), "null");
        assert_eq!(spelled("jsonb", r#""null""#).unwrap(), r#""null""#);
    }

    #[test]
    fn arrays_are_spelled_as_postgres_prints_them() {
        assert_eq!(array("int4", "[1,null,-3]").unwrap(), "{1,NULL,-3}");
        assert_eq!(
            array("text", r#"[["a b","\"x\\y"],["null",""]]"#).unwrap(),
            r#"{{"a b","\"x\\y"},{"null",""}}"#
        );
        assert_eq!(
            array("jsonb", r#"[{"a":[1]},[2]]"#).unwrap(),
            r#"{"{\"a\":[1]}",[2]}"#
        );
        assert_eq!(array("int4", "\"{1,2}\"").unwrap(), "{1,2}");
        assert_eq!(array("int4", "[\"1\"]"), None);
        assert_eq!(array("int4", "[[[[[[[1]]]]]]]"), None);
        assert_eq!(array("int4", "5"), None);
    }
}
