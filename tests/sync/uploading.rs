//! The queue, and what an unreliable network does to it.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::json;
use throughline::engine::Endpoint;
use throughline::tabs::{Request, UploadPhase};

use crate::support::world::{Fault, SYNCED, World};
use crate::{FIRST, SECOND, THIRD, assert_clean, body, fresh, ids, posts, synced};

#[test]
fn a_post_carries_key_changed_columns_and_what_they_were() {
    let world = &mut synced();
    let set = format!("UPDATE todos SET title = 'new' WHERE id = '{FIRST}'");
    world
        .client("a")
        .batch(&[&set], Some(r#"{"label":"rename"}"#))
        .unwrap();
    world.settle();
    let mut sent = body(posts(world)[0]).remove(0);
    let change = sent["changes"][0].as_object_mut().unwrap();
    assert!(change.remove("write_id").unwrap().as_str().unwrap().len() == 36);
    assert!(change.remove("id").unwrap().is_number());
    assert!(sent.as_object_mut().unwrap().remove("id").is_some());
    let expected = json!({"meta": {"label": "rename"}, "changes": [{
        "table": "todos", "operation": "update", "value": {"id": FIRST, "title": "new"},
        "base": {"title": "Read this list while offline"}}]});
    assert_eq!(sent, expected);
}

#[test]
fn writes_made_offline_go_together_in_order_each_in_its_transaction() {
    let world = &mut synced();
    world.offline("a");
    let first = world.client("a").add_todo(&fresh(1), "one").unwrap();
    let rename = format!("UPDATE todos SET title = 'two' WHERE id = '{}'", fresh(1));
    let done = format!(
        "UPDATE todos SET completed = true WHERE id = '{}'",
        fresh(1)
    );
    let batch = world.client("a").batch(&[&rename, &done], None).unwrap();
    let second = batch[0].transaction.clone().unwrap();
    assert_eq!(batch[1].transaction.as_ref(), Some(&second));
    let before = posts(world).len();
    world.online("a");
    world.settle();
    let sent = posts(world)[before..].to_vec();
    assert_eq!(sent.len(), 1);
    assert_eq!(ids(sent[0]), [first, second]);
    let changes: Vec<usize> = body(sent[0])
        .iter()
        .map(|one| one["changes"].as_array().unwrap().len())
        .collect();
    assert_eq!(changes, [1, 2]);
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn one_post_is_on_its_way_at_a_time() {
    let world = &mut synced();
    world.fault("a", Endpoint::Write, Fault::Delay(500));
    let first = world.client("a").rename(FIRST, "one").unwrap();
    let second = world.client("a").rename(FIRST, "two").unwrap();
    let third = world.client("a").rename(SECOND, "three").unwrap();
    assert_eq!(posts(world).len(), 1);
    world.settle();
    let sent: Vec<_> = posts(world).into_iter().map(ids).collect();
    assert_eq!(sent, [vec![first], vec![second, third]]);
    world.assert_same("todos");
}

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
fn disconnecting_during_a_post_keeps_the_write_and_connecting_sends_it_again() {
    let world = &mut synced();
    let key = world.client("a").rename(FIRST, "kept").unwrap();
    world.client("a").disconnect();
    world.run_for(60_000);
    assert_eq!(world.ledger.applied()[&key], 1, "it had left already");
    assert_eq!(world.client("a").pending().len(), 1);
    assert_eq!(world.client("a").status().upload.phase, UploadPhase::Paused);
    let sent = world.sent.len();
    world.run_for(600_000);
    assert_eq!(world.sent.len(), sent, "disconnected means silent");
    world.client("a").connect();
    world.settle();
    assert_eq!(world.ledger.applied()[&key], 1);
    assert_clean(world, "a");
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
    let sent: Vec<i64> = posts(world).iter().map(|one| one.at.0).collect();
    assert_eq!(sent.len(), 2);
    assert!(sent[1] - sent[0] >= 40_000, "{sent:?}");
    assert!(world.client("a").status().upload.error.is_none());
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
fn a_database_without_a_write_url_keeps_its_writes_and_stays_paused() {
    let mut world = World::new(1);
    world.open("a", &SYNCED.replace(r#""write": {"url": "/changes"},"#, ""));
    world.run_for(1_000);
    world.client("a").rename(FIRST, "local");
    world.online("a");
    world.run_for(1_000);
    assert!(posts(&world).is_empty());
    let status = world.client("a").status();
    assert_eq!(status.upload.phase, UploadPhase::Paused);
    assert_eq!(status.pending, 1);
}

#[test]
fn closing_leaves_the_queue_to_the_next_session() {
    let world = &mut synced();
    let key = world.client("a").rename(FIRST, "next time").unwrap();
    world.client("a").ask(Request::Close).unwrap();
    world.run_for(60_000);
    world.crash("a");
    world.settle();
    assert_eq!(world.ledger.applied()[&key], 1);
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn a_server_that_answers_with_a_status_alone_is_enough() {
    let world = &mut synced();
    world.plain_writes = true;
    world.client("a").rename(FIRST, "one");
    world.client("a").add_todo(&fresh(1), "two");
    world.client("a").run("DELETE FROM todos WHERE completed");
    world.settle();
    assert_eq!(world.seen("a").confirmed.len(), 3);
    world.offline("a");
    world.client("a").rename(FIRST, "kept");
    let bad = world.client("a").rename(SECOND, "").unwrap();
    world.client("a").rename(FIRST, "kept too");
    world.online("a");
    world.settle();
    let rejected = world.client("a").rejected();
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].id, bad);
    assert_eq!(rejected[0].error.as_ref().unwrap().message, "refused");
    assert_eq!(world.client("a").title(FIRST).unwrap(), "kept too");
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
fn a_server_that_takes_small_bodies_only_gets_small_bodies() {
    let world = &mut synced();
    world.gate = Some(Box::new(|body| (body.len() > 10_000).then_some(413)));
    world.offline("a");
    let title = "t".repeat(1_000);
    let mut keys: Vec<String> = (1..=60)
        .map(|n| world.client("a").add_todo(&fresh(n), &title).unwrap())
        .collect();
    let huge = world.client("a").add_todo(&fresh(61), &"h".repeat(20_000));
    keys.push(world.client("a").add_todo(&fresh(62), "small").unwrap());
    let before = posts(world).len();
    world.online("a");
    world.settle();
    assert_eq!(world.ledger.order(), keys);
    let rejected = world.client("a").rejected();
    assert_eq!(Some(rejected[0].id.clone()), huge);
    assert_eq!(rejected[0].error.as_ref().unwrap().code, "TOO_LARGE");
    let refused = posts(world)
        .split_off(before)
        .into_iter()
        .filter(|post| post.status == Some(413))
        .count();
    assert!(refused <= 5, "{refused} bodies were too large");
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

#[test]
fn whatever_happens_during_a_post_there_is_no_second_one() {
    let world = &mut synced();
    world.fault("a", Endpoint::Write, Fault::Delay(5_000));
    world.client("a").rename(FIRST, "one");
    for n in 0..5 {
        world.online("a");
        world.client("a").connect();
        world.client("a").rename(SECOND, &format!("two {n}"));
        world.run_for(500);
    }
    assert_eq!(posts(world).len(), 1);
    world.settle();
    world.assert_same("todos");
}

#[test]
fn closing_aborts_the_post_and_nothing_is_heard_of_it() {
    let world = &mut synced();
    world.fault("a", Endpoint::Write, Fault::Delay(5_000));
    world.client("a").rename(FIRST, "one");
    assert_eq!(world.requests_out("a"), 2, "a poll and a POST");
    world.client("a").ask(Request::Close).unwrap();
    assert_eq!(world.requests_out("a"), 0);
}

#[test]
fn keys_never_come_again_not_even_in_a_new_database() {
    let world = &mut synced();
    let first = world.client("a").rename(FIRST, "one").unwrap();
    world.settle();
    world.crash("a");
    let second = world.client("a").rename(FIRST, "two").unwrap();
    world.settle();
    world.open("a", SYNCED);
    world.settle();
    let other = world.client("a").rename(FIRST, "three").unwrap();
    world.settle();
    let (client, number) = first.split_once(':').unwrap();
    assert_eq!(second.split_once(':').unwrap().0, client);
    assert_ne!(second.split_once(':').unwrap().1, number);
    assert_ne!(other.split_once(':').unwrap().0, client);
    assert_eq!(world.ledger.order(), [first, second, other]);
}

#[test]
fn the_limits_of_a_batch_are_the_apps_to_set() {
    let mut world = World::new(1);
    let batch = r#""/changes", "batch": {"transactions": 3}"#;
    world.open("a", &SYNCED.replace(r#""/changes""#, batch));
    world.settle();
    world.offline("a");
    for n in 1..=8 {
        world.client("a").add_todo(&fresh(n), "new");
    }
    let before = posts(&world).len();
    world.online("a");
    world.settle();
    let sizes: Vec<usize> = posts(&world)[before..]
        .iter()
        .map(|post| ids(post).len())
        .collect();
    assert_eq!(sizes, [3, 3, 2]);
    for wrong in [
        r#"{"transactions": 0}"#,
        r#"{"bytes": 0}"#,
        r#"{"bytes": -1}"#,
        r#"{"transactions": 1.5}"#,
        r#"{"size": 7}"#,
        "7",
    ] {
        let wrong = format!(r#""/changes", "batch": {wrong}"#);
        let options = SYNCED.replace(r#""/changes""#, &wrong);
        let error = throughline::engine::Config::parse(&options).unwrap_err();
        assert_eq!(error.code(), "ARGUMENT", "{wrong}");
    }
}

/// A server that says yes to all of a body names nothing: the same yes again is not one to the next body.
#[test]
fn an_answer_that_comes_twice_says_nothing_of_the_next_post() {
    let world = &mut synced();
    world.plain_writes = true;
    world.fault("a", Endpoint::Write, Fault::Duplicate);
    world.fault("a", Endpoint::Write, Fault::DropRequest);
    let first = world.client("a").rename(FIRST, "one").unwrap();
    let second = world.client("a").rename(SECOND, "two").unwrap();
    world.settle();
    let applied = world.ledger.applied();
    assert_eq!(applied.get(&first), Some(&1));
    assert_eq!(applied.get(&second), Some(&1), "it was sent again");
    assert_clean(world, "a");
}
