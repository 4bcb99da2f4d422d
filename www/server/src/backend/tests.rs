#![allow(clippy::unwrap_used)]

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

/// A journal on a full disk.
struct Full;

impl Journal for Full {
    fn append(&mut self, _: &Event) -> Result<(), JournalError> {
        Err(JournalError("no space left".into()))
    }
}

#[test]
fn what_is_not_durable_is_not_answered() {
    let mut backend = backend();
    let body = transaction(
        "c:1",
        &json!([change("insert", &json!({"id": ID, "title": "Milk"}))]),
    );
    let response = backend.post_changes(&mut Full, NOW, body.to_string().as_bytes());
    assert_eq!(response.status, 503);
    assert!(response.header("retry-after").is_some());
    assert_eq!(title_of(&backend, ID), None);
    let first = ShapeRequest::get("table=todos&offset=-1");
    let Answer::Respond(response) = backend.respond(&mut Full, NOW, 0, &first, WaitState::Arrived)
    else {
        panic!("held");
    };
    assert_eq!(response.status, 503);
    assert_eq!(backend.electric().handles().count(), 0);
    assert_eq!(post(&mut backend, &body).0, 200);
}

/// Keeps events in memory.
#[derive(Default)]
struct Kept(Vec<Event>);

impl Journal for Kept {
    fn append(&mut self, event: &Event) -> Result<(), JournalError> {
        let json = serde_json::to_string(event).unwrap();
        self.0.push(serde_json::from_str(&json).unwrap());
        Ok(())
    }
}

#[test]
fn replaying_the_journal_gives_the_same_answers() {
    let mut journal = Kept::default();
    let mut backend = Backend::new(Electric::new(Options::default()), demo::rules());
    backend.create_table(&mut journal, demo::todos()).unwrap();
    demo::seed(&mut backend, &mut journal, NOW).unwrap();
    let first =
        ShapeRequest::get("table=todos&offset=-1&where=completed+%3D+$1&params%5B1%5D=false");
    backend.respond(&mut journal, NOW, 1, &first, WaitState::Arrived);
    backend.truncate(&mut journal, "todos").unwrap();
    let added = Alter::AddColumn(Column::new("extra", PgType::Text));
    backend.alter_table(&mut journal, "todos", added).unwrap();
    let all = ShapeRequest::get("table=todos&offset=-1");
    backend.respond(&mut journal, NOW, 2, &all, WaitState::Arrived);
    let body = transaction(
        "c:1",
        &json!([change("insert", &json!({"id": ID, "title": "Milk"}))]),
    );
    backend.post_changes(&mut journal, NOW, body.to_string().as_bytes());

    let mut revived = Backend::new(Electric::new(Options::default()), demo::rules());
    journal
        .0
        .into_iter()
        .for_each(|event| revived.replay(event));
    assert_eq!(post(&mut revived, &body), post(&mut backend, &body));
    let handle = backend.electric().handles().next().unwrap().to_owned();
    for url in [
        "table=todos&offset=-1",
        &format!("table=todos&offset=0_0&handle={handle}"),
    ] {
        let ask = |backend: &mut Backend| {
            let request = ShapeRequest::get(url);
            backend.respond(&mut Unjournaled, NOW, 3, &request, WaitState::Arrived)
        };
        assert_eq!(ask(&mut revived), ask(&mut backend), "{url}");
    }
}

#[test]
fn shapes_that_ended_stay_ended_after_a_start() {
    let options = || Options {
        max_shapes: Some(3),
        allow_delete: true,
        ..Options::default()
    };
    let mut journal = Kept::default();
    let mut backend = Backend::new(Electric::new(options()), demo::rules());
    demo::start(&mut backend, &mut journal, NOW).unwrap();
    let ask = |backend: &mut Backend, journal: &mut Kept, request: &ShapeRequest| match backend
        .respond(journal, NOW, 1, request, WaitState::Arrived)
    {
        Answer::Respond(response) => response,
        hold => panic!("{hold:?}"),
    };
    let mut open = |backend: &mut Backend, shape: &str| {
        let request = ShapeRequest::get(&format!("table=todos&offset=-1&{shape}"));
        let first = ask(backend, &mut journal, &request);
        first.header("electric-handle").unwrap().to_owned()
    };
    let evicted = open(&mut backend, "columns=id");
    let subquery = open(&mut backend, "where=id+in+(select+id+from+todos)");
    let deleted = open(&mut backend, "columns=id&replica=full");
    let kept = open(&mut backend, "columns=id,title");
    let delete = ShapeRequest::get("table=todos&columns=id&replica=full")
        .method(crate::electric::Method::Delete);
    assert_eq!(ask(&mut backend, &mut journal, &delete).status, 202);
    let added = Alter::AddColumn(Column::new("extra", PgType::Text));
    let seen = ShapeRequest::get("table=todos&offset=-1&log=changes_only");
    let unaware = ask(&mut backend, &mut journal, &seen);
    backend
        .alter_table_unseen(&mut journal, "todos", added)
        .unwrap();
    assert_eq!(ask(&mut backend, &mut journal, &seen), unaware);

    let mut revived = Backend::new(Electric::new(options()), demo::rules());
    journal
        .0
        .into_iter()
        .for_each(|event| revived.replay(event));
    revived.resume();
    let alive: Vec<&str> = revived.electric().handles().collect();
    // The ALTER, which nobody saw in time, has ended those that select all columns.
    assert_eq!(alive, [kept.as_str()]);
    let before: Vec<&str> = backend.electric().handles().collect();
    assert!(before.contains(&subquery.as_str()) && before.contains(&kept.as_str()));
    assert!(!before.contains(&evicted.as_str()) && !before.contains(&deleted.as_str()));
}

fn with_ledger() -> Backend {
    let mut backend = Backend::new(Electric::new(Options::default()), demo::rules()).with_ledger();
    demo::start(&mut backend, &mut Unjournaled, NOW).unwrap();
    backend
}

/// Of the ledger's rows: id, client, status, code, noop, txid.
fn ledger_rows(backend: &Backend) -> Vec<[Option<String>; 6]> {
    let names = ["id", "client_id", "status", "code", "noop", "txid"];
    let rows = backend.electric().rows(ledger::LEDGER);
    rows.map(|row| names.map(|name| row[name].clone()))
        .collect()
}

#[test]
fn each_transaction_has_one_row_in_the_ledger() {
    let mut backend = with_ledger();
    let body = json!([
        { "id": "tab:1:1", "changes": [change("insert", &json!({"id": ID, "title": "Milk"}))] },
        { "id": "tab:1:2", "changes": [change("update", &json!({"id": ID, "title": " "}))] },
        { "id": "tab:1:3", "changes": [change("delete", &json!({"id": WRITE_ID}))] },
    ]);
    let (_, answer) = post(&mut backend, &body);
    let txid = |index: usize| answer["transactions"][index]["txid"].as_str();
    assert!(txid(0).is_some() && txid(1).is_none() && txid(2).is_some());
    assert_eq!(answer["transactions"][2]["noop"], true);
    let row = |id: &str, status: &str, code: Option<&str>, noop: &str, txid: Option<&str>| {
        [
            Some(id),
            Some("tab:1"),
            Some(status),
            code,
            Some(noop),
            txid,
        ]
        .map(|text| text.map(str::to_owned))
    };
    let expected = [
        row("tab:1:1", "accepted", None, "f", txid(0)),
        row("tab:1:2", "rejected", Some("EMPTY_TITLE"), "f", None),
        row("tab:1:3", "accepted", None, "t", txid(2)),
    ];
    assert_eq!(ledger_rows(&backend), expected);
    let position = backend.electric().wal_insert_lsn();
    assert_eq!(post(&mut backend, &body).1, answer);
    assert_eq!(backend.electric().wal_insert_lsn(), position);
}

#[test]
fn the_ledger_row_arrives_with_the_changes_it_tells_of() {
    let mut backend = with_ledger();
    let ask = |backend: &mut Backend, url: &str| {
        let request = ShapeRequest::get(url);
        match backend.respond(&mut Unjournaled, NOW, 0, &request, WaitState::Arrived) {
            Answer::Respond(response) => response,
            hold => panic!("{hold:?}"),
        }
    };
    let shapes = [
        "table=todos".to_owned(),
        format!("table={}&where=client_id+%3D+'tab'", ledger::LEDGER),
    ];
    let handles = shapes.clone().map(|shape| {
        let first = ask(&mut backend, &format!("{shape}&offset=-1"));
        first.header("electric-handle").unwrap().to_owned()
    });
    let accepted = verdict(
        &mut backend,
        "tab:1",
        &json!([change("insert", &json!({"id": ID, "title": "Milk"}))]),
    );
    verdict(
        &mut backend,
        "other:1",
        &json!([change("delete", &json!({"id": ID}))]),
    );
    let mut arrived = Vec::new();
    for (shape, handle) in shapes.iter().zip(&handles) {
        let log = ask(
            &mut backend,
            &format!("{shape}&offset=0_inf&handle={handle}"),
        );
        let log: Value = serde_json::from_str(&log.body).unwrap();
        let mut headers = log[0]["headers"].clone();
        arrived.push((headers["lsn"].take(), headers["txids"].take()));
    }
    assert_eq!(arrived[0], arrived[1]);
    assert_eq!(
        arrived[0].1[0].to_string(),
        accepted["txid"].as_str().unwrap()
    );
}

#[test]
fn the_ledger_is_not_for_clients_to_write() {
    let mut backend = with_ledger();
    let forged = json!([{"table": ledger::LEDGER, "operation": "insert",
        "value": {"id": "c:9", "client_id": "c", "status": "accepted"}}]);
    let verdict = verdict(&mut backend, "c:1", &forged);
    assert_eq!(verdict["error"]["code"], "FORBIDDEN");
    assert_eq!(ledger_rows(&backend).len(), 1);
}

#[test]
fn a_journal_of_an_earlier_version_is_read() {
    let event = r#"{"Verdict":{"id":"c:1","status":"accepted","txid":812,"lsn":"7"}}"#;
    let mut backend = with_ledger();
    backend.replay(serde_json::from_str(event).unwrap());
    let again = verdict(&mut backend, "c:1", &json!([]));
    assert_eq!(again["txid"], "812");
}
