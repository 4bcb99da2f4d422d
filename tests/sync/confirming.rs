//! What shows that a write is back: each rule against the cases that defeat the simpler ones.

use throughline::change::TransactionState;
use throughline::engine::Endpoint;
use throughline_server::electric::{Column, Loss, PgType, Table, row};

use crate::assert_clean;
use crate::support::world::{Fault, World};

const RULES: [&str; 5] = ["auto", "write_id", "txid", "lsn", "ledger"];

/// Rows that are there from the start.
const KEPT: &str = "kept";
const GONE: &str = "gone";

fn options(rule: &str) -> String {
    format!(
        r#"{{"name": "app", "electric": {{"url": "/v1/shape"}},
        "write": {{"url": "/changes", "confirmBy": "{rule}"}},
        "tables": {{"notes": {{"shape": {{"where": "open = true"}}}}}}}}"#
    )
}

/// One client that syncs the open notes.
fn synced(rule: &str) -> World {
    let mut world = World::with_ledger(1);
    world.server().create_table(Table::new(
        "notes",
        &["id"],
        [
            Column::new("id", PgType::Text),
            Column::new("body", PgType::Text),
            Column::new("open", PgType::Bool),
            Column::new("write_id", PgType::Uuid),
        ],
    ));
    for id in [KEPT, GONE] {
        let note = row([("id", id), ("body", "theirs"), ("open", "true")]);
        world.server().insert("notes", note);
    }
    world.open("a", &options(rule));
    world.settle();
    world
}

const EDIT: &str = "UPDATE notes SET body = 'mine' WHERE id = 'kept'";

fn body_of(world: &mut World, id: &str) -> Vec<String> {
    let sql = format!("SELECT body FROM notes WHERE id = '{id}'");
    world.client("a").rows(&sql)
}

/// The write is applied, nothing of that is heard, others go on, and a new log begins: what we wrote is not to be seen.
fn unheard(world: &mut World, others: impl FnOnce(&mut World)) {
    world.fault("a", Endpoint::Write, Fault::DropAnswer);
    let key = world.client("a").run(EDIT).unwrap();
    world.fault("a", Endpoint::Electric, Fault::DropAnswer);
    world.run_until("arrival", |world| world.ledger.applied().contains_key(&key));
    world.offline("a");
    others(world);
    world.server().restart(Loss::Shapes);
    world.online("a");
}

fn seen(world: &mut World) {
    world.client("a").run(EDIT);
}

fn deleted(world: &mut World) {
    world.client("a").run("DELETE FROM notes WHERE id = 'kept'");
}

fn outside_the_shape(world: &mut World) {
    world
        .client("a")
        .run("INSERT INTO notes (id, body, open) VALUES ('new', 'mine', false)");
}

fn outside_the_shape_with_traffic(world: &mut World) {
    outside_the_shape(world);
    world.run_until("acceptance", |world| !world.seen("a").accepted.is_empty());
    world.server().heartbeat();
}

fn overwritten_and_refetched(world: &mut World) {
    unheard(world, |world| {
        let other = "00000000-0000-4000-8000-0000000000ff";
        let values = row([("body", "theirs again"), ("write_id", other)]);
        let key = row([("id", KEPT)]);
        assert!(world.server().update("notes", &key, values));
    });
}

fn deleted_and_created_again(world: &mut World) {
    unheard(world, |world| {
        assert!(world.server().delete("notes", &row([("id", KEPT)])));
        let note = row([("id", KEPT), ("body", "new"), ("open", "true")]);
        world.server().insert("notes", note);
    });
}

fn met_no_row(world: &mut World) {
    world.offline("a");
    world
        .client("a")
        .run("UPDATE notes SET body = 'mine' WHERE id = 'gone'");
    assert!(world.server().delete("notes", &row([("id", GONE)])));
    world.online("a");
}

type Case = (&'static str, fn(&mut World), [bool; 5]);

/// Whether each of [`RULES`] confirms it, on a database where nothing else happens unless it says so: there a position
/// read after the commit is not reached, and after a restart the service knows the last one no more.
const CASES: [Case; 7] = [
    (
        "a change that comes back",
        seen,
        [true, true, true, false, true],
    ),
    (
        "a delete that comes back",
        deleted,
        [true, true, true, false, true],
    ),
    (
        "a row outside the shape, on a quiet database",
        outside_the_shape,
        [false, false, false, false, true],
    ),
    (
        "a row outside the shape",
        outside_the_shape_with_traffic,
        [true, false, false, true, true],
    ),
    (
        "a write id overwritten before we read it",
        overwritten_and_refetched,
        [true, false, true, false, true],
    ),
    (
        "a row deleted and created again before we read it",
        deleted_and_created_again,
        [true, false, true, true, true],
    ),
    ("a row that was gone by then", met_no_row, [true; 5]),
];

#[test]
fn each_rule_confirms_what_it_can_and_shows_what_it_cannot() {
    for (case, play, expected) in CASES {
        for (rule, expected) in RULES.into_iter().zip(expected) {
            let world = &mut synced(rule);
            play(world);
            world.run_for(600_000);
            let pending = world.client("a").pending();
            assert_eq!(pending.is_empty(), expected, "{rule}: {case}");
            if expected {
                assert_clean_notes(world);
                world.assert_sound();
                continue;
            }
            // Never by a time-out; and it is there to be seen.
            let [write] = &pending[..] else {
                panic!("{rule}: {case}: {pending:?}");
            };
            assert_eq!(write.state, TransactionState::Accepted, "{rule}: {case}");
            assert_eq!(world.seen("a").confirmed, [], "{rule}: {case}");
        }
    }
}

fn assert_clean_notes(world: &mut World) {
    for table in ["notes_local", "_throughline_changes", "_throughline_outbox"] {
        assert_eq!(world.client("a").count(table), 0, "{table}");
    }
}

/// What is confirmed by the ledger alone leaves the view in the moment the server's word on it is in.
#[test]
fn the_view_never_shows_an_older_value_under_any_rule() {
    for rule in RULES {
        let world = &mut synced(rule);
        let sql = "SELECT body FROM notes WHERE id = 'kept'";
        world.client("a").watch(1, sql, &[]);
        seen(world);
        world.run_for(60_000);
        world.server().heartbeat();
        world.run_for(60_000);
        let history = world.client("a").history(1);
        assert_eq!(history, [["theirs"], ["mine"]], "{rule}");
        assert_eq!(world.client("a").pending(), [], "{rule}");
    }
}

#[test]
fn the_ledger_accepts_a_write_whose_answer_never_came() {
    let world = &mut synced("ledger");
    world.fault("a", Endpoint::Write, Fault::Silence);
    let sent = world.sent.len();
    world.fault("a", Endpoint::Write, Fault::LateAnswer(300_000));
    seen(world);
    world.run_for(55_000);
    assert_eq!(world.client("a").pending().len(), 1, "it was never sent");
    world.run_for(30_000);
    assert_eq!(world.client("a").pending(), []);
    let posts = world.sent[sent..]
        .iter()
        .filter(|sent| sent.endpoint == Endpoint::Write);
    assert_eq!(posts.count(), 2);
    assert_eq!(world.seen("a").accepted.len(), 1);
    // The answer that comes at last changes nothing.
    world.run_for(400_000);
    assert_eq!(body_of(world, KEPT), ["mine"]);
    assert_eq!(world.seen("a").confirmed.len(), 1);
    assert_clean_notes(world);
}

#[test]
fn what_the_ledger_told_outlives_the_session() {
    let world = &mut synced("ledger");
    world.fault("a", Endpoint::Write, Fault::DropAnswer);
    outside_the_shape(world);
    world.run_until("acceptance", |world| !world.seen("a").accepted.is_empty());
    world.crash("a");
    let posts = world.sent.len();
    world.settle();
    assert_clean_notes(world);
    assert!(
        world.sent[posts..]
            .iter()
            .all(|sent| sent.endpoint == Endpoint::Electric)
    );
}

/// A rejection has a row in the ledger, too.
#[test]
fn a_rejection_in_the_ledger_confirms_nothing() {
    let world = &mut World::with_ledger(1);
    let options = r#"{"name": "app", "electric": {"url": "/v1/shape"},
        "write": {"url": "/changes", "confirmBy": "ledger"}, "tables": {"todos": {}}}"#;
    world.open("a", options);
    world.settle();
    world.client("a").rename(crate::FIRST, "");
    world.client("a").rename(crate::SECOND, "fine");
    world.settle();
    assert_eq!(world.client("a").rejected().len(), 1);
    assert_eq!(world.seen("a").confirmed.len(), 1);
    world.assert_same("todos");
    let listed: Vec<_> = world.seen("a").status.clone().unwrap().shapes;
    assert_eq!(listed[1].table, "throughline_ledger");
    world
        .client("a")
        .ask(throughline::tabs::Request::Discard {
            number: throughline::ids::TransactionId(1),
            dependents: false,
        })
        .unwrap();
    assert_clean(world, "a");
}

/// Only this client's rows are asked for.
#[test]
fn the_ledger_is_asked_for_ones_own_rows() {
    let world = &mut synced("ledger");
    let key = world.client("a").run(EDIT).unwrap();
    let client = key.rsplit_once(':').unwrap().0;
    let asked = world
        .sent
        .iter()
        .filter(|sent| sent.url.contains("table=throughline_ledger"));
    for sent in asked {
        assert!(
            sent.url.contains("where=client_id%20%3D%20%241")
                || sent.url.contains("where=client_id+%3D+%241"),
            "{}",
            sent.url
        );
        assert!(sent.url.contains(client), "{}", sent.url);
    }
}
