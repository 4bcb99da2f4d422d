//! A log from its start to a held poll, and answers that are none.

use throughline::engine::Event;
use throughline::ids::Millis;
use throughline::tabs::ShapePhase;

use crate::replay::{Replay, TODOS};

pub(crate) const LOG: &str = "98593601-1795342140699778";

/// Recordings 01 to 08: up to date and on a poll.
pub(crate) fn session() -> Replay {
    let mut replay = Replay::cold(TODOS);
    for number in ["01", "02", "03", "04", "05", "06", "07", "08"] {
        replay.replay(number);
    }
    replay
}

pub(crate) const FINAL_ROWS: [&str; 3] = [
    "1 1 first",
    "3 0 inserted during the long poll",
    "7 0 tx a2",
];

#[test]
fn a_session_from_cold_start_to_a_held_poll() {
    let mut replay = Replay::cold(TODOS);
    assert_eq!(replay.phase(), ShapePhase::Loading);
    replay.replay("01");
    assert_eq!(replay.phase(), ShapePhase::Loading);
    assert_eq!(
        replay.titles(),
        Vec::<String>::new(),
        "a part of a log is never seen"
    );
    assert_eq!(replay.status().rows, 2);
    replay.replay("02");
    let quoted = "it's \"quoted\", ünïcode ✓ and a\\nliteral";
    assert_eq!(
        replay.app.rows("SELECT * FROM todos ORDER BY id"),
        [
            "0|2026-01-02 03:04:05.678901+00|00000000-0000-4000-8000-000000000001|first|\
             10000000-0000-4000-8000-000000000001",
            &format!("1|2026-01-02 03:04:06+00|00000000-0000-4000-8000-000000000002|{quoted}|NULL"),
        ]
    );
    let second = format!("2 1 {quoted}");
    let third = "3 0 inserted during the long poll";
    let steps: [(&str, &str, &[&str]); 6] = [
        ("03", "31224920_0", &["1 0 first", &second, third]),
        ("04", "31225136_0", &["1 1 first", &second, third]),
        ("05", "31225320_0", &["1 1 first", third]),
        ("06", "31225920_6", &["1 1 first", third, "5 0 tx a2"]),
        ("07", "31226176_1", &FINAL_ROWS),
        ("08", "31226176_1", &FINAL_ROWS),
    ];
    for (number, offset, rows) in steps {
        replay.replay(number);
        assert_eq!(replay.position(), format!("{LOG}|{offset}"), "{number}");
        assert_eq!(replay.titles(), rows, "{number}");
        assert_eq!(replay.phase(), ShapePhase::Live, "{number}");
        assert_eq!(replay.status().rows, rows.len() as u64, "{number}");
    }
    assert_eq!(replay.status().last_synced_at, Some(replay.app.now));
}

#[test]
fn reading_a_stretch_of_the_log_again_changes_nothing() {
    let mut replay = session().at(LOG, "31225320_0");
    replay.replay("09");
    assert_eq!(replay.titles(), FINAL_ROWS);
    assert_eq!(replay.position(), format!("{LOG}|31226176_1"));
}

#[test]
fn a_session_that_ends_anywhere_goes_on_there() {
    let mut replay = Replay::cold(TODOS);
    for number in ["01", "02", "06"] {
        replay.answer(number);
        replay = replay.reopened();
    }
    replay.replay("07");
    assert!(replay.titles().contains(&"7 0 tx a2".to_owned()));
}

#[test]
fn the_start_can_be_read_again_beside_what_is_there() {
    let mut replay = Replay::cold(TODOS);
    replay.replay("10");
    assert_eq!(replay.status().rows, 2);
}

#[test]
fn an_answer_about_another_position_is_no_progress() {
    // `offset=now` answers at the head without rows; taken for the start it would leave all rows out.
    let mut replay = session();
    replay.happens(Event::Wake);
    replay.answer("11");
    assert_eq!(replay.titles(), FINAL_ROWS);
    assert_eq!(replay.phase(), ShapePhase::Live);
}

#[test]
fn a_304_leaves_everything_as_it_is_and_is_asked_past() {
    let mut replay = Replay::cold(TODOS);
    replay.replay("12");
    assert_eq!(replay.phase(), ShapePhase::Waiting);
    let due = replay.status().retry_at.unwrap();
    replay.app.now = due;
    replay.happens(Event::Timer(throughline::ids::TimerId(16)));
    assert!(replay.asks().contains_key("cache-buster"));
    replay.replay("01").replay("02");
    assert_eq!(replay.phase(), ShapePhase::Live);
}

#[test]
fn a_refused_request_stops_the_shape_and_carries_the_servers_sentence() {
    for (number, sentence) in [
        ("16", "handle: can't be blank when offset != -1"),
        ("17", "table: can't be blank"),
        ("18", "table: Table \"public\".\"nope\" does not exist."),
    ] {
        let mut replay = Replay::cold(TODOS);
        replay.answer(number);
        let status = replay.status();
        assert_eq!(status.phase, ShapePhase::Failed);
        let error = status.error.unwrap();
        assert_eq!(error.code, "SHAPE_REJECTED");
        assert!(error.message.contains(sentence), "{}", error.message);
        assert!(replay.asks_nothing(), "no more requests");
        let waiting = replay.app.try_query("SELECT * FROM todos").unwrap_err();
        assert_eq!(waiting.code(), "SHAPE_REJECTED", "and the app learns why");
    }
}

#[test]
fn an_answer_that_is_no_log_is_surfaced_and_changes_nothing() {
    let mut replay = session();
    replay.happens(Event::Wake);
    replay.answer("36");
    assert_eq!(replay.phase(), ShapePhase::Failed);
    assert_eq!(replay.status().error.unwrap().code, "PROTOCOL");
    assert_eq!(replay.titles(), FINAL_ROWS);
    replay.app.now = Millis(replay.app.now.0 + 60_000);
    replay.happens(Event::Wake);
    replay.answer("07");
    assert_eq!(replay.phase(), ShapePhase::Live, "another try can succeed");
}
