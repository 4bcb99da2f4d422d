//! Bodies of `POST /changes` at the server kit. The input is one body a line.
//!
//! Each transaction has one verdict, whole or not at all, and the same one when it comes again; and what it left can be read by the client.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use throughline::shape::ResponseHeaders;
use throughline::shape::message::{Message, parse};
use throughline::value::{PgType as Ours, decode};
use throughline_server::backend::Backend;
use throughline_server::demo;
use throughline_server::electric::{
    Answer, Column, Electric, Micros, Options, PgType, ShapeRequest, Table, WaitState,
};
use throughline_server::journal::Unjournaled;

const NOW: Micros = Micros(1_795_342_140_000_000);
const MOST_BODIES: usize = 8;

/// What an error or a rejection may be called.
const CODES: &[&str] = &[
    "UNIQUE_VIOLATION",
    "NOT_NULL_VIOLATION",
    "INVALID_VALUE",
    "MISSING_KEY",
    "UNKNOWN_TABLE",
    "UNKNOWN_COLUMN",
    "FORBIDDEN",
    "MALFORMED",
];

pub fn run(bytes: &[u8]) {
    let mut backend = backend().clone();
    for body in bytes.split(|byte| *byte == b'\n').take(MOST_BODIES) {
        let first = backend.post_changes(&mut Unjournaled, NOW, body);
        let answered = first.body.clone();
        let json: serde_json::Value =
            serde_json::from_str(&answered).unwrap_or_else(|error| panic!("{answered}: {error}"));
        match first.status {
            200 => assert_verdicts(&json, body),
            400 => assert_code(&json["error"]),
            other => panic!("{other}: {answered}"),
        }
        let before = rows(&backend);
        let again = backend.post_changes(&mut Unjournaled, NOW, body);
        assert_eq!(
            (again.status, &again.body),
            (first.status, &first.body),
            "sent twice"
        );
        assert_eq!(rows(&backend), before, "sent twice");
    }
    for table in ["todos", "zoo", "throughline_ledger"] {
        assert_readable(&mut backend, table);
    }
}

/// Rules, a ledger, and a column of every type.
fn backend() -> &'static Backend {
    static BACKEND: OnceLock<Backend> = OnceLock::new();
    BACKEND.get_or_init(|| {
        let electric = Electric::new(Options::default());
        let mut backend = Backend::new(electric, demo::rules()).with_ledger();
        demo::start(&mut backend, &mut Unjournaled, NOW).unwrap();
        backend.create_ledger(&mut Unjournaled).unwrap();
        let names = [
            "bool",
            "int2",
            "int4",
            "int8",
            "float4",
            "float8",
            "numeric",
            "text",
            "varchar",
            "uuid",
            "bytea",
            "json",
            "jsonb",
            "date",
            "time",
            "timestamp",
            "timestamptz",
            "interval",
        ];
        let columns = names
            .iter()
            .filter_map(|name| Some(Column::new(&format!("a_{name}"), PgType::named(name)?)));
        let id = Column::new("id", PgType::Int4);
        let columns = std::iter::once(id).chain(columns);
        backend
            .create_table(&mut Unjournaled, Table::new("zoo", &["id"], columns))
            .unwrap();
        backend
    })
}

fn assert_verdicts(answer: &serde_json::Value, body: &[u8]) {
    /// Its values may be deeper than a JSON tree can be.
    #[derive(serde::Deserialize)]
    struct Sent {
        id: String,
    }
    let sent: Vec<Sent> = serde_json::from_slice(body).expect("what is applied is JSON");
    let verdicts = answer["transactions"].as_array().expect("verdicts");
    assert_eq!(verdicts.len(), sent.len());
    for (verdict, sent) in verdicts.iter().zip(&sent) {
        assert_eq!(verdict["id"], sent.id);
        match verdict["status"].as_str() {
            Some("accepted") => {
                assert!(verdict.get("error").is_none_or(serde_json::Value::is_null))
            }
            Some("rejected") => assert_code(&verdict["error"]),
            other => panic!("{other:?}"),
        }
    }
}

fn assert_code(error: &serde_json::Value) {
    let code = error["code"].as_str().unwrap_or_default();
    // The demo's rule has a code of its own.
    let is_rule = code == "EMPTY_TITLE";
    assert!(CODES.contains(&code) || is_rule, "{error}");
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|message| !message.is_empty()),
        "{error}"
    );
}

type Rows = Vec<String>;

fn rows(backend: &Backend) -> BTreeMap<&'static str, Rows> {
    let of = |table: &'static str| {
        let rows = backend.electric().rows(table);
        (table, rows.map(|row| format!("{row:?}")).collect())
    };
    ["todos", "zoo", "throughline_ledger"]
        .map(of)
        .into_iter()
        .collect()
}

/// A client reads every row, each value by its column's type.
fn assert_readable(backend: &mut Backend, table: &str) {
    let request = ShapeRequest::get(&format!("/v1/shape?table={table}&offset=-1"));
    let count = backend.electric().rows(table).count();
    let Answer::Respond(answer) =
        backend.respond(&mut Unjournaled, NOW, 7, &request, WaitState::Arrived)
    else {
        panic!("a first request is answered at once");
    };
    assert_eq!(answer.status, 200);
    let headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .map(|(name, value)| ((*name).to_string(), value.clone()))
        .collect();
    let known = ResponseHeaders::new(headers.iter().map(|(name, value)| (name, value)));
    known.of_log(false).expect("the headers of a log");
    let schema = headers
        .iter()
        .find(|(name, _)| name == "electric-schema")
        .expect("a schema");
    let schema: serde_json::Value = serde_json::from_str(&schema.1).unwrap();
    let body = answer.body;
    let messages = parse(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
    let mut seen = 0;
    for message in &messages {
        let Message::Change(change) = message else {
            continue;
        };
        seen += 1;
        for (name, text) in &change.value.0 {
            let column = &schema[name.as_ref()];
            let dims = column["dims"].as_u64().unwrap_or_default();
            let ty = Ours::from_electric(column["type"].as_str().unwrap(), dims as u32);
            if let Some(text) = text {
                decode(&ty, text)
                    .unwrap_or_else(|error| panic!("{table}.{name} {text:?}: {error}"));
            }
        }
    }
    assert_eq!(seen, count, "{table}");
}
