//! Edits of one row that were never sent go as one.

use serde_json::json;
use throughline::change::TransactionState;
use throughline::engine::Endpoint;
use throughline::tabs::{Reply, Request};

use crate::support::world::{Fault, SYNCED, World};
use crate::{FIRST, SECOND, assert_clean, body, fresh, ids, posts, synced};

#[test]
fn a_row_edited_a_thousand_times_offline_goes_as_one_change() {
    let world = &mut synced();
    world.verified = None;
    world.client("a").disconnect();
    let mut last = None;
    for n in 1..=1_000 {
        last = world.client("a").rename(FIRST, &format!("title {n}"));
    }
    let other = world.client("a").rename(SECOND, "other");
    world.client("a").connect();
    world.settle();
    assert_eq!(posts(world).len(), 1);
    let sent = posts(world)[0];
    assert_eq!(ids(sent), [last.unwrap(), other.unwrap()]);
    let change = &body(sent)[0]["changes"][0];
    assert_eq!(change["value"], json!({"id": FIRST, "title": "title 1000"}));
    assert_eq!(
        change["base"],
        json!({"title": "Read this list while offline"})
    );
    assert_eq!(world.seen("a").confirmed.len(), 2);
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn an_insert_and_its_edits_go_as_an_insert_and_the_shadow_stays_the_fold() {
    let world = &mut synced();
    world.client("a").disconnect();
    let insert = world.client("a").add_todo(&fresh(1), "one").unwrap();
    let done = format!(
        "UPDATE todos SET completed = true WHERE id = '{}'",
        fresh(1)
    );
    let middle = world.client("a").run(&done).unwrap();
    let last = world.client("a").rename(&fresh(1), "two").unwrap();
    let waiting =
        [&insert, &middle, &last].map(|key| world.client("a").send(Request::Settled(key.clone())));
    world.client("a").connect();
    // Every event is followed by a verification.
    world.run_until("the answer", |world| !world.seen("a").accepted.is_empty());
    let record = world.seen("a").accepted[0].clone();
    assert_eq!((record.id, record.changes.len()), (last.clone(), 1));
    world.settle();
    assert_eq!(posts(world).len(), 1);
    let sent = body(posts(world)[0]);
    assert_eq!(sent[0]["id"], json!(last));
    assert_eq!(sent[0]["changes"].as_array().unwrap().len(), 1);
    let change = &sent[0]["changes"][0];
    assert_eq!(change["operation"], "insert");
    assert_eq!(
        change["value"],
        json!({"id": fresh(1), "title": "two", "completed": true})
    );
    for id in waiting {
        let Some(Ok(Reply::Transactions(told))) = world.client("a").reply(id) else {
            panic!("a handle was forgotten");
        };
        assert_eq!(told[0].id, last);
        assert_eq!(told[0].state, TransactionState::Confirmed);
    }
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn what_the_server_refuses_is_refused_with_all_that_went_into_it() {
    let world = &mut synced();
    world.client("a").disconnect();
    let first = world.client("a").rename(FIRST, "fine").unwrap();
    let last = world.client("a").rename(FIRST, "").unwrap();
    world.client("a").connect();
    world.settle();
    let rejected = world.client("a").rejected();
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].id, last);
    let told = world.client("a").ask(Request::Settled(first)).unwrap();
    assert_eq!(told, Reply::Transactions(rejected));
    world.assert_same("todos");
}

#[test]
fn what_was_merged_follows_a_retry_and_leaves_nothing_behind() {
    let world = &mut synced();
    world.fault("a", Endpoint::Write, Fault::status(422));
    world.client("a").disconnect();
    let first = world.client("a").rename(FIRST, "one").unwrap();
    world.client("a").rename(FIRST, "two");
    world.client("a").connect();
    world.settle();
    let number = world.client("a").rejected()[0].number;
    let retry = Request::Retry {
        number,
        dependents: false,
    };
    world.client("a").ask(retry).unwrap();
    let again = world.client("a").pending()[0].id.clone();
    let handle = world.client("a").send(Request::Settled(first));
    world.settle();
    let Some(Ok(Reply::Transactions(told))) = world.client("a").reply(handle) else {
        panic!("a handle was forgotten");
    };
    assert_eq!(told[0].id, again);
    assert_eq!(told[0].state, TransactionState::Confirmed);
    assert_clean(world, "a");
}

#[test]
fn nothing_merges_where_something_would_be_lost() {
    let world = &mut synced();
    world.offline("a");
    let delete = format!("DELETE FROM todos WHERE id = '{SECOND}'");
    let insert = format!("INSERT INTO todos (id, title) VALUES ('{SECOND}', 'again')");
    let rename = format!("UPDATE todos SET title = 'labelled' WHERE id = '{FIRST}'");
    // It was tried while offline.
    let mut keys = vec![world.client("a").rename(FIRST, "sent").unwrap()];
    world.run_for(100);
    keys.extend(world.client("a").rename(FIRST, "not sent"));
    let labelled = world.client("a").batch(&[&rename], Some("1")).unwrap();
    keys.extend(labelled[0].transaction.clone());
    keys.extend(world.client("a").run(&delete));
    keys.extend(world.client("a").run(&insert));
    keys.extend(world.client("a").rename(FIRST, "apart"));
    let wide = world
        .client("a")
        .run("UPDATE todos SET title = title || '!'");
    keys.extend(wide);
    keys.extend(world.client("a").rename(FIRST, "last"));
    let before = posts(world).len();
    world.online("a");
    world.settle();
    assert_eq!(posts(world).len(), before + 1);
    assert_eq!(ids(posts(world)[before]), keys);
    world.assert_same("todos");
}

#[test]
fn an_app_that_wants_every_edit_gets_every_edit() {
    let mut world = World::new(1);
    world.open(
        "a",
        &SYNCED.replace(r#""/changes""#, r#""/changes", "coalesce": false"#),
    );
    world.settle();
    world.client("a").disconnect();
    let keys: Vec<String> = ["one", "two", "three"]
        .map(|title| world.client("a").rename(FIRST, title).unwrap())
        .into();
    world.client("a").connect();
    world.settle();
    assert_eq!(ids(posts(&world)[0]), keys);
    world.assert_same("todos");
}

#[test]
fn a_crash_right_after_merging_sends_the_same_again() {
    let world = &mut synced();
    world.client("a").disconnect();
    world.client("a").rename(FIRST, "one");
    let last = world.client("a").rename(FIRST, "two").unwrap();
    world.client("a").connect();
    world.crash("a");
    world.settle();
    let sent: Vec<_> = posts(world).into_iter().map(ids).collect();
    assert_eq!(sent, [[last.clone()], [last.clone()]]);
    assert_eq!(world.ledger.order(), [last]);
    assert_clean(world, "a");
    world.assert_same("todos");
}
