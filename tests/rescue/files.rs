//! Files of several generations, and the moments between them.

use throughline::engine::{Event, StorageFacts};

use super::*;

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
