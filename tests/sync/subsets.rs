//! `changes_only` shapes and the subsets loaded beside their logs (protocol section 10).

use throughline::engine::Endpoint;
use throughline::ids::RequestId;
use throughline::schema::Subset;
use throughline::tabs::{Reply, Request, ShapePhase};
use throughline_server::electric::Loss;

use crate::support::world::{Fault, World};
use crate::{FIRST, SECOND, assert_clean, fresh};

const CHANGES: &str = r#"{"name": "app", "electric": {"url": "/v1/shape"}, "write": {"url": "/changes"},
    "tables": {"todos": {"shape": {"log": "changes_only"}}}}"#;

fn changes_only() -> World {
    let mut world = World::new(1);
    world.open("a", CHANGES);
    world.settle();
    world
}

fn subset(condition: &str) -> Subset {
    Subset {
        where_clause: Some(condition.into()),
        ..Subset::default()
    }
}

fn send(world: &mut World, subset: Subset) -> RequestId {
    world.client("a").send(Request::LoadSubset {
        table: "todos".into(),
        name: "default".into(),
        subset,
    })
}

/// Loads a subset; how many rows came.
fn load(world: &mut World, subset: Subset) -> u64 {
    let id = send(world, subset);
    world.settle();
    match world.client("a").reply(id) {
        Some(Ok(Reply::Loaded(rows))) => rows,
        other => panic!("{other:?}"),
    }
}

fn titles(world: &mut World) -> Vec<String> {
    world
        .client("a")
        .rows("SELECT title FROM todos ORDER BY id")
}

#[test]
fn nothing_is_here_but_what_happens_and_what_is_asked_for() {
    let world = &mut changes_only();
    assert!(world.sent.iter().any(|one| one.url.contains("offset=now")));
    assert_eq!(titles(world), Vec::<String>::new());
    assert_eq!(world.client("a").status().shapes[0].phase, ShapePhase::Live);
    assert_eq!(load(world, subset("completed = true")), 1);
    assert_eq!(titles(world).len(), 1);
    world.server().add_todo(&fresh(1), "new");
    world.server().rename(FIRST, "not here");
    world.settle();
    assert_eq!(titles(world)[0], "new");
    assert_eq!(
        titles(world).len(),
        2,
        "an update of an unknown row is none"
    );
    world.server().remove(&fresh(1));
    world.settle();
    assert_eq!(titles(world).len(), 1);
}

#[test]
fn a_page_of_a_subset_comes_in_its_order() {
    let world = &mut changes_only();
    let page = |offset| Subset {
        order_by: Some("id".into()),
        limit: Some(2),
        offset: Some(offset),
        ..Subset::default()
    };
    assert_eq!(load(world, page(0)), 2);
    assert_eq!(load(world, page(2)), 2);
    let all = world.server().texts("todos", "id");
    assert_eq!(
        world.client("a").rows("SELECT id FROM todos ORDER BY id"),
        all[..4]
    );
}

/// Trap 34: the position is the log's own.
#[test]
fn a_subset_never_moves_the_position_of_the_log() {
    let world = &mut changes_only();
    let before = world.client("a").position("todos");
    // The server has gone on when the subset is read, and the log has not told of it.
    let id = send(world, subset("title = 'meanwhile'"));
    world.server().rename(FIRST, "meanwhile");
    world.run_until("the rows", |world| {
        world.seen("a").replies.contains_key(&id)
    });
    assert_eq!(world.client("a").position("todos"), before);
    world.server().rename(FIRST, "afterwards");
    world.settle();
    assert_eq!(titles(world), ["afterwards"]);
}

/// Trap 35 and the visibility filter: what a subset contains is not told twice, what it does not is.
#[test]
fn what_the_log_tells_later_and_the_subset_holds_already_changes_nothing() {
    // Every transaction is a chunk of its own, and each is looked at.
    let world = &mut World::chunked(1, 10);
    world.open("a", CHANGES);
    world.settle();
    let id = send(world, subset("completed = false"));
    for n in 0..4 {
        world.server().rename(FIRST, &format!("title {n}"));
    }
    world.server().add_todo(&fresh(1), "new");
    world.run_until("the rows", |world| {
        world.seen("a").replies.contains_key(&id)
    });
    world.server().rename(FIRST, "title 5");
    let sql = format!("SELECT title FROM todos WHERE id = '{FIRST}'");
    let mut shown = Vec::new();
    let until = world.now.after(1_000);
    while world.step(until) {
        shown.extend(world.client("a").rows(&sql));
    }
    shown.dedup();
    assert_eq!(shown, ["title 3", "title 5"], "the row never went back");
    assert!(titles(world).contains(&"new".to_owned()));
    let open = "SELECT count(*) FROM _throughline_subsets WHERE snapshot IS NOT NULL";
    assert_eq!(
        world.client("a").rows(open),
        ["0"],
        "and the filter is gone"
    );
}

#[test]
fn a_refetch_loads_the_subsets_again_and_shows_no_gap() {
    let world = &mut changes_only();
    load(world, subset("completed = false"));
    load(world, subset("completed = true"));
    world
        .client("a")
        .watch(1, "SELECT title FROM todos ORDER BY id", &["title"]);
    let before = titles(world);
    assert_eq!(before.len(), 5);
    world.server().restart(Loss::Shapes);
    world.server().rename(SECOND, "renamed");
    world.settle();
    let history = world.client("a").history(1);
    assert!(history.iter().all(|shown| shown.len() == 5), "{history:?}");
    assert_eq!(history.len(), 2, "one step: {history:?}");
    assert!(titles(world).contains(&"renamed".to_owned()));
}

#[test]
fn a_refetch_with_subsets_survives_a_crash_at_any_moment() {
    for effects in 0..20 {
        let world = &mut changes_only();
        load(world, subset("completed = false"));
        world.server().restart(Loss::Shapes);
        world.server().rename(SECOND, "renamed");
        world.crash_after("a", effects);
        world.settle();
        world.unscript("a");
        assert_eq!(titles(world).len(), 4, "after {effects} effects");
        assert!(titles(world).contains(&"renamed".to_owned()));
        assert_eq!(world.client("a").status().shapes[0].rows, 4);
    }
}

#[test]
fn subsets_of_a_new_log_that_failed_are_asked_for_again_whatever_the_clock_does() {
    for by_ms in [-24 * 60 * 60 * 1000, 0, 24 * 60 * 60 * 1000] {
        for steps in 0..20 {
            let world = &mut changes_only();
            load(world, subset("completed = false"));
            world.server().restart(Loss::Shapes);
            world.server().rename(SECOND, "renamed");
            world.run_until("a request for the subset", |world| {
                world.sent.iter().filter(|one| one.body.is_some()).count() == 2
            });
            for _ in 0..2 {
                world.fault("a", Endpoint::Electric, Fault::DropRequest);
            }
            world.break_connections("a");
            for _ in 0..steps {
                world.step(world.now.after(60_000));
            }
            world.set_clock(by_ms);
            world.settle();
            assert_eq!(titles(world).len(), 4, "by {by_ms} ms after {steps}");
            assert!(titles(world).contains(&"renamed".to_owned()));
        }
    }
}

#[test]
fn a_subset_that_cannot_be_is_refused_and_one_without_a_network_fails() {
    let world = &mut changes_only();
    let unordered = Subset {
        limit: Some(1),
        ..Subset::default()
    };
    for (wrong, code) in [
        (unordered, "ARGUMENT"),
        (subset("no_such_column = 1"), "SHAPE_REJECTED"),
    ] {
        let id = send(world, wrong);
        world.settle();
        let error = world.client("a").reply(id).unwrap().unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    world.offline("a");
    let id = send(world, subset("completed = true"));
    world.run_for(5_000);
    let error = world.client("a").reply(id).unwrap().unwrap_err();
    assert_eq!((error.code(), error.retryable()), ("NETWORK", true));
    world.online("a");
    world.settle();
    assert_eq!(load(world, subset("completed = true")), 1);
}

#[test]
fn a_log_that_ends_while_a_subset_loads_brings_it_with_the_next() {
    let world = &mut changes_only();
    world.server().restart(Loss::Shapes);
    assert_eq!(load(world, subset("completed = true")), 1);
    assert_eq!(titles(world).len(), 1);
}

/// An app may say so twice, and the browser's events lead to it too.
#[test]
fn connecting_while_a_subset_loads_does_not_move_the_log() {
    let world = &mut changes_only();
    world.fault("a", Endpoint::Electric, Fault::LateAnswer(5_000));
    let id = send(world, subset("completed = true"));
    world.run_for(100);
    // The subset's log ends while its answer is on the way.
    world.server().restart(Loss::Shapes);
    world.client("a").connect();
    world.run_for(1_000);
    assert_eq!(world.requests_out("a"), 1, "the subset alone");
    world.settle();
    let reply = world.client("a").reply(id);
    assert!(matches!(reply, Some(Ok(Reply::Loaded(1)))), "{reply:?}");
    assert_eq!(titles(world).len(), 1);
    assert_eq!(
        load(world, subset("completed = false")),
        4,
        "and it goes on"
    );
}

#[test]
fn a_write_to_a_row_of_a_subset_is_confirmed() {
    let world = &mut changes_only();
    load(world, subset("completed = false"));
    world.fault("a", Endpoint::Write, Fault::Delay(500));
    world.client("a").rename(FIRST, "mine");
    world.client("a").add_todo(&fresh(9), "mine too");
    world.settle();
    assert_clean(world, "a");
    assert!(titles(world).contains(&"mine".to_owned()));
    assert!(titles(world).contains(&"mine too".to_owned()));
}

#[test]
fn a_shape_with_all_rows_has_no_subsets() {
    let world = &mut crate::synced();
    let id = send(world, Subset::default());
    world.settle();
    let error = world.client("a").reply(id).unwrap().unwrap_err();
    assert_eq!(error.code(), "ARGUMENT", "{error}");
}
