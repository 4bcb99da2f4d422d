//! From the view to the server and back.

use throughline::engine::{Endpoint, Event};
use throughline_server::electric::{Column, PgType, Table, row};

use crate::support::world::{Fault, SYNCED, World};
use crate::{FIRST, SECOND, assert_clean, fresh, synced};

/// The titles that a live query over one row was shown, without repetitions.
fn shown_titles(world: &mut World) -> Vec<String> {
    let mut titles: Vec<String> = world.client("a").history(1).concat();
    titles.dedup();
    titles
}

fn watch_first(world: &mut World) {
    let sql = format!("SELECT title FROM todos WHERE id = '{FIRST}'");
    world.client("a").watch(1, &sql, &[]);
}

#[test]
fn a_write_shows_at_once_is_accepted_and_confirmed_and_leaves_nothing_behind() {
    let world = &mut synced();
    let key = world.client("a").rename(FIRST, "new").unwrap();
    assert_eq!(world.client("a").title(FIRST).unwrap(), "new");
    world.settle();
    let ids = |records: &[throughline::tabs::TransactionRecord]| -> Vec<String> {
        records.iter().map(|one| one.id.clone()).collect()
    };
    let only = std::slice::from_ref(&key);
    assert_eq!(ids(&world.seen("a").accepted), only);
    assert_eq!(ids(&world.seen("a").confirmed), only);
    assert_eq!(world.ledger.applied()[&key], 1);
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn a_live_query_never_goes_back_to_an_older_value() {
    let world = &mut synced();
    watch_first(world);
    let before = shown_titles(world).remove(0);
    for title in ["one", "two", "three"] {
        world.client("a").rename(FIRST, title);
        world.run_for(7);
    }
    world.settle();
    assert_eq!(shown_titles(world), [&before, "one", "two", "three"]);
}

#[test]
fn the_row_may_come_back_before_the_answer_to_the_post() {
    let world = &mut synced();
    watch_first(world);
    world.fault("a", Endpoint::Write, Fault::LateAnswer(3_000));
    world.client("a").rename(FIRST, "early");
    world.run_for(1_000);
    assert_eq!(world.client("a").count("todos_local"), 1);
    assert_eq!(
        world
            .client("a")
            .rows("SELECT seen FROM _throughline_changes"),
        ["1"]
    );
    world.settle();
    assert_eq!(shown_titles(world)[1..], ["early"]);
    assert_clean(world, "a");
}

/// The next poll's answer takes long.
fn slow_poll(world: &mut World) {
    world.fault("a", Endpoint::Electric, Fault::Delay(1));
    world.fault("a", Endpoint::Electric, Fault::LateAnswer(1_500));
    world.happens("a", Event::Wake);
    world.run_for(100);
}

#[test]
fn an_accepted_write_stays_until_its_row_is_back() {
    let world = &mut synced();
    watch_first(world);
    slow_poll(world);
    world.client("a").rename(FIRST, "mine");
    world.run_for(1_000);
    assert_eq!(world.seen("a").accepted.len(), 1);
    assert_eq!(world.client("a").pending()[0].state.as_str(), "accepted");
    assert_eq!(world.client("a").title(FIRST).unwrap(), "mine");
    world.settle();
    assert_eq!(shown_titles(world)[1..], ["mine"]);
    assert_clean(world, "a");
}

#[test]
fn an_accepted_transaction_leaves_whole_or_not_at_all() {
    let world = &mut synced();
    slow_poll(world);
    let both = format!("UPDATE todos SET title = 'both' WHERE id IN ('{FIRST}', '{SECOND}')");
    world.client("a").run(&both);
    world.run_for(1_000);
    world.crash("a");
    assert_eq!(world.client("a").pending()[0].state.as_str(), "accepted");
    let shown = "SELECT count(*) FROM todos WHERE title = 'both'";
    assert_eq!(world.client("a").rows(shown), ["2"]);
    world.settle();
    assert_eq!(world.client("a").rows(shown), ["2"]);
    assert_clean(world, "a");
}

/// Todos and items come by two shapes; the next answer about items is late.
fn late_items() -> World {
    let mut world = World::new(1);
    let columns = ["id", "n"].map(|name| Column::new(name, PgType::Text));
    let items = Table::new("items", &["id"], columns);
    world.server().create_table(items);
    let item = row([("id", "i"), ("n", "1")]);
    world.server().insert("items", item);
    let tables = r#""tables": {"items": {}, "#;
    world.open("a", &SYNCED.replace(r#""tables": {"#, tables));
    world.settle();
    world.run_for(1_000);
    world.fault("a", Endpoint::Electric, Fault::LateAnswer(3_000));
    let key = row([("id", "i")]);
    world.server().update("items", &key, row([("n", "theirs")]));
    world.run_for(1_000);
    world
}

const ITEM: &str = "UPDATE items SET n = 'mine'";

#[test]
fn a_transaction_over_two_tables_stays_until_both_are_back() {
    let world = &mut late_items();
    let todo = format!("UPDATE todos SET title = 'both' WHERE id = '{FIRST}'");
    world.client("a").batch(&[&todo, ITEM], None).unwrap();
    world.run_for(1_000);
    let title = format!("SELECT title FROM todos_synced WHERE id = '{FIRST}'");
    assert_eq!(world.client("a").rows(&title), ["both"], "one is back");
    let item = "SELECT n FROM items";
    assert_eq!(world.client("a").rows(item), ["mine"]);
    assert_eq!(world.client("a").pending()[0].state.as_str(), "accepted");
    world.settle();
    assert_eq!(world.client("a").rows(item), ["mine"]);
    assert_clean(world, "a");
}

#[test]
fn a_later_write_of_a_row_that_is_back_stays_while_an_earlier_one_is_not() {
    let world = &mut late_items();
    watch_first(world);
    let todo = format!("UPDATE todos SET title = 'one' WHERE id = '{FIRST}'");
    world.client("a").batch(&[&todo, ITEM], None).unwrap();
    world.client("a").rename(FIRST, "two");
    world.run_for(1_000);
    let states: Vec<_> = world.client("a").pending();
    let states: Vec<_> = states.iter().map(|one| one.state.as_str()).collect();
    assert_eq!(states, ["accepted", "accepted"]);
    world.settle();
    assert_eq!(shown_titles(world)[1..], ["one", "two"]);
    assert_clean(world, "a");
}

#[test]
fn a_write_while_the_poll_is_held_does_not_wait_for_its_end() {
    let world = &mut synced();
    world.run_for(1_000);
    let began = world.now;
    world.client("a").rename(FIRST, "quick");
    world.settle();
    assert!(world.now.0 - began.0 < 200, "{}", world.now.0 - began.0);
    assert_clean(world, "a");
}

#[test]
fn a_remote_edit_of_another_column_shows_under_a_pending_write() {
    let world = &mut synced();
    world.client("a").disconnect();
    world.client("a").rename(FIRST, "mine");
    world.client("a").connect();
    world.fault("a", Endpoint::Write, Fault::Delay(5_000));
    world.client("a").rename(SECOND, "also mine");
    world.server().update(
        "todos",
        &row([("id", FIRST)]),
        row([("completed", "true"), ("title", "theirs")]),
    );
    world.run_for(1_000);
    let both = format!("SELECT title, completed FROM todos WHERE id = '{FIRST}'");
    assert_eq!(world.client("a").rows(&both), ["mine|1"]);
    world.settle();
    assert_eq!(world.client("a").rows(&both), ["mine|1"], "the last writer");
    world.assert_same("todos");
}

#[test]
fn a_remote_edit_of_the_same_column_stays_under_ours_until_ours_is_confirmed() {
    let world = &mut synced();
    watch_first(world);
    world.fault("a", Endpoint::Write, Fault::Delay(2_000));
    world.client("a").rename(FIRST, "mine");
    world.run_for(100);
    world.server().rename(FIRST, "theirs");
    world.run_for(1_000);
    assert_eq!(world.client("a").title(FIRST).unwrap(), "mine");
    world.settle();
    assert_eq!(shown_titles(world)[1..], ["mine"]);
    world.assert_same("todos");
}

#[test]
fn someone_elses_later_write_takes_over_once_ours_is_in() {
    let world = &mut synced();
    watch_first(world);
    world.fault("a", Endpoint::Write, Fault::LateAnswer(2_000));
    world.client("a").rename(FIRST, "mine");
    world.run_for(100);
    world.server().update(
        "todos",
        &row([("id", FIRST)]),
        row([("title", "theirs"), ("write_id", &fresh(9))]),
    );
    world.settle();
    assert_eq!(shown_titles(world)[1..], ["mine", "theirs"]);
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn a_remote_delete_under_a_pending_update_wins() {
    let world = &mut synced();
    world.fault("a", Endpoint::Write, Fault::Delay(2_000));
    world.client("a").rename(FIRST, "mine");
    world.run_for(100);
    world.server().remove(FIRST);
    world.run_for(500);
    assert_eq!(world.client("a").title(FIRST), None);
    world.settle();
    assert_eq!(world.client("a").title(FIRST), None);
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn a_deleted_row_stays_away_and_is_confirmed() {
    let world = &mut synced();
    world
        .client("a")
        .watch(1, "SELECT count(*) FROM todos", &[]);
    world.client("a").run("DELETE FROM todos WHERE completed");
    world.settle();
    assert_eq!(world.client("a").history(1).concat(), ["5", "4"]);
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn a_row_inserted_and_deleted_before_it_was_sent_is_confirmed() {
    let world = &mut synced();
    world.client("a").disconnect();
    world.client("a").add_todo(&fresh(1), "brief");
    world
        .client("a")
        .run("DELETE FROM todos WHERE title = 'brief'");
    world.client("a").connect();
    world.settle();
    assert_eq!(world.seen("a").confirmed.len(), 2);
    assert_clean(world, "a");
    world.assert_same("todos");
}

/// Neither write is in the snapshot by its write id, so only the snapshot's own list of transactions tells.
#[test]
fn a_row_inserted_and_deleted_before_the_first_snapshot_is_confirmed() {
    let mut world = World::new(1);
    let declared = SYNCED.replace(
        r#""indexes""#,
        r#""columns": {"id": "uuid", "title": "text", "completed": {"type": "bool", "notNull": true},
           "created_at": {"type": "timestamptz", "notNull": true}, "write_id": "uuid"},
           "primaryKey": ["id"], "indexes""#,
    );
    world.fault("a", Endpoint::Electric, Fault::Delay(1_000));
    world.open("a", &declared);
    world.client("a").add_todo(&fresh(1), "brief");
    world.client("a").run("DELETE FROM todos");
    world.run_for(500);
    assert_eq!(world.seen("a").accepted.len(), 2);
    world.settle();
    assert_eq!(world.seen("a").confirmed.len(), 2);
    assert_clean(&mut world, "a");
}

/// Trap 16: its transaction never shows in a log.
#[test]
fn a_write_that_changes_nothing_on_the_server_is_confirmed() {
    let world = &mut synced();
    world.fault("a", Endpoint::Write, Fault::Delay(1_000));
    world
        .client("a")
        .run(&format!("DELETE FROM todos WHERE id = '{FIRST}'"));
    world.server().remove(FIRST);
    world.settle();
    assert_eq!(world.seen("a").confirmed.len(), 1);
    assert_clean(world, "a");
    world.assert_same("todos");
}

/// Traps 12 and 16: what leaves the shape is a delete here, and none there.
#[test]
fn a_write_that_leaves_the_shape_is_confirmed_and_gone() {
    let open_only = SYNCED.replace(
        r#""indexes""#,
        r#""shape": {"where": "completed = false"}, "indexes""#,
    );
    let mut world = World::new(1);
    world.open("a", &open_only);
    world.settle();
    assert_eq!(world.client("a").count("todos"), 4);
    world.client("a").run(&format!(
        "UPDATE todos SET completed = true WHERE id = '{FIRST}'"
    ));
    assert_eq!(world.client("a").count("todos"), 4, "still ours to show");
    world.settle();
    assert_eq!(world.client("a").count("todos"), 3);
    assert_clean(&mut world, "a");
}

/// Trap 16: no log tells of it.
#[test]
fn a_row_that_was_never_in_the_shape_is_confirmed_by_position() {
    let open_only = SYNCED.replace(
        r#""indexes""#,
        r#""shape": {"where": "completed = false"}, "indexes""#,
    );
    let mut world = World::new(1);
    world.open("a", &open_only);
    world.settle();
    world.client("a").run(&format!(
        "INSERT INTO todos (id, title, completed) VALUES ('{}', 'done already', true)",
        fresh(1)
    ));
    world.run_for(30_000);
    assert_eq!(world.client("a").count("todos_local"), 1, "no proof yet");
    world.server().heartbeat();
    world.settle();
    assert_clean(&mut world, "a");
    assert_eq!(world.client("a").count("todos"), 4);
    assert_eq!(world.server().rows("todos").len(), 6);
}

#[test]
fn columns_left_out_get_the_servers_defaults() {
    let world = &mut synced();
    world.client("a").add_todo(&fresh(1), "plain");
    let row = format!(
        "SELECT completed, created_at IS NULL FROM todos WHERE id = '{}'",
        fresh(1)
    );
    assert_eq!(world.client("a").rows(&row), ["NULL|1"]);
    world.settle();
    assert_eq!(world.client("a").rows(&row), ["0|0"]);
    world.assert_same("todos");
}
