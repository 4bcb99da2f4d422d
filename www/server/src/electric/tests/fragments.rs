//! Chunks, and transactions that are processed in fragments (protocol sections 4, 7.1 and 7.4).

use super::*;

fn lsn(response: &Response) -> u64 {
    let messages = messages(response);
    let control = &messages.last().unwrap()["headers"];
    let text = control["global_last_seen_lsn"].as_str().unwrap();
    text.parse().unwrap()
}

#[test]
fn a_live_answer_may_be_one_chunk_of_many() {
    let mut electric = items(Options {
        chunk_bytes: 400,
        ..Options::default()
    });
    let url = opened(&mut electric, "table=items") + "&live=true";
    for first in [1, 11, 21] {
        insert(&mut electric, first..first + 5);
    }
    let mut url = url;
    let mut rows = 0;
    for chunk in 0..3 {
        let response = get(&mut electric, &url);
        let last = chunk == 2;
        let up_to_date = response.header(constants::header::UP_TO_DATE);
        assert_eq!(up_to_date.is_some(), last);
        rows += messages(&response).len() - usize::from(last);
        let (position, _) = url.split_once("&offset=").unwrap();
        let offset = response.header(constants::header::OFFSET).unwrap();
        url = format!("{position}&offset={offset}&live=true");
    }
    assert_eq!(rows, 15);
    assert!(matches!(answer(&mut electric, &url), Answer::Hold { .. }));
}

#[test]
fn the_tracker_may_run_ahead_of_a_large_transaction() {
    let mut electric = items(Options {
        lag: Lag {
            fragments: true,
            ..Lag::default()
        },
        ..Options::default()
    });
    insert(&mut electric, [1]);
    let url = opened(&mut electric, "table=items");
    let live = format!("{url}&live=true");
    let small = insert(&mut electric, [2]);
    assert_eq!(lsn(&get(&mut electric, &url)), small.commit_lsn);
    let url = url.replace("0_inf", &format!("{}_0", small.commit_lsn));
    let live = live.replace("0_inf", &format!("{}_0", small.commit_lsn));
    let large = insert(&mut electric, 100..=200);
    let after = insert(&mut electric, [3]);
    let response = get(&mut electric, &url);
    assert_eq!(messages(&response).len(), 1);
    assert_eq!(lsn(&response), after.commit_lsn);
    assert!(matches!(answer(&mut electric, &live), Answer::Hold { .. }));
    // A shape opened now has the rows in its snapshot, and not again in its log.
    let fresh = opened(&mut electric, "table=items&replica=full");
    electric.set_lag(Lag::default());
    let response = get(&mut electric, &live);
    // A later message carries an LSN below what was announced.
    assert!(large.commit_lsn < after.commit_lsn);
    let changes = messages(&response);
    assert_eq!(changes[0]["headers"]["lsn"], large.commit_lsn.to_string());
    assert_eq!(changes.len(), 101 + 1 + 1);
    assert_eq!(messages(&get(&mut electric, &fresh)).len(), 1);
}

#[test]
fn an_empty_poll_knows_more_than_an_answer_with_changes() {
    let mut electric = items(Options::default());
    let all = opened(&mut electric, "table=items");
    let some = opened(&mut electric, "table=items&where=id+%3C+10") + "&live=true";
    let inside = insert(&mut electric, [1]);
    let outside = insert(&mut electric, [11]);
    assert_eq!(lsn(&get(&mut electric, &some)), inside.commit_lsn);
    let some = some.replace("0_inf", &format!("{}_0", inside.commit_lsn));
    let request = ShapeRequest::get(&some);
    let held = electric.respond(NOW, 5, &request, WaitState::TimedOut);
    let Answer::Respond(nothing) = held else {
        panic!("held again");
    };
    assert_eq!(nothing.header(constants::header::HAS_DATA), Some("false"));
    assert_eq!(lsn(&nothing), outside.commit_lsn);
    // A database that is busy elsewhere moves nothing here.
    electric.elsewhere(100_000, 10);
    assert_eq!(lsn(&get(&mut electric, &all)), outside.commit_lsn);
    assert!(electric.wal_insert_lsn() > outside.lsn + 90_000);
}

#[test]
fn a_promised_chunk_may_turn_out_empty() {
    let mut electric = items(Options {
        empty_last_chunk: true,
        ..Options::default()
    });
    insert(&mut electric, 1..=3);
    let (offsets, rows) = follow(&mut electric);
    assert_eq!(offsets, ["0_0", "0_1", "0_inf"]);
    assert_eq!(rows.len(), 3);
    let url = opened(&mut electric, "table=items").replace("0_inf", "0_0");
    let empty = get(&mut electric, &url);
    assert_eq!(empty.body, "[]");
    assert_eq!(empty.header(constants::header::UP_TO_DATE), None);
}
