//! A shape server that tells of transactions in the app's ledger.

use super::victim::{Victim, headers, up_to_date};

const LEDGER: &str = r#"{"name": "hostile", "electric": {"url": "/v1/shape"},
    "write": {"url": "/changes", "confirmBy": "ledger"}, "tables": {"t": {}, "other": {}}}"#;

const SCHEMA: &str = r#"{"id":{"type":"text","pk_index":0},"client_id":{"type":"text"},"txid":{"type":"text"},"status":{"type":"text"}}"#;

fn row(id: &str, more: &str, headers: &str) -> String {
    format!(
        r#"{{"key":"k","value":{{"id":{}{more}}},"headers":{{"operation":"insert"{headers}}}}}"#,
        super::victim::json(id)
    )
}

/// One write is on its way, another one was never sent.
fn writing() -> (Victim, Vec<String>) {
    let mut victim = Victim::open(LEDGER);
    victim.loads("t", "H");
    victim.app.run("UPDATE t SET a = 'edited' WHERE id = 2");
    victim.remember();
    let keys = victim.app.pending().into_iter().map(|one| one.id).collect();
    (victim, keys)
}

fn says(victim: &mut Victim, rows: &[String]) {
    let mut rows = rows.to_vec();
    rows.push(up_to_date().replace(r#""10""#, r#""18446744073709551615""#));
    let body = format!("[{}]", rows.join(","));
    victim.answers(
        "throughline_ledger",
        200,
        &headers("L", "10_0", SCHEMA),
        &body,
    );
}

fn states(victim: &mut Victim) -> Vec<String> {
    victim
        .app
        .rows("SELECT state FROM _throughline_transactions ORDER BY id")
}

#[test]
fn a_ledger_row_of_what_was_never_sent_accepts_nothing() {
    let (mut victim, keys) = writing();
    assert_eq!(states(&mut victim), ["sending", "queued"]);
    says(&mut victim, &[row(&keys[1], "", "")]);
    assert_eq!(states(&mut victim), ["sending", "queued"]);
    victim.assert_unharmed();
    // What was sent is another matter: its answer may be lost.
    let (mut victim, keys) = writing();
    says(&mut victim, &[row(&keys[0], "", "")]);
    assert_eq!(states(&mut victim)[0], "accepted");
    victim.assert_unharmed();
}

#[test]
fn a_ledger_row_that_is_none_accepts_nothing() {
    let (_, keys) = writing();
    let client = keys[0].rsplit_once(':').unwrap().0;
    let strangers = [
        "",
        ":",
        "1",
        "someone-else:1",
        &format!("{client}:0"),
        &format!("{client}:-1"),
        &format!("{client}:9223372036854775807"),
        &format!("{client}:99999999999999999999"),
        &format!("{client}:1 "),
        &format!("{client}:1'; DROP TABLE drafts; --"),
        &"9".repeat(1_000_000),
    ];
    let mut rows: Vec<String> = strangers.iter().map(|id| row(id, "", "")).collect();
    let more = r#","txid":"99999999999999999999","status":"x","rubbish":"y""#;
    rows.push(row(&keys[0], more, r#","lsn":"18446744073709551615""#));
    rows.push(row(&keys[0], "", "").replace("insert", "delete"));
    rows.push(r#"{"key":"k","value":{},"headers":{"operation":"insert"}}"#.into());
    let (mut victim, _) = writing();
    says(&mut victim, &rows);
    assert_eq!(states(&mut victim), ["sending", "queued"]);
    victim.assert_unharmed();
}
