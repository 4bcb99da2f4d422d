//! A row for each transaction, among the tables that clients sync.

use super::*;

pub(super) fn with_ledger() -> Backend {
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
