//! Shapes of a part of a table: a condition, some columns, whole rows in updates.

use throughline::tabs::ShapePhase;

use crate::recording::recording;
use crate::replay::{Replay, TODOS, items, options};

/// Trap 12: a row that leaves the condition is gone here, and comes back whole.
#[test]
fn rows_leave_and_enter_the_condition() {
    let mut replay = Replay::cold(&options("items", r#"{"where": "done = false"}"#));
    replay.replay_all(&["48", "49"]);
    assert_eq!(replay.items(), items(1..=24));
    replay.replay("50");
    let mut expected = items(4..=24);
    expected[1] = "5 6 changed".into();
    assert_eq!(
        replay.items(),
        expected,
        "1, 2 and 3 are done; 4 was a no-op"
    );
    replay.replay("51");
    expected.splice(0..0, items([2]));
    assert_eq!(replay.items(), expected);
    assert_eq!(replay.status().rows, 22);
}

#[test]
fn updates_that_carry_whole_rows_are_taken_whole() {
    let mut replay = Replay::cold(&options("todos", r#"{"replica": "full"}"#));
    replay.replay_all(&["21", "22"]);
    assert_eq!(
        replay.titles(),
        [
            "1 1 renamed",
            "3 0 inserted during the long poll",
            "7 0 tx a2"
        ]
    );
    let kept = "SELECT write_id FROM todos WHERE title = 'renamed'";
    assert_eq!(
        replay.app.rows(kept),
        ["10000000-0000-4000-8000-000000000004"]
    );
}

#[test]
fn the_zoo_comes_alike_with_whole_rows() {
    let mut replay = Replay::cold(&options("zoo", r#"{"replica": "full"}"#));
    replay.replay("44");
    let mut streamed = Replay::cold(&options("zoo", "{}"));
    streamed.replay_all(&["40", "41", "42", "43"]);
    let columns = streamed
        .app
        .rows("SELECT group_concat(quote(name), ', ') FROM pragma_table_info('zoo')")
        .concat()
        .replace('\'', "\"");
    let visible = format!("SELECT {columns} FROM zoo ORDER BY id");
    assert_eq!(
        replay.loaded(&columns),
        streamed.app.rows(&visible),
        "a snapshot holds what the stream led to"
    );
}

#[test]
fn a_condition_that_the_service_refuses_is_told_in_its_words() {
    let mut replay = Replay::cold(&options("items", r#"{"where": "nope = 1"}"#));
    replay.replay("71");
    let status = replay.status();
    assert_eq!(status.phase, ShapePhase::Failed);
    let error = status.error.unwrap();
    assert_eq!(error.code, "SHAPE_REJECTED");
    assert!(
        error.message.contains("unknown reference nope"),
        "{error:?}"
    );
}

#[test]
fn where_and_columns_are_asked_as_recorded() {
    let filtered = TODOS.replace("{}}", r#"{"shape": {"where": "completed=false"}}}"#);
    let mut replay = Replay::cold(&filtered);
    replay.replay("19");
    assert_eq!(
        replay.loaded("completed || ' ' || title"),
        ["0 inserted during the long poll", "0 tx a2"]
    );
    let narrow = TODOS.replace("{}}", r#"{"shape": {"columns": ["id", "title"]}}}"#);
    let mut replay = Replay::cold(&narrow);
    replay.replay("20");
    let columns = "SELECT group_concat(name) FROM pragma_table_info('todos_synced')";
    assert_eq!(replay.app.rows(columns), ["id,title"]);
    assert_eq!(replay.loaded("title").len(), 3);
}

/// A snapshot-end without rows, as the start of a `changes_only` log.
#[test]
fn a_log_without_a_snapshot_begins_empty() {
    let mut replay = Replay::cold(&options("todos", r#"{"log": "changes_only"}"#));
    assert_eq!(replay.asks()["log"], recording("23").asked["log"]);
    replay.answer("23");
    assert_eq!(replay.asks()["offset"], "0_0");
    assert_eq!(replay.status().rows, 0);
    assert!(replay.position().ends_with("0_0"));
}
