//! Shapes with a subquery: rows come and go because of rows of another table (protocol section 11).

use throughline_server::electric::{Column, Loss, PgType, Table, row};

use throughline::engine::Endpoint;

use crate::support::world::{Fault, World};

/// Items of the lists that are open, or that are starred themselves.
const ITEMS: &str = r#"{"name": "app", "electric": {"url": "/v1/shape"}, "write": {"url": "/changes"},
    "tables": {"items": {"shape": {
        "where": "list_id IN (SELECT id FROM lists WHERE open = true) OR starred = true"}}}}"#;

fn lists() -> World {
    let mut world = World::new(1);
    let column = Column::new;
    world.server().create_table(Table::new(
        "lists",
        &["id"],
        [column("id", PgType::Int4), column("open", PgType::Bool)],
    ));
    world.server().create_table(Table::new(
        "items",
        &["id"],
        [
            column("id", PgType::Int4),
            column("list_id", PgType::Int4),
            column("starred", PgType::Bool),
            column("body", PgType::Text),
        ],
    ));
    for (id, open) in [("1", "true"), ("2", "false"), ("3", "true")] {
        world
            .server()
            .insert("lists", row([("id", id), ("open", open)]));
    }
    for (id, list, starred) in [
        ("10", "1", "false"),
        ("11", "1", "true"),
        ("20", "2", "false"),
        ("30", "3", "false"),
    ] {
        let values = [
            ("id", id),
            ("list_id", list),
            ("starred", starred),
            ("body", "b"),
        ];
        world.server().insert("items", row(values));
    }
    world.open("a", ITEMS);
    world.settle();
    world
}

fn ids(world: &mut World) -> Vec<String> {
    world.client("a").rows("SELECT id FROM items ORDER BY id")
}

fn open_list(world: &mut World, id: &str, open: &str) {
    world
        .server()
        .update("lists", &row([("id", id)]), row([("open", open)]));
    world.settle();
}

/// What a client that opens now is shown.
fn fresh_ids(world: &mut World) -> Vec<String> {
    world.open("fresh", ITEMS);
    world.settle();
    world
        .client("fresh")
        .rows("SELECT id FROM items ORDER BY id")
}

/// Trap 27.
#[test]
fn rows_leave_and_enter_with_the_row_they_hang_on() {
    let world = &mut lists();
    assert_eq!(ids(world), ["10", "11", "30"]);
    open_list(world, "1", "false");
    assert_eq!(ids(world), ["11", "30"], "the starred one stays");
    open_list(world, "2", "true");
    assert_eq!(ids(world), ["11", "20", "30"]);
    open_list(world, "1", "true");
    assert_eq!(ids(world), ["10", "11", "20", "30"]);
    assert_eq!(ids(world), fresh_ids(world));
}

/// Trap 27: tags are kept with the rows.
#[test]
fn a_move_out_after_a_reload_still_finds_its_rows() {
    let world = &mut lists();
    world.crash("a");
    open_list(world, "3", "false");
    assert_eq!(ids(world), ["10", "11"]);
    world.offline("a");
    open_list(world, "1", "false");
    open_list(world, "2", "true");
    world.crash("a");
    world.online("a");
    world.settle();
    assert_eq!(ids(world), ["11", "20"]);
    assert_eq!(ids(world), fresh_ids(world));
}

/// Trap 26: an empty move-in is the event alone.
#[test]
fn a_move_in_without_rows_is_followed_by_nothing() {
    let world = &mut lists();
    world
        .server()
        .insert("lists", row([("id", "4"), ("open", "true")]));
    world.settle();
    assert_eq!(ids(world), ["10", "11", "30"]);
    world.server().insert(
        "items",
        row([
            ("id", "40"),
            ("list_id", "4"),
            ("starred", "false"),
            ("body", "b"),
        ]),
    );
    world.settle();
    assert_eq!(ids(world), ["10", "11", "30", "40"]);
    open_list(world, "4", "false");
    assert_eq!(ids(world), ["10", "11", "30"]);
}

/// Trap 28: a row that moves to another list loses the old tag and keeps what both share.
#[test]
fn a_row_that_changes_its_list_goes_with_the_new_one() {
    let world = &mut lists();
    world
        .server()
        .update("items", &row([("id", "10")]), row([("list_id", "3")]));
    world.settle();
    open_list(world, "1", "false");
    assert_eq!(ids(world), ["10", "11", "30"]);
    open_list(world, "3", "false");
    assert_eq!(ids(world), ["11"]);
    world
        .server()
        .update("items", &row([("id", "11")]), row([("starred", "false")]));
    world.settle();
    assert_eq!(ids(world), Vec::<String>::new());
    assert_eq!(ids(world), fresh_ids(world));
}

/// The items that moved in come without a position, so nothing tells whether they are newer than what is here.
#[test]
fn a_row_that_moves_into_one_shape_and_leaves_another_is_as_the_server_has_it() {
    let two = ITEMS.replace(
        r#""shape": {
        "where": "list_id IN (SELECT id FROM lists WHERE open = true) OR starred = true"}"#,
        r#""shapes": {"open": {"where": "list_id IN (SELECT id FROM lists WHERE open = true)"},
            "starred": {"where": "starred = true"}}"#,
    );
    assert_ne!(two, ITEMS);
    for late in 0..2 {
        let world = &mut lists();
        world.open("a", &two);
        world
            .server()
            .update("items", &row([("id", "20")]), row([("starred", "true")]));
        world.settle();
        if late == 1 {
            world.fault("a", Endpoint::Electric, Fault::LateAnswer(10));
        }
        world.fault("a", Endpoint::Electric, Fault::LateAnswer(700));
        world
            .server()
            .update("items", &row([("id", "11")]), row([("body", "c")]));
        world.run_for(1_000);
        world.server().transaction(|tx| {
            let values = row([("starred", "false"), ("body", "x")]);
            tx.update("items", &row([("id", "20")]), values)?;
            tx.update("lists", &row([("id", "2")]), row([("open", "true")]))?;
            Ok(())
        });
        world.settle();
        let body = "SELECT body FROM items WHERE id = 20";
        assert_eq!(world.client("a").rows(body), ["x"], "{late}");
    }
}

#[test]
fn a_restart_of_the_server_ends_the_log_and_nothing_is_lost() {
    let world = &mut lists();
    world
        .client("a")
        .watch(1, "SELECT id FROM items ORDER BY id", &["id"]);
    world.server().restart(Loss::Nothing);
    world.settle();
    assert_eq!(world.client("a").history(1).len(), 1, "no notification");
    open_list(world, "1", "false");
    assert_eq!(ids(world), ["11", "30"], "the new log's tags are known");
    let slots = "SELECT count(*) FROM _throughline_slots_items WHERE _throughline_holder < 0";
    assert_eq!(world.client("a").rows(slots), ["0"]);
}

#[test]
fn a_row_with_a_pending_write_that_moves_out_keeps_the_write() {
    let world = &mut lists();
    world.offline("a");
    world
        .client("a")
        .run("UPDATE items SET body = 'typed' WHERE id = 10");
    open_list(world, "1", "false");
    world.online("a");
    world.run_for(1_000);
    // No log tells of the row any more; the next transaction of anyone moves the server's position past the write.
    world.server().heartbeat();
    world.settle();
    let body = world.server().texts("items", "body");
    assert!(body.contains(&"typed".to_owned()), "{body:?}");
    assert_eq!(ids(world), fresh_ids(world));
}
