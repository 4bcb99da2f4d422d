//! Pages that are broken, or gone.

use super::*;

#[test]
fn pages_of_synced_rows_are_fetched_again() {
    let (mut world, keys) = with_writes();
    break_tables(&mut world, &["todos_synced"]);
    let recovery = recover(&mut world);
    assert_eq!(
        (recovery.transactions, recovery.lost),
        (4, 0),
        "{recovery:?}"
    );
    assert_eq!(world.seen("a").generation, 2);
    assert_whole(world, &keys);
}

#[test]
fn a_broken_index_is_noticed_and_made_again() {
    let (mut world, keys) = with_writes();
    world.damage("a", |path| {
        overwrite_page(path, pages(path, "todos_synced__index_0")[0])
    });
    assert_recovers_all(world, &keys);
}

#[test]
fn the_end_of_the_file_is_missing() {
    let (mut world, _) = with_writes();
    for n in 0..400 {
        world
            .client("a")
            .add_todo(&id(1000 + n), &"x".repeat(200))
            .unwrap();
    }
    let (before, rejected) = (world.client("a").pending(), world.client("a").rejected());
    world.damage("a", |path| {
        let file = std::fs::read(path).unwrap();
        let pages = file.len() / PAGE;
        std::fs::write(path, &file[..(pages - 2) * PAGE]).unwrap();
    });
    let recovery = recover(&mut world);
    let after = world.client("a").pending();
    let missing = before.len() - after.len();
    assert!(
        missing < 300,
        "{missing} of them were on those pages: {recovery:?}"
    );
    assert!(missing == 0 || recovery.lost > 0, "{recovery:?}");
    assert_eq!(world.client("a").rejected().len(), rejected.len());
    world.online("a");
    world.settle();
    let applied = world.ledger.applied();
    assert!(after.iter().all(|one| applied.get(&one.id) == Some(&1)));
    assert!(applied.values().all(|times| *times <= 1));
    world.assert_same("todos");
}

#[test]
fn past_a_broken_page_of_the_change_log_its_end_is_read() {
    let (mut world, keys) = with_writes();
    for n in 0..600 {
        world
            .client("a")
            .add_todo(&id(1000 + n), &"x".repeat(200))
            .unwrap();
    }
    world.client("a").add_todo(&id(9), "the last").unwrap();
    let count = world.client("a").pending().len();
    world.damage("a", |path| {
        let pages = pages(path, "_throughline_changes");
        assert!(pages.len() > 5, "{pages:?}");
        overwrite_page(path, pages[2]);
    });
    let recovery = recover(&mut world);
    assert!(recovery.lost > 0, "{recovery:?}");
    let torn = world.client("a").rejected();
    let codes: Vec<&str> = torn
        .iter()
        .filter_map(|one| one.error.as_ref())
        .map(|error| error.code.as_str())
        .collect();
    assert_eq!(
        codes[1..],
        ["CORRUPT", "CORRUPT"],
        "those beside the gap, and one of the server"
    );
    let after = world.client("a").pending();
    assert!(
        after.len() > count / 2 && after.len() < count,
        "{} of {count}",
        after.len()
    );
    assert!(
        keys.iter()
            .all(|key| after.iter().any(|one| one.id == *key))
    );
    assert_eq!(
        after.last().unwrap().number.0 as usize,
        count + 1,
        "one was rejected"
    );
    world.online("a");
    world.settle();
    let twice: Vec<_> = world
        .ledger
        .applied()
        .into_iter()
        .filter(|(_, times)| *times > 1)
        .collect();
    assert_eq!(twice, []);
    world.assert_same("todos");
}

#[test]
fn intents_whose_transactions_cannot_be_read_are_sent_and_numbers_are_not_given_again() {
    let (mut world, keys) = with_writes();
    break_tables(&mut world, &["_throughline_transactions"]);
    let recovery = recover(&mut world);
    assert_eq!(recovery.transactions, 4, "{recovery:?}");
    assert!(recovery.lost > 0);
    let next = world.client("a").add_todo(&id(2), "after").unwrap();
    let number: i64 = next.rsplit(':').next().unwrap().parse().unwrap();
    assert!(number > 1 << 32 && number < 1 << 53, "{next}");
    assert_arrives(&mut world, &keys, "");
}

#[test]
fn a_write_before_the_file_was_looked_through_has_a_number_of_its_own() {
    let (mut world, keys) = with_writes();
    world.damage("a", |path| {
        // Of the cells all but the first are said to be where the page begins, which reads as rows with low numbers.
        let page = pages(path, "_throughline_transactions")[0];
        overwrite(path, (page - 1) * PAGE + 10, &[0; 6]);
    });
    let next = world.client("a").add_todo(&id(2), "after").unwrap();
    assert!(!keys.contains(&next), "{next}");
    assert_arrives(&mut world, &keys, "");
}

#[test]
fn what_cannot_be_read_at_all_is_counted_and_the_rest_goes_on() {
    let (mut world, keys) = with_writes();
    break_tables(&mut world, &["_throughline_changes", "drafts"]);
    let recovery = recover(&mut world);
    assert_eq!(recovery.transactions, 1, "the rejected one: {recovery:?}");
    assert!(recovery.lost >= 5, "two tables, three writes: {recovery:?}");
    let next = world.client("a").add_todo(&id(2), "after").unwrap();
    assert!(!keys.contains(&next));
    world.online("a");
    world.settle();
    assert_eq!(world.ledger.applied().get(&next), Some(&1));
    assert_eq!(world.client("a").count("drafts"), 0);
    world.assert_same("todos");
}
