//! Subsets that a shape server answers with what they are not.

use std::time::Duration;

use throughline::engine::{Effect, Event};
use throughline::error::Error;
use throughline::ids::RequestId;
use throughline::tabs::{Reply, Request, ShapePhase};

use super::effort::at_once;
use super::victim::{SCHEMA, Victim, headers, insert, up_to_date};

const CHANGES_ONLY: &str = r#"{"name": "hostile", "electric": {"url": "/v1/shape"}, "write": {"url": "/changes"},
    "tables": {"t": {"shape": {"log": "changes_only"}}, "other": {}}}"#;

/// A subset was asked for, and this is the answer; what the app is told at once.
fn answered(status: u16, body: &str) -> (Victim, Option<Result<Reply, Error>>) {
    let mut victim = Victim::open(CHANGES_ONLY);
    victim.log("10_0", &format!("[{}]", up_to_date()));
    let wanted = Request::load_subset("t".into(), None, "{}").unwrap();
    victim.handle(Event::Request(RequestId(77).into(), wanted));
    let asks = victim.asks("t").expect("it is asked for");
    assert!(asks.body.is_some());
    victim.answers("t", status, &headers("H", "10_0", SCHEMA), body);
    let reply = victim.told.iter().find_map(|effect| match effect {
        Effect::Reply(RequestId(77), reply) => Some(reply.clone()),
        _ => None,
    });
    victim.assert_unharmed();
    (victim, reply)
}

fn subset(metadata: &str, rows: &str) -> String {
    format!(r#"{{"metadata":{{{metadata}}},"data":[{rows}]}}"#)
}

const METADATA: &str = r#""xmin":"1","xmax":"1","xip_list":[],"database_lsn":"10""#;

#[test]
fn a_subset_that_is_none_is_an_error_of_the_request_and_the_log_goes_on() {
    let nested = format!("{}{}", "[".repeat(300_000), "]".repeat(300_000));
    let wrong = |value: &str| {
        let row = format!(r#"{{"key":"1","value":{value},"headers":{{"operation":"insert"}}}}"#);
        subset(METADATA, &format!("{},{row}", insert(1, "first")))
    };
    for body in [
        String::new(),
        "[]".into(),
        "null".into(),
        "<html>".into(),
        nested.clone(),
        subset("", ""),
        subset(
            &METADATA.replace(r#""xmax":"1""#, r#""xmax":"99999999999999999999""#),
            "",
        ),
        subset(&METADATA.replace("[]", &nested), ""),
        subset(METADATA, &nested),
        format!(r#"{{"metadata":{{{METADATA}}},"data":{{}}}}"#),
        wrong(r#"{"id":"9","body":"x"}"#),
        wrong(r#"{"id":"nine"}"#),
        wrong(r#"{"a":"x"}"#),
    ] {
        let (mut victim, reply) = answered(200, &body);
        let error = reply
            .expect("an answer")
            .expect_err(&body[..body.len().min(80)]);
        assert_eq!(error.code(), "PROTOCOL", "{body:.80}");
        assert!(error.report().message.len() < 5_000);
        assert_eq!(victim.app.rows("SELECT count(*) FROM t"), ["0"]);
        victim.log("11_0", &format!("[{}]", up_to_date()));
        assert_eq!(victim.phase(), ShapePhase::Live);
        victim.assert_unharmed();
    }
}

#[test]
fn a_subset_of_the_wrong_table_stays_in_its_own() {
    let row = r#"{"key":"\"public\".\"other\"/\"1\"","value":{"id":"1","a":"evil"},"headers":{"operation":"insert","relation":["public","other"]}}"#;
    let (mut victim, reply) = answered(200, &subset(METADATA, row));
    assert_eq!(reply, Some(Ok(Reply::Loaded(1))));
    assert_eq!(victim.app.rows("SELECT a FROM t"), ["evil"]);
    victim.assert_unharmed();
}

/// Each change of a row that a subset brought is looked for among them.
#[test]
fn transactions_in_progress_without_end_are_refused() {
    let many = vec![r#""5""#; 1_000_000].join(",");
    let metadata = METADATA.replace("[]", &format!("[{many}]"));
    let (_, reply) = at_once(Duration::from_secs(5), "a subset", || {
        answered(200, &subset(&metadata, &insert(1, "x")))
    });
    assert_eq!(reply.unwrap().unwrap_err().code(), "PROTOCOL");
    let end = format!(
        r#"{{"headers":{{"control":"snapshot-end","xmin":"1","xmax":"9","xip_list":[{many}]}}}}"#
    );
    let mut victim = Victim::synced();
    at_once(Duration::from_secs(5), "a log", || {
        victim.log("20_0", &format!("[{end},{}]", up_to_date()));
    });
    assert_eq!(victim.code(), "PROTOCOL");
    victim.assert_recovers();
}
