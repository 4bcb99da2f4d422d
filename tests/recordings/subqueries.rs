//! A shape whose rows come and go with the lists they hang on (protocol section 11).

use throughline::tabs::ShapePhase;

use crate::replay::{Replay, items, options};

const SHARED: &str = r#"{"where": "list_id in (select id from lists where shared = true)"}"#;

/// After each recording: where the log is, and the rows that the SQL so far implies.
fn steps() -> Vec<(&'static str, &'static str, Vec<String>)> {
    let odd = || (1..=23).step_by(2);
    // Lists 2, 4 and 6 are shared, which are those of the odd items; 1 and 3 are done, 5 was renamed.
    let mut all = items(odd());
    all[0] += " done";
    all[1] += " done";
    all[2] = "5 6 changed".into();
    let of_list_2 = |row: &String| row.split(' ').nth(1) == Some("2");
    let mut without_2 = all.clone();
    without_2.retain(|row| !of_list_2(row));
    let mut with_1 = without_2.clone();
    with_1.extend(items([6, 12, 18, 24]));
    let mut moved = with_1.clone();
    moved.retain(|row| !row.starts_with("3 "));
    for row in &mut moved {
        for id in [9, 15, 21] {
            if *row == format!("{id} 4 item {id}") {
                *row = format!("{id} 4 x");
            }
        }
    }
    by_id(&mut with_1);
    by_id(&mut moved);
    vec![
        ("53", "0_inf", all),
        ("54", "1_0", without_2),
        ("55", "1_6", with_1.clone()),
        ("56", "1_6", with_1),
        ("57", "31553680_8", moved.clone()),
        ("58", "31553680_8", moved.clone()),
        ("59", "31553680_9", moved.clone()),
        ("60", "31553680_9", moved),
    ]
}

fn by_id(rows: &mut [String]) {
    rows.sort_by_key(|row| row.split(' ').next().unwrap().parse::<u32>().unwrap());
}

fn assert_step(replay: &mut Replay, number: &str, offset: &str, rows: &[String]) {
    assert_eq!(replay.items(), rows, "{number}");
    assert_eq!(replay.phase(), ShapePhase::Live, "{number}");
    assert_eq!(replay.status().rows, rows.len() as u64, "{number}");
    assert!(
        replay.position().ends_with(&format!("|{offset}")),
        "{number}"
    );
}

/// Traps 2, 26 and 27: events and moved rows lie beyond every position in a message, and an empty move-in is alone.
#[test]
fn rows_follow_the_lists_they_hang_on() {
    let mut replay = Replay::cold(&options("items", SHARED));
    replay.replay("52");
    for (number, offset, rows) in steps() {
        replay.replay(number);
        assert_step(&mut replay, number, offset, &rows);
    }
}

/// Trap 27: a move-out finds the rows that another session stored.
#[test]
fn every_answer_may_be_the_last_of_its_session() {
    let mut replay = Replay::cold(&options("items", SHARED));
    replay.replay("52");
    for (number, offset, rows) in steps() {
        replay = replay.reopened();
        replay.replay(number);
        assert_step(&mut replay, number, offset, &rows);
    }
    let slots = "SELECT count(*) FROM _throughline_slots_items";
    assert_eq!(replay.app.rows(slots), ["11"], "of the rows that are left");
}

/// Trap 13: what a lost session had read comes again.
#[test]
fn a_move_in_that_is_read_twice_is_the_same_as_once() {
    let mut replay = Replay::cold(&options("items", SHARED));
    replay.replay_all(&["52", "53", "54", "55"]);
    let (_, _, expected) = steps().remove(2);
    let handle = replay.position().split('|').next().unwrap().to_owned();
    let mut replay = replay.at(&handle, "1_0");
    replay.replay("55");
    assert_step(&mut replay, "55", "1_6", &expected);
}
