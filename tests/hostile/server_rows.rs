//! The rows that a shape server sends: what they claim to be, and how much comes with them.

use std::time::Duration;

use throughline::tabs::ShapePhase;

use super::effort::at_once;
use super::victim::{SCHEMA, Victim, headers, insert, up_to_date};

fn change(operation: &str, value: &str, more: &str) -> String {
    format!(r#"{{"key":"k","value":{value},"headers":{{"operation":"{operation}"{more}}}}}"#)
}

/// `t` is told these messages and an up-to-date.
fn told(messages: &[&str]) -> Victim {
    let mut victim = Victim::synced();
    let mut messages = messages.to_vec();
    messages.push(up_to_date());
    let body = format!("[{}]", messages.join(","));
    victim.answers("t", 200, &headers("H", "20_0", SCHEMA), &body);
    victim.assert_unharmed();
    victim
}

/// It is an error of that code, and nothing of it was kept.
fn assert_refused(messages: &[&str], code: &str) {
    let mut victim = told(messages);
    assert_eq!(victim.code(), code, "{:.200}", messages[0]);
    assert_eq!(victim.app.rows("SELECT a FROM t_synced"), ["one", "two"]);
    victim.assert_recovers();
}

#[test]
fn a_row_that_claims_to_be_of_another_table_goes_to_the_table_that_was_asked_for() {
    for relation in [
        r#"["public","other"]"#,
        r#"["main","_throughline_transactions"]"#,
        r#"["","drafts\"; DROP TABLE drafts; --"]"#,
    ] {
        let more = format!(r#","relation":{relation}"#);
        let mut victim = told(&[&change("insert", r#"{"id":"9","a":"evil"}"#, &more)]);
        assert_eq!(
            victim.app.rows("SELECT id FROM t_synced WHERE a = 'evil'"),
            ["9"]
        );
        victim.assert_recovers();
    }
}

#[test]
fn a_key_that_lies_is_not_believed() {
    let two = [
        r#"{"key":"\"public\".\"other\"/\"1\"","value":{"id":"1","a":"x"},"headers":{"operation":"insert"}}"#,
        r#"{"key":"\"public\".\"other\"/\"2\"","value":{"id":"1","a":"y"},"headers":{"operation":"update"}}"#,
        r#"{"key":"\"public\".\"t\"/\"2\"","value":{"id":"1"},"headers":{"operation":"delete","key_change_to":"\"public\".\"other\"/\"1\""}}"#,
    ];
    let mut victim = told(&two[..2]);
    assert_eq!(
        victim.app.rows("SELECT id, a FROM t_synced"),
        ["1|y", "2|two"]
    );
    let mut victim = told(&two);
    assert_eq!(victim.app.rows("SELECT id, a FROM t_synced"), ["2|two"]);
    victim.assert_recovers();
}

#[test]
fn a_row_that_is_none_is_refused_and_nothing_before_it_is_kept() {
    let first = insert(8, "before");
    for value in [
        r#"{"id":"9","body":"x"}"#,
        r#"{"id":"9","a\"; DROP TABLE drafts; --":"x"}"#,
        r#"{"a":"x"}"#,
        r#"{"id":null,"a":"x"}"#,
        r#"{"id":"nine","a":"x"}"#,
        r#"{"id":"99999999999","a":"x"}"#,
        r#"{"id":9,"a":"x"}"#,
        r#"{"id":"9","a":{"b":"x"}}"#,
        r#"{"id":"9","a":["x"]}"#,
        r#"["9","x"]"#,
        r#""9""#,
    ] {
        assert_refused(&[&first, &change("insert", value, "")], "PROTOCOL");
    }
    for more in [
        r#","txids":[99999999999999999999]"#,
        r#","txids":[-1]"#,
        r#","lsn":"99999999999999999999""#,
        r#","lsn":"-1""#,
        r#","op_position":1e400"#,
        r#","tags":"x""#,
        r#","relation":["t"]"#,
    ] {
        let row = change("insert", r#"{"id":"9","a":"x"}"#, more);
        assert_refused(&[&first, &row], "PROTOCOL");
    }
    assert_refused(
        &[&first, &change("truncate", r#"{"id":"9"}"#, "")],
        "PROTOCOL",
    );
}

#[test]
fn brackets_without_end_are_no_message() {
    let deep =
        |open: &str, close: &str| format!("{}1{}", open.repeat(300_000), close.repeat(300_000));
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = deep(open, close);
        let skipped = format!(r#"{{"headers":{{"control":"x","y":{deep}}},"value":null}}"#);
        assert_eq!(told(&[&skipped]).phase(), ShapePhase::Live);
        assert_refused(&[&deep], "PROTOCOL");
        let operation = format!(r#"{{"headers":{{"operation":{deep}}}}}"#);
        assert_refused(&[&operation], "PROTOCOL");
        let value = change("insert", &format!(r#"{{"id":"9","a":{deep}}}"#), "");
        assert_refused(&[&value], "PROTOCOL");
    }
}

/// What is kept of a row's tags is compared with what is new, each with each.
#[test]
fn a_row_with_tags_without_end_is_refused_at_once() {
    let joined = |text: &dyn Fn(usize) -> String, by: &str| {
        (0..200_000).map(text).collect::<Vec<_>>().join(by)
    };
    let tags = joined(&|n| format!(r#""t{n}/""#), ",");
    let empty = joined(&|_| r#""""#.into(), ",");
    let slots = joined(&|n| format!("v{n}"), "/");
    for more in [
        format!(r#","tags":[{tags}]"#),
        format!(r#","tags":[{empty}]"#),
        format!(r#","tags":["{slots}"]"#),
        format!(r#","tags":["{}x"]"#, "/".repeat(200_000)),
        format!(r#","tags":["x"],"removed_tags":[{tags}]"#),
    ] {
        let row = change("insert", r#"{"id":"9","a":"x"}"#, &more);
        let mut victim = at_once(Duration::from_secs(5), &more, || told(&[&row]));
        assert_eq!(victim.code(), "PROTOCOL", "{more:.50}");
        victim.assert_recovers();
    }
}

#[test]
fn tags_that_come_few_by_few_are_refused_when_they_are_too_many() {
    let rows: Vec<String> = (0..40)
        .map(|n| {
            let tags = (0..50).map(|m| format!(r#""t{n}-{m}/""#));
            let tags = tags.collect::<Vec<_>>().join(",");
            change(
                "insert",
                r#"{"id":"9","a":"x"}"#,
                &format!(r#","tags":[{tags}]"#),
            )
        })
        .collect();
    let few: Vec<&str> = rows[..10].iter().map(String::as_str).collect();
    assert_eq!(told(&few).phase(), ShapePhase::Live);
    let many: Vec<&str> = rows.iter().map(String::as_str).collect();
    assert_refused(&many, "PROTOCOL");
}

#[test]
fn a_move_to_the_end_of_all_positions_takes_no_memory() {
    let row = change("insert", r#"{"id":"9","a":"x"}"#, r#","tags":["x/y"]"#);
    let moves = |kind: &str| {
        format!(
            r#"{{"headers":{{"event":"{kind}","patterns":[{{"pos":4294967295,"value":"x"}},{{"pos":0,"value":"'"}}]}}}}"#
        )
    };
    let mut victim = told(&[&row, &moves("move-out"), &moves("move-in")]);
    assert_eq!(victim.phase(), ShapePhase::Live);
    assert_eq!(victim.app.rows("SELECT count(*) FROM t_synced"), ["3"]);
    victim.assert_recovers();
}

#[test]
fn evidence_that_nobody_waits_for_confirms_nothing() {
    let all: Vec<String> = (0..1_000).map(|n| n.to_string()).collect();
    let more = format!(r#","txids":[{}]"#, all.join(","));
    let mut victim = Victim::synced();
    let rows = [
        change("update", r#"{"id":"2","a":"evil"}"#, &more),
        r#"{"headers":{"control":"snapshot-end","xmin":"18446744073709551615","xmax":"18446744073709551615","xip_list":[]}}"#.into(),
        r#"{"headers":{"control":"up-to-date","global_last_seen_lsn":"18446744073709551615"}}"#.into(),
    ];
    let body = format!("[{}]", rows.join(","));
    victim.answers("t", 200, &headers("H", "20_0", SCHEMA), &body);
    victim.assert_unharmed();
    assert_eq!(victim.app.rows("SELECT a FROM t WHERE id = 2"), ["edited"]);
    victim.assert_recovers();
}

/// Whoever reads the shape knows the write id of a row that came back; a server can put it on any row.
#[test]
fn a_write_id_on_a_row_confirms_nothing_that_was_not_accepted() {
    let schema =
        r#"{"id":{"type":"int4","pk_index":0},"a":{"type":"text"},"write_id":{"type":"text"}}"#;
    let mut victim = Victim::waiting();
    let body = format!("[{},{}]", insert(2, "two"), up_to_date());
    victim.log_with(schema, "10_0", &body);
    victim.app.run("UPDATE t SET a = 'edited' WHERE id = 2");
    victim.remember();
    let ids = victim
        .app
        .rows("SELECT write_id FROM _throughline_changes ORDER BY id");
    assert_eq!(ids.len(), 2);
    let stolen = ids.iter().flat_map(|id| {
        [1, 2].map(|row| {
            change(
                "insert",
                &format!(r#"{{"id":"{row}","a":"evil","write_id":"{id}"}}"#),
                "",
            )
        })
    });
    let stolen: Vec<String> = stolen.chain([up_to_date().into()]).collect();
    let body = format!("[{}]", stolen.join(","));
    victim.answers("t", 200, &headers("H", "20_0", schema), &body);
    victim.assert_unharmed();
    assert_eq!(victim.app.pending().len(), 2);
    assert_eq!(victim.app.rows("SELECT a FROM t WHERE id = 2"), ["edited"]);
}

#[test]
fn a_flood_of_messages_that_say_nothing_is_read() {
    for message in [
        r#"{"headers":{"control":"x"}}"#,
        r#"{"headers":{}}"#,
        r#"{"headers":{"event":"x"}}"#,
        up_to_date(),
    ] {
        let flood = vec![message; 50_000];
        let mut victim = told(&flood);
        assert_eq!(victim.phase(), ShapePhase::Live);
        victim.assert_recovers();
    }
}
