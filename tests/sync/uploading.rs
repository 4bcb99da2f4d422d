//! The queue, and what an unreliable network does to it.

use serde_json::json;
use throughline::engine::Endpoint;
use throughline::tabs::{Request, UploadPhase};

use crate::support::world::{Fault, SYNCED, World};
use crate::{FIRST, SECOND, assert_clean, body, fresh, ids, posts, synced};

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
