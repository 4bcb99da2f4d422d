//! Rejected transactions that the app puts right.

use serde_json::{Value as Json, json};
use throughline::change::TransactionState;
use throughline::engine::Endpoint;
use throughline::ids::TransactionId;
use throughline::tabs::{Reply, Request};

use super::journal::{only, whole};
use crate::support::world::{Fault, World};
use crate::{FIRST, SECOND, assert_clean, fresh, synced};

#[test]
fn an_edited_transaction_goes_out_as_a_new_one_and_says_so_to_who_waits_for_the_old() {
    let world = &mut synced();
    let old = world
        .client("a")
        .batch(
            &[&format!("UPDATE todos SET title = '' WHERE id = '{FIRST}'")],
            Some(r#"{"try": 1}"#),
        )
        .unwrap()
        .remove(0)
        .transaction
        .unwrap();
    world.settle();
    world.crash("a");
    let mut record = only(world);
    record.changes[0].value["title"] = json!("Milk");
    let new = world
        .client("a")
        .edit(record.number, &whole(&record.changes), None)
        .unwrap();
    let pending = world.client("a").pending().remove(0);
    assert_eq!(
        (&pending.id, &pending.meta),
        (&new, &Some(json!({"try": 1})))
    );
    assert_eq!(world.client("a").title(FIRST).unwrap(), "Milk");
    world.settle();
    assert_eq!(world.ledger.applied()[&new], 1);
    let Ok(Reply::Transactions(fate)) = world.client("a").ask(Request::Settled(old)) else {
        panic!("no verdict");
    };
    assert_eq!(fate[0].state, TransactionState::Confirmed);
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn an_edit_may_replace_meta_and_any_of_the_changes() {
    let world = &mut synced();
    world.client("a").rename(FIRST, "");
    world.settle();
    let changes = json!([
        {"table": "todos", "operation": "insert", "key": [fresh(1).to_uppercase()],
         "value": {"title": "new", "completed": null, "created_at": "2026-01-02T03:04:05.600Z"}},
        {"table": "todos", "operation": "delete", "key": [SECOND], "value": {}, "synced": null, "more": 1},
        {"table": "todos", "operation": "update", "key": [fresh(1)], "value": {"completed": "TRUE"}},
    ]);
    let changes = changes.to_string();
    world
        .client("a")
        .edit(TransactionId(1), &changes, Some("7"))
        .unwrap();
    let pending = world.client("a").pending().remove(0);
    assert_eq!(pending.meta, Some(json!(7)));
    let [insert, delete, update] = &pending.changes[..] else {
        panic!("{:#?}", pending.changes);
    };
    // As through the view: spelled by column type, the server's default for a NULL that it would refuse.
    let spelled = json!({"title": "new", "created_at": "2026-01-02 03:04:05.6+00"});
    assert_eq!((&insert.key, &insert.value), (&json!([fresh(1)]), &spelled));
    assert_eq!(delete.base.as_ref().unwrap().as_object().unwrap().len(), 3);
    assert_eq!(
        (&update.value, &update.base),
        (
            &json!({"completed": true}),
            &Some(json!({"completed": null}))
        )
    );
    world.settle();
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn a_wrong_edit_says_what_is_wrong_and_loses_nothing() {
    let world = &mut synced();
    world.client("a").rename(FIRST, "");
    world.settle();
    let before = world.client("a").rejected();
    let change = |table: &str, operation: &str, key: Json, value: Json| json!([{"table": table, "operation": operation, "key": key, "value": value}]);
    let update = |value: Json| change("todos", "update", json!([FIRST]), value);
    let title = || json!({"title": "x"});
    for (changes, code, reason) in [
        (
            json!([]),
            "ARGUMENT",
            "changes: there are none; discard() drops a transaction",
        ),
        (json!({}), "ARGUMENT", "changes: "),
        (json!([7]), "ARGUMENT", "changes: "),
        (json!([{}]), "ARGUMENT", "changes: one has no table"),
        (json!([{"table": 7}]), "ARGUMENT", "changes: table: "),
        (
            json!([{"table": "todos", "operation": "update"}]),
            "ARGUMENT",
            "changes: one has no key",
        ),
        (
            change("lists", "update", json!([FIRST]), title()),
            "ARGUMENT",
            r#"changes: there is no synced table "lists""#,
        ),
        (
            change("todos", "upsert", json!([FIRST]), title()),
            "ARGUMENT",
            r#"changes: there is no operation "upsert""#,
        ),
        (
            change("todos", "update", json!(FIRST), title()),
            "ARGUMENT",
            "key of todos: ",
        ),
        (
            change("todos", "update", json!([]), title()),
            "ARGUMENT",
            "key of todos: it has 1 columns, 0 values were given",
        ),
        (
            change("todos", "update", json!([FIRST, 1]), title()),
            "ARGUMENT",
            "key of todos: it has 1 columns, 2 values were given",
        ),
        (
            change("todos", "update", json!([null]), title()),
            "CONSTRAINT",
            "NOT NULL constraint failed: todos.id",
        ),
        (
            change("todos", "delete", json!(["x"]), json!({})),
            "CONSTRAINT",
            "todos.id: ",
        ),
        (update(json!([])), "ARGUMENT", "value of todos: "),
        (
            update(json!({})),
            "ARGUMENT",
            "changes: an update writes no column",
        ),
        (
            update(json!({"titel": "x"})),
            "ARGUMENT",
            r#"todos has no column "titel""#,
        ),
        (
            update(json!({"Title": "x"})),
            "ARGUMENT",
            r#"todos has no column "Title""#,
        ),
        (
            update(json!({"id": SECOND})),
            "ARGUMENT",
            "todos.id cannot be written: ",
        ),
        (
            update(json!({"write_id": fresh(1)})),
            "ARGUMENT",
            "todos.write_id cannot be written: ",
        ),
        (
            update(json!({"completed": "perhaps"})),
            "CONSTRAINT",
            "todos.completed: ",
        ),
        (
            update(json!({"created_at": {}})),
            "CONSTRAINT",
            "todos.created_at: ",
        ),
    ] {
        let error = world
            .client("a")
            .edit(TransactionId(1), &changes.to_string(), None);
        let error = error.unwrap_err();
        assert_eq!(error.code(), code, "{changes}: {error}");
        assert!(error.to_string().starts_with(reason), "{changes}: {error}");
    }
    // One wrong change of several, and meta with it: none of it happens.
    let mut mixed = before[0].changes.clone();
    mixed.extend(mixed.clone());
    mixed[1].value = json!({"completed": 7});
    let error = world
        .client("a")
        .edit(TransactionId(1), &whole(&mixed), Some("7"));
    assert_eq!(error.unwrap_err().code(), "CONSTRAINT");
    assert_eq!(world.client("a").rejected(), before);
    assert_eq!(world.client("a").pending(), []);
    assert_eq!(world.client("a").count("todos_local"), 0);
}

/// A JSON null in a json column, wide integers and exact decimals are shown as JSON has them.
#[test]
fn what_an_edit_leaves_alone_stays_what_it_was() {
    let mut world = World::new(1);
    let options = r#"{"name": "app", "write": {"url": "/changes"}, "tables": {"zoo": {"columns": {"id": "int8",
        "doc": "jsonb", "wide": "int8", "exact": "numeric", "raw": "bytea", "list": "int8[]", "real": "float8", "note": "text"},
        "primaryKey": ["id"]}}}"#;
    world.open("a", options);
    world.fault("a", Endpoint::Write, Fault::status(422));
    world.client("a").run(
        "INSERT INTO zoo VALUES (9007199254740993, 'null', -9007199254740993, '1.50', x'00ff', '[9007199254740993,null]', 2.0, '')",
    );
    let shown = world.client("a").rows("SELECT * FROM zoo");
    world.client("a").disconnect();
    world.run_for(100);
    world.client("a").connect();
    world.fault("a", Endpoint::Write, Fault::status(422));
    world.run_for(100);
    world.client("a").disconnect();
    let mut record = only(&mut world);
    assert_eq!(world.client("a").count("zoo"), 0);
    record.changes[0].value["note"] = json!("told");
    world
        .client("a")
        .edit(record.number, &whole(&record.changes), None)
        .unwrap();
    let edited = world.client("a").rows("SELECT * FROM zoo");
    assert_eq!(edited, [format!("{}told", shown[0])]);
}
