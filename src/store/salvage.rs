//! What can be read of a broken file: the app's writes on their way, and its own tables.
//!
//! Rows of shapes are not worth the trouble, they can be fetched. Of all else each table is read row by row, from its beginning and, past
//! a broken page, from its end; what cannot be read is counted, and nothing of it fails as a whole.

use rusqlite::Connection;

use super::bookkeeping::all;
use crate::error::Result;
use crate::schema::names;
use crate::schema::{identifier, list};
use crate::value::Value;

/// Bookkeeping of what the shapes bring again.
const REFETCHED: [&str; 3] = [names::SHAPES, names::SUBSETS, names::HELD];

/// SQLite's own: the last number given in each table that never gives one twice.
pub(super) const SEQUENCE: &str = "sqlite_sequence";

/// What was read of a broken database.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Salvage {
    /// What was wrong with the file.
    pub reason: String,
    /// Rows, and ends of tables, that could not be read.
    pub lost: u32,
    /// Not even which tables there are could be read.
    pub unreadable: bool,
    pub(super) tables: Vec<Saved>,
    /// Definitions of the app's own indexes, views and triggers.
    pub(super) objects: Vec<Definition>,
}

/// See [`Salvage::objects`].
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Definition {
    pub(super) name: String,
    /// The table it belongs to; itself for a view.
    pub(super) table: String,
    pub(super) sql: String,
}

/// One table's rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Saved {
    pub(super) name: String,
    /// Its definition, if it is the app's own.
    pub(super) sql: Option<String>,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Value>>,
    /// It was read to its end.
    pub(super) whole: bool,
    /// Otherwise, before which of the rows others are missing.
    pub(super) gap: usize,
}

impl Salvage {
    /// Reads what can be read. `synced`: the names of the synced tables, as far as they are known.
    pub fn read(conn: &Connection, reason: String, mut synced: Vec<String>) -> Self {
        let mut salvage = Self {
            reason,
            ..Self::default()
        };
        // With this a broken definition does not hide the others.
        // It makes a file that is too short readable, too. It reads nothing, so it cannot fail on what is there.
        let _ = conn.execute_batch("PRAGMA writable_schema = ON");
        let objects = objects(conn);
        let Some(objects) = objects.filter(|objects| !objects.is_empty()) else {
            salvage.unreadable = true;
            salvage.lost += 1;
            return salvage;
        };
        let is_table = |object: &&Object| object.kind == "table";
        for object in objects.iter().filter(is_table) {
            if is_bookkeeping(&object.name) {
                salvage.save(conn, &object.name, None);
            }
        }
        synced.extend(salvage.texts(names::TABLES, 0));
        let generated: Vec<String> = synced
            .iter()
            .flat_map(|name| names::of_table(name))
            .collect();
        let is_ours = |name: &str| {
            let is = |other: &String| other.eq_ignore_ascii_case(name);
            name.starts_with("sqlite_")
                || name.starts_with(names::PREFIX)
                || generated.iter().any(is)
        };
        let (indexes, own): (Vec<&Object>, Vec<&Object>) = objects
            .iter()
            .filter(|object| !is_ours(&object.table) && !is_ours(&object.name))
            .partition(|object| object.is_virtual());
        salvage.lost += indexes.len() as u32;
        for object in own {
            let Some(sql) = &object.sql else {
                continue;
            };
            if object.kind != "table" {
                salvage.objects.push(Definition {
                    name: object.name.clone(),
                    table: object.table.clone(),
                    sql: sql.clone(),
                });
            } else if !indexes.iter().any(|index| index.keeps(&object.name)) {
                salvage.save(conn, &object.name, Some(sql));
            }
        }
        salvage
    }

    fn save(&mut self, conn: &Connection, name: &str, sql: Option<&String>) {
        let mut saved = Saved {
            name: name.to_owned(),
            sql: sql.cloned(),
            ..Saved::default()
        };
        self.lost += saved.read(conn);
        self.tables.push(saved);
    }

    /// What was read of a table.
    pub(super) fn table(&self, name: &str) -> Option<&Saved> {
        self.tables.iter().find(|table| table.name == name)
    }

    fn texts(&self, table: &str, column: usize) -> Vec<String> {
        let rows = self.table(table).map_or(&[][..], |table| &table.rows);
        let text = |row: &Vec<Value>| match row.get(column) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        rows.iter().filter_map(text).collect()
    }
}

impl Saved {
    /// How much is missing.
    fn read(&mut self, conn: &Connection) -> u32 {
        let Ok(columns) = columns(conn, &self.name) else {
            return 1;
        };
        self.columns = columns;
        let table = identifier(&self.name);
        let names = list(self.columns.iter().map(|name| identifier(name)));
        // A table without row ids is read once, in the order of its key.
        let forward = format!("SELECT _rowid_, {names} FROM {table} NOT INDEXED ORDER BY _rowid_");
        let ordered = conn.prepare(&forward).is_ok();
        let first = if ordered {
            read_rows(conn, &forward, i64::MIN, true)
        } else {
            let all = format!("SELECT NULL, {names} FROM {table}");
            read_rows(conn, &all, i64::MIN, false)
        };
        let mut lost = first.unreadable;
        self.rows = first.rows;
        self.whole = first.whole;
        if !first.whole {
            lost += 1;
            self.gap = self.rows.len();
            if ordered {
                let backward = format!("{forward} DESC");
                let mut second = read_rows(conn, &backward, first.last, true);
                second.rows.reverse();
                lost += second.unreadable;
                self.rows.append(&mut second.rows);
            }
        }
        lost
    }
}

/// A stretch of a table.
struct Stretch {
    rows: Vec<Vec<Value>>,
    /// The row id of the last one.
    last: i64,
    unreadable: u32,
    /// The end was reached.
    whole: bool,
}

/// Reads until the end, an error, or, backwards, the row `from`. Row ids that go the wrong way are those of a broken page, which could lead round
/// in a circle.
fn read_rows(conn: &Connection, sql: &str, from: i64, ordered: bool) -> Stretch {
    let backward = sql.ends_with("DESC");
    let mut stretch = Stretch {
        rows: Vec::new(),
        last: if backward { i64::MAX } else { from },
        unreadable: 0,
        whole: false,
    };
    let Ok(mut statement) = conn.prepare(sql) else {
        return stretch;
    };
    let width = statement.column_count();
    let mut rows = statement.raw_query();
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => {
                stretch.whole = true;
                return stretch;
            }
            Err(_) => return stretch,
        };
        if ordered {
            let id: i64 = row.get(0).unwrap_or(from);
            let goes_on = match backward {
                true => id > from && (id < stretch.last || stretch.rows.is_empty()),
                false => id > stretch.last || stretch.rows.is_empty(),
            };
            if !goes_on {
                return stretch;
            }
            stretch.last = id;
        }
        let values: rusqlite::Result<Vec<Value>> = (1..width).map(|at| row.get(at)).collect();
        match values {
            Ok(values) => stretch.rows.push(values),
            Err(_) => stretch.unreadable += 1,
        }
    }
}

fn is_bookkeeping(name: &str) -> bool {
    let parts = [names::members(""), names::slots(""), names::outdated("")];
    let is_rows = parts.iter().any(|part| name.starts_with(part));
    let is_staged = name.starts_with(&format!("{}staged_", names::PREFIX));
    name == SEQUENCE
        || name.starts_with(names::PREFIX) && !is_rows && !is_staged && !REFETCHED.contains(&name)
}

struct Object {
    kind: String,
    name: String,
    /// The table it belongs to; itself for tables and views.
    table: String,
    sql: Option<String>,
}

impl Object {
    /// Full-text and spatial indexes: the app makes them anew, from what they are about.
    fn is_virtual(&self) -> bool {
        let sql = self.sql.as_deref().unwrap_or_default();
        self.kind == "table" && sql.starts_with("CREATE VIRTUAL")
    }

    /// Whether a virtual table keeps its content in a table of that name, which it would make again itself.
    fn keeps(&self, table: &str) -> bool {
        let rest = table.strip_prefix(&self.name);
        rest.is_some_and(|rest| rest.starts_with('_'))
    }
}

/// `None` when not even that can be read.
fn objects(conn: &Connection) -> Option<Vec<Object>> {
    let sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid";
    let mut statement = conn.prepare(sql).ok()?;
    let mut rows = statement.raw_query();
    let mut objects = Vec::new();
    while let Ok(Some(row)) = rows.next() {
        let object = || -> rusqlite::Result<Object> {
            Ok(Object {
                kind: row.get(0)?,
                name: row.get(1)?,
                table: row.get(2)?,
                sql: row.get(3)?,
            })
        };
        objects.extend(object());
    }
    Some(objects)
}

/// The columns that can be written.
pub(super) fn columns(conn: &Connection, table: &str) -> Result<Vec<String>> {
    let sql = "SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0 ORDER BY cid";
    all(conn, sql, &[&table], |row| Ok(row.get(0)?))
}
