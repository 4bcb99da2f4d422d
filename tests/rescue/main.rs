//! A broken database file: what the app wrote is taken over into a fresh one, and everything else is fetched again.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

mod contents;
mod files;
mod header;
mod pages;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;

use rusqlite::Connection;
use support::id;
use support::world::{SYNCED, World};
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
