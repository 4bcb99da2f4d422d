//! Answers of a server that keeps to nothing.

use std::sync::OnceLock;

use serde_json::json;
use throughline::engine::{Answer, Fetch};

use super::messages;
use crate::targets::device::keys_of;
use crate::targets::input::Input;

const STATUSES: &[u16] = &[
    204, 304, 0, 400, 401, 403, 404, 409, 413, 422, 429, 500, 503, 302, 999,
];

const SCHEMAS: &[&str] = &[
    messages::SCHEMA,
    r#"{"id":{"type":"int4","pk_index":0,"not_null":true},"title":{"type":"text"}}"#,
    r#"{"id":{"type":"int8","pk_index":0},"title":{"type":"varchar","max_length":9,"not_null":true},"write_id":{"type":"uuid"}}"#,
    r#"{"title":{"type":"text","pk_index":0},"id":{"type":"int4","pk_index":1},"done":{"type":"bool"}}"#,
    r#"{"id":{"type":"int4","pk_index":0},"title":{"type":"text"},"a\"b":{"type":"mood","dims":2},"it's":{"type":"bytea"},"is_deleted":{"type":"bool"}}"#,
    r#"{"id":{"type":"int4"},"title":{"type":"text"}}"#,
    r#"{"ID":{"type":"int4","pk_index":0},"id":{"type":"text"}}"#,
    r#"{}"#,
    "",
    "[",
];

const OFFSETS: &[&str] = &[
    "0_0",
    "0_inf",
    "1_0",
    "2_7",
    "99_inf",
    "-1",
    "now",
    "18446744073709551615_18446744073709551615",
    "1",
    "_",
];

pub fn of_shape(fetch: &Fetch, input: &mut Input<'_>) -> Answer {
    if input.one_in(8) {
        return input.pick(recorded());
    }
    let status = if input.one_in(6) {
        input.pick(STATUSES)
    } else {
        200
    };
    let body = match (status, fetch.body.is_some()) {
        _ if input.one_in(16) => input.rest(200),
        (_, true) => messages::subset(input),
        (409, _) => r#"[{"headers":{"control":"must-refetch"}}]"#.to_owned(),
        (400, _) if input.one_in(2) => {
            r#"{"message":"offset out of bounds for this shape"}"#.to_owned()
        }
        _ => messages::body(input),
    };
    Answer {
        status,
        headers: headers(fetch, input),
        body,
    }
}

/// Those an answer has; now and then one is odd, or not there.
fn headers(fetch: &Fetch, input: &mut Input<'_>) -> Vec<(String, String)> {
    let mut headers = vec![
        (
            "electric-handle",
            input.pick(&["h-1", "h-1", "h-1", "h-2", "h-3"]).to_owned(),
        ),
        ("electric-offset", input.pick(OFFSETS).to_owned()),
        ("electric-cursor", "7".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    if !fetch.url.contains("live=true") {
        let schema = if input.one_in(3) {
            input.pick(SCHEMAS)
        } else {
            messages::SCHEMA
        };
        headers.push(("electric-schema", schema.to_owned()));
    }
    if input.one_in(2) {
        headers.push(("electric-up-to-date", String::new()));
    }
    if input.one_in(8) {
        let wait = input.pick(&[
            "1",
            "-1",
            "99999999999999999999",
            "Fri, 02 Jan 2026 03:04:06 GMT",
            "soon",
        ]);
        headers.push(("retry-after", wait.to_owned()));
    }
    if input.one_in(8) {
        let at = input.below(headers.len());
        headers.remove(at);
    }
    if input.one_in(8) {
        let at = input.below(headers.len());
        headers[at].1 = input.text();
    }
    headers
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

pub fn of_write(fetch: &Fetch, input: &mut Input<'_>) -> Answer {
    let status = if input.one_in(3) {
        input.pick(STATUSES)
    } else {
        200
    };
    let body = match input.below(6) {
        0 => input.rest(200),
        1 => String::new(),
        _ => json!({"transactions": verdicts(fetch, input)}).to_string(),
    };
    let content = if input.one_in(16) {
        "text/html"
    } else {
        "application/json"
    };
    Answer {
        status,
        headers: vec![("content-type".into(), content.into())],
        body,
    }
}

fn verdicts(fetch: &Fetch, input: &mut Input<'_>) -> Vec<serde_json::Value> {
    let mut verdicts = Vec::new();
    for id in keys_of(fetch) {
        let mut verdict = match input.below(8) {
            0 => continue,
            1 => json!({"id": input.text(), "status": "accepted"}),
            2 | 3 => {
                json!({"id": id, "status": "rejected", "error": {"code": input.text(), "message": input.text()}})
            }
            4 => json!({"id": id, "status": input.text()}),
            _ => json!({"id": id, "status": "accepted"}),
        };
        if input.one_in(2) {
            verdict["lsn"] = input.pick(&[
                json!("5"),
                json!("0"),
                json!("x"),
                json!(7),
                json!("18446744073709551615"),
            ]);
            verdict["txid"] = input.pick(&[
                json!("700"),
                json!(701),
                json!("4294967997"),
                json!(-1),
                json!(null),
            ]);
            verdict["noop"] = input.pick(&[json!(false), json!(true), json!("t")]);
        }
        verdicts.push(verdict);
    }
    verdicts
}

/// What a real service answered, whoever asks.
fn recorded() -> &'static [Answer] {
    static RECORDED: OnceLock<Vec<Answer>> = OnceLock::new();
    RECORDED.get_or_init(|| {
        let folder = std::path::Path::new(crate::ROOT).join("tests/fixtures/recordings");
        let files = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path());
        let mut files: Vec<_> = files
            .filter(|path| path.extension().is_some_and(|end| end == "http"))
            .collect();
        files.sort();
        files
            .iter()
            .filter_map(|path| read(&std::fs::read_to_string(path).unwrap()))
            .collect()
    })
}

fn read(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    // The largest would be most of what a run does.
    (body.len() < 8_192).then(|| Answer {
        status: head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or_default(),
        headers: head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect(),
        body: body.trim_end().to_owned(),
    })
}
