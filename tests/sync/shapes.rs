//! Several shapes over one table, and shapes that come, change and go while the app runs.

use throughline::engine::Endpoint;
use throughline::schema::ShapeDeclaration;
use throughline::tabs::{Request, ShapePhase};
use throughline_server::electric::row;

use crate::support::world::{Fault, SYNCED, World};
use crate::{FIRST, SECOND, assert_clean, fresh};

/// Open todos by one shape, those called "shared …" by another; some are in both.
const TWO: &str = r#"{"name": "app", "electric": {"url": "/v1/shape"}, "write": {"url": "/changes"},
    "tables": {"todos": {"indexes": ["created_at"], "shapes": {
        "open": {"where": "completed = false"},
        "shared": {"where": "title >= 'shared' AND title < 'sharee'"}}}}}"#;

/// No shape but those that the app sets.
const NONE: &str = r#"{"name": "app", "electric": {"url": "/v1/shape"}, "write": {"url": "/changes"},
    "tables": {"todos": {"shapes": {}}}}"#;

const HELD: &str = "SELECT count(*) FROM _throughline_members_todos WHERE _throughline_holder > 0";

fn two() -> World {
    let mut world = World::new(1);
    world.open("a", TWO);
    world.settle();
    world
}

fn titles(world: &mut World) -> Vec<String> {
    world
        .client("a")
        .rows("SELECT title FROM todos ORDER BY title")
}

fn set_shape(world: &mut World, name: &str, condition: &str) {
    let shape = ShapeDeclaration {
        where_clause: Some(condition.into()),
        ..ShapeDeclaration::default()
    };
    let request = Request::SetShape {
        table: "todos".into(),
        name: name.into(),
        shape,
    };
    world.client("a").ask(request).unwrap();
}

fn remove_shape(world: &mut World, name: &str, purge: bool) {
    let request = Request::RemoveShape {
        table: "todos".into(),
        name: name.into(),
        purge,
    };
    world.client("a").ask(request).unwrap();
}

/// The rows that the server has under a condition, as the client is to show them.
fn server_titles(world: &mut World, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let mut titles = world.server().texts("todos", "title");
    titles.retain(|title| wanted(title));
    titles.sort();
    titles
}

#[test]
fn a_row_is_here_while_one_shape_holds_it() {
    let world = &mut two();
    let before = titles(world);
    world.server().add_todo(&fresh(1), "shared with you");
    world.settle();
    assert_eq!(titles(world).len(), before.len() + 1);
    let holders = format!("{HELD} AND id = '{}'", fresh(1));
    assert_eq!(world.client("a").rows(&holders), ["2"]);

    world.server().rename(&fresh(1), "mine again");
    world.settle();
    assert_eq!(world.client("a").rows(&holders), ["1"], "left one shape");
    assert!(titles(world).contains(&"mine again".to_owned()));

    world.server().complete(&fresh(1));
    world.settle();
    assert_eq!(world.client("a").rows(&holders), ["0"]);
    assert_eq!(titles(world), before, "and the other");
}

#[test]
fn a_row_in_two_shapes_never_goes_back_in_time() {
    let world = &mut two();
    world.server().add_todo(&fresh(1), "shared 1");
    world.settle();
    let sql = format!("SELECT title FROM todos WHERE id = '{}'", fresh(1));
    world.client("a").watch(1, &sql, &["title"]);
    // One shape hears of each change long before the other.
    for n in 2..6 {
        world.fault("a", Endpoint::Electric, Fault::Delay(700));
        world.server().rename(&fresh(1), &format!("shared {n}"));
        world.run_for(200);
    }
    world.settle();
    let history = world.client("a").history(1).concat();
    let mut sorted = history.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(history, sorted);
    assert_eq!(history.last().unwrap(), "shared 5");
}

/// The answer to the next poll of one shape comes late: of the first to poll again, or of the second.
fn delay_one(world: &mut World, first: bool) {
    if !first {
        world.fault("a", Endpoint::Electric, Fault::LateAnswer(10));
    }
    world.fault("a", Endpoint::Electric, Fault::LateAnswer(700));
}

/// One shape sees the row change and leave, the other sees it change twice; either may be first.
#[test]
fn what_a_transaction_undoes_is_never_shown_whichever_shape_tells_first() {
    let world = &mut two();
    world.server().add_todo(&fresh(1), "shared");
    world.settle();
    let sql = format!("SELECT title FROM todos WHERE id = '{}'", fresh(1));
    world.client("a").watch(1, &sql, &["title"]);
    for n in 0..6 {
        delay_one(world, n % 2 == 0);
        world.server().rename(&fresh(1), "shared");
        world.run_for(1_000);
        let key = row([("id", fresh(1).as_str())]);
        world.server().transaction(|tx| {
            tx.update("todos", &key, row([("title", "shared, for a moment")]))?;
            tx.update("todos", &key, row([("title", "mine")]))?;
            Ok(())
        });
        world.settle();
        assert_eq!(world.client("a").rows(&sql), ["mine"], "{n}");
    }
    let history = world.client("a").history(1).concat();
    assert!(
        !history.iter().any(|title| title.ends_with("moment")),
        "{history:?}"
    );
}

/// What the one showed of the row counts although it holds it no longer.
#[test]
fn a_row_that_left_one_shape_does_not_go_back_to_where_the_other_is() {
    let world = &mut two();
    world.server().add_todo(&fresh(1), "shared 0");
    world.settle();
    let sql = format!("SELECT title FROM todos WHERE id = '{}'", fresh(1));
    world.client("a").watch(1, &sql, &["title"]);
    let mut last = String::from("shared 0");
    for n in 1..6 {
        delay_one(world, n % 2 == 0);
        for title in ["a", "b", "c"] {
            last = format!("shared {n} {title}");
            world.server().rename(&fresh(1), &last);
            world.run_for(30);
        }
        world.server().complete(&fresh(1));
        world.run_for(2_000);
        let key = row([("id", fresh(1).as_str())]);
        world
            .server()
            .update("todos", &key, row([("completed", "false")]));
        world.settle();
    }
    let history = world.client("a").history(1).concat();
    let mut sorted = history.clone();
    sorted.sort();
    assert_eq!(history, sorted);
    assert_eq!(history.last(), Some(&last));
}

#[test]
fn a_write_is_confirmed_when_all_its_shapes_have_it() {
    let world = &mut two();
    world.client("a").add_todo(&fresh(1), "shared by me");
    world.client("a").rename(FIRST, "shared too");
    world.settle();
    assert_clean(world, "a");
    assert_eq!(world.client("a").count("todos_local"), 0);
    assert!(titles(world).contains(&"shared by me".to_owned()));
}

#[test]
fn a_refetch_of_one_shape_leaves_the_rows_of_the_other() {
    let world = &mut two();
    world.server().add_todo(&fresh(1), "shared and open");
    world.settle();
    world
        .client("a")
        .watch(1, "SELECT title FROM todos ORDER BY title", &["title"]);
    world.fault("a", Endpoint::Electric, Fault::status(409));
    world.server().rename(SECOND, "shared from now on");
    world.settle();
    for shown in world.client("a").history(1) {
        assert!(shown.contains(&"shared and open".to_owned()), "{shown:?}");
    }
    let all = server_titles(world, |_| true);
    assert!(titles(world).iter().all(|title| all.contains(title)));
    assert!(titles(world).contains(&"shared from now on".to_owned()));
}

#[test]
fn a_shape_that_changes_shows_the_old_rows_until_the_new_ones_are_complete() {
    let world = &mut World::new(1);
    world.open("a", NONE);
    set_shape(world, "mine", "completed = false");
    world.settle();
    let before = titles(world);
    assert!(!before.is_empty());
    world
        .client("a")
        .watch(1, "SELECT title FROM todos ORDER BY title", &["title"]);
    set_shape(world, "mine", "completed = true");
    assert_eq!(
        world.client("a").status().shapes[0].phase,
        ShapePhase::Loading
    );
    assert_eq!(titles(world), before);
    world.settle();
    let after = titles(world);
    assert_eq!(world.client("a").history(1), [before, after], "one step");
}

#[test]
fn setting_the_same_shape_again_asks_for_nothing() {
    let world = &mut World::new(1);
    world.open("a", NONE);
    set_shape(world, "mine", "completed = false");
    world.settle();
    let sent = world.sent.len();
    set_shape(world, "mine", "completed = false");
    assert_eq!(world.sent.len(), sent);
}

/// Trap 42: and is asked for no more.
#[test]
fn a_shape_that_ends_keeps_its_rows_or_takes_them_along() {
    let world = &mut World::new(1);
    world.open("a", NONE);
    set_shape(world, "open", "completed = false");
    set_shape(world, "shared", "title >= 'shared' AND title < 'sharee'");
    world.server().add_todo(&fresh(1), "shared and open");
    world.settle();
    let both = titles(world);

    remove_shape(world, "open", false);
    assert_eq!(titles(world), both, "kept as they are");
    assert_eq!(world.client("a").status().shapes.len(), 1);
    let sent = world.sent.len();
    world.run_for(60_000);
    let asked = |one: &crate::support::world::Sent| one.url.contains("completed");
    assert!(!world.sent[sent..].iter().any(asked), "no more polls");
    world.server().add_todo(&fresh(2), "not for us");
    world.settle();
    assert_eq!(titles(world), both, "and no longer synced");

    set_shape(world, "open", "completed = false");
    world.settle();
    let position = |one: &crate::support::world::Sent| one.url.contains("offset=-1");
    assert_eq!(
        world.sent.iter().filter(|one| position(one)).count(),
        2,
        "it went on where it was"
    );
    assert!(titles(world).contains(&"not for us".to_owned()));

    remove_shape(world, "open", true);
    assert_eq!(titles(world), ["shared and open"], "held by the other");
    remove_shape(world, "shared", true);
    assert_eq!(titles(world), Vec::<String>::new());
    assert_eq!(world.client("a").count("_throughline_members_todos"), 0);
}

#[test]
fn a_purge_leaves_what_was_written_here() {
    let world = &mut World::new(1);
    world.open("a", NONE);
    set_shape(world, "open", "completed = false");
    world.settle();
    world.client("a").disconnect();
    world.client("a").rename(FIRST, "typed on a train");
    remove_shape(world, "open", true);
    let pending = world.client("a").pending();
    assert_eq!(pending.len(), 1);
    world.client("a").connect();
    set_shape(world, "open", "completed = false");
    world.settle();
    assert_clean(world, "a");
    assert!(titles(world).contains(&"typed on a train".to_owned()));
}

#[test]
fn shapes_survive_a_crash_at_any_moment() {
    for effects in 0..24 {
        let world = &mut World::new(effects as u64);
        world.open("a", TWO);
        world.server().add_todo(&fresh(1), "shared and open");
        world.crash_after("a", effects);
        world.settle();
        world.unscript("a");
        world.server().rename(&fresh(1), "open");
        world.settle();
        let open_or_shared = titles(world);
        let again = &mut two_like(world);
        assert_eq!(open_or_shared, *again, "after {effects} effects");
    }
}

/// What a client that opens now is shown.
fn two_like(world: &mut World) -> Vec<String> {
    world.open("b", TWO);
    world.settle();
    world
        .client("b")
        .rows("SELECT title FROM todos ORDER BY title")
}

#[test]
fn a_declared_shape_that_is_no_longer_declared_takes_its_rows_along() {
    let world = &mut two();
    world.server().add_todo(&fresh(1), "shared and open");
    world.settle();
    let only_shared = TWO.replace(r#""open": {"where": "completed = false"},"#, "");
    world.reopen_as("a", &only_shared);
    world.settle();
    assert_eq!(titles(world), ["shared and open"]);
}

#[test]
fn shapes_of_one_table_select_the_same_columns() {
    let world = &mut World::new(1);
    world.open("a", SYNCED);
    world.settle();
    let shape = ShapeDeclaration {
        columns: Some(vec!["id".into(), "title".into()]),
        ..ShapeDeclaration::default()
    };
    let request = Request::SetShape {
        table: "todos".into(),
        name: "narrow".into(),
        shape,
    };
    let error = world.client("a").ask(request).unwrap_err();
    assert_eq!(error.code(), "ARGUMENT", "{error}");
    let unknown = Request::RemoveShape {
        table: "nothing".into(),
        name: "default".into(),
        purge: true,
    };
    assert_eq!(
        world.client("a").ask(unknown).unwrap_err().code(),
        "ARGUMENT"
    );
}
