//! Single messages of a log, written by hand, and what each leaves in the rows.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

mod keys;
#[path = "../support/mod.rs"]
mod support;
mod writes;

use support::App;
use throughline::engine::{Answer, Effect, Endpoint, Event, Fetch};
use throughline::tabs::{Reply, Request, ShapePhase};

const OPTIONS: &str = r#"{"name": "m", "electric": {"url": "/v1/shape"}, "write": {"url": "/changes"},
    "tables": {"t": {}}}"#;

const SCHEMA: &str = r#"{"id":{"type":"int4","pk_index":0,"not_null":true},
    "a":{"type":"text","not_null":true},"b":{"type":"text"}}"#;

/// A database of one table that is told its log message by message.
struct Log {
    app: App,
}

impl Log {
    /// Rows 1 and 2, up to date at position 10.
    fn begun() -> Self {
        let mut app = App::open(OPTIONS);
        app.now = app.now.after(1_000);
        let mut log = Self { app };
        let rows = [insert(1, "a1", "b1"), insert(2, "a2", "b2")].join(",");
        log.answers("0_0", &format!("[{rows}]"));
        log.says("10_0", &[]);
        assert_eq!(log.rows(), ["1|a1|b1", "2|a2|b2"]);
        log
    }

    /// What is out to that endpoint.
    fn out(&self, endpoint: Endpoint) -> Fetch {
        let of_endpoint = |effect: &Effect| match effect {
            Effect::Fetch(fetch) if fetch.endpoint == endpoint => Some(fetch.clone()),
            _ => None,
        };
        let mut effects = self.app.effects.iter().rev();
        effects.find_map(of_endpoint).expect("a request is out")
    }

    /// The messages and an up-to-date.
    fn says(&mut self, offset: &str, messages: &[String]) {
        let mut messages = messages.to_vec();
        messages.push(up_to_date(10));
        self.answers(offset, &format!("[{}]", messages.join(",")));
    }

    fn answers(&mut self, offset: &str, body: &str) {
        self.answers_with(offset, body, &[]);
    }

    fn answers_with(&mut self, offset: &str, body: &str, more: &[(&str, &str)]) {
        self.answers_as(200, "H", offset, body, more);
    }

    fn answers_under(&mut self, handle: &str, offset: &str, body: &str) {
        self.answers_as(200, handle, offset, body, &[]);
    }

    /// Another log begins, under the handle H2.
    fn must_refetch(&mut self) {
        let body = r#"[{"headers":{"control":"must-refetch"}}]"#;
        self.answers_as(409, "H2", "", body, &[]);
    }

    fn answers_as(
        &mut self,
        status: u16,
        handle: &str,
        offset: &str,
        body: &str,
        more: &[(&str, &str)],
    ) {
        let headers = [
            ("electric-handle", handle),
            ("electric-offset", offset),
            ("electric-schema", SCHEMA),
            ("electric-cursor", "7"),
        ];
        let headers = headers.iter().chain(more);
        let answer = Answer {
            status,
            headers: headers.map(|(n, v)| ((*n).into(), (*v).into())).collect(),
            body: body.into(),
        };
        let fetch = self.out(Endpoint::Electric).id;
        self.app.now = self.app.now.after(2_000);
        let effects = self.app.handle(Event::Answered { fetch, answer });
        self.app.effects.extend(effects);
        self.app.assert_sound();
    }

    /// The answer to the POST that is out.
    fn accepts(&mut self, body: &str) {
        let fetch = self.out(Endpoint::Write).id;
        let answer = Answer {
            status: 200,
            headers: vec![("content-type".into(), "application/json".into())],
            body: body.into(),
        };
        let effects = self.app.handle(Event::Answered { fetch, answer });
        self.app.effects.extend(effects);
    }

    fn rows(&mut self) -> Vec<String> {
        self.app.rows("SELECT id, a, b FROM t ORDER BY id")
    }

    fn phase(&mut self) -> ShapePhase {
        match self.app.ask(Request::Status).unwrap() {
            Reply::Status(status) => status.shapes[0].phase,
            other => panic!("{other:?}"),
        }
    }

    fn asks_for_offset(&self) -> String {
        let url = self.out(Endpoint::Electric).url;
        let (_, rest) = url.split_once("offset=").unwrap();
        rest.split('&').next().unwrap().to_owned()
    }
}

fn up_to_date(lsn: u64) -> String {
    format!(r#"{{"headers":{{"control":"up-to-date","global_last_seen_lsn":"{lsn}"}}}}"#)
}

fn insert(id: u32, a: &str, b: &str) -> String {
    let value = format!(r#"{{"id":"{id}","a":"{a}","b":"{b}"}}"#);
    change("insert", id, &value, "")
}

fn delete(id: u32, more: &str) -> String {
    change("delete", id, &format!(r#"{{"id":"{id}"}}"#), more)
}

/// A change of row `id`; `more` are further headers, each after a comma.
fn change(operation: &str, id: u32, value: &str, more: &str) -> String {
    format!(
        r#"{{"key":"\"public\".\"t\"/\"{id}\"","value":{value},"headers":{{"operation":"{operation}"{more}}}}}"#
    )
}

/// Trap 2: rows, events and controls may lie beyond the last change that has a position.
#[test]
fn the_next_request_goes_by_the_header_and_not_by_a_message() {
    let mut log = Log::begun();
    let positioned = delete(2, r#","lsn":"12","op_position":4"#);
    log.says("12_9", &[positioned, insert(3, "a3", "b3")]);
    assert_eq!(log.asks_for_offset(), "12_9");
}

/// Traps 7 and 8: a key may be spelled in two ways and hold any separator, so it is never taken apart.
#[test]
fn the_text_of_a_key_says_nothing() {
    let mut log = Log::begun();
    let value = r#"{"id":"1","a":"new"}"#;
    let odd = change("update", 1, value, "").replace(r#"/\"1\""#, r#"/\"x//y\"/_/\"2\""#);
    log.says("12_0", &[odd]);
    assert_eq!(log.rows(), ["1|new|b1", "2|a2|b2"]);
}

/// Trap 9.
#[test]
fn an_update_writes_the_columns_that_it_carries() {
    let mut log = Log::begun();
    log.says(
        "12_0",
        &[change("update", 1, r#"{"id":"1","b":"new"}"#, "")],
    );
    assert_eq!(log.rows(), ["1|a1|new", "2|a2|b2"]);
}

/// Trap 11.
#[test]
fn a_delete_needs_the_key_alone() {
    let mut log = Log::begun();
    log.says("12_0", &[delete(1, ""), delete(9, "")]);
    assert_eq!(log.rows(), ["2|a2|b2"], "and an unknown row is no fault");
}

/// Trap 13: move-ins, replays and subsets send rows again.
#[test]
fn an_insert_of_a_row_that_is_here_replaces_it() {
    let mut log = Log::begun();
    log.says("12_0", &[insert(1, "again", "b")]);
    assert_eq!(log.rows(), ["1|again|b", "2|a2|b2"]);
    assert_eq!(log.phase(), ShapePhase::Live);
}

/// Trap 15: what ends a transaction for readers is the end of the body that is up to date.
#[test]
fn changes_show_at_the_up_to_date_with_or_without_a_last_mark() {
    let mut log = Log::begun();
    let marked = change("update", 1, r#"{"id":"1","a":"x"}"#, r#","last":true"#);
    let unmarked = change("update", 2, r#"{"id":"2","a":"y"}"#, "");
    log.says("12_2", &[marked, unmarked]);
    assert_eq!(log.rows(), ["1|x|b1", "2|y|b2"]);
}

/// Traps 18 and 49: a server that restarted, and one that buffers, tell of positions below the last one.
#[test]
fn a_change_below_the_last_known_position_of_the_server_counts() {
    let mut log = Log::begun();
    log.answers("12_0", &format!("[{}]", up_to_date(90)));
    let late = r#","lsn":"40","op_position":0,"txids":[3]"#;
    let late = change("update", 1, r#"{"id":"1","a":"late"}"#, late);
    log.answers("40_0", &format!("[{late},{}]", up_to_date(1)));
    assert_eq!(log.rows(), ["1|late|b1", "2|a2|b2"]);
    assert_eq!(log.phase(), ShapePhase::Live);
    assert_eq!(log.asks_for_offset(), "40_0");
}

/// Trap 22: it never comes so, and if it did nothing beside it would be believed.
#[test]
fn a_must_refetch_in_a_200_is_asked_past() {
    let mut log = Log::begun();
    let control = r#"{"headers":{"control":"must-refetch"}}"#.to_owned();
    log.says("12_0", &[delete(1, ""), control]);
    assert_eq!(log.asks_for_offset(), "10_0");
    assert!(log.out(Endpoint::Electric).url.contains("cache-buster"));
    assert_eq!(log.rows().len(), 2);
}

/// Trap 25: a column may lose its NOT NULL under the same log.
#[test]
fn a_null_where_the_schema_has_none_is_a_null() {
    let mut log = Log::begun();
    let nulled = change("update", 1, r#"{"id":"1","a":null}"#, "");
    log.says("12_0", &[nulled]);
    assert_eq!(log.rows(), ["1|NULL|b1", "2|a2|b2"]);
}

/// Trap 36.
#[test]
fn whether_rows_came_is_told_by_the_rows() {
    let mut log = Log::begun();
    let body = |message: String| format!("[{message},{}]", up_to_date(10));
    log.answers_with(
        "12_0",
        &body(insert(3, "a3", "b3")),
        &[("electric-has-data", "false")],
    );
    assert_eq!(log.rows().len(), 3);
    log.answers_with("12_0", &body(delete(3, "")), &[("electric-has-data", "")]);
    assert_eq!(log.rows().len(), 2);
    let nothing = format!("[{}]", up_to_date(10));
    log.answers_with("12_0", &nothing, &[("electric-has-data", "true")]);
    assert_eq!(log.rows().len(), 2);
}

/// Trap 43: one transaction may touch a row many times, and each time counts.
#[test]
fn all_changes_of_a_row_in_one_transaction_are_made_in_order() {
    let mut log = Log::begun();
    let at = |position| format!(r#","lsn":"12","op_position":{position},"txids":[3]"#);
    let title = |text: &str| format!(r#"{{"id":"1","a":"{text}"}}"#);
    log.says(
        "12_8",
        &[
            change("update", 1, &title("x"), &at(0)),
            change("update", 1, &title("y"), &at(2)),
            delete(1, &at(4)),
            change("insert", 1, r#"{"id":"1","a":"z","b":null}"#, &at(6)),
            change("update", 1, &title("z2"), &at(8)),
        ],
    );
    assert_eq!(log.rows(), ["1|z2|NULL", "2|a2|b2"]);
}

/// Trap 1: a body of which one row cannot be stored is asked for again, also by the next session.
#[test]
fn a_body_that_cannot_be_stored_leaves_rows_and_position_as_they_were() {
    let mut log = Log::begun();
    let before = log.rows();
    let position = "SELECT progress ->> 'position' FROM _throughline_shapes";
    let stored = log.app.rows(position);
    let fault = insert(4, "a4", "b4").replace(r#""id":"4""#, r#""id":"four""#);
    log.says("12_0", &[insert(3, "a3", "b3"), fault]);
    assert_eq!(log.rows(), before);
    assert!(stored[0].contains("10_0"), "{stored:?}");
    assert_eq!(log.app.rows(position), stored);
}
