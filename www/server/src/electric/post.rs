//! The body of a POST, merged over the query (protocol sections 2 and 10).
//!
//! Bare subset keys, or `{"subset": {…}}`, make it a subset request; every other key replaces the query parameter of
//! its name. An empty object is a plain request for the log.

use serde_json::{Map, Value, json};

use super::constants::{MAX_BODY_BYTES, MAX_QUERY_BYTES, param, subset};
use super::definition::Invalid;
use super::request::{Method, ShapeRequest};
use super::subset::SubsetParams;

/// Why a request gets no further than its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// 400 that names the parameter.
    Invalid(Invalid),
    /// Another status, with its body.
    Status(u16, String),
}

impl From<Invalid> for Refused {
    fn from(invalid: Invalid) -> Self {
        Refused::Invalid(invalid)
    }
}

fn error(status: u16, message: &str) -> Refused {
    Refused::Status(status, json!({ "error": message }).to_string())
}

/// The request with the body's keys in its query, and the subset the body asks for.
pub(crate) fn merged(
    request: &ShapeRequest,
) -> Result<(ShapeRequest, Option<SubsetParams>), Refused> {
    if request.query_bytes > MAX_QUERY_BYTES {
        return Err(error(414, "Request URI is too long"));
    }
    let mut merged = request.clone();
    let body = match (request.method, request.body.as_deref()) {
        (Method::Post, Some(body)) if body.len() > MAX_BODY_BYTES => {
            return Err(error(413, "Request body is too large"));
        }
        (Method::Post, Some(body)) if !body.trim().is_empty() => body,
        _ => return Ok((merged, None)),
    };
    let Ok(mut keys) = serde_json::from_str::<Map<String, Value>>(body) else {
        return Err(error(400, "Invalid JSON in request body"));
    };
    let nested = keys.remove(param::SUBSET);
    let bare: Map<String, Value> = match &nested {
        Some(_) => Map::new(),
        None => subset::ALL
            .iter()
            .filter_map(|&key| keys.remove_entry(key))
            .collect(),
    };
    let asked = match nested {
        Some(Value::Object(nested)) => Some(SubsetParams::of_body(&nested)?),
        Some(_) => return Err(Invalid::new(param::SUBSET, "is invalid").into()),
        None if bare.is_empty() => None,
        None => Some(SubsetParams::of_body(&bare)?),
    };
    for (key, value) in keys {
        match (key.as_str(), value) {
            (_, Value::Null) => {}
            (param::PARAMS, Value::Object(params)) => {
                let named = params
                    .into_iter()
                    .map(|(number, value)| (format!("{}[{number}]", param::PARAMS), text(&value)));
                merged.query.extend(named);
            }
            (_, value) => {
                merged.query.insert(key, text(&value));
            }
        }
    }
    Ok((merged, asked))
}

/// A value as a query would carry it.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(body: &str) -> (ShapeRequest, Option<SubsetParams>) {
        merged(&ShapeRequest::post("table=t&offset=0_0", body)).unwrap()
    }

    #[test]
    fn bare_keys_and_a_subset_object_ask_for_a_subset() {
        for body in [
            r#"{"where": "a = $1", "params": {"1": 5}, "order_by": "a", "limit": 3, "offset": "2"}"#,
            r#"{"subset": {"where": "a = $1", "params": {"1": "5"}, "order_by": "a", "limit": "3", "offset": 2}}"#,
        ] {
            let (request, asked) = read(body);
            // The log's own offset is not the subset's.
            assert_eq!(request.query["offset"], "0_0");
            let asked = asked.unwrap();
            assert_eq!(asked.filter.as_deref(), Some("a = $1"));
            assert_eq!(asked.params[&1], "5");
            assert_eq!((asked.limit, asked.offset), (Some(3), Some(2)));
        }
        assert_eq!(read(r#"{"subset": {}}"#).1, Some(SubsetParams::default()));
        assert_eq!(read("{}").1, None);
        assert_eq!(read("").1, None);
    }

    #[test]
    fn other_keys_replace_the_query() {
        let (request, asked) =
            read(r#"{"table": "u", "handle": "1-2", "columns": null, "subset": {}, "where": "b"}"#);
        assert_eq!(request.query["table"], "u");
        assert_eq!(request.query["handle"], "1-2");
        assert_eq!(request.query["where"], "b");
        assert!(!request.query.contains_key("columns"));
        assert!(asked.is_some());
    }

    #[test]
    fn what_is_no_object_or_too_large_is_refused() {
        let refused = |request: &ShapeRequest| match merged(request) {
            Err(Refused::Status(status, _)) => status,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(&ShapeRequest::post("table=t", "[")), 400);
        assert_eq!(refused(&ShapeRequest::post("table=t", "[]")), 400);
        let large = format!("{{\"where\": \"{}\"}}", "x".repeat(MAX_BODY_BYTES));
        assert_eq!(refused(&ShapeRequest::post("table=t", &large)), 413);
        let long = format!("table=t&where={}", "x".repeat(MAX_QUERY_BYTES));
        assert_eq!(refused(&ShapeRequest::get(&long)), 414);
    }
}
