//! What is seen of a row with pending writes, whatever happens to it on the server meanwhile: each rule of the fold.
//!
//! The table in the docs of `throughline::optimistic` names these tests.

use throughline::engine::Endpoint;
use throughline::value::Value;
use throughline_server::electric::row;

use crate::support::world::{Fault, SYNCED, World};
use crate::{FIRST, SECOND, assert_clean, fresh, synced};

/// Everything is synced, and the next POST hears nothing for a minute: writes stay pending while changes come in.
fn held() -> World {
    let mut world = synced();
    world.fault("a", Endpoint::Write, Fault::Silence);
    world
}

fn shown(world: &mut World, id: &str) -> Vec<String> {
    let sql = format!("SELECT title, completed FROM todos WHERE id = '{id}'");
    world.client("a").rows(&sql)
}

fn on_server(world: &mut World, id: &str) -> Vec<String> {
    let rows = world.server().rows("todos");
    rows.into_iter()
        .filter(|line| line.starts_with(id))
        .collect()
}

fn set(world: &mut World, columns: &str, id: &str) {
    let sql = format!("UPDATE todos SET {columns} WHERE id = '{id}'");
    assert_eq!(world.client("a").execute(&sql, &[]).rows_affected, 1);
}

fn delete(world: &mut World, id: &str) {
    world
        .client("a")
        .run(&format!("DELETE FROM todos WHERE id = '{id}'"));
}

/// Everyone has the same in the end, and nothing is left over.
fn ends_well(world: &mut World) {
    world.settle();
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn edits_of_other_columns_by_others_are_neither_hidden_nor_overwritten() {
    let world = &mut held();
    world.open("b", SYNCED);
    world.run_for(1_000);
    set(world, "title = 'mine'", FIRST);
    world.client("b").run(&format!(
        "UPDATE todos SET completed = true WHERE id = '{FIRST}'"
    ));
    world.run_for(1_000);
    assert_eq!(shown(world, FIRST), ["mine|1"]);
    ends_well(world);
    assert_eq!(shown(world, FIRST), ["mine|1"]);
}

/// What counts is what was written, not whether it differs from what the server happens to have.
#[test]
fn a_column_written_stays_ours_though_the_server_has_the_same_value_for_a_while() {
    let world = &mut held();
    set(world, "title = 'same'", FIRST);
    world.server().rename(FIRST, "same");
    world.run_for(500);
    set(world, "completed = true", FIRST);
    world.server().rename(FIRST, "other");
    world.run_for(500);
    assert_eq!(shown(world, FIRST), ["same|1"]);
    ends_well(world);
    assert_eq!(shown(world, FIRST), ["same|1"], "ours came last");
}

#[test]
fn a_value_put_back_to_what_it_was_is_a_write_too() {
    let world = &mut held();
    let before = world.client("a").title(FIRST).unwrap();
    set(world, "title = 'changed'", FIRST);
    world.client("a").rename(FIRST, &before);
    assert_eq!(world.client("a").title(FIRST).unwrap(), before);
    world.server().rename(FIRST, "theirs");
    world.run_for(500);
    assert_eq!(world.client("a").title(FIRST).unwrap(), before);
    ends_well(world);
    assert_eq!(world.client("a").title(FIRST).unwrap(), before);
}

#[test]
fn a_null_shows_over_a_synced_value_over_a_pending_one_and_in_a_new_row() {
    let world = &mut held();
    set(world, "created_at = NULL", FIRST);
    set(world, "title = 'renamed'", SECOND);
    set(world, "created_at = NULL", SECOND);
    let params = [Value::Text(fresh(1)), Value::Text("2026-01-02".into())];
    let insert = "INSERT INTO todos (id, title, created_at) VALUES (?, 'new', ?)";
    world.client("a").execute(insert, &params);
    set(world, "created_at = NULL", &fresh(1));
    let nulls = "SELECT count(*) FROM todos WHERE created_at IS NULL";
    assert_eq!(world.client("a").rows(nulls), ["3"]);
    let logged =
        "SELECT count(*) FROM _throughline_changes WHERE json_type(value, '$.created_at') = 'null'";
    assert_eq!(
        world.client("a").rows(logged),
        ["3"],
        "and each is in the log to be sent"
    );
}

#[test]
fn a_row_deleted_here_stays_away_whatever_others_do_to_it() {
    let world = &mut held();
    delete(world, FIRST);
    world.server().rename(FIRST, "theirs");
    world.run_for(500);
    assert_eq!(shown(world, FIRST), [""; 0]);
    ends_well(world);
    assert_eq!(on_server(world, FIRST), [""; 0]);
}

#[test]
fn a_row_deleted_by_others_is_gone_under_a_pending_update_and_leaves_no_ghost() {
    let world = &mut held();
    set(world, "title = 'mine'", FIRST);
    world.server().remove(FIRST);
    world.run_for(500);
    assert_eq!(world.client("a").count("todos"), 4);
    let updated = format!("UPDATE todos SET completed = true WHERE id = '{FIRST}'");
    assert_eq!(
        world.client("a").execute(&updated, &[]).rows_affected,
        0,
        "there is no such row"
    );
    assert_eq!(world.client("a").pending().len(), 1);
    ends_well(world);
}

#[test]
fn a_row_made_anew_by_others_takes_a_pending_update() {
    let world = &mut held();
    set(world, "title = 'mine'", FIRST);
    world.server().remove(FIRST);
    world.run_for(500);
    world.server().insert(
        "todos",
        row([("id", FIRST), ("title", "anew"), ("completed", "true")]),
    );
    world.run_for(500);
    assert_eq!(shown(world, FIRST), ["mine|1"]);
    ends_well(world);
    assert_eq!(shown(world, FIRST), ["mine|1"]);
}

/// Postgres tells a changed key as a delete and an insert.
#[test]
fn a_key_changed_by_others_keeps_the_pending_write_and_shows_the_new_row_once() {
    let world = &mut held();
    let key = world.client("a").rename(FIRST, "mine").unwrap();
    world.server().transaction(|tx| {
        tx.delete("todos", &row([("id", FIRST)]))?;
        tx.insert(
            "todos",
            row([("id", fresh(1).as_str()), ("title", "moved")]),
        )
    });
    world.run_for(500);
    assert_eq!(world.client("a").pending()[0].id, key);
    assert_eq!(
        (shown(world, FIRST), shown(world, &fresh(1))),
        (vec![], vec!["moved|0".into()])
    );
    assert_eq!(world.client("a").count("todos"), 5);
    ends_well(world);
}

#[test]
fn a_row_deleted_and_made_anew_here_is_a_new_row() {
    let world = &mut held();
    world.client("a").add_todo(&fresh(1), "local");
    for id in [FIRST, &fresh(1)] {
        delete(world, id);
        assert_eq!(shown(world, id), [""; 0]);
        world.client("a").add_todo(id, "anew");
        assert_eq!(shown(world, id), ["anew|NULL"]);
        set(world, "completed = true", id);
        assert_eq!(shown(world, id), ["anew|1"]);
    }
    world.server().complete(FIRST);
    world.server().rename(FIRST, "theirs");
    world.run_for(500);
    assert_eq!(
        shown(world, FIRST),
        ["anew|1"],
        "nothing of the old row shows in it"
    );
    ends_well(world);
    assert_eq!(shown(world, FIRST), ["anew|1"]);
    assert_eq!(shown(world, &fresh(1)), ["anew|1"]);
}

#[test]
fn the_key_of_a_row_that_others_deleted_can_be_used_again() {
    let world = &mut held();
    set(world, "title = 'mine'", FIRST);
    world.server().remove(FIRST);
    world.run_for(500);
    world.client("a").add_todo(FIRST, "again");
    assert_eq!(shown(world, FIRST), ["again|NULL"]);
    ends_well(world);
    assert_eq!(shown(world, FIRST), ["again|0"]);
}

/// The insert shows as it was made until its answer is here, though the row is: others may have edited that.
#[test]
fn a_new_row_shows_the_edits_of_others_once_it_is_confirmed() {
    let world = &mut synced();
    world.fault("a", Endpoint::Write, Fault::LateAnswer(2_000));
    world.client("a").add_todo(&fresh(1), "new");
    world.run_for(100);
    world.server().complete(&fresh(1));
    world.run_for(500);
    assert_eq!(shown(world, &fresh(1)), ["new|NULL"]);
    world.run_for(2_000);
    assert_eq!(shown(world, &fresh(1)), ["new|1"]);
    ends_well(world);
}

#[test]
fn an_update_of_a_row_that_is_not_there_writes_nothing() {
    let world = &mut synced();
    let nobody = format!("UPDATE todos SET title = 'x' WHERE id = '{}'", fresh(9));
    let done = world.client("a").execute(&nobody, &[]);
    assert_eq!((done.rows_affected, done.transaction), (0, None));
    assert_clean(world, "a");
    assert_eq!(world.client("a").count("todos"), 5);
}

/// A row that leaves the shape is a delete here: what was written to it is neither lost nor shown.
#[test]
fn a_row_that_leaves_its_shape_keeps_its_pending_write() {
    let mut world = World::new(1);
    let open_only = SYNCED.replace(
        r#""indexes""#,
        r#""shape": {"where": "completed = false"}, "indexes""#,
    );
    world.open("a", &open_only);
    world.settle();
    world.fault("a", Endpoint::Write, Fault::Silence);
    let world = &mut world;
    set(world, "title = 'mine'", FIRST);
    world.server().complete(FIRST);
    world.run_for(500);
    assert_eq!(shown(world, FIRST), [""; 0]);
    assert_eq!(world.client("a").pending().len(), 1);
    for _ in 0..2 {
        world.run_for(70_000);
        world.server().heartbeat();
    }
    world.settle();
    assert_clean(world, "a");
    let there = on_server(world, FIRST);
    assert!(
        there[0].starts_with(&format!("{FIRST}|mine|1")),
        "{there:?}"
    );
}

#[test]
fn intents_of_one_row_in_one_transaction_are_taken_in_order() {
    let world = &mut held();
    let done = world.client("a").batch(
        &[
            &format!("UPDATE todos SET title = 'one', completed = true WHERE id = '{FIRST}'"),
            &format!("DELETE FROM todos WHERE id = '{FIRST}'"),
            &format!("INSERT INTO todos (id, title) VALUES ('{FIRST}', 'two')"),
            &format!("UPDATE todos SET title = title || '!' WHERE id = '{FIRST}'"),
        ],
        None,
    );
    done.unwrap();
    assert_eq!(shown(world, FIRST), ["two!|NULL"]);
    let sent = world.client("a").pending().remove(0).changes;
    let sent: Vec<&str> = sent
        .iter()
        .map(|change| change.operation.as_str())
        .collect();
    assert_eq!(sent, ["update", "delete", "insert", "update"]);
    ends_well(world);
    assert_eq!(shown(world, FIRST), ["two!|0"]);
}
