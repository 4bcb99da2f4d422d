//! Rejected transactions: what they tell, and what the app can do with them.

use serde_json::{Value as Json, json};
use throughline::engine::Endpoint;
use throughline::ids::TransactionId;
use throughline::tabs::{ChangeRecord, Reply, Request, TransactionRecord};
use throughline_server::electric::{Alter, Column, PgType, Table};

use crate::support::world::{Fault, SYNCED, World};
use crate::{FIRST, SECOND, assert_clean, fresh, synced};

const ITEMS: &str = r#"{"name": "app", "electric": {"url": "/v1/shape"}, "write": {"url": "/changes", "coalesce": false},
    "tables": {"todos": {}, "items": {"references": [{"columns": ["todo"], "table": "todos"}]}}}"#;

/// A todo without a title is refused, and an item of it goes along.
fn with_a_refused_list() -> World {
    let mut world = World::new(1);
    let columns = [
        ("id", PgType::Uuid),
        ("todo", PgType::Uuid),
        ("note", PgType::Text),
    ];
    let columns = columns.map(|(name, ty)| Column::new(name, ty));
    world
        .server()
        .create_table(Table::new("items", &["id"], columns));
    world.open("a", ITEMS);
    world.settle();
    world.client("a").add_todo(&fresh(1), "");
    let item = format!(
        "INSERT INTO items (id, todo) VALUES ('{}', '{}')",
        fresh(2),
        fresh(1)
    );
    world.client("a").run(&item);
    world.client("a").run(&format!(
        "UPDATE items SET note = 'n' WHERE id = '{}'",
        fresh(2)
    ));
    world.settle();
    world
}

/// The only rejected transaction.
pub(crate) fn only(world: &mut World) -> TransactionRecord {
    let mut rejected = world.client("a").rejected();
    assert_eq!(rejected.len(), 1, "{rejected:#?}");
    rejected.remove(0)
}

fn numbers(world: &mut World) -> Vec<(i64, Option<i64>)> {
    let rejected = world.client("a").rejected();
    let number = |one: &TransactionRecord| (one.number.0, one.caused_by.map(|cause| cause.0));
    rejected.iter().map(number).collect()
}

/// The changes as an app hands them back, whole.
pub(crate) fn whole(changes: &[ChangeRecord]) -> String {
    serde_json::to_string(changes).unwrap()
}

fn synced_parts(world: &mut World) -> Vec<Option<Json>> {
    let changes = only(world).changes;
    changes.into_iter().map(|change| change.synced).collect()
}

#[test]
fn a_record_tells_what_was_written_over_what_and_what_the_server_has_now() {
    let world = &mut synced();
    let update = format!("UPDATE todos SET title = '', completed = true WHERE id = '{FIRST}'");
    let delete = format!("DELETE FROM todos WHERE id = '{SECOND}'");
    let insert = format!(
        "INSERT INTO todos (id, title) VALUES ('{}', 'new')",
        fresh(1)
    );
    let done = world
        .client("a")
        .batch(&[&update, &delete, &insert], Some(r#"{"label": "x"}"#));
    done.unwrap();
    let pending = world.client("a").pending();
    assert!(
        pending[0]
            .changes
            .iter()
            .all(|change| change.synced.is_none())
    );
    world.settle();
    let record = only(world);
    assert_eq!(record.error.as_ref().unwrap().code, "EMPTY_TITLE");
    assert_eq!(
        (record.meta, record.caused_by),
        (Some(json!({"label": "x"})), None)
    );
    let [update, delete, insert] = &record.changes[..] else {
        panic!("{:#?}", record.changes);
    };
    let before = json!({"title": "Read this list while offline", "completed": false});
    assert_eq!(update.base, Some(before.clone()));
    assert_eq!(update.synced, Some(before));
    assert_eq!(delete.base, delete.synced);
    assert_eq!(
        delete.synced.as_ref().unwrap().as_object().unwrap().len(),
        3
    );
    assert_eq!((&insert.base, &insert.synced), (&None, &None));

    world.server().rename(FIRST, "theirs");
    world.server().remove(SECOND);
    world.server().add_todo(&fresh(1), "also new");
    world.settle();
    let after = [
        Some(json!({"title": "theirs", "completed": false})),
        None,
        Some(
            json!({"title": "also new", "completed": false, "created_at": "2026-11-22 10:09:00+00"}),
        ),
    ];
    let held = synced_parts(world);
    assert_eq!(held[..2], after[..2]);
    let inserted = held[2].as_ref().unwrap();
    assert_eq!(
        (&inserted["title"], &inserted["completed"]),
        (&json!("also new"), &Json::Null)
    );
    world.crash("a");
    assert_eq!(synced_parts(world), held, "after a reload");
}

#[test]
fn the_event_tells_the_same_as_the_journal() {
    let world = &mut with_a_refused_list();
    let listed = world.client("a").rejected();
    assert_eq!(world.seen("a").rejected, listed);
    assert_eq!(numbers(world), [(1, None), (2, Some(1)), (3, Some(1))]);
    let key = listed[1].id.clone();
    let Ok(Reply::Transactions(records)) = world.client("a").ask(Request::Settled(key)) else {
        panic!("no verdict");
    };
    assert_eq!(records, listed[1..2]);
}

#[test]
fn a_retry_is_of_the_one_alone_and_what_hung_on_it_hangs_on_the_new_one() {
    let world = &mut with_a_refused_list();
    let first = world.client("a").rejected().remove(0);
    let mut changes = first.changes.clone();
    changes[0].value["title"] = json!("has one");
    let key = world
        .client("a")
        .edit(first.number, &whole(&changes), None)
        .unwrap();
    assert_eq!(numbers(world), [(2, Some(4)), (3, Some(4))]);
    assert_eq!(world.client("a").pending()[0].id, key);
    world.settle();
    assert_eq!(world.client("a").count("items"), 0);
    // The first of them alone, then the other one.
    for number in [2, 3] {
        world
            .client("a")
            .retry(TransactionId(number), false)
            .unwrap();
    }
    world.settle();
    assert_eq!(world.client("a").rejected(), []);
    assert_eq!(world.client("a").rows("SELECT note FROM items"), ["n"]);
    world.assert_same("todos");
    world.assert_same("items");
}

#[test]
fn a_retry_with_dependents_puts_all_of_them_back_in_order() {
    let world = &mut with_a_refused_list();
    world.fault("a", Endpoint::Write, Fault::Delay(500));
    let key = world.client("a").retry(TransactionId(1), true).unwrap();
    assert_eq!(world.client("a").rejected(), []);
    assert_eq!(world.client("a").rows("SELECT note FROM items"), ["n"]);
    let pending = world.client("a").pending();
    let pending: Vec<i64> = pending.iter().map(|one| one.number.0).collect();
    assert_eq!(pending, [4, 5, 6]);
    assert!(key.ends_with(":4"), "that of the one asked for: {key}");
    // The server's rule is as it was, and it has none for items.
    world.settle();
    assert_eq!(numbers(world), [(4, None)]);
    world.assert_same("items");
}

#[test]
fn a_discard_is_of_the_one_alone_or_with_its_dependents() {
    let world = &mut with_a_refused_list();
    world.client("a").discard(TransactionId(2), true).unwrap();
    assert_eq!(numbers(world), [(1, None), (3, Some(1))]);
    world.client("a").discard(TransactionId(1), true).unwrap();
    assert_eq!(numbers(world), []);
    assert_eq!(world.client("a").count("_throughline_journal"), 0);
    for number in [1, 2, 3, 4, -1] {
        for dependents in [false, true] {
            let error = world.client("a").discard(TransactionId(number), dependents);
            assert_eq!(error.unwrap_err().code(), "ARGUMENT");
            let error = world.client("a").retry(TransactionId(number), dependents);
            assert_eq!(error.unwrap_err().code(), "ARGUMENT");
        }
    }
    assert_clean(world, "a");
}

/// No special error: the intent is queued, the fold shows what its rules say, and the server has the last word.
#[test]
fn a_retry_over_rows_that_came_or_went_is_folded_like_any_intent() {
    let world = &mut synced();
    let insert = format!(
        "INSERT INTO todos (id, title) VALUES ('{}', 'mine')",
        fresh(1)
    );
    let update = format!("UPDATE todos SET title = 'mine' WHERE id = '{FIRST}'");
    let delete = format!("DELETE FROM todos WHERE id = '{SECOND}'");
    world.client("a").disconnect();
    let refused: Vec<String> = [insert, update, delete]
        .iter()
        .map(|sql| world.client("a").run(sql).unwrap())
        .collect();
    for _ in &refused {
        // Of three: split; then each alone.
        world.fault("a", Endpoint::Write, Fault::status(422));
    }
    world.fault("a", Endpoint::Write, Fault::status(422));
    world.fault("a", Endpoint::Write, Fault::status(422));
    world.client("a").connect();
    world.settle();
    assert_eq!(world.client("a").rejected().len(), 3);
    world.server().add_todo(&fresh(1), "theirs");
    world.server().complete(&fresh(1));
    world.server().remove(FIRST);
    world.server().remove(SECOND);
    world.settle();
    let before = world.client("a").table("todos");
    world.fault("a", Endpoint::Write, Fault::Delay(1_000));
    for number in [1, 2, 3] {
        world
            .client("a")
            .retry(TransactionId(number), false)
            .unwrap();
    }
    // An insert starts from an empty row, an update and a delete of a row that is gone show nothing.
    let mine = format!(
        "SELECT title, completed FROM todos WHERE id = '{}'",
        fresh(1)
    );
    assert_eq!(world.client("a").rows(&mine), ["mine|NULL"]);
    assert_eq!(world.client("a").count("todos") as usize, before.len());
    let pending = world.client("a").pending();
    assert_eq!(
        pending[1].changes[0].base, None,
        "there is nothing before it"
    );
    world.settle();
    world.assert_same("todos");
    assert_eq!(world.client("a").pending(), []);
}

#[test]
fn a_retry_of_what_the_table_cannot_hold_any_more_says_so_and_loses_nothing() {
    let world = &mut synced();
    world
        .server()
        .alter("todos", Alter::AddColumn(Column::new("size", PgType::Text)));
    world.settle();
    let sized = format!("UPDATE todos SET title = ' ', size = 'large' WHERE id = '{FIRST}'");
    world.client("a").run(&sized);
    world.settle();
    let mut record = only(world);
    world
        .server()
        .alter("todos", Alter::DropColumn("size".into()));
    world.server().rename(SECOND, "noticed");
    world.settle();
    let error = world.client("a").retry(record.number, false).unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("ARGUMENT", r#"todos has no column "size""#)
    );
    assert_eq!(only(world).changes[0].value, record.changes[0].value);
    // The app can take the column out.
    record.changes[0].value = json!({"title": "fits"});
    world
        .client("a")
        .edit(record.number, &whole(&record.changes), None)
        .unwrap();
    world.settle();
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn with_the_policy_all_what_was_made_earlier_goes_again_earlier() {
    let mut world = World::new(1);
    let all = SYNCED.replace(r#""/changes"}"#, r#""/changes", "onRejection": "all"}"#);
    world.open("a", &all);
    world.settle();
    world.client("a").rename(FIRST, "");
    world.client("a").rename(FIRST, "two");
    world.client("a").rename(FIRST, "three");
    world.settle();
    assert_eq!(numbers(&mut world), [(1, None), (2, Some(1)), (3, Some(1))]);
    world.assert_same("todos");
    world.client("a").disconnect();
    world.client("a").retry(TransactionId(1), true).unwrap();
    let titles = world.client("a").pending();
    let titles: Vec<&Json> = titles
        .iter()
        .map(|one| &one.changes[0].value["title"])
        .collect();
    assert_eq!(titles, ["", "two", "three"]);
    let base = world.client("a").pending()[2].changes[0].base.clone();
    assert_eq!(
        base,
        Some(json!({"title": "two"})),
        "what is seen before it now"
    );
}
