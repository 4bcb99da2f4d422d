//! The server ends a log.

use throughline::engine::Endpoint;
use throughline_server::electric::{Alter, Column, Loss, PgType, row};

use crate::support::world::{Chaos, Fault, SYNCED, World};
use crate::{FIRST, SECOND, assert_clean, fresh, synced};

fn shape_urls(world: &World) -> Vec<String> {
    let electric = |one: &&crate::support::world::Sent| one.endpoint == Endpoint::Electric;
    world
        .sent
        .iter()
        .filter(electric)
        .map(|one| one.url.clone())
        .collect()
}

/// Trap 20.
#[test]
fn rows_stay_visible_until_the_new_log_is_complete() {
    let world = &mut synced();
    world
        .client("a")
        .watch(1, "SELECT title FROM todos ORDER BY title", &[]);
    let before = world.client("a").history(1)[0].clone();
    world.server().truncate("todos");
    world.server().add_todo(&fresh(1), "after the truncate");
    world.settle();
    assert_eq!(
        world.client("a").history(1),
        [before, vec!["after the truncate".to_owned()]],
        "one step from all old rows to all new ones"
    );
    assert_eq!(world.client("a").status().shapes[0].rows, 1);
    world.assert_same("todos");
}

/// Trap 20.
#[test]
fn pending_writes_outlive_a_refetch() {
    let world = &mut synced();
    world.client("a").watch(
        1,
        &format!("SELECT title FROM todos WHERE id = '{}'", fresh(1)),
        &[],
    );
    world.fault("a", Endpoint::Write, Fault::Delay(3_000));
    world.client("a").add_todo(&fresh(1), "pending");
    world.client("a").rename(SECOND, "gone");
    world.server().truncate("todos");
    world.run_for(1_000);
    assert_eq!(
        world.client("a").rows("SELECT title FROM todos"),
        ["pending"]
    );
    world.settle();
    assert_eq!(world.client("a").history(1).concat(), ["pending"]);
    assert_clean(world, "a");
    world.assert_same("todos");
}

/// Trap 21.
#[test]
fn a_refetch_asks_by_a_url_that_no_cache_has_seen() {
    let world = &mut synced();
    let before = shape_urls(world);
    world.server().restart(Loss::Shapes);
    world.settle();
    let after = shape_urls(world)[before.len()..].to_vec();
    assert!(after[0].contains("offset=-1"), "{}", after[0]);
    assert!(after[0].contains("expired_handle="), "{}", after[0]);
    assert!(after[0].contains("cache-buster="), "{}", after[0]);
    assert!(!before.contains(&after[0]));
    world.assert_same("todos");
}

#[test]
fn rows_that_did_not_change_are_not_told_again() {
    let world = &mut synced();
    world
        .client("a")
        .watch(1, "SELECT id, title FROM todos", &["id"]);
    world.server().restart(Loss::Shapes);
    world.settle();
    assert_eq!(world.client("a").history(1).len(), 1);
}

#[test]
fn a_crash_in_the_middle_of_a_refetch_goes_on_where_it_was() {
    let world = &mut synced();
    world.server().restart(Loss::Shapes);
    world.run_until("the new log's first rows", |world| {
        let shape = &world.seen("a").status.as_ref().unwrap().shapes[0];
        shape.phase == throughline::tabs::ShapePhase::Loading && shape.rows == 5
    });
    let before = world.sent.len();
    world.crash("a");
    assert_eq!(world.client("a").count("todos"), 5, "the old rows");
    world.server().rename(FIRST, "meanwhile");
    world.settle();
    let first = &world.sent[before..]
        .iter()
        .map(|one| one.rows)
        .sum::<usize>();
    assert_eq!(*first, 1, "the snapshot is not loaded again");
    world.assert_same("todos");
}

#[test]
fn the_next_chunk_is_asked_for_while_the_body_of_this_one_comes() {
    let world = &mut World::chunked(1, 200);
    for n in 0..40 {
        world.server().add_todo(&fresh(n), "a row");
    }
    world.chaos = Some(Chaos {
        faults: 0,
        latency_ms: 500,
        harsh: false,
    });
    world.open("a", SYNCED);
    world.run_until("two requests at once", |world| world.requests_out("a") == 2);
    world.settle();
    world.assert_same("todos");
    let asked: Vec<_> = shape_urls(world);
    let mut distinct = asked.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(asked.len(), distinct.len(), "no chunk was asked for twice");
}

#[test]
fn a_restart_that_loses_nothing_is_not_noticed() {
    let world = &mut synced();
    let before = shape_urls(world).len();
    world.server().restart(Loss::Nothing);
    world.client("a").rename(FIRST, "through it");
    world.settle();
    assert!(
        shape_urls(world)[before..]
            .iter()
            .all(|url| !url.contains("offset=-1"))
    );
    assert_clean(world, "a");
    world.assert_same("todos");
}

/// Traps 24 and 49.
#[test]
fn a_server_put_back_to_a_backup_is_read_anew() {
    let world = &mut synced();
    let backup = world.backend.clone();
    world.server().rename(FIRST, "after the backup");
    world.settle();
    world.offline("a");
    world.backend = backup;
    world.online("a");
    world.settle();
    world.assert_same("todos");
}

#[test]
fn a_new_column_arrives_with_pending_writes_kept() {
    let world = &mut synced();
    world.fault("a", Endpoint::Write, Fault::Delay(3_000));
    world.client("a").rename(FIRST, "mine");
    world
        .server()
        .alter("todos", Alter::AddColumn(Column::new("note", PgType::Text)));
    world
        .server()
        .update("todos", &row([("id", SECOND)]), row([("note", "hello")]));
    world.run_for(1_500);
    let rows = "SELECT title, note FROM todos ORDER BY id LIMIT 2";
    assert_eq!(
        world.client("a").rows(rows),
        [
            "mine|NULL",
            "Tick me: the change is yours before the server knows|hello"
        ]
    );
    world.client("a").run(&format!(
        "UPDATE todos SET note = 'mine too' WHERE id = '{FIRST}'"
    ));
    world.settle();
    assert_eq!(world.client("a").rows(rows)[0], "mine|mine too");
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn a_dropped_column_goes_and_a_write_to_it_is_rolled_back_visibly() {
    let world = &mut synced();
    world
        .server()
        .alter("todos", Alter::AddColumn(Column::new("note", PgType::Text)));
    world.settle();
    world.offline("a");
    let set = format!("UPDATE todos SET note = 'lost', title = 'kept?' WHERE id = '{FIRST}'");
    world.client("a").run(&set);
    world.client("a").rename(SECOND, "fine");
    world
        .server()
        .alter("todos", Alter::DropColumn("note".into()));
    world.online("a");
    world.settle();
    let listed = world.client("a").rejected();
    assert_eq!(listed.len(), 1);
    let error = listed[0].error.as_ref().unwrap();
    assert_eq!(error.code, "SCHEMA_CHANGED");
    assert!(error.message.contains("\"note\""), "{}", error.message);
    assert_eq!(listed[0].changes[0].value["note"], "lost", "it is not lost");
    assert_eq!(world.seen("a").rejected.len(), 1, "and the app is told");
    assert_eq!(world.client("a").title(SECOND).unwrap(), "fine");
    world.assert_same("todos");
}

#[test]
fn a_retyped_column_keeps_the_writes_that_it_can_hold() {
    let world = &mut synced();
    world
        .server()
        .alter("todos", Alter::AddColumn(Column::new("n", PgType::Text)));
    world.settle();
    world.offline("a");
    for (id, n) in [(FIRST, "17"), (SECOND, "many")] {
        let set = format!("UPDATE todos SET n = '{n}' WHERE id = '{id}'");
        world.client("a").run(&set);
    }
    world.server().alter("todos", Alter::DropColumn("n".into()));
    world
        .server()
        .alter("todos", Alter::AddColumn(Column::new("n", PgType::Int4)));
    // The new schema is here before the writes can leave.
    world.fault("a", Endpoint::Write, Fault::status(503));
    world.online("a");
    world.settle();
    assert_eq!(
        world
            .client("a")
            .rows("SELECT n FROM todos WHERE n IS NOT NULL"),
        ["17"]
    );
    let listed = world.client("a").rejected();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].changes[0].value["n"].to_string(), "\"many\"");
    world.assert_same("todos");
}

/// Trap 25.
#[test]
fn nullability_that_changes_under_the_same_log_is_taken_over() {
    let world = &mut synced();
    world
        .server()
        .alter("todos", Alter::DropNotNull("title".into()));
    world
        .server()
        .update("todos", &row([("id", FIRST)]), row([("title", None)]));
    world.settle();
    assert_eq!(world.client("a").title(FIRST).unwrap(), "NULL");
    world.assert_same("todos");
}

/// Trap 50.
#[test]
fn another_declaration_of_the_shape_is_read_anew_and_pending_writes_stay() {
    let world = &mut synced();
    world.offline("a");
    world.client("a").rename(FIRST, "mine");
    let open_only = SYNCED.replace(
        r#""indexes""#,
        r#""shape": {"where": "completed = false"}, "indexes""#,
    );
    world.reopen_as("a", &open_only);
    assert_eq!(
        world.client("a").count("todos"),
        5,
        "until the new log is here"
    );
    world.online("a");
    world.settle();
    assert_eq!(world.client("a").count("todos"), 4);
    assert_eq!(world.client("a").title(FIRST).unwrap(), "mine");
    assert_clean(world, "a");
}
