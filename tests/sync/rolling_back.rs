//! What a rejection takes along, by policy and by declared references, and what it leaves.

mod declared;

use throughline::engine::{Config, Endpoint, Engine, open_memory};
use throughline::ids::Millis;
use throughline::tabs::Persistence;
use throughline_server::electric::{Column, PgType, Table, row};

use crate::support::world::{Fault, World};
use crate::{FIRST, SECOND, THIRD, fresh};

/// Todos, and items that refer to them.
const OPTIONS: &str = r#"{"name": "app", "electric": {"url": "/v1/shape"}, "write": {"url": "/changes", "coalesce": false POLICY},
    "tables": {"todos": {}, "items": {"references": [{"columns": ["todo"], "table": "todos"}]}}}"#;

const POLICIES: [&str; 3] = ["dependents", "row", "all"];

/// Its first POST is refused, and the next one is not answered. A second client is offline, to show what should be.
fn refused(policy: &str) -> World {
    let mut world = World::new(1);
    let columns = [
        ("id", PgType::Uuid),
        ("todo", PgType::Uuid),
        ("note", PgType::Text),
    ];
    let columns = columns.map(|(name, ty)| Column::new(name, ty));
    world
        .server()
        .create_table(Table::new("items", &["id"], columns));
    for n in [1, 2] {
        world
            .server()
            .insert("items", row([("id", fresh(n).as_str()), ("todo", FIRST)]));
    }
    let chosen = match policy {
        "" => String::new(),
        policy => format!(r#", "onRejection": "{policy}""#),
    };
    for name in ["a", "b"] {
        world.open(name, &OPTIONS.replace("POLICY", &chosen));
    }
    world.settle();
    world.client("b").disconnect();
    world.fault("a", Endpoint::Write, Fault::status(422));
    world.fault("a", Endpoint::Write, Fault::Silence);
    world
}

/// Everything that the app sees, but for the write ids, which are never the same.
fn seen_by(world: &mut World, name: &str) -> Vec<String> {
    let mut client = world.client(name);
    let mut seen = client.rows("SELECT id, title, completed, created_at FROM todos ORDER BY id");
    seen.extend(client.rows("SELECT * FROM items ORDER BY id"));
    seen
}

/// Makes the writes; the first is rejected while the others wait behind it. What is seen then is what it would be had
/// there been only the ones in `left`. Returns the numbers of the rejected ones as they were told.
fn roll_back(policy: &str, writes: &[String], left: &[String]) -> Vec<i64> {
    let world = &mut refused(policy);
    let before = seen_by(world, "a");
    for sql in writes {
        world.client("a").run(sql);
    }
    world.run_for(100);
    for sql in left {
        world.client("b").run(sql);
    }
    let shown = seen_by(world, "a");
    assert_eq!(shown, seen_by(world, "b"), "{policy}: {writes:#?}");
    assert_eq!(left.is_empty(), shown == before, "{policy}: {writes:#?}");
    world.client("a").assert_sound();
    let told = &world.seen("a").rejected;
    for (at, record) in told.iter().enumerate() {
        let error = record.error.as_ref().unwrap();
        let culprit = (at > 0).then_some(told[0].number);
        assert_eq!(record.caused_by, culprit);
        assert_eq!(error.code == "DEPENDS_ON_REJECTED", at > 0, "{error:?}");
    }
    let told: Vec<i64> = told.iter().map(|record| record.number.0).collect();
    world.crash("a");
    assert_eq!(seen_by(world, "a"), shown, "after a reload");
    let listed = world.client("a").rejected();
    let listed: Vec<i64> = listed.iter().map(|record| record.number.0).collect();
    assert_eq!(listed, told, "the journal");
    world.client("b").disconnect();
    world.settle();
    told
}

#[test]
fn a_rejected_update_takes_along_what_its_policy_says() {
    let writes = [
        format!("UPDATE todos SET title = 'refused' WHERE id = '{FIRST}'"),
        format!("UPDATE todos SET completed = true WHERE id = '{FIRST}'"),
        format!("UPDATE todos SET title = title || '!' WHERE id = '{SECOND}'"),
        format!("UPDATE todos SET created_at = NULL WHERE id IN ('{FIRST}', '{SECOND}')"),
        format!("DELETE FROM todos WHERE id = '{SECOND}'"),
        format!("UPDATE todos SET title = 'third' WHERE id = '{THIRD}'"),
    ];
    assert_eq!(roll_back("dependents", &writes, &writes[1..]), [1]);
    assert_eq!(roll_back("", &writes, &writes[1..]), [1], "the default");
    assert_eq!(
        roll_back("row", &writes, &[writes[2].clone(), writes[5].clone()]),
        [1, 2, 4, 5]
    );
    assert_eq!(roll_back("all", &writes, &[]), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_rejected_insert_takes_along_what_needs_its_row() {
    let new = fresh(7);
    let writes = [
        format!("INSERT INTO todos (id, title) VALUES ('{new}', 'refused')"),
        format!("UPDATE todos SET title = 'renamed' WHERE id = '{new}'"),
        format!(
            "INSERT INTO items (id, todo, note) VALUES ('{}', '{new}', 'in it')",
            fresh(8)
        ),
        format!("UPDATE items SET note = 'by row' WHERE id = '{}'", fresh(8)),
        format!(
            "UPDATE items SET todo = '{}' WHERE id = '{}'",
            new.to_uppercase(),
            fresh(1)
        ),
        format!("UPDATE items SET todo = NULL WHERE id = '{}'", fresh(1)),
        format!("UPDATE items SET note = 'alone' WHERE id = '{}'", fresh(2)),
    ];
    assert_eq!(
        roll_back("dependents", &writes, &writes[5..]),
        [1, 2, 3, 4, 5]
    );
    assert_eq!(roll_back("row", &writes, &writes[6..]), [1, 2, 3, 4, 5, 6]);
    assert_eq!(roll_back("all", &writes, &[]), [1, 2, 3, 4, 5, 6, 7]);
}

/// What stays is neither lost nor blocked by what went.
#[test]
fn rows_that_are_deleted_and_made_anew_come_back_as_they_were() {
    let anew = format!("INSERT INTO todos (id, title) VALUES ('{FIRST}', 'anew')");
    let delete = format!("DELETE FROM todos WHERE id = '{FIRST}'");
    let rename = format!("UPDATE todos SET title = 'renamed' WHERE id = '{FIRST}'");
    let writes = [delete, anew, rename];
    assert_eq!(
        roll_back("dependents", &writes, &writes),
        [1],
        "an insert starts anew"
    );
    assert_eq!(roll_back("row", &writes, &[]), [1, 2, 3]);

    let new = fresh(7);
    let insert = format!("INSERT INTO todos (id, title) VALUES ('{new}', 'refused')");
    let delete = format!("DELETE FROM todos WHERE id = '{new}'");
    let again = format!("INSERT INTO todos (id, title) VALUES ('{new}', 'again')");
    let item = format!(
        "INSERT INTO items (id, todo) VALUES ('{}', '{new}')",
        fresh(8)
    );
    let writes = [insert, delete, again, item];
    assert_eq!(roll_back("dependents", &writes, &writes[2..]), [1, 2]);
    assert_eq!(roll_back("row", &writes, &[]), [1, 2, 3, 4]);
}

/// An answer that speaks of one transaction alone.
fn refusing(id: &str) -> Fault {
    Fault::Status {
        status: 200,
        headers: Vec::new(),
        body: format!(
            r#"{{"transactions": [{{"id": "{id}", "status": "rejected", "error": {{"code": "NO", "message": "no"}}}}]}}"#
        ),
    }
}

#[test]
fn what_was_sent_without_an_answer_gets_its_own_verdict() {
    for policy in POLICIES {
        let world = &mut refused(policy);
        world.unscript("a");
        world.client("a").disconnect();
        let refused = world.client("a").rename(FIRST, "refused").unwrap();
        let unanswered = world.client("a").rename(FIRST, "unanswered").unwrap();
        world.fault("a", Endpoint::Write, refusing(&refused));
        world.client("a").connect();
        let unsent = world.client("a").rename(FIRST, "unsent").unwrap();
        world.settle();
        let rejected = world.client("a").rejected();
        let rejected: Vec<&str> = rejected.iter().map(|record| &record.id[..]).collect();
        let taken = [&refused[..], &unsent];
        let expected = if policy == "dependents" {
            &taken[..1]
        } else {
            &taken
        };
        assert_eq!(rejected, expected, "{policy}");
        assert_eq!(world.ledger.applied()[&unanswered], 1, "{policy}");
        let title = if policy == "dependents" {
            "unsent"
        } else {
            "unanswered"
        };
        assert_eq!(world.client("a").title(FIRST).unwrap(), title);
        assert_eq!(
            world.client("a").table("todos"),
            world.server().rows("todos")
        );
    }
}

/// A server that knows statuses alone refuses a body as a whole: it has nothing of what else was in it.
#[test]
fn what_was_refused_with_the_whole_body_counts_as_never_sent() {
    for (policy, expected) in POLICIES.into_iter().zip([&[1][..], &[1, 3], &[1, 2, 3]]) {
        let world = &mut refused(policy);
        world.unscript("a");
        world.client("a").disconnect();
        world.client("a").rename(FIRST, " ");
        world.client("a").rename(SECOND, "of another row");
        world.client("a").rename(FIRST, "later");
        world.fault("a", Endpoint::Write, Fault::status(422));
        world.client("a").connect();
        world.settle();
        let rejected = world.client("a").rejected();
        let rejected: Vec<i64> = rejected.iter().map(|one| one.number.0).collect();
        assert_eq!(rejected, expected, "{policy}");
        world.client("b").connect();
        world.settle();
        world.assert_same("todos");
    }
}

#[test]
fn what_the_server_accepted_stays_under_every_policy() {
    for policy in POLICIES {
        let world = &mut refused(policy);
        world.unscript("a");
        world.client("a").disconnect();
        let good = world.client("a").rename(FIRST, "good").unwrap();
        let bad = world.client("a").rename(FIRST, " ").unwrap();
        let later = world.client("a").rename(FIRST, "later").unwrap();
        world.client("a").connect();
        world.settle();
        let rejected = world.client("a").rejected();
        assert_eq!(
            rejected.iter().map(|one| &one.id).collect::<Vec<_>>(),
            [&bad],
            "{policy}"
        );
        let applied = world.ledger.applied();
        assert_eq!((applied[&good], applied[&later]), (1, 1));
        assert_eq!(world.client("a").title(FIRST).unwrap(), "later");
    }
}

#[test]
fn a_row_that_someone_else_put_there_can_be_referred_to() {
    let world = &mut refused("dependents");
    world.client("a").add_todo(&fresh(7), "mine");
    let item = format!(
        "INSERT INTO items (id, todo) VALUES ('{}', '{}')",
        fresh(8),
        fresh(7)
    );
    world.client("a").run(&item);
    world.unscript("a");
    // The POST that is on its way is refused once the other one's row is here.
    world.server().add_todo(&fresh(7), "theirs");
    world.settle();
    let rejected = world.client("a").rejected();
    assert_eq!(
        (rejected.len(), &rejected[0].changes[0].table[..]),
        (1, "todos")
    );
    assert_eq!(world.client("a").count("items"), 3);
    assert_eq!(
        world.client("a").table("items"),
        world.server().rows("items")
    );
}
