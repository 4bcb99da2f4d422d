//! A file with a broken page, on a disk that fails or loses power while what can be read of it goes into the next one.

use std::path::Path;

use rusqlite::Connection;

use crate::model::{self, Count, Trouble};
use crate::support::id;
use crate::support::world::{SYNCED, World};

const PAGE: usize = 16_384;
/// In it the file is looked through.
const A_WHILE_MS: u64 = 120_000;

pub struct Rescue {
    world: World,
    /// Of what is pending.
    keys: Vec<String>,
    pub count: Count,
    pub failed: usize,
}

impl Rescue {
    /// Runs it; a power cut ends it.
    pub fn run(trouble: Trouble) -> Self {
        let mut world = World::new(11);
        world.verified = None;
        model::begin();
        world.open_on_disk("a", SYNCED);
        world.settle();
        world.offline("a");
        let mut app = world.client("a");
        app.run("CREATE TABLE drafts (id INTEGER PRIMARY KEY, text TEXT)");
        app.run("INSERT INTO drafts (text) VALUES ('kept')");
        let keys = [
            app.add_todo(&id(1), "new"),
            app.run("UPDATE todos SET title = 'ours' WHERE completed"),
            app.add_todo(&id(2), "newer"),
        ];
        let keys = keys.map(|key| key.expect("a synced table")).to_vec();
        world.damage("a", |path| {
            break_page(path, "todos_synced");
            // What the model knows was written by SQLite alone.
            model::begin();
            model::arm(trouble);
        });
        let until = world.now.after(A_WHILE_MS);
        while !model::is_off() && world.step(until) {}
        let (count, failed) = model::disarm();
        Self {
            world,
            keys,
            count,
            failed,
        }
    }

    /// The power is back, with what chance left of the files.
    pub fn power_returns(&mut self, seed: u64) {
        model::power_returns(seed);
        self.world.crash("a");
    }

    /// All that was pending is taken over, whole and once.
    pub fn check(mut self) {
        let world = &mut self.world;
        if !world.seen("a").is_open() {
            world.crash("a");
        }
        world.run_for(A_WHILE_MS);
        assert_eq!(world.seen("a").generation, 2);
        let lost: u32 = world.seen("a").recovered.iter().map(|one| one.lost).sum();
        assert_eq!(lost, 0, "{:?}", world.seen("a").recovered);
        let mut app = world.client("a");
        let pending: Vec<String> = app.pending().into_iter().map(|one| one.id).collect();
        assert_eq!(pending, self.keys);
        assert_eq!(app.rows("SELECT text FROM drafts"), ["kept"]);
        let next = app.add_todo(&id(3), "after").expect("a synced table");
        assert!(!self.keys.contains(&next), "{next} was given twice");
        world.online("a");
        world.settle();
        let applied = world.ledger.applied();
        for key in self.keys.iter().chain([&next]) {
            assert_eq!(applied.get(key), Some(&1), "{key}");
        }
        assert_eq!(world.client("a").rows("PRAGMA integrity_check"), ["ok"]);
        world.assert_same("todos");
    }
}

/// Writes over the first page of a table.
fn break_page(path: &Path, table: &str) {
    let page: u32 = Connection::open(path)
        .and_then(|conn| {
            let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
            conn.query_row(sql, [table], |row| row.get(0))
        })
        .expect("the table");
    let page = page as usize;
    let mut file = std::fs::read(path).expect("the file");
    file[(page - 1) * PAGE..page * PAGE].fill(0xa5);
    std::fs::write(path, file).expect("the file");
}
