#![allow(clippy::unwrap_used)]

mod journaled;
mod with_ledger;

use serde_json::{Value, json};

use super::*;
use crate::demo;
use crate::electric::{Column, Options, PgType, row};
use crate::journal::Unjournaled;

const NOW: Micros = Micros(1_795_342_140_000_000);
const ID: &str = "00000000-0000-4000-8000-0000000000aa";
const WRITE_ID: &str = "10000000-0000-7000-8000-0000000000aa";

fn backend() -> Backend {
    let mut backend = Backend::new(Electric::new(Options::default()), demo::rules());
    backend
        .create_table(&mut Unjournaled, demo::todos())
        .unwrap();
    backend
}

fn post(backend: &mut Backend, body: &Value) -> (u16, Value) {
    let response = backend.post_changes(&mut Unjournaled, NOW, body.to_string().as_bytes());
    (
        response.status,
        serde_json::from_str(&response.body).unwrap(),
    )
}

fn transaction(id: &str, changes: &Value) -> Value {
    json!([{ "id": id, "meta": { "label": "x" }, "changes": changes }])
}

fn change(operation: &str, value: &Value) -> Value {
    json!({ "id": 1, "table": "todos", "operation": operation, "write_id": WRITE_ID, "value": value, "base": {} })
}

/// The verdict on a single transaction.
fn verdict(backend: &mut Backend, id: &str, changes: &Value) -> Value {
    let (status, answer) = post(backend, &transaction(id, changes));
    assert_eq!(status, 200, "{answer}");
    answer["transactions"][0].clone()
}

fn title_of(backend: &Backend, id: &str) -> Option<String> {
    let mut rows = backend.electric().rows("todos");
    let found = rows.find(|row| row["id"].as_deref() == Some(id))?;
    found["title"].clone()
}

#[test]
fn an_insert_is_stored_with_defaults_and_its_write_id() {
    let mut backend = backend();
    let verdict = verdict(
        &mut backend,
        "c:1",
        &json!([change("insert", &json!({"id": ID, "title": "Milk"}))]),
    );
    assert_eq!(verdict["status"], "accepted");
    assert!(verdict["txid"].as_str().unwrap().parse::<u64>().is_ok());
    let lsn: u64 = verdict["lsn"].as_str().unwrap().parse().unwrap();
    assert_eq!(lsn, backend.electric().wal_insert_lsn());
    assert!(lsn > backend.electric().global_last_seen_lsn());
    let stored = backend.electric().rows("todos").next().unwrap();
    let expected = row([
        ("id", ID),
        ("title", "Milk"),
        ("completed", "f"),
        ("created_at", "2026-11-22 10:09:00+00"),
        ("write_id", WRITE_ID),
    ]);
    assert_eq!(*stored, expected);
}

#[test]
fn a_repeated_transaction_gets_the_first_answer_and_no_second_effect() {
    let mut backend = backend();
    let body = transaction(
        "c:1",
        &json!([change("insert", &json!({"id": ID, "title": "Milk"}))]),
    );
    let first = post(&mut backend, &body);
    let position = backend.electric().wal_insert_lsn();
    assert_eq!(post(&mut backend, &body), first);
    let rejected = transaction(
        "c:2",
        &json!([change("insert", &json!({"id": ID, "title": " "}))]),
    );
    let no = post(&mut backend, &rejected);
    assert_eq!(post(&mut backend, &rejected), no);
    assert_eq!(backend.electric().wal_insert_lsn(), position);
}

#[test]
fn a_transaction_is_applied_whole_or_not_at_all_and_others_go_on() {
    let mut backend = backend();
    let other = "00000000-0000-4000-8000-0000000000bb";
    let body = json!([
        { "id": "c:1", "changes": [
            change("insert", &json!({"id": ID, "title": "kept out"})),
            change("update", &json!({"id": ID, "completed": "yes"})),
        ]},
        { "id": "c:2", "changes": [change("insert", &json!({"id": other, "title": "in"}))] },
    ]);
    let (_, answer) = post(&mut backend, &body);
    assert_eq!(answer["transactions"][0]["status"], "rejected");
    assert_eq!(answer["transactions"][0]["error"]["code"], "INVALID_VALUE");
    assert_eq!(answer["transactions"][1]["status"], "accepted");
    assert_eq!(title_of(&backend, ID), None);
    assert_eq!(title_of(&backend, other).as_deref(), Some("in"));
}

#[test]
fn each_fault_has_its_code() {
    let mut backend = backend();
    verdict(
        &mut backend,
        "c:0",
        &json!([change("insert", &json!({"id": ID, "title": "there"}))]),
    );
    let with_table =
        |table: &str| json!([{"table": table, "operation": "delete", "value": {"id": ID}}]);
    let cases = [
        ("UNKNOWN_TABLE", with_table("nope")),
        (
            "UNKNOWN_COLUMN",
            json!([change("update", &json!({"id": ID, "colour": "red"}))]),
        ),
        (
            "INVALID_VALUE",
            json!([change("update", &json!({"id": ID, "title": 5}))]),
        ),
        (
            "INVALID_VALUE",
            json!([change("update", &json!({"id": "not a uuid", "title": "x"}))]),
        ),
        (
            "MISSING_KEY",
            json!([change("update", &json!({"title": "x"}))]),
        ),
        (
            "MISSING_KEY",
            json!([change("insert", &json!({"title": "x"}))]),
        ),
        (
            "NOT_NULL_VIOLATION",
            json!([change("update", &json!({"id": ID, "title": null}))]),
        ),
        (
            "UNIQUE_VIOLATION",
            json!([change("insert", &json!({"id": ID, "title": "x"}))]),
        ),
        (
            "EMPTY_TITLE",
            json!([change("update", &json!({"id": ID, "title": " \t"}))]),
        ),
    ];
    for (index, (code, changes)) in cases.iter().enumerate() {
        let verdict = verdict(&mut backend, &format!("c:{}", index + 1), changes);
        assert_eq!(verdict["status"], "rejected", "{code}");
        assert_eq!(verdict["error"]["code"], *code, "{verdict}");
    }
    assert_eq!(title_of(&backend, ID).as_deref(), Some("there"));
}

#[test]
fn changes_of_missing_rows_are_accepted_noops() {
    let mut backend = backend();
    let position = backend.electric().wal_insert_lsn();
    for (id, operation) in [("c:1", "update"), ("c:2", "delete")] {
        let verdict = verdict(
            &mut backend,
            id,
            &json!([change(operation, &json!({"id": ID}))]),
        );
        let lsn = position.to_string();
        let expected = json!({"id": id, "status": "accepted", "lsn": lsn, "noop": true});
        assert_eq!(verdict, expected);
    }
}

#[test]
fn values_keep_every_digit() {
    let mut backend = backend();
    let table = Table::new(
        "zoo",
        &["id"],
        [
            Column::new("id", PgType::Int8),
            Column::new("price", PgType::Numeric(None)),
            Column::new("doc", PgType::Jsonb),
            Column::new("raw", PgType::Bytea),
        ],
    );
    backend.create_table(&mut Unjournaled, table).unwrap();
    let body = br#"[{"id":"c:1","changes":[{"table":"zoo","operation":"insert","value":
        {"id":9223372036854775807,"price":"0.10","doc":{"n":12345678901234567890.5},"raw":"\\xFF"}}]}]"#;
    let response = backend.post_changes(&mut Unjournaled, NOW, body);
    assert!(response.body.contains("accepted"), "{}", response.body);
    let expected = row([
        ("id", "9223372036854775807"),
        ("price", "0.10"),
        ("doc", r#"{"n": 12345678901234567890.5}"#),
        ("raw", "\\xff"),
    ]);
    assert_eq!(*backend.electric().rows("zoo").next().unwrap(), expected);
}

#[test]
fn a_body_of_another_shape_is_refused() {
    let mut backend = backend();
    for body in [
        "",
        "{",
        "{}",
        "[{}]",
        "[{\"id\":\"\",\"changes\":[]}]",
        "[{\"id\":\"a\",\"changes\":[{\"table\":\"todos\",\"operation\":\"merge\"}]}]",
    ] {
        let response = backend.post_changes(&mut Unjournaled, NOW, body.as_bytes());
        assert_eq!(response.status, 400, "{body}");
        assert!(response.body.contains(code::MALFORMED), "{}", response.body);
    }
}
