//! Uploads that fail: nothing is lost, and what comes next depends on whose fault it was.

use std::cell::Cell;
use std::rc::Rc;

use throughline::engine::Endpoint;
use throughline::ids::Millis;
use throughline::tabs::UploadPhase;

use crate::support::world::Fault;
use crate::{FIRST, SECOND, THIRD, assert_clean, fresh, ids, posts, synced};

#[test]
fn a_lost_answer_is_asked_for_again_under_the_same_id_and_applied_once() {
    let world = &mut synced();
    world.fault("a", Endpoint::Write, Fault::DropAnswer);
    let key = world.client("a").add_todo(&fresh(1), "once").unwrap();
    world.settle();
    let sent: Vec<_> = posts(world).into_iter().map(ids).collect();
    assert_eq!(sent, [[key.clone()], [key.clone()]]);
    assert_eq!(world.ledger.applied()[&key], 1);
    assert_eq!(world.seen("a").confirmed.len(), 1);
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn a_crash_during_a_post_sends_the_same_again() {
    let world = &mut synced();
    let key = world.client("a").rename(FIRST, "survives").unwrap();
    world.run_for(12);
    world.crash("a");
    assert_eq!(world.client("a").title(FIRST).unwrap(), "survives");
    world.settle();
    assert_eq!(posts(world).len(), 2);
    assert_eq!(world.ledger.applied()[&key], 1);
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn a_server_that_asks_for_patience_gets_it() {
    let world = &mut synced();
    world.fault("a", Endpoint::Write, Fault::retry_after(503, 40));
    world.client("a").rename(FIRST, "later");
    world.run_for(1_000);
    let status = world.client("a").status().upload;
    assert_eq!(status.phase, UploadPhase::Waiting);
    assert_eq!(status.error.unwrap().code, "NETWORK");
    world.settle();
    let sent: Vec<Millis> = posts(world).iter().map(|one| one.at).collect();
    assert_eq!(sent.len(), 2);
    assert!(sent[1] >= sent[0].after(40_000), "{sent:?}");
    assert_eq!(
        status.retry_at,
        Some(sent[1]),
        "what it said is what it did"
    );
    let status = world.client("a").status().upload;
    assert!(status.error.is_none() && status.retry_at.is_none());
    world.assert_same("todos");
}

#[test]
fn waking_up_does_not_cut_short_what_the_server_asked_for() {
    let world = &mut synced();
    world.fault("a", Endpoint::Write, Fault::retry_after(429, 40));
    world.client("a").rename(FIRST, "later");
    world.run_for(1_000);
    world.online("a");
    world.run_for(30_000);
    assert_eq!(posts(world).len(), 1);
    world.settle();
    world.assert_same("todos");
}

#[test]
fn failures_back_off_and_the_way_back_to_the_network_ends_the_wait() {
    let world = &mut synced();
    world.offline("a");
    world.client("a").rename(FIRST, "patient");
    world.run_for(600_000);
    let tries = posts(world).len();
    assert!((10..200).contains(&tries), "{tries} in ten minutes");
    let back = world.now;
    world.online("a");
    world.settle();
    assert!(world.now.0 - back.0 < 1_000);
    world.assert_same("todos");
}

#[test]
fn a_captive_portal_loses_nothing_and_is_named() {
    let world = &mut synced();
    let portal = Fault::Status {
        status: 200,
        headers: vec![("content-type".into(), "text/html".into())],
        body: "<html>Welcome to our Wi-Fi</html>".into(),
    };
    world.fault("a", Endpoint::Write, portal);
    let key = world.client("a").rename(FIRST, "kept").unwrap();
    world.run_for(100);
    let error = world.client("a").status().upload.error.unwrap();
    assert_eq!(error.code, "ENDPOINT");
    world.settle();
    assert_eq!(world.ledger.applied()[&key], 1);
    world.assert_same("todos");
}

#[test]
fn a_server_that_answers_with_a_status_alone_is_tried_again_when_it_fails() {
    let world = &mut synced();
    world.plain_writes = true;
    for status in [500, 502, 503] {
        world.fault("a", Endpoint::Write, Fault::status(status));
    }
    world.fault("a", Endpoint::Write, Fault::DropAnswer);
    let keys = [
        world.client("a").rename(FIRST, "one").unwrap(),
        world.client("a").add_todo(&fresh(1), "two").unwrap(),
        world
            .client("a")
            .run(&format!("DELETE FROM todos WHERE id = '{SECOND}'"))
            .unwrap(),
    ];
    world.settle();
    assert_eq!(world.ledger.order(), keys);
    assert_eq!(world.seen("a").confirmed.len(), 3);
    assert_clean(world, "a");
    world.assert_same("todos");
}

/// The queue cannot be written: the write stays, the failure shows, and nothing goes round in circles.
#[test]
fn a_queue_that_cannot_be_written_waits_and_says_so() {
    let world = &mut synced();
    world.edit_file(
        "a",
        "CREATE TRIGGER stuck BEFORE UPDATE OF state ON _throughline_transactions
         WHEN NEW.state = 'queued' BEGIN SELECT RAISE(ABORT, 'the disk is broken'); END",
    );
    world.settle();
    world.fault("a", Endpoint::Write, Fault::status(503));
    let key = world.client("a").rename(FIRST, "kept").unwrap();
    world.run_for(500);
    let status = world.client("a").status();
    assert_eq!(status.upload.phase, UploadPhase::Waiting);
    assert_eq!(status.pending, 1);
    let error = status.storage.error.unwrap();
    assert!(error.message.contains("the disk is broken"), "{error:?}");
    world.run_for(100_000);
    assert!(
        posts(world).len() < 3,
        "what cannot be taken back is not sent"
    );
    world.edit_file("a", "DROP TRIGGER stuck");
    world.settle();
    assert_eq!(world.ledger.applied()[&key], 1);
    world.assert_same("todos");
}

/// All rows of the answer table that lose nothing, each in the middle of a queue.
#[test]
fn what_is_no_verdict_keeps_every_write_and_its_order() {
    for (status, code) in [
        (0, "ENDPOINT"),
        (301, "ENDPOINT"),
        (401, "AUTH"),
        (403, "AUTH"),
        (404, "ENDPOINT"),
        (405, "ENDPOINT"),
        (408, "NETWORK"),
        (410, "ENDPOINT"),
        (425, "NETWORK"),
        (429, "NETWORK"),
        (500, "NETWORK"),
        (501, "ENDPOINT"),
        (503, "NETWORK"),
    ] {
        let world = &mut synced();
        world.fault("a", Endpoint::Write, Fault::status(status));
        let first = world.client("a").rename(FIRST, "one").unwrap();
        let second = world.client("a").rename(SECOND, "two").unwrap();
        world.run_until("the answer", |world| posts(world)[0].status.is_some());
        world.run_for(15);
        assert_eq!(world.client("a").pending().len(), 2, "{status}");
        let error = world.client("a").status().upload.error.unwrap();
        assert_eq!(error.code, code, "{status}");
        // What happened stands beside the transaction until the server has it.
        let record = world.client("a").pending().remove(0);
        assert_eq!((record.attempts, record.error), (1, Some(error)));
        world.settle();
        assert_eq!(world.ledger.order(), [first, second], "{status}");
        assert!(world.client("a").rejected().is_empty(), "{status}");
        assert_clean(world, "a");
    }
}

#[test]
fn the_last_failure_is_kept_with_its_transaction_over_a_reload_and_gone_once_accepted() {
    let world = &mut synced();
    world.gate = Some(Box::new(|_| Some(503)));
    world.client("a").rename(FIRST, "kept");
    world.run_for(5_000);
    world.crash("a");
    let outbox = "SELECT attempts > 1, error ->> 'code' FROM _throughline_outbox";
    assert_eq!(world.client("a").rows(outbox), ["1|NETWORK"]);
    world.gate = None;
    world.run_until("acceptance", |world| !world.seen("a").accepted.is_empty());
    assert_eq!(world.seen("a").accepted[0].error, None);
    world.settle();
}

#[test]
fn a_token_that_is_refreshed_later_lets_the_queue_through_in_order() {
    let world = &mut synced();
    let expired = Rc::new(Cell::new(false));
    let token = expired.clone();
    world.gate = Some(Box::new(move |_| token.get().then_some(401)));
    world.offline("a");
    let keys: Vec<String> = (1..=120)
        .map(|n| world.client("a").add_todo(&fresh(n), "new").unwrap())
        .collect();
    world.online("a");
    world.run_until("the first half", |world| world.ledger.order().len() >= 50);
    expired.set(true);
    world.run_for(3_600_000);
    let status = world.client("a").status();
    assert_eq!(status.upload.error.unwrap().code, "AUTH");
    assert_eq!(status.pending, 70, "an hour later nothing is lost");
    expired.set(false);
    world.settle();
    assert_eq!(world.ledger.order(), keys);
    assert!(world.client("a").rejected().is_empty());
    world.assert_same("todos");
}

#[test]
fn what_stays_forbidden_with_fresh_headers_is_rejected_and_nothing_else() {
    let world = &mut synced();
    world.gate = Some(Box::new(|body| body.contains("secret").then_some(403)));
    world.offline("a");
    let one = world.client("a").rename(FIRST, "one").unwrap();
    let bad = world.client("a").rename(SECOND, "secret").unwrap();
    let two = world.client("a").rename(THIRD, "two").unwrap();
    world.online("a");
    world.settle();
    assert_eq!(world.ledger.order(), [one, two]);
    let rejected = world.client("a").rejected();
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].id, bad);
    assert_eq!(rejected[0].error.as_ref().unwrap().code, "FORBIDDEN");
    world.assert_same("todos");
}

#[test]
fn a_server_that_is_down_is_asked_now_and_then_and_reads_go_on() {
    let world = &mut synced();
    for status in [500, 503] {
        world.gate = Some(Box::new(move |_| Some(status)));
        world
            .client("a")
            .rename(FIRST, &format!("mine at {status}"));
        world
            .client("a")
            .rename(SECOND, &format!("too, at {status}"));
        let before = posts(world).len();
        world.run_for(300_000);
        world.server().rename(THIRD, &format!("seen at {status}"));
        world.run_for(1_000);
        assert_eq!(
            world.client("a").title(THIRD).unwrap(),
            format!("seen at {status}")
        );
        world.run_for(300_000);
        let tries = posts(world).len() - before;
        assert!((10..150).contains(&tries), "{tries} in ten minutes");
        world.gate = None;
        world.settle();
        world.assert_same("todos");
    }
}
