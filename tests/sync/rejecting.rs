//! What the server refuses.

use throughline::engine::Endpoint;
use throughline::tabs::Request;

use crate::support::world::Fault;
use crate::{FIRST, SECOND, THIRD, assert_clean, fresh, synced};

#[test]
fn a_rejected_transaction_rolls_back_alone_and_is_listed_with_its_reason() {
    let world = &mut synced();
    world
        .client("a")
        .watch(1, "SELECT title FROM todos ORDER BY id LIMIT 2", &[]);
    world.offline("a");
    let bad = world.client("a").rename(FIRST, " ").unwrap();
    let good = world.client("a").rename(SECOND, "fine").unwrap();
    world.online("a");
    world.settle();
    assert_eq!(world.ledger.rejected(), std::slice::from_ref(&bad));
    assert_eq!(world.ledger.applied()[&good], 1);
    let listed = world.client("a").rejected();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].id, bad);
    let error = listed[0].error.as_ref().unwrap();
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("EMPTY_TITLE", "A todo needs a title")
    );
    assert_eq!(world.seen("a").rejected.len(), 1);
    assert_eq!(
        world.client("a").history(1).last().unwrap(),
        &["Read this list while offline", "fine"]
    );
    world.assert_same("todos");
}

#[test]
fn a_rejected_transaction_takes_all_its_rows_back() {
    let world = &mut synced();
    let insert = format!(
        "INSERT INTO todos (id, title) VALUES ('{}', 'new')",
        fresh(1)
    );
    let blank = format!("UPDATE todos SET title = '' WHERE id = '{FIRST}'");
    world
        .client("a")
        .batch(
            &[&insert, "DELETE FROM todos WHERE completed", &blank],
            None,
        )
        .unwrap();
    assert_eq!(world.client("a").count("todos"), 5);
    world.settle();
    world.assert_same("todos");
    assert_eq!(world.client("a").rejected()[0].changes.len(), 3);
}

#[test]
fn a_later_write_on_the_same_row_survives_the_rejection_of_an_earlier_one() {
    let world = &mut synced();
    world.offline("a");
    world.client("a").rename(FIRST, "");
    world.client("a").run(&format!(
        "UPDATE todos SET completed = true WHERE id = '{FIRST}'"
    ));
    world.online("a");
    world.settle();
    let row = format!("SELECT title, completed FROM todos WHERE id = '{FIRST}'");
    assert_eq!(
        world.client("a").rows(&row),
        ["Read this list while offline|1"]
    );
    world.assert_same("todos");
}

#[test]
fn what_was_written_to_a_rejected_row_is_rejected_with_it_and_nothing_is_silently_lost() {
    let world = &mut synced();
    // The first POST is under way while the later ones are still queued here.
    world.fault("a", Endpoint::Write, Fault::Delay(500));
    let insert = world.client("a").add_todo(&fresh(1), "").unwrap();
    let rename = world.client("a").rename(&fresh(1), "has a title").unwrap();
    let both = format!(
        "UPDATE todos SET completed = true WHERE id IN ('{}', '{FIRST}')",
        fresh(1)
    );
    let wider = world.client("a").run(&both).unwrap();
    let other = world.client("a").rename(SECOND, "unrelated").unwrap();
    world.settle();
    let listed: Vec<String> = world
        .client("a")
        .rejected()
        .into_iter()
        .map(|one| one.id)
        .collect();
    assert_eq!(listed, [insert, rename.clone(), wider.clone()]);
    let applied = world.ledger.applied();
    assert!(!applied.contains_key(&rename) && !applied.contains_key(&wider));
    assert_eq!(applied[&other], 1);
    world.assert_same("todos");
}

#[test]
fn a_rejected_transaction_can_be_tried_again_as_a_new_one() {
    let world = &mut synced();
    world.fault("a", Endpoint::Write, Fault::status(422));
    let first = world.client("a").rename(FIRST, "second try").unwrap();
    world.settle();
    let number = world.client("a").rejected()[0].number;
    world
        .client("a")
        .ask(Request::Retry {
            number,
            dependents: false,
        })
        .unwrap();
    assert_eq!(world.client("a").title(FIRST).unwrap(), "second try");
    assert!(world.client("a").rejected().is_empty());
    let second = world.client("a").pending()[0].id.clone();
    assert_ne!(first, second);
    world.settle();
    assert_eq!(world.ledger.applied()[&second], 1);
    assert_clean(world, "a");
    world.assert_same("todos");
}

#[test]
fn a_rejected_transaction_can_be_discarded_once() {
    let world = &mut synced();
    world.client("a").rename(FIRST, "");
    world.settle();
    let number = world.client("a").rejected()[0].number;
    world
        .client("a")
        .ask(Request::Discard {
            number,
            dependents: false,
        })
        .unwrap();
    assert!(world.client("a").rejected().is_empty());
    assert_eq!(world.client("a").count("_throughline_journal"), 0);
    for request in [
        Request::Discard {
            number,
            dependents: false,
        },
        Request::Retry {
            number,
            dependents: false,
        },
    ] {
        let error = world.client("a").ask(request).unwrap_err();
        assert_eq!(error.code(), "ARGUMENT");
    }
    assert_clean(world, "a");
}

#[test]
fn rejections_outlive_the_process() {
    let world = &mut synced();
    world.client("a").rename(FIRST, "");
    world.settle();
    world.crash("a");
    assert_eq!(world.client("a").rejected().len(), 1);
    assert_eq!(world.client("a").status().rejected, 1);
}

#[test]
fn a_server_that_refuses_whole_batches_meets_the_guilty_one_alone() {
    let world = &mut synced();
    world.offline("a");
    for (id, title) in [(FIRST, "one"), (SECOND, "two"), (THIRD, "three")] {
        world.client("a").rename(id, title);
    }
    // Of three: refused; of one: fine; of one of the two left: refused for good; the last goes through.
    for refused in [true, false, true] {
        let fault = if refused {
            Fault::status(422)
        } else {
            Fault::Delay(1)
        };
        world.fault("a", Endpoint::Write, fault);
    }
    // Its failed attempts while offline are over.
    world.seen("a");
    world.online("a");
    world.settle();
    assert_eq!(world.client("a").rejected().len(), 1);
    assert_eq!(world.seen("a").confirmed.len(), 2);
    world.assert_same("todos");
}

#[test]
fn a_transaction_too_large_for_the_server_is_rejected_as_that() {
    let world = &mut synced();
    world.fault("a", Endpoint::Write, Fault::status(413));
    world.client("a").rename(FIRST, "huge");
    world.settle();
    let error = world.client("a").rejected()[0].error.clone().unwrap();
    assert_eq!(error.code, "TOO_LARGE");
    world.assert_same("todos");
}
