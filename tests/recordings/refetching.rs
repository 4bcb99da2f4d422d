//! Logs that end: an unknown handle, TRUNCATE, ALTER, a restart of the service.

use throughline::engine::Event;
use throughline::tabs::ShapePhase;

use crate::replay::{Replay, TODOS};
use crate::sessions::{FINAL_ROWS, LOG, session};

const AFTER_TRUNCATE: &str = "98593601-1795342224122477";

#[test]
fn an_unknown_handle_leads_to_the_log_that_the_409_names() {
    let mut replay = session().at("1234567-1234567890123", "31226176_1");
    replay.replay("15");
    assert_eq!(replay.titles(), FINAL_ROWS, "the old rows stay");
    assert_eq!(replay.phase(), ShapePhase::Loading);
    assert_eq!(replay.asks()["handle"], LOG);
    replay.answer("10");
    assert_eq!(replay.titles(), FINAL_ROWS, "still");
    for number in ["02", "06", "07"] {
        if number != "02" {
            replay.happens(Event::Wake);
        }
        replay.answer(number);
    }
    assert_eq!(replay.position(), format!("{LOG}|31226176_1"));
    let rows = replay.titles();
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert!(rows[0].starts_with("1 0 first"), "as the new log has it");
}

#[test]
fn a_truncate_keeps_the_old_rows_until_the_new_log_is_complete() {
    for ended_by in ["29", "30"] {
        let mut replay = session();
        replay.replay("27");
        let before = replay.titles();
        assert_eq!(before.len(), 3);
        assert!(before[0].ends_with("renamed"), "{before:?}");
        if ended_by == "29" {
            replay.happens(Event::Wake);
        }
        replay.replay(ended_by);
        assert_eq!(replay.phase(), ShapePhase::Loading);
        assert_eq!(replay.titles(), before);
        assert!(replay.asks().contains_key("cache-buster"));
        replay.replay("31");
        assert_eq!(replay.titles(), before);
        replay.replay("32");
        assert_eq!(replay.titles(), ["9 0 after truncate"]);
        assert_eq!(replay.position(), format!("{AFTER_TRUNCATE}|31232800_0"));
        assert_eq!(replay.phase(), ShapePhase::Live);
        let leftovers = "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%staged%'";
        assert_eq!(replay.app.rows(leftovers), ["0"]);
    }
}

#[test]
fn a_refetch_goes_on_after_the_process_ended() {
    let mut replay = session();
    replay.replay("27").replay("30").replay("31");
    let mut replay = replay.reopened();
    assert_eq!(replay.titles().len(), 3, "the old rows");
    replay.replay("32");
    assert_eq!(replay.titles(), ["9 0 after truncate"]);
}

#[test]
fn a_409_that_names_nothing_starts_over_past_all_caches() {
    let mut replay = session();
    replay.replay("27").replay("28");
    let asks = replay.asks();
    assert_eq!(asks["offset"], "-1");
    assert_eq!(asks["expired_handle"], LOG);
    assert!(!asks.contains_key("handle") && asks.contains_key("cache-buster"));
}

#[test]
fn an_alter_and_a_restart_rotate_the_log() {
    let mut replay = Replay::cold(TODOS);
    replay.replay("34").replay("35");
    assert_eq!(replay.asks()["handle"], "21635225-1795342228701364");
    let mut replay = Replay::cold(TODOS);
    replay.answer("34");
    let mut replay = replay.at("21635225-1795342228701364", "0_0");
    replay.replay("38");
    assert_eq!(replay.asks()["handle"], "98593601-1795342234150290");
    let mut replay = Replay::cold(TODOS);
    replay.answer("34");
    let mut replay = replay.at("98593601-1795342234150290", "0_0");
    replay.replay("37");
    assert_eq!(replay.phase(), ShapePhase::Live);
    assert_eq!(
        replay.titles(),
        ["c 0 before restart", "d 0 written while electric was down"]
    );
}
