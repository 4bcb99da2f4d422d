//! A primary key that changes on the server, under rows and under writes that were sent.

use super::*;

/// Where it is kept who holds which row, that is kept by key.
#[test]
fn a_primary_key_that_changes_under_rows_with_tags_is_read_anew() {
    const OTHER_KEY: &str =
        r#"{"a":{"type":"text","pk_index":0},"id":{"type":"int4"},"b":{"type":"text"}}"#;
    let tagged = |id: u32, a: &str| {
        let value = format!(r#"{{"id":"{id}","a":"{a}","b":"b"}}"#);
        change(
            "insert",
            id,
            &value,
            r#","tags":["t"],"active_conditions":[true]"#,
        )
    };
    let mut log = Log::begun();
    log.says("12_0", &[tagged(3, "a3")]);
    log.app.run("UPDATE t SET b = 'sent' WHERE id = 1");
    log.app.run("UPDATE t SET b = 'queued' WHERE id = 2");
    log.must_refetch();
    let body = format!(
        "[{},{},{}]",
        tagged(1, "a1"),
        tagged(1, "a2"),
        up_to_date(20)
    );
    log.answers_as(200, "H2", "0_0", &body, &[("electric-schema", OTHER_KEY)]);
    assert_eq!(log.phase(), ShapePhase::Live);
    assert_eq!(log.rows(), ["1|a1|b", "1|a2|b"]);
    let rejected = log.app.rejected();
    assert_eq!(rejected.len(), 1, "a write by the old key has no row");
    let error = rejected[0].error.clone().unwrap();
    assert_eq!(error.code, "SCHEMA_CHANGED", "{error:?}");
    assert_eq!(
        log.app.pending().len(),
        1,
        "what the server may have is its to decide"
    );
    let event = r#"{"headers":{"event":"move-out","patterns":[{"pos":0,"value":"t"}]}}"#;
    log.answers_as(
        200,
        "H2",
        "21_0",
        &format!("[{event},{}]", up_to_date(21)),
        &[],
    );
    assert_eq!(log.rows(), [] as [&str; 0], "tags stand with the new key");
}

#[test]
fn a_sent_write_has_no_row_under_a_primary_key_of_more_columns() {
    const LONGER_KEY: &str = r#"{"id":{"type":"int4","pk_index":0},"a":{"type":"text","pk_index":1},"b":{"type":"text"}}"#;
    let mut log = Log::begun();
    log.app.run("UPDATE t SET b = 'sent' WHERE id = 1");
    log.must_refetch();
    let body = format!("[{},{}]", insert(1, "a1", "b1"), up_to_date(20));
    log.answers_as(200, "H2", "0_0", &body, &[("electric-schema", LONGER_KEY)]);
    assert_eq!(log.phase(), ShapePhase::Live);
    assert_eq!(log.rows(), ["1|a1|b1"]);
    assert_eq!(log.app.pending().len(), 1);
}

#[test]
fn a_sent_write_has_no_row_under_a_primary_key_of_fewer_columns() {
    const SHORTER_KEY: &str =
        r#"{"id":{"type":"int4","pk_index":0},"a":{"type":"text"},"b":{"type":"text"}}"#;
    const KEY: &str = r#"{"id":{"type":"int4","pk_index":0},"a":{"type":"text","pk_index":1},"b":{"type":"text"}}"#;
    let mut log = Log::begun();
    log.must_refetch();
    let body = format!("[{},{}]", insert(1, "a1", "b1"), up_to_date(20));
    log.answers_as(200, "H2", "0_0", &body, &[("electric-schema", KEY)]);
    log.app.run("UPDATE t SET b = 'sent' WHERE id = 1");
    let ended = r#"[{"headers":{"control":"must-refetch"}}]"#;
    log.answers_as(409, "H3", "", ended, &[]);
    log.answers_as(200, "H3", "0_0", &body, &[("electric-schema", SHORTER_KEY)]);
    assert_eq!(log.phase(), ShapePhase::Live);
    assert_eq!(log.rows(), ["1|a1|b1"]);
    assert_eq!(log.app.pending().len(), 1);
}

/// The shadow table would have one key for the row and the change log another.
#[test]
fn a_write_id_that_is_part_of_the_key_is_a_column_like_any_other() {
    const KEYED: &str = r#"{"id":{"type":"int4","pk_index":0},"write_id":{"type":"uuid","pk_index":1},"a":{"type":"text"},"b":{"type":"text"}}"#;
    let mut log = Log::begun();
    log.must_refetch();
    let one = "10000000-0000-4000-8000-000000000001";
    let row = insert(1, "a1", "b1").replace(r#""a":"#, &format!(r#""write_id":"{one}","a":"#));
    let body = format!("[{row},{}]", up_to_date(20));
    log.answers_as(200, "H2", "0_0", &body, &[("electric-schema", KEYED)]);
    log.app.run("UPDATE t SET b = 'mine'");
    log.app.assert_sound();
    assert_eq!(
        log.app.rows("SELECT write_id, b FROM t"),
        [format!("{one}|mine")]
    );
}

#[test]
fn a_sent_write_has_no_row_under_a_key_of_a_type_that_cannot_hold_it() {
    const UUID: &str =
        r#"{"id":{"type":"uuid","pk_index":0},"a":{"type":"text"},"b":{"type":"text"}}"#;
    let mut log = Log::begun();
    log.app.run("UPDATE t SET b = 'sent' WHERE id = 1");
    log.must_refetch();
    let body = format!("[{}]", up_to_date(20));
    log.answers_as(200, "H2", "0_0", &body, &[("electric-schema", UUID)]);
    assert_eq!(log.phase(), ShapePhase::Live);
    assert_eq!(log.rows(), [] as [&str; 0]);
    assert_eq!(log.app.pending().len(), 1);
}

/// What it wrote to the column that is the key now would make another row of it.
#[test]
fn a_sent_write_has_no_second_row_under_a_key_of_what_it_wrote() {
    const NUMBERS: &str =
        r#"{"id":{"type":"int4","pk_index":0},"a":{"type":"int4"},"b":{"type":"text"}}"#;
    const BY_A: &str =
        r#"{"id":{"type":"int4"},"a":{"type":"int4","pk_index":0},"b":{"type":"text"}}"#;
    let mut log = Log::begun();
    log.must_refetch();
    let body = format!("[{},{}]", insert(1, "5", "b1"), up_to_date(20));
    log.answers_as(200, "H2", "0_0", &body, &[("electric-schema", NUMBERS)]);
    log.app
        .run("INSERT INTO t (id, a, b) VALUES (2, 9, 'sent')");
    let ended = r#"[{"headers":{"control":"must-refetch"}}]"#;
    log.answers_as(409, "H3", "", ended, &[]);
    log.answers_as(200, "H3", "0_0", &body, &[("electric-schema", BY_A)]);
    assert_eq!(log.phase(), ShapePhase::Live);
    log.app.assert_sound();
    assert_eq!(log.app.pending().len(), 1);
}
