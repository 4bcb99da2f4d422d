//! One transaction over two shapes, one of more than a hundred changes, and a position that the service has lost.

use throughline::tabs::ShapePhase;

use crate::replay::{Replay, items, options};

const LISTS_AND_ITEMS: &str = r#"{"name": "r", "electric": {"url": "/v1/shape"},
    "tables": {"lists": {}, "items": {}}}"#;

const LISTS: &str = "SELECT id || ' ' || name || iif(shared, ' shared', '') FROM lists ORDER BY id";

/// The items when the two shapes were first read.
fn first_items() -> Vec<String> {
    let mut rows = items(1..=24);
    for done in [1, 3] {
        rows[done - 1] += " done";
    }
    rows[4] = "5 6 changed".into();
    rows[2] = "3 3 x done".into();
    for id in [9, 15, 21] {
        rows[id - 1] = format!("{id} 4 x");
    }
    rows
}

#[test]
fn a_transaction_over_two_shapes_arrives_in_both() {
    let mut replay = Replay::cold(LISTS_AND_ITEMS);
    replay.replay_all(&["61", "62", "63", "64"]);
    assert_eq!(
        replay.app.rows(LISTS),
        [
            "1 list 1 shared",
            "2 list 2",
            "3 list 3",
            "4 list 4 shared",
            "5 list 5",
            "6 list 6 shared",
            "99 no items shared"
        ]
    );
    assert_eq!(replay.items(), first_items());
    replay.replay_all(&["65", "66"]);
    let joined = "SELECT items.body FROM lists JOIN items ON list_id = lists.id WHERE name = 'seven' ORDER BY items.id";
    assert_eq!(
        replay.app.rows(joined),
        ["i100", "i101", "i102", "i103", "i104"]
    );
    assert_eq!(replay.app.rows("SELECT count(*) FROM items"), ["29"]);
}

/// What the transaction of 251 inserts and 29 updates left.
fn bulk() -> Vec<String> {
    let body = |row: String| {
        let mut words = row.split(' ');
        let (id, list) = (words.next().unwrap(), words.next().unwrap());
        let done = if row.ends_with("done") { " done" } else { "" };
        format!("{id} {list} bulk {id}{done}")
    };
    let mut rows: Vec<String> = first_items().into_iter().map(body).collect();
    rows.extend((100..=104).map(|id| format!("{id} 7 bulk {id}")));
    rows.extend((1000..=1250).map(|id| format!("{id} 1 bulk {id}")));
    rows
}

/// Trap 15: it comes in fragments of a hundred, and not every one has a last mark.
#[test]
fn a_large_transaction_arrives_whole() {
    let mut replay = Replay::cold(&options("items", "{}"));
    replay.replay_all(&["63", "64", "67"]);
    assert_eq!(replay.items(), bulk());
    assert_eq!(replay.phase(), ShapePhase::Live);
}

/// Trap 13: the rows of the transaction before it come a second time.
#[test]
fn a_stretch_that_was_read_already_comes_again_with_more() {
    let mut replay = Replay::cold(&options("items", "{}"));
    replay.replay_all(&["63", "64", "66"]);
    let handle = replay.position().split('|').next().unwrap().to_owned();
    let mut replay = replay.at(&handle, "0_inf");
    replay.replay("67");
    assert_eq!(replay.items(), bulk());
    assert_eq!(replay.status().rows, 280);
}

/// Trap 24.
#[test]
fn an_offset_that_the_service_does_not_have_is_no_end() {
    let mut replay = Replay::cold(&options("items", "{}"));
    replay.replay_all(&["63", "64", "67"]);
    let handle = replay.position().split('|').next().unwrap().to_owned();
    let mut replay = replay.at(&handle, "99999999999_0");
    replay.replay("68");
    assert_eq!(replay.items(), bulk(), "the old rows stay");
    assert!(replay.asks().contains_key("cache-buster"));
    replay.replay("63");
    assert_eq!(replay.items(), bulk(), "still");
    replay.replay("64");
    assert_eq!(replay.items(), first_items());
    assert_eq!(replay.phase(), ShapePhase::Live);
}
