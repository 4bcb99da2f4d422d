//! Tables that are not as easy as todos: composite keys, odd names, no write id.

use throughline::engine::Endpoint;
use throughline_server::electric::{Column, PgType, Table, row};

use crate::support::world::{Fault, World};

const OPTIONS: &str = r#"{"name": "app", "electric": {"url": "/v1/shape"}, "write": {"url": "/changes"},
    "tables": {"Weird \"Tbl": {"shape": {"table": "\"Weird \"\"Tbl\""}, "indexes": ["select"]}}}"#;
const TABLE: &str = "Weird \"Tbl";

fn weird() -> World {
    let mut world = World::new(1);
    let columns = [
        Column::new("Org Id", PgType::Int4),
        Column::new("flag", PgType::Bool),
        Column::new("na/me", PgType::Text),
        Column::new("select", PgType::Text),
        Column::new("is_deleted", PgType::Bool),
    ];
    let key = ["Org Id", "flag", "na/me"];
    world
        .server()
        .create_table(Table::new(TABLE, &key, columns));
    let first = row([
        ("Org Id", "1"),
        ("flag", "t"),
        ("na/me", "a/b"),
        ("select", "s"),
    ]);
    world.server().insert(TABLE, first);
    world.open("a", OPTIONS);
    world.settle();
    world
}

fn assert_nothing_pending(world: &mut World) {
    assert_eq!(world.client("a").count("Weird \"\"Tbl_local"), 0);
    assert_eq!(world.client("a").count("_throughline_changes"), 0);
}

#[test]
fn composite_keys_and_odd_names_go_through_the_whole_loop() {
    let world = &mut weird();
    let client = &mut world.client("a");
    client.run(r#"INSERT INTO "Weird ""Tbl" ("Org Id", flag, "na/me", "select") VALUES (1, false, 'a/b', 'new')"#);
    client.run(r#"UPDATE "Weird ""Tbl" SET "select" = 'changed', is_deleted = true WHERE flag"#);
    world.settle();
    world.assert_same(TABLE);
    assert_nothing_pending(world);
    world
        .client("a")
        .run(r#"DELETE FROM "Weird ""Tbl" WHERE "Org Id" = 1"#);
    world.settle();
    world.assert_same(TABLE);
    assert!(world.server().rows(TABLE).is_empty());
    assert_nothing_pending(world);
}

/// Trap 17: the id is that of the transaction that wrote.
#[test]
fn without_a_write_id_the_servers_transaction_id_tells_what_came_back() {
    let world = &mut weird();
    world
        .client("a")
        .watch(1, r#"SELECT "select" FROM "Weird ""Tbl""#, &[]);
    // The row comes first, the answer that names its transaction later.
    world.fault("a", Endpoint::Write, Fault::LateAnswer(2_000));
    world
        .client("a")
        .run(r#"UPDATE "Weird ""Tbl" SET "select" = 'one'"#);
    world.run_for(1_000);
    world
        .client("a")
        .run(r#"UPDATE "Weird ""Tbl" SET "select" = 'two'"#);
    world.settle();
    assert_eq!(world.client("a").history(1).concat(), ["s", "one", "two"]);
    assert_nothing_pending(world);
    world.assert_same(TABLE);
}

#[test]
fn what_was_heard_of_a_transaction_outlives_a_crash() {
    let world = &mut weird();
    world.fault("a", Endpoint::Write, Fault::LateAnswer(2_000));
    world
        .client("a")
        .run(r#"UPDATE "Weird ""Tbl" SET "select" = 'one'"#);
    world.run_for(1_000);
    world.crash("a");
    world.settle();
    assert_nothing_pending(world);
    world.assert_same(TABLE);
}

/// Trap 16: a snapshot names no transactions.
#[test]
fn a_write_that_a_refetch_brings_back_is_told_by_its_snapshot() {
    let world = &mut weird();
    world.fault("a", Endpoint::Write, Fault::LateAnswer(5_000));
    world
        .client("a")
        .run(r#"UPDATE "Weird ""Tbl" SET "select" = 'one'"#);
    world.run_for(5);
    world
        .server()
        .restart(throughline_server::electric::Loss::Shapes);
    world.settle();
    assert_nothing_pending(world);
    world.assert_same(TABLE);
}
