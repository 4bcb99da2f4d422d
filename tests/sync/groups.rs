//! Shapes of a group show their changes together, at one position of the server's log.

use throughline::engine::Endpoint;
use throughline_server::electric::{Column, Lag, Loss, PgType, Table, row};

use crate::support::world::{Chaos, Fault, World};

const GROUPED: &str = r#"{"name": "app", "electric": {"url": "/v1/shape"}, "write": {"url": "/changes"},
    "tables": {
        "lists": {"shape": {"group": "work"}},
        "items": {"shape": {"group": "work"}},
        "todos": {}}}"#;

/// Every list has as many items as it says.
const TORN: &str = "SELECT lists.id FROM lists WHERE size <> (SELECT count(*) FROM items WHERE list_id = lists.id)";
const STRAY: &str = "SELECT id FROM items WHERE list_id NOT IN (SELECT id FROM lists)";

fn grouped(seed: u64) -> World {
    let mut world = World::new(seed);
    let column = Column::new;
    world.server().create_table(Table::new(
        "lists",
        &["id"],
        [column("id", PgType::Int4), column("size", PgType::Int4)],
    ));
    world.server().create_table(Table::new(
        "items",
        &["id"],
        [column("id", PgType::Int4), column("list_id", PgType::Int4)],
    ));
    add_list(&mut world, 1, 2);
    world
}

/// A list and its items in one transaction.
fn add_list(world: &mut World, list: u32, size: u32) {
    world.server().transaction(|tx| {
        let (id, count) = (list.to_string(), size.to_string());
        tx.insert("lists", row([("id", &*id), ("size", &*count)]))?;
        for n in 0..size {
            let item = (list * 1_000 + n).to_string();
            tx.insert("items", row([("id", &*item), ("list_id", &*id)]))?;
        }
        Ok(())
    });
}

/// One more item in a list, in one transaction with its count.
fn grow(world: &mut World, list: u32, size: u32) {
    world.server().transaction(|tx| {
        let (id, count) = (list.to_string(), size.to_string());
        tx.update("lists", &row([("id", &*id)]), row([("size", &*count)]))?;
        let item = (list * 1_000 + size - 1).to_string();
        tx.insert("items", row([("id", &*item), ("list_id", &*id)]))
    });
}

/// Lets everything happen and looks after each step.
fn watch_closely(world: &mut World, ms: u64) {
    let until = world.now.after(ms);
    while world.step(until) {
        if world.client("a").knows("items") && world.client("a").knows("lists") {
            assert_eq!(world.client("a").rows(TORN), Vec::<String>::new());
            assert_eq!(world.client("a").rows(STRAY), Vec::<String>::new());
        }
    }
}

fn count(world: &mut World, table: &str) -> u32 {
    world.client("a").count(table)
}

#[test]
fn a_parent_and_its_children_appear_together() {
    let world = &mut grouped(1);
    world.open("a", GROUPED);
    watch_closely(world, 2_000);
    assert_eq!((count(world, "lists"), count(world, "items")), (1, 2));
    // One shape hears of it much later than the other.
    world.fault("a", Endpoint::Electric, Fault::Delay(800));
    add_list(world, 2, 3);
    watch_closely(world, 3_000);
    assert_eq!((count(world, "lists"), count(world, "items")), (2, 5));
}

#[test]
fn a_quiet_server_does_not_keep_the_last_transaction_back() {
    let world = &mut grouped(1);
    world.open("a", GROUPED);
    world.settle();
    grow(world, 1, 3);
    watch_closely(world, 1_500);
    assert_eq!(count(world, "items"), 3, "although nothing else happens");
    let held = "SELECT count(*) FROM _throughline_held";
    assert_eq!(world.client("a").rows(held), ["0"]);
}

/// Traps 16 and 19: it leaves nothing to hold, and so nothing to show.
#[test]
fn a_write_that_leaves_no_trace_in_a_groups_logs_is_confirmed() {
    let world = &mut grouped(1);
    world.open("a", GROUPED);
    world.settle();
    world.fault("a", Endpoint::Write, Fault::Delay(3_000));
    world
        .client("a")
        .run("UPDATE items SET list_id = 7 WHERE id = 1000");
    world.server().delete("items", &row([("id", "1000")]));
    world.settle();
    assert_eq!(world.seen("a").confirmed.len(), 1);
    assert_eq!(count(world, "items"), 1);
}

/// Trap 19: strictly below the position that all have reached.
#[test]
fn nothing_is_torn_in_traffic_and_faults() {
    for seed in 0..6 {
        let world = &mut grouped(seed);
        world.chaos = Some(Chaos {
            faults: 20,
            latency_ms: 300,
            harsh: false,
        });
        world.open("a", GROUPED);
        let mut sizes = vec![2];
        for n in 0..30 {
            let list = world.rng.usize(0..=sizes.len());
            if list == sizes.len() {
                sizes.push(3);
                add_list(world, list as u32 + 1, 3);
            } else {
                sizes[list] += 1;
                grow(world, list as u32 + 1, sizes[list]);
            }
            if n == 15 {
                world.crash("a");
            }
            let pause = world.rng.u64(1..400);
            watch_closely(world, pause);
        }
        world.chaos = None;
        watch_closely(world, 60_000);
        let items: u32 = sizes.iter().sum();
        assert_eq!(count(world, "items"), items, "seed {seed}");
        world.assert_same("lists");
        world.assert_same("items");
    }
}

/// Section 7.4, hole 1: the server's position has passed a large transaction before any shape can read it, and then one
/// shape reads it first.
#[test]
fn a_large_transaction_that_the_position_has_passed_appears_whole() {
    for delay in [5, 40, 60, 90, 400] {
        let world = &mut grouped(1);
        world.open("a", GROUPED);
        world.settle();
        world.server().lag(Lag {
            fragments: true,
            ..Lag::default()
        });
        add_list(world, 2, 120);
        add_list(world, 3, 2);
        // Both shapes learn of the position, one of them again while the transaction becomes readable.
        world.offline("a");
        world.online("a");
        watch_closely(world, 300);
        assert_eq!(count(world, "items"), 2, "not readable");
        world.fault("a", Endpoint::Electric, Fault::LateAnswer(delay));
        world.offline("a");
        world.online("a");
        world.run_for(delay / 2);
        world.server().lag(Lag::default());
        watch_closely(world, 30_000);
        assert_eq!((count(world, "lists"), count(world, "items")), (3, 124));
    }
}

#[test]
fn a_refetch_of_one_shape_lets_the_group_wait_and_then_go_on() {
    let world = &mut grouped(1);
    world.open("a", GROUPED);
    world.settle();
    world.server().restart(Loss::Shapes);
    grow(world, 1, 3);
    add_list(world, 2, 2);
    watch_closely(world, 5_000);
    assert_eq!((count(world, "lists"), count(world, "items")), (2, 5));
    world.server().truncate("items");
    world
        .server()
        .update("lists", &row([("id", "1")]), row([("size", "0")]));
    world.settle();
    assert_eq!(count(world, "items"), 0);
}

#[test]
fn what_was_held_survives_a_crash() {
    for effects in 0..16 {
        let world = &mut grouped(effects as u64);
        world.open("a", GROUPED);
        world.settle();
        world.crash_after("a", effects);
        world.fault("a", Endpoint::Electric, Fault::Delay(400));
        grow(world, 1, 3);
        add_list(world, 2, 2);
        world.run_for(5_000);
        world.unscript("a");
        assert_eq!(world.client("a").rows(TORN), Vec::<String>::new());
        assert_eq!(count(world, "items"), 5, "after {effects} effects");
    }
}

#[test]
fn a_shape_that_leaves_is_not_waited_for() {
    let world = &mut grouped(1);
    world.open("a", GROUPED);
    world.settle();
    let remove = throughline::tabs::Request::RemoveShape {
        table: "lists".into(),
        name: "default".into(),
        purge: false,
    };
    world.client("a").ask(remove).unwrap();
    grow(world, 1, 3);
    world.settle();
    assert_eq!(count(world, "items"), 3);
}

#[test]
fn a_shape_that_is_in_no_group_any_more_loses_nothing_that_was_held() {
    let world = &mut grouped(1);
    world.open("a", GROUPED);
    world.settle();
    // Only one shape hears of it, so it is held.
    world.fault("a", Endpoint::Electric, Fault::Silence);
    world.fault("a", Endpoint::Electric, Fault::Silence);
    add_list(world, 2, 2);
    world.run_for(100);
    let alone = GROUPED.replace(r#"{"shape": {"group": "work"}}"#, "{}");
    world.reopen_as("a", &alone);
    world.settle();
    assert_eq!((count(world, "lists"), count(world, "items")), (2, 4));
    grow(world, 2, 3);
    world.settle();
    assert_eq!(count(world, "items"), 5);
    let held = "SELECT count(*) FROM _throughline_held";
    assert_eq!(world.client("a").rows(held), ["0"]);
}
