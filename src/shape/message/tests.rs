#![allow(clippy::unwrap_used)]

use super::*;
use crate::shape::protocol::MAX_IN_PROGRESS;

fn one(text: &str) -> Message<'_> {
    let mut messages = parse(text).unwrap();
    assert_eq!(messages.len(), 1);
    messages.remove(0)
}

fn fault(text: &str) -> String {
    let error = parse(text).unwrap_err();
    assert_eq!(error.code(), "PROTOCOL");
    error.to_string()
}

#[test]
fn a_change_is_borrowed_from_the_body_and_copied_only_where_it_holds_an_escape() {
    let body = r#"[{"key":"k","value":{"id":"1","note":"a\nb","gone":null},"headers":{"operation":"update","relation":["public","t"],
        "lsn":"18446744073709551615","op_position":4,"txids":[4294967295],"last":true}}]"#;
    let Message::Change(change) = one(body) else {
        panic!("not a change")
    };
    assert_eq!(change.operation, Operation::Update);
    assert_eq!(change.lsn, Some(Lsn(u64::MAX)));
    assert_eq!(change.op_position, Some(4));
    assert_eq!(change.txids, [Xid(u32::MAX)]);
    assert!(change.last);
    assert_eq!(change.relation, Some(("public".into(), "t".into())));
    assert!(matches!(change.key, Cow::Borrowed("k")));
    let owned: Vec<_> = change
        .value
        .0
        .iter()
        .map(|(_, v)| matches!(v, Some(Cow::Owned(_))))
        .collect();
    assert_eq!(owned, [false, true, false]);
}

#[test]
fn kinds_of_controls_and_events_are_told_apart() {
    let must_refetch = one(r#"[{"headers":{"control":"must-refetch"}}]"#);
    assert_eq!(must_refetch, Message::Control(Control::MustRefetch));
    assert!(!must_refetch.is_up_to_date());
    let kind = |name: &str| match one(&format!(
        r#"[{{"headers":{{"event":"{name}","patterns":[{{"pos":0,"value":"t"}}]}}}}]"#
    )) {
        Message::Event(event) => format!("{:?}", event.kind),
        other => panic!("{other:?}"),
    };
    assert_eq!(["move-in", "move-out"].map(kind), ["MoveIn", "MoveOut"]);
}

/// Trap 10.
#[test]
fn null_is_a_value_and_absence_is_not() {
    let row = Row(vec![("a".into(), None), ("b".into(), Some("".into()))]);
    assert_eq!(row.get("a"), Some(None));
    assert_eq!(row.get("b"), Some(Some("")));
    assert_eq!(row.get("c"), None);
}

#[test]
fn unknown_kinds_and_fields_pass_whatever_they_hold() {
    let body = r#"[
        {"headers":{"control":"flush","lsn":5,"xmin":{}}, "value": 7},
        {"headers":{"control":"flush","of":"later"}},
        {"headers":{"event":"move-over","patterns":"?"}},
        {"headers":{"event":"move-over"}},
        {"headers":{"hint":1}},
        {"key":"k","value":{"id":"1"},"colour":"red","headers":{"operation":"delete","weather":[1,{}]}},
        {"headers":{"control":"up-to-date","global_last_seen_lsn":"9"}}
    ]"#;
    let messages = parse(body).unwrap();
    assert_eq!(messages[0], Message::Unknown);
    assert_eq!(
        messages[1],
        Message::Control(Control::Unknown("flush".into()))
    );
    assert_eq!(messages[2], Message::Unknown);
    assert!(
        matches!(&messages[3], Message::Event(e) if e.kind == EventKind::Unknown("move-over".into()))
    );
    assert_eq!(messages[4], Message::Unknown);
    assert!(matches!(&messages[5], Message::Change(c) if c.operation == Operation::Delete));
    assert!(messages[6].is_up_to_date());
}

#[test]
fn what_is_known_is_read_strictly() {
    for (message, reason) in [
        (
            r#"{"key":"k","value":{"id":1},"headers":{"operation":"insert"}}"#,
            "text or null",
        ),
        (
            r#"{"key":"k","value":7,"headers":{"operation":"insert"}}"#,
            "columns with text or null",
        ),
        (
            r#"{"key":"k","headers":{"operation":"insert"}}"#,
            "without a value",
        ),
        (
            r#"{"value":{},"headers":{"operation":"insert"}}"#,
            "without a key",
        ),
        (
            r#"{"key":"k","value":{},"headers":{"operation":"merge"}}"#,
            "merge",
        ),
        (
            r#"{"key":"k","value":{},"headers":{"operation":"insert","lsn":12}}"#,
            "decimal text",
        ),
        (
            r#"{"key":"k","value":{},"headers":{"operation":"insert","txids":[4294967296]}}"#,
            "u32",
        ),
        (
            r#"{"headers":{"control":"up-to-date","global_last_seen_lsn":"0/12"}}"#,
            "digit",
        ),
        (
            r#"{"headers":{"control":"snapshot-end","xmin":"1","xip_list":[]}}"#,
            "xmax",
        ),
        (r#"{"headers":{"event":"move-in"}}"#, "patterns"),
        (r#"{"key":"k"}"#, "headers"),
        ("7", "message"),
    ] {
        let text = fault(&format!(r#"[{{"headers":{{"control":"x"}}}},{message}]"#));
        assert!(
            text.contains("message 1") && text.contains(reason),
            "{message}: {text}"
        );
    }
}

#[test]
fn an_up_to_date_may_lack_its_position() {
    let body = r#"[{"headers":{"control":"up-to-date"}}]"#;
    let expected = Control::UpToDate {
        global_last_seen_lsn: None,
    };
    assert_eq!(one(body), Message::Control(expected));
}

#[test]
fn a_body_that_is_no_array_says_what_it_is() {
    assert!(fault("<!doctype html><title>Log in</title>").contains("login page"));
    assert!(fault("  ").contains("empty"));
    assert!(fault(r#"{"message":"no"}"#).contains("message"));
    assert!(fault("[{]").contains("JSON array"));
    assert!(fault(r#"[{"headers":{}}"#).contains("EOF"));
    assert_eq!(parse("[]").unwrap(), []);
}

#[test]
fn a_row_of_a_snapshot_is_an_insert_that_names_no_position_tags_or_move() {
    let is_of_snapshot = |message: &str| one(&format!("[{message}]")).is_of_snapshot();
    let row = |headers: &str| {
        let message = r#"{"key":"k","value":{"id":"1"},"headers":{"operation":"insert"}}"#;
        is_of_snapshot(&message.replace(r#""operation":"insert""#, headers))
    };
    assert!(row(r#""operation":"insert""#));
    assert!(!row(r#""operation":"update""#));
    assert!(!row(r#""operation":"insert","lsn":"9""#));
    assert!(!row(r#""operation":"insert","is_move_in":true"#));
    assert!(!row(r#""operation":"insert","tags":["a"]"#));
    assert!(is_of_snapshot(
        r#"{"headers":{"control":"snapshot-end","xmin":"1","xmax":"2","xip_list":[]}}"#
    ));
    assert!(is_of_snapshot(
        r#"{"headers":{"control":"of a later version"}}"#
    ));
    assert!(!is_of_snapshot(
        r#"{"headers":{"event":"move-out","patterns":[{"pos":0,"value":"t"}]}}"#
    ));
}

#[test]
fn what_is_no_subset_says_what_one_is() {
    let body = r#"{"metadata":{"xmin":"1","xmax":"2","xip_list":[],"database_lsn":"9"},"data":7}"#;
    let error = parse_subset(body).unwrap_err();
    assert_eq!(error.code(), "PROTOCOL");
    assert!(
        error.to_string().contains("an array of messages"),
        "{error}"
    );
}

#[test]
fn transactions_in_progress_have_an_end() {
    for (count, fits) in [(MAX_IN_PROGRESS, true), (MAX_IN_PROGRESS + 1, false)] {
        let list = vec![r#""7""#; count].join(",");
        let end = format!(
            r#"[{{"headers":{{"control":"snapshot-end","xmin":"1","xmax":"9","xip_list":[{list}]}}}}]"#
        );
        assert_eq!(parse(&end).is_ok(), fits, "{count}");
    }
}

#[test]
fn tags_that_come_and_go_are_read_in_order() {
    let tagged = one(
        r#"[{"key":"k","value":{},"headers":{"operation":"update","tags":["a/","b\u002f"],"removed_tags":["c/"]}}]"#,
    );
    let Message::Change(change) = tagged else {
        panic!("not a change")
    };
    assert_eq!(change.tags.unwrap(), ["a/", "b/"]);
    assert_eq!(change.removed_tags, ["c/"]);
}
