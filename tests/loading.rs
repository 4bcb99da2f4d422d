//! A log that loads out of sight: what becomes of its rows until they are shown, and what that costs.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

use rusqlite::Connection;
use throughline::ids::{Lsn, ShapeId};
use throughline::optimistic::ConfirmBy;
use throughline::schema::{TableSchema, Tables, names};
use throughline::shape::message::parse;
use throughline::store::apply::{Applied, Target, apply};
use throughline::store::{migrations, staging, tables};

const SHAPE: ShapeId = ShapeId(1);

struct Load {
    conn: Connection,
    table: TableSchema,
}

impl Load {
    fn of(conn: Connection) -> Self {
        let declared = r#"{"t": {"columns": {"id": "text", "a": "text"}, "primaryKey": ["id"]}}"#;
        let declared: Tables = serde_json::from_str(declared).unwrap();
        let (name, declaration) = declared.iter().next().unwrap();
        let table = declaration.schema(name).unwrap().unwrap();
        migrations::migrate(&conn).unwrap();
        tables::create(&conn, &table).unwrap();
        let load = Self { conn, table };
        load.begin();
        load
    }

    fn begun() -> Self {
        Self::of(Connection::open_in_memory().unwrap())
    }

    fn begin(&self) {
        staging::begin(&self.conn, &self.table, SHAPE).unwrap();
    }

    fn apply(&self, staged: bool, messages: &[String]) -> Applied {
        let target = Target {
            table: &self.table,
            shape: SHAPE,
            staged,
            partial: false,
            subset: None,
            confirm_by: ConfirmBy::Auto,
        };
        let body = format!("[{}]", messages.join(","));
        let transaction = self.conn.unchecked_transaction().unwrap();
        let applied = apply(&transaction, target, parse(&body).unwrap()).unwrap();
        transaction.commit().unwrap();
        applied
    }

    fn loads(&self, messages: &[String]) -> Applied {
        self.apply(true, messages)
    }

    fn is_complete(&self) {
        let transaction = self.conn.unchecked_transaction().unwrap();
        assert!(staging::swap(&transaction, &self.table, SHAPE, Lsn(10)).unwrap());
        transaction.commit().unwrap();
    }

    /// Of the synced table, in the order of the key.
    fn rows(&self) -> Vec<String> {
        self.texts("SELECT id || '=' || a FROM t_synced ORDER BY id")
    }

    fn texts(&self, sql: &str) -> Vec<String> {
        let mut statement = self.conn.prepare(sql).unwrap();
        let found = statement.query_map([], |row| row.get(0)).unwrap();
        found.map(Result::unwrap).collect()
    }

    fn number(&self, pragma: &str) -> u64 {
        let sql = format!("PRAGMA {pragma}");
        let number: i64 = self.conn.query_row(&sql, [], |row| row.get(0)).unwrap();
        number.unsigned_abs()
    }
}

fn row(id: &str, a: &str) -> String {
    change("insert", id, &format!(r#","a":"{a}""#), "")
}

/// A change of the row at a position of the log.
fn later(operation: &str, id: &str, columns: &str) -> String {
    change(operation, id, columns, r#","lsn":"7""#)
}

fn change(operation: &str, id: &str, columns: &str, more: &str) -> String {
    format!(
        r#"{{"key":"{id}","value":{{"id":"{id}"{columns}}},"headers":{{"operation":"{operation}"{more}}}}}"#
    )
}

#[test]
fn rows_are_found_by_their_key_once_they_are_shown() {
    let load = Load::begun();
    load.loads(&[row("c", "1"), row("a", "2")]);
    load.loads(&[row("b", "3")]);
    load.is_complete();
    assert_eq!(load.rows(), ["a=2", "b=3", "c=1"]);
    let mut plan = load
        .conn
        .prepare("EXPLAIN QUERY PLAN SELECT * FROM t_synced WHERE id = 'b'")
        .unwrap();
    let plan: String = plan.query_row([], |row| row.get(3)).unwrap();
    let key = names::key_index(SHAPE, false);
    assert_eq!(plan, format!("SEARCH t_synced USING INDEX {key} (id=?)"));

    let again = load.apply(false, &[later("insert", "b", r#","a":"4""#)]);
    assert_eq!((again.inserted, again.updated), (0, 1));
    assert_eq!(load.rows(), ["a=2", "b=4", "c=1"]);
}

#[test]
fn a_row_that_comes_twice_is_there_once_and_as_it_came_last() {
    let load = Load::begun();
    assert_eq!(load.loads(&[row("a", "1"), row("b", "2")]).inserted, 2);
    assert_eq!(load.loads(&[row("b", "3"), row("b", "4")]).inserted, 2);
    let removed = staging::seal(&load.conn, &load.table, SHAPE).unwrap();
    assert_eq!(removed, 2);
    load.is_complete();
    assert_eq!(load.rows(), ["a=1", "b=4"]);
}

#[test]
fn changes_before_the_first_up_to_date_meet_the_rows_that_they_change() {
    let load = Load::begun();
    load.loads(&[row("a", "1"), row("b", "2"), row("c", "3"), row("c", "4")]);
    let changes = [
        later("update", "a", r#","a":"5""#),
        later("delete", "b", ""),
        later("insert", "d", r#","a":"6""#),
    ];
    let applied = load.loads(&changes);
    // One of them is the row that had come twice.
    assert_eq!(
        (applied.inserted, applied.updated, applied.deleted),
        (1, 1, 2)
    );
    assert_eq!(applied.unknown_updates, 0);
    // A stretch that is read again.
    assert_eq!(load.loads(&[row("a", "7")]).updated, 1);
    load.is_complete();
    assert_eq!(load.rows(), ["a=7", "c=4", "d=6"]);
}

#[test]
fn the_log_after_it_loads_beside_it_and_takes_its_place() {
    let load = Load::begun();
    for round in ["1", "2", "3", "4"] {
        load.loads(&[row("a", round), row("b", round)]);
        // The first and the last take the place of an empty table, the others are compared with what is there.
        load.is_complete();
        assert_eq!(load.rows(), [format!("a={round}"), format!("b={round}")]);
        if round == "3" {
            load.apply(false, &[later("delete", "a", ""), later("delete", "b", "")]);
        }
        load.begin();
    }
    let indexes = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 't_synced'";
    assert_eq!(load.texts(indexes).len(), 1);
}

#[test]
fn what_this_build_made_is_not_made_again() {
    let load = Load::begun();
    load.loads(&[row("a", "1")]);
    load.is_complete();
    let before = load.number("schema_version");
    tables::refresh(&load.conn, &load.table).unwrap();
    assert_eq!(load.number("schema_version"), before);
}

/// Keys come in no order. An index that is kept meanwhile is written again nearly whole with each body.
#[test]
fn every_page_of_a_load_is_written_about_once() {
    const BODIES: u64 = 20;
    const ROWS: u64 = 1_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("load.db");
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(
        "PRAGMA page_size = 16384; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
         PRAGMA wal_autocheckpoint = 0",
    )
    .unwrap();
    let load = Load::of(conn);
    let mut rng = fastrand::Rng::with_seed(1);
    let filler = "x".repeat(160);
    for _ in 0..BODIES {
        let key = |rng: &mut fastrand::Rng| format!("{:032x}", rng.u128(..));
        let rows: Vec<String> = (0..ROWS).map(|_| row(&key(&mut rng), &filler)).collect();
        load.loads(&rows);
    }
    load.is_complete();
    let (page_size, pages) = (load.number("page_size"), load.number("page_count"));
    let log = std::fs::metadata(folder.path().join("load.db-wal")).unwrap();
    let written = log.len() / page_size;
    // Besides, each body goes on with the page that the one before it had begun, and with those above it.
    assert!(
        written * 3 <= pages * 4,
        "{written} pages for {pages} of {} rows",
        BODIES * ROWS
    );
}
