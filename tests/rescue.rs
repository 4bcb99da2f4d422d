//! A broken database file: what the app wrote is taken over into a fresh one, and everything else is fetched again.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use rusqlite::Connection;
use support::id;
use support::world::{SYNCED, World};
use throughline::engine::{Event, StorageFacts};
use throughline::tabs::Recovery;

const FIRST: &str = "019aa000-0000-7000-8000-000000000001";
const PAGE: usize = 16_384;

/// A client with a rejected write in its journal and three pending ones, offline; and the keys of these.
fn with_writes() -> (World, Vec<String>) {
    let mut world = World::new(11);
    world.verified = None;
    world.open("a", SYNCED);
    world.settle();
    world.client("a").rename(FIRST, "").unwrap();
    world.settle();
    assert_eq!(world.client("a").rejected().len(), 1);
    world
        .client("a")
        .run("CREATE TABLE drafts (id INTEGER PRIMARY KEY, text TEXT NOT NULL)");
    world
        .client("a")
        .run("CREATE INDEX drafts_by_text ON drafts (text)");
    world
        .client("a")
        .run("INSERT INTO drafts (text) VALUES ('kept'), ('as well')");
    world.offline("a");
    let mut app = world.client("a");
    let statements = [
        "UPDATE todos SET title = 'both' WHERE completed",
        "DELETE FROM todos WHERE title = 'none'",
    ];
    let keys = vec![
        app.add_todo(&id(1), "new").unwrap(),
        app.rename(FIRST, "renamed").unwrap(),
        app.batch(&statements, Some(r#"{"label": "both"}"#))
            .unwrap()[0]
            .transaction
            .clone()
            .unwrap(),
    ];
    (world, keys)
}

/// Everything is noticed at the latest when the file is looked through.
fn recover(world: &mut World) -> Recovery {
    world.run_for(120_000);
    let recovered = world.seen("a").recovered.clone();
    assert_eq!(recovered.len(), 1, "{recovered:?}");
    let status = world.client("a").status().storage;
    assert_eq!(status.recovered.as_deref(), Some(&recovered[0]));
    recovered[0].clone()
}

/// All four transactions are taken over and nothing is lost.
fn assert_recovers_all(mut world: World, keys: &[String]) {
    let recovery = recover(&mut world);
    assert_eq!(
        (recovery.transactions, recovery.lost),
        (4, 0),
        "{recovery:?}"
    );
    assert_whole(world, keys);
}

/// Nothing that was resolved is missing, and the queue drains once.
fn assert_whole(mut world: World, keys: &[String]) {
    let mut app = world.client("a");
    assert_eq!(
        app.rows("SELECT text FROM drafts ORDER BY text"),
        ["as well", "kept"]
    );
    let pending: Vec<String> = app.pending().into_iter().map(|one| one.id).collect();
    assert_eq!(pending, keys);
    let meta = app.pending()[2].meta.clone();
    assert_eq!(meta, Some(serde_json::json!({"label": "both"})));
    let rejected = app.rejected();
    assert_eq!(rejected.len(), 1);
    let next = app.add_todo(&id(2), "after").unwrap();
    assert!(
        !keys.contains(&next) && rejected[0].id != next,
        "no number twice"
    );
    world.online("a");
    world.settle();
    let applied = world.ledger.applied();
    for key in keys.iter().chain([&next]) {
        assert_eq!(applied.get(key), Some(&1), "{key}");
    }
    let number = rejected[0].number;
    world.client("a").discard(number, false).unwrap();
    assert_eq!(world.client("a").rows("PRAGMA integrity_check"), ["ok"]);
    world.assert_same("todos");
}

/// With a network each of these writes is applied, once.
fn assert_arrives(world: &mut World, keys: &[String], after: &str) {
    world.online("a");
    world.settle();
    let applied = world.ledger.applied();
    assert!(
        keys.iter().all(|key| applied.get(key) == Some(&1)),
        "{after}: {applied:?}"
    );
    world.assert_same("todos");
}

/// The pages of a table or an index.
fn pages(path: &Path, name: &str) -> Vec<usize> {
    let conn = Connection::open(path).unwrap();
    let sql = "SELECT pageno FROM dbstat WHERE name = ?1 ORDER BY pagetype = 'internal', pageno";
    let mut statement = conn.prepare(sql).unwrap();
    let pages = statement
        .query_map([name], |row| row.get::<_, i64>(0))
        .unwrap();
    pages.map(|page| page.unwrap() as usize).collect()
}

fn overwrite(path: &Path, from: usize, bytes: &[u8]) {
    let mut file = std::fs::read(path).unwrap();
    file[from..from + bytes.len()].copy_from_slice(bytes);
    std::fs::write(path, file).unwrap();
}

fn overwrite_page(path: &Path, page: usize) {
    overwrite(path, (page - 1) * PAGE, &[0xa5; PAGE]);
}

/// Overwrites every page of these tables.
fn break_tables(world: &mut World, tables: &[&str]) {
    world.damage("a", |path| {
        for page in tables.iter().flat_map(|table| pages(path, table)) {
            overwrite_page(path, page);
        }
    });
}

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
fn a_broken_header_hides_nothing() {
    for bytes in [&[0xa5; 100][..], &[0; 16], b"SQ"] {
        let (mut world, keys) = with_writes();
        let broken = |path: &Path| overwrite(path, 0, &bytes.repeat(2)[..bytes.len().max(4)]);
        world.damage("a", broken);
        assert_recovers_all(world, &keys);
    }
}

#[test]
fn a_table_of_ours_that_was_defined_otherwise_hides_nothing() {
    let (mut world, keys) = with_writes();
    let sql = "ALTER TABLE _throughline_requests RENAME COLUMN at TO ax";
    world.edit_file("a", sql);
    assert_recovers_all(world, &keys);
}

#[test]
fn a_broken_list_of_tables_does_not_make_ours_the_apps_own() {
    for columns in ["tbl_name = 'x'", "name = 'x', tbl_name = 'x'"] {
        let (mut world, keys) = with_writes();
        world.edit_file(
            "a",
            &format!(
                "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET {columns} WHERE name = 'todos_synced';
                 UPDATE _throughline_shapes SET progress = '{{'"
            ),
        );
        let recovery = recover(&mut world);
        assert_eq!(recovery.transactions, 4, "{columns}: {recovery:?}");
        assert_whole(world, &keys);
    }
}

/// Neither the header nor what tables sync can be read.
#[test]
fn what_is_generated_for_a_declared_table_is_never_the_apps_own() {
    let (mut world, keys) = with_writes();
    world.damage("a", |path| {
        for page in pages(path, "_throughline_tables") {
            overwrite_page(path, page);
        }
        overwrite(path, 0, &[0xa5; 100]);
    });
    let recovery = recover(&mut world);
    assert_eq!(recovery.transactions, 4, "{recovery:?}");
    assert_arrives(&mut world, &keys, "");
}

/// Byte 18 of the header: a format that is to be read only.
#[test]
fn a_header_that_forbids_to_write_hides_nothing() {
    let (mut world, keys) = with_writes();
    world.damage("a", |path| overwrite(path, 18, &[9]));
    assert_recovers_all(world, &keys);
}

/// Its view and triggers are there, and nothing says what table they are of.
#[test]
fn a_table_that_nothing_is_known_of_is_made_anew() {
    let (mut world, keys) = with_writes();
    world.edit_file("a", "DELETE FROM _throughline_tables");
    world.online("a");
    world.settle();
    let recovery = recover(&mut world);
    assert_eq!(recovery.transactions, 4, "{recovery:?}");
    assert_arrives(&mut world, &keys, "");
}

/// Byte 44 of the header: what SQLite reads of it has no code of its own.
#[test]
fn an_unknown_schema_format_hides_nothing() {
    let (mut world, keys) = with_writes();
    world.damage("a", |path| overwrite(path, 44, &[0, 0, 0, 9]));
    assert_recovers_all(world, &keys);
}

/// Bytes 60 to 63 of the header. A fresh file has no version either, but none of the tables: of two files the other one would be opened.
#[test]
fn a_header_without_a_version_hides_nothing() {
    let (mut world, keys) = with_writes();
    for generation in [2, 3] {
        world.damage("a", |path| overwrite(path, 60, &[0; 4]));
        world.run_for(120_000);
        assert_eq!(world.seen("a").generation, generation);
    }
    assert_whole(world, &keys);
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
fn a_full_text_index_is_counted_as_lost_and_can_be_made_again() {
    let (mut world, keys) = with_writes();
    let make = "CREATE VIRTUAL TABLE texts USING fts5 (body)";
    world.client("a").run(make);
    world.client("a").run("INSERT INTO texts VALUES ('kept')");
    break_tables(&mut world, &["todos_synced"]);
    let recovery = recover(&mut world);
    assert_eq!(
        (recovery.transactions, recovery.lost),
        (4, 1),
        "{recovery:?}"
    );
    world.client("a").run(make);
    world.client("a").run("INSERT INTO texts VALUES ('again')");
    let found = world.client("a").rows("SELECT body FROM texts('again')");
    assert_eq!(found, ["again"]);
    assert_whole(world, &keys);
}

#[test]
fn files_that_are_gone_under_an_open_database_are_written_again() {
    let (mut world, keys) = with_writes();
    let facts = StorageFacts {
        persisted: Some(false),
        quota: None,
        usage: None,
        present: false,
    };
    world.happens("a", Event::Storage(facts));
    let recovery = recover(&mut world);
    assert!(recovery.reason.contains("deleted"), "{recovery:?}");
    assert_eq!((recovery.transactions, recovery.lost), (4, 0));
    assert_whole(world, &keys);
}

#[test]
fn a_statement_that_meets_the_broken_page_is_answered_by_the_new_file() {
    let (mut world, keys) = with_writes();
    world.client("a").watch(1, "SELECT title FROM todos", &[]);
    break_tables(&mut world, &["todos_synced"]);
    let count = world.client("a").count("todos");
    assert_eq!(count, 1, "what is pending shows at once");
    assert_eq!(world.seen("a").recovered.len(), 1);
    let key = world.client("a").add_todo(&id(3), "one more").unwrap();
    assert_whole(world, &[keys, vec![key]].concat());
}

#[test]
fn a_rescue_that_is_cut_off_anywhere_loses_nothing() {
    for effects in 0..12 {
        let (mut world, keys) = with_writes();
        world.crash_after("a", effects);
        world.damage("a", |path| {
            overwrite_page(path, pages(path, "todos_synced")[0])
        });
        world.run_for(120_000);
        world.unscript("a");
        assert!(world.seen("a").generation >= 2, "after {effects}");
        assert_whole(world, &keys);
    }
}

#[test]
fn a_fresh_file_that_was_not_committed_is_not_opened() {
    let (mut world, keys) = with_writes();
    for torn in [&[][..], &[0x5a; 4096], b"SQLite format 3\0"] {
        world.damage("a", |path| {
            std::fs::write(path.with_file_name("database-2.sqlite3"), torn).unwrap();
        });
        assert_eq!(world.seen("a").generation, 1);
        assert_eq!(world.client("a").pending().len(), 3);
    }
    world.damage("a", |path| {
        overwrite_page(path, pages(path, "todos_synced")[0])
    });
    recover(&mut world);
    assert_whole(world, &keys);
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

#[test]
fn of_older_files_one_is_kept() {
    let (mut world, keys) = with_writes();
    for generation in [2, 3, 4] {
        world.damage("a", |path| {
            overwrite_page(path, pages(path, "todos_synced")[0]);
        });
        world.run_for(120_000);
        assert_eq!(world.seen("a").generation, generation);
    }
    world.damage("a", |path| {
        let files = std::fs::read_dir(path.parent().unwrap()).unwrap();
        let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut files: Vec<String> = files.filter(|name| name.ends_with("3")).collect();
        files.sort();
        assert_eq!(files.last().map(String::as_str), Some("database-4.sqlite3"));
        assert!(files.len() <= 3, "{files:?}");
    });
    assert_whole(world, &keys);
}

#[test]
fn a_client_id_that_cannot_be_one_is_minted_anew() {
    let (mut world, keys) = with_writes();
    let sql = "UPDATE _throughline_settings SET value = 'no' || char(0) WHERE name = 'client_id'";
    world.edit_file("a", sql);
    let recovery = recover(&mut world);
    assert_eq!(
        (recovery.transactions, recovery.lost),
        (4, 1),
        "{recovery:?}"
    );
    let pending: Vec<String> = world
        .client("a")
        .pending()
        .into_iter()
        .map(|one| one.id)
        .collect();
    assert_eq!(pending.len(), keys.len());
    world.online("a");
    world.settle();
    let applied = world.ledger.applied();
    assert!(
        pending.iter().all(|key| applied.get(key) == Some(&1)),
        "{applied:?}"
    );
    world.assert_same("todos");
}

/// SQLite reads the page; what stands in it no row of ours can hold.
#[test]
fn values_that_bookkeeping_cannot_have_are_mended_or_fetched_again() {
    for sql in [
        "UPDATE _throughline_tables SET schema = '{'",
        "UPDATE _throughline_shapes SET progress = '{'",
        "UPDATE _throughline_tables SET schema = replace(schema, '\"todos\"', '\"Todos\"');
         UPDATE _throughline_shapes SET progress = '{'",
        "UPDATE _throughline_tables SET schema = x'00'; UPDATE _throughline_shapes SET progress = '{';
         UPDATE _throughline_changes SET heard_txids = 'x';
         UPDATE _throughline_transactions SET attempts = 'x', unanswered = -1, error = '{}', lsn = '?', caused_by = 'x'",
    ] {
        let (mut world, keys) = with_writes();
        world.edit_file("a", sql);
        let recovery = recover(&mut world);
        assert_eq!(
            (recovery.transactions, recovery.lost),
            (4, 0),
            "{sql}: {recovery:?}"
        );
        assert_eq!(world.client("a").rejected().len(), 1);
        assert_arrives(&mut world, &keys, sql);
    }
}
