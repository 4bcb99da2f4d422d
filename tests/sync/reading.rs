//! From the server to the view.

use throughline::engine::{Endpoint, Event};
use throughline::ids::RequestId;
use throughline::tabs::{Reply, Request, ShapePhase};

use crate::support::world::{Fault, SYNCED, Sent, World};
use crate::support::{lines, statement};
use crate::{FIRST, fresh, synced};

/// A query that has to wait for its table.
fn ask_early(world: &mut World, sql: &str) -> RequestId {
    let query = Request::Query {
        statement: statement(sql, &[]),
        transaction: None,
    };
    let id = world.client("a").send(query);
    assert!(
        world.client("a").reply(id).is_none(),
        "there is no table yet"
    );
    id
}

fn polls(world: &World) -> Vec<&Sent> {
    let electric = |one: &&Sent| one.endpoint == Endpoint::Electric;
    world.sent.iter().filter(electric).collect()
}

#[test]
fn a_cold_start_makes_the_table_and_fills_it() {
    let world = &mut synced();
    assert_eq!(world.client("a").count("todos_synced"), 5);
    world.assert_same("todos");
    let status = world.client("a").status();
    assert_eq!(status.shapes[0].phase, ShapePhase::Live);
    assert_eq!(status.shapes[0].rows, 5);
    assert!(status.shapes[0].last_synced_at.is_some());
}

#[test]
fn requests_for_a_table_that_is_still_to_come_wait_for_it() {
    let mut world = World::new(1);
    world.open("a", SYNCED);
    let count = ask_early(&mut world, "SELECT count(*) FROM todos");
    let write = world.client("a").send(Request::Execute {
        statement: statement("DELETE FROM todos WHERE completed", &[]),
        transaction: None,
    });
    world.client("a").watch(7, "SELECT title FROM todos", &[]);
    assert!(world.client("a").history(7).is_empty());
    world.settle();
    let rows = world.client("a").reply(count);
    assert!(
        matches!(&rows, Some(Ok(Reply::Rows(rows))) if lines(rows) == ["5"]),
        "{rows:?}"
    );
    assert!(matches!(
        world.client("a").reply(write),
        Some(Ok(Reply::Executed(done))) if done.rows_affected == 1
    ));
    assert_eq!(world.client("a").history(7).last().map(Vec::len), Some(4));
    world.assert_same("todos");
}

#[test]
fn a_table_that_will_never_come_is_an_error_with_the_servers_reason() {
    let mut world = World::new(1);
    let two = SYNCED.replace(r#""todos": {"#, r#""nowhere": {}, "todos": {"#);
    world.open("a", &two);
    let lost = ask_early(&mut world, "SELECT * FROM nowhere");
    let fine = ask_early(&mut world, "SELECT count(*) FROM todos");
    world.settle();
    let error = world.client("a").reply(lost).unwrap().unwrap_err();
    assert_eq!(error.code(), "SHAPE_REJECTED", "{error}");
    let rows = world.client("a").reply(fine).unwrap();
    assert!(matches!(rows, Ok(Reply::Rows(rows)) if lines(&rows) == ["5"]));
}

#[test]
fn a_live_query_that_was_given_up_while_it_waited_never_starts() {
    let mut world = World::new(1);
    world.open("a", SYNCED);
    world.client("a").watch(7, "SELECT title FROM todos", &[]);
    world.client("a").stop_watching(7);
    world.settle();
    let live = &world.client("a").live_notifications();
    assert!(live.is_empty(), "{live:?}");
}

#[test]
fn a_statement_of_an_open_transaction_does_not_wait_for_what_the_transaction_keeps_out() {
    let mut world = World::new(1);
    world.open("a", SYNCED);
    let id = world.client("a").begin();
    let error = world
        .client("a")
        .execute_in(id, "DELETE FROM todos")
        .unwrap_err();
    assert_eq!(error.code(), "SQL", "{error}");
    world.client("a").roll_back(id).unwrap();
    world.settle();
    world.assert_same("todos");
}

#[test]
fn reopening_goes_on_from_the_stored_position_and_loads_no_row_again() {
    let world = &mut synced();
    let before = polls(world).len();
    world.crash("a");
    assert_eq!(
        world.client("a").count("todos"),
        5,
        "there before any answer"
    );
    world.settle();
    let after = &polls(world)[before..];
    assert!(after[0].url.contains("offset=0_inf"), "{}", after[0].url);
    assert!(!after[0].url.contains("live="), "{}", after[0].url);
    assert_eq!(after.iter().map(|one| one.rows).sum::<usize>(), 0);
    assert_eq!(after.iter().filter(|one| one.status.is_some()).count(), 1);
}

#[test]
fn changes_of_others_arrive_by_the_held_poll() {
    let world = &mut synced();
    world.client("a").watch(1, "SELECT title FROM todos", &[]);
    world.run_for(5_000);
    world.server().rename(FIRST, "theirs");
    world.server().add_todo(&fresh(1), "new");
    let began = world.now;
    world.settle();
    assert!(world.now.0 - began.0 < 100, "no poll had to time out");
    world.assert_same("todos");
    let shown = world.client("a").history(1);
    assert!(shown.last().unwrap().contains(&"theirs".to_owned()));
}

#[test]
fn a_poll_that_ends_without_news_is_followed_by_the_next() {
    let world = &mut synced();
    world.run_for(65_000);
    let live = polls(world)
        .iter()
        .filter(|one| one.url.contains("live=true"))
        .count();
    assert_eq!(live, 4, "one at once and one each 20 s");
    world.server().rename(FIRST, "after a minute");
    world.settle();
    world.assert_same("todos");
}

#[test]
fn an_answer_that_comes_twice_counts_once() {
    let mut world = World::new(1);
    world.open("a", SYNCED);
    for _ in 0..4 {
        world.fault("a", Endpoint::Electric, Fault::Duplicate);
    }
    world.settle();
    world.server().rename(FIRST, "once");
    world.settle();
    world.assert_same("todos");
    let mut offsets: Vec<&str> = polls(&world).iter().map(|one| one.url.as_str()).collect();
    offsets.dedup();
    assert_eq!(offsets.len(), polls(&world).len(), "no request twice");
}

#[test]
fn a_server_that_asks_for_patience_gets_it() {
    let mut world = World::new(1);
    world.open("a", SYNCED);
    world.settle();
    let began = world.now;
    world.fault("a", Endpoint::Electric, Fault::retry_after(503, 30));
    world.offline("a");
    world.online("a");
    world.run_until("a request after the 503", |world| {
        let since = |one: &&&Sent| one.at > began && one.status == Some(200);
        polls(world).iter().any(|one| since(&one))
    });
    let served = polls(&world).last().unwrap().at;
    assert!(served.0 - began.0 >= 30_000, "{}", served.0 - began.0);
}

/// Trap 30.
#[test]
fn a_silent_connection_is_given_up_after_45_seconds() {
    let world = &mut synced();
    world.run_until("the end of the first poll", |world| {
        polls(world).last().unwrap().status.is_none() && world.now.0 % 7 == 0
            || polls(world).len() > 3
    });
    world.fault("a", Endpoint::Electric, Fault::Silence);
    world.run_for(25_000);
    let silent = polls(world).last().unwrap().at;
    world.run_for(46_000);
    world.settle();
    let next = polls(world)
        .into_iter()
        .find(|one| one.at > silent)
        .unwrap();
    assert!(next.at.0 - silent.0 >= 45_000);
    assert!(!next.url.contains("live="), "first it catches up");
    world.server().rename(FIRST, "seen");
    world.settle();
    world.assert_same("todos");
}

/// Traps 29 and 40: long polls, never a stream of events, and one at a time for each shape.
#[test]
fn a_shape_that_is_up_to_date_has_one_poll_out() {
    let world = &mut synced();
    for n in 0..3 {
        assert_eq!(world.requests_out("a"), 1);
        world.server().rename(FIRST, &format!("{n}"));
        world.settle();
    }
    let streams = |one: &&Sent| one.url.contains("sse");
    assert_eq!(polls(world).into_iter().filter(streams).count(), 0);
}

/// Trap 31.
#[test]
fn waking_up_catches_up_before_it_waits_again() {
    let world = &mut synced();
    let before = polls(world).len();
    world.happens("a", Event::Wake);
    world.settle();
    let urls: Vec<bool> = polls(world)[before..]
        .iter()
        .map(|one| one.url.contains("live=true"))
        .collect();
    assert_eq!(urls, [false, true]);
}

#[test]
fn two_clients_see_each_other() {
    let world = &mut synced();
    world.open("b", SYNCED);
    world.settle();
    world.client("a").rename(FIRST, "from a");
    world.client("b").add_todo(&fresh(1), "from b");
    world.settle();
    world.assert_same("todos");
    assert_eq!(world.client("b").title(FIRST).unwrap(), "from a");
}

/// Each chunk holds about one row.
fn in_chunks() -> World {
    let mut world = World::chunked(1, 150);
    world.open("a", SYNCED);
    world.settle();
    world
}

#[test]
fn a_log_in_many_chunks_is_read_to_its_end() {
    let world = &mut in_chunks();
    assert!(polls(world).len() > 5, "{}", polls(world).len());
    world.assert_same("todos");
    assert_eq!(world.client("a").status().shapes[0].rows, 5);
}

#[test]
fn what_was_missed_is_shown_at_once_and_not_chunk_by_chunk() {
    let world = &mut in_chunks();
    world.offline("a");
    world
        .client("a")
        .watch(1, "SELECT count(*) FROM todos", &[]);
    for n in 1..=20 {
        world.server().add_todo(&fresh(n), "missed");
    }
    let before = polls(world).len();
    world.online("a");
    world.settle();
    assert!(polls(world).len() - before > 5, "in chunks");
    assert_eq!(world.client("a").history(1).concat(), ["5", "25"]);
    world.assert_same("todos");
}

/// Trap 1: rows and position are stored together, so neither is lost alone.
#[test]
fn a_crash_between_chunks_goes_on_with_the_next() {
    let mut world = World::chunked(1, 150);
    world.open("a", SYNCED);
    world.run_until("three rows", |world| {
        world
            .seen("a")
            .status
            .as_ref()
            .is_some_and(|status| status.shapes[0].rows == 3)
    });
    world.crash("a");
    world.settle();
    let rows: usize = polls(&world).iter().map(|one| one.rows).sum();
    assert!(
        rows <= 6,
        "{rows}: at most the chunk on its way comes twice"
    );
    world.assert_same("todos");
}

#[test]
fn a_write_confirmed_in_a_late_chunk_never_shows_an_older_value() {
    let world = &mut in_chunks();
    world.client("a").watch(
        1,
        &format!("SELECT title FROM todos WHERE id = '{FIRST}'"),
        &[],
    );
    world.offline("a");
    for n in 1..=5 {
        world.server().rename(FIRST, &format!("theirs {n}"));
    }
    world.client("a").rename(FIRST, "mine");
    world.online("a");
    world.settle();
    assert_eq!(world.client("a").history(1).concat()[1..], ["mine"]);
    world.assert_same("todos");
}

#[test]
fn a_refused_shape_is_asked_for_again_with_fresh_headers() {
    let world = &mut World::new(1);
    world.fault("a", Endpoint::Electric, Fault::status(401));
    world.open("a", SYNCED);
    let early = ask_early(world, "SELECT count(*) FROM todos");
    world.run_for(100);
    let rows = world.client("a").reply(early);
    assert!(
        matches!(rows, Some(Ok(Reply::Rows(_)))),
        "at once: {rows:?}"
    );

    for _ in 0..4 {
        world.fault("a", Endpoint::Electric, Fault::status(403));
    }
    world.online("a");
    world.run_until("a pause", |world| {
        let shape = &world.seen("a").status.as_ref().unwrap().shapes[0];
        let error = shape.error.as_ref().map(|error| error.code.as_str());
        shape.phase == ShapePhase::Waiting && error == Some("AUTH")
    });
    assert_eq!(world.client("a").count("todos"), 5, "nothing is dropped");
    world.settle();
    assert_eq!(world.client("a").status().shapes[0].error, None);
}
