//! The SQL functions that the generated triggers call (names in [`crate::schema::names::function`]).
//!
//! The first statement of a trigger hands over the row, once; the functions of those that follow have the parts that came of it.
//!
//! Values go into the change log as wire JSON by column type; SQLite's own JSON functions would round doubles to
//! 15 digits and cannot hold blobs.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};

use super::session::Session;
use super::values::from_ref;
use crate::error::{Error, Result};
use crate::ids::WriteId;
use crate::optimistic::add_position;
use crate::schema::TableSchema;
use crate::schema::names::function;
use crate::value::{PgType, Value, canonical, write_string, write_wire};

type SqlResult<T> = rusqlite::Result<T>;

/// What a function does.
type Body = fn(&Session, &Context<'_>) -> SqlResult<Value>;

/// Name, number of arguments (-1: any), and what it does. One closure serves all of them: each kind of its own would bring
/// SQLite's side along again. None is called constant: SQLite would ask for the parts before there is a row.
const FUNCTIONS: [(&str, i32, Body); 11] = [
    (function::INSERT, -1, insert),
    (function::UPDATE, -1, update),
    (function::DELETE, -1, delete),
    (function::DIFFERS, 0, |session, _| {
        Ok(Value::Integer(session.has_taken_up().into()))
    }),
    (function::COLUMN, 1, |session, call| {
        let at = call.get_raw(0).as_i64()?;
        part(session, |row| {
            let at = usize::try_from(at).ok();
            at.and_then(|at| row.columns.get(at).cloned())
                .unwrap_or_default()
        })
    }),
    (function::KEY, 0, |session, _| {
        part(session, |row| Value::Text(std::mem::take(&mut row.key)))
    }),
    (function::VALUE, 0, |session, _| {
        part(session, |row| Value::Text(std::mem::take(&mut row.value)))
    }),
    (function::BASE, 0, |session, _| {
        part(session, |row| Value::Text(std::mem::take(&mut row.base)))
    }),
    (function::COLUMNS, 1, columns),
    (function::WRITE_ID, 0, |session, _| {
        part(session, |row| Value::Text(row.write_id.0.clone()))
    }),
    (function::TRANSACTION, 0, |session, _| {
        let id = session.transaction_id().ok_or_else(|| outside(session))?;
        Ok(Value::Integer(id.0))
    }),
];

/// A row that a trigger is about to write, and what the change log says of it.
#[derive(Debug)]
pub(super) struct TakenUp {
    table: Arc<TableSchema>,
    key: String,
    value: String,
    base: String,
    /// By position, as the server would send them back; of a delete none.
    columns: Vec<Value>,
    /// The positions that are sent.
    changed: Vec<usize>,
    write_id: WriteId,
}

/// Registers all of them.
pub(super) fn install(conn: &Connection, session: &Arc<Session>) -> Result<()> {
    for (name, arguments, body) in FUNCTIONS {
        let on = session.clone();
        let flags = FunctionFlags::SQLITE_UTF8;
        conn.create_scalar_function(name, arguments, flags, move |call| body(&on, call))?;
    }
    Ok(())
}

/// All columns but the key are sent. A NULL that the server would refuse was left out by the app: so its default applies.
fn insert(session: &Session, call: &Context<'_>) -> SqlResult<Value> {
    let table = table(session, call)?;
    let columns = new_columns(session, &table, call, None)?;
    for at in &table.key {
        if columns[*at] == Value::Null {
            let column = &table.columns[*at].name;
            let reason = format!("NOT NULL constraint failed: {}.{column}", table.name);
            return Err(refuse(session, reason));
        }
    }
    let mut json = Object::new();
    let mut changed = Vec::new();
    for at in sent_columns(&table) {
        let column = &table.columns[at];
        if columns[at] != Value::Null || !column.not_null {
            json.member(&column.name, &column.ty, &columns[at]);
            changed.push(at);
        }
    }
    let key = key_json(&table, table.key.iter().map(|at| &columns[*at]));
    take_up(session, table, key, (json, Object::new()), columns, changed)
}

/// The columns whose new value differs are sent. The key is what the row is known by.
fn update(session: &Session, call: &Context<'_>) -> SqlResult<Value> {
    let table = table(session, call)?;
    let columns = new_columns(session, &table, call, Some(1))?;
    let old = |at: usize| from_ref(call.get_raw(1 + at));
    let key: Vec<Value> = table.key.iter().map(|at| old(*at)).collect();
    for (at, old) in table.key.iter().zip(&key) {
        if columns[*at] != *old {
            let column = &table.columns[*at].name;
            let reason = format!(
                "{}.{column} is part of the primary key and cannot change: delete the row and insert it anew",
                table.name
            );
            return Err(refuse(session, reason));
        }
    }
    let (mut value, mut base) = (Object::new(), Object::new());
    let mut changed = Vec::new();
    for at in sent_columns(&table) {
        let column = &table.columns[at];
        let old = old(at);
        if old != columns[at] {
            value.member(&column.name, &column.ty, &columns[at]);
            base.member(&column.name, &column.ty, &old);
            changed.push(at);
        }
    }
    if changed.is_empty() {
        session.take_up(None);
        return Ok(Value::Null);
    }
    let key = key_json(&table, &key);
    take_up(session, table, key, (value, base), columns, changed)
}

/// Nothing is sent but the key; what goes is kept beside it.
fn delete(session: &Session, call: &Context<'_>) -> SqlResult<Value> {
    let table = table(session, call)?;
    let old = |at: usize| from_ref(call.get_raw(1 + at));
    let mut base = Object::new();
    for at in sent_columns(&table) {
        let column = &table.columns[at];
        base.member(&column.name, &column.ty, &old(at));
    }
    let key: Vec<Value> = table.key.iter().map(|at| old(*at)).collect();
    let key = key_json(&table, &key);
    let objects = (Object::new(), base);
    take_up(session, table, key, objects, Vec::new(), Vec::new())
}

fn take_up(
    session: &Session,
    table: Arc<TableSchema>,
    key: String,
    (value, base): (Object, Object),
    columns: Vec<Value>,
    changed: Vec<usize>,
) -> SqlResult<Value> {
    let write_id = session.next_write_id().ok_or_else(|| outside(session))?;
    session.take_up(Some(TakenUp {
        table,
        key,
        value: value.end(),
        base: base.end(),
        columns,
        changed,
        write_id,
    }));
    Ok(Value::Null)
}

fn part(session: &Session, part: impl FnOnce(&mut TakenUp) -> Value) -> SqlResult<Value> {
    session.taken_up(part).ok_or_else(|| outside(session))
}

/// The new values, spelled as the server would. What was there before, from the argument `old` on, and is there still passes as it is:
/// a server may have sent what an app may not write.
fn new_columns(
    session: &Session,
    table: &TableSchema,
    call: &Context<'_>,
    old: Option<usize>,
) -> SqlResult<Vec<Value>> {
    let first = old.map_or(1, |old| old + table.columns.len());
    let value = |at: usize| {
        let column = &table.columns[at];
        if old.is_some_and(|old| call.get_raw(old + at) == call.get_raw(first + at)) {
            return Ok(from_ref(call.get_raw(first + at)));
        }
        canonical(&column.ty, from_ref(call.get_raw(first + at)))
            .map_err(|reason| refuse(session, format!("{}.{}: {reason}", table.name, column.name)))
    };
    (0..table.columns.len()).map(value).collect()
}

/// Those of earlier writes, and those that change now.
fn columns(session: &Session, call: &Context<'_>) -> SqlResult<Value> {
    let so_far = call.get_raw(0).as_str_or_null()?;
    part(session, |row| {
        let mut positions = so_far.map_or_else(Vec::new, |json| parse_columns(&row.table, json));
        for at in &row.changed {
            add_position(&mut positions, *at);
        }
        Value::Text(columns_json(&row.table, &positions))
    })
}

/// SQLite keeps no sign of it (<https://sqlite.org/datatype3.html>), nor does a server tell two rows by it.
static ZERO: Value = Value::Real(0.0);

/// A key as it stands in the change log: a JSON array in key order.
pub(super) fn key_json<'v>(
    table: &TableSchema,
    values: impl IntoIterator<Item = &'v Value>,
) -> String {
    let mut json = String::from("[");
    for (column, value) in table.key_columns().zip(values) {
        if json.len() > 1 {
            json.push(',');
        }
        let value = match value {
            Value::Real(real) if *real == 0.0 => &ZERO,
            value => value,
        };
        write_wire(&mut json, &column.ty, value);
    }
    json.push(']');
    json
}

/// `changed_columns` as positions.
pub(super) fn parse_columns(table: &TableSchema, json: &str) -> Vec<usize> {
    let names: Vec<String> = crate::json::from_str(json).unwrap_or_default();
    names
        .iter()
        .filter_map(|name| table.position(name))
        .collect()
}

/// Positions as `changed_columns`, in table order.
pub(super) fn columns_json(table: &TableSchema, positions: &[usize]) -> String {
    let mut json = String::from("[");
    for column in positions.iter().filter_map(|at| table.columns.get(*at)) {
        if json.len() > 1 {
            json.push(',');
        }
        write_string(&mut json, &column.name);
    }
    json.push(']');
    json
}

/// The columns an intent may carry: the key travels beside them and the write id is ours to set.
pub(super) fn sent_columns(table: &TableSchema) -> impl Iterator<Item = usize> {
    let write_id = table.write_id_position();
    (0..table.columns.len()).filter(move |at| !table.is_key(*at) && Some(*at) != write_id)
}

fn table(session: &Session, call: &Context<'_>) -> SqlResult<Arc<TableSchema>> {
    let name = call.get_raw(0).as_str()?;
    session
        .table(name)
        .ok_or_else(|| refuse(session, format!("{name:?} is not a synced table")))
}

fn outside(session: &Session) -> rusqlite::Error {
    refuse(
        session,
        "a synced table can only be written through execute(), batch() or transaction()".into(),
    )
}

fn refuse(session: &Session, reason: String) -> rusqlite::Error {
    session.refuse(Error::Constraint(reason.clone()));
    rusqlite::Error::UserFunctionError(reason.into())
}

/// A JSON object, member by member.
pub(super) struct Object(String);

impl Object {
    pub(super) fn new() -> Self {
        Self(String::from("{"))
    }

    pub(super) fn member(&mut self, name: &str, ty: &PgType, value: &Value) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        write_string(&mut self.0, name);
        self.0.push(':');
        write_wire(&mut self.0, ty, value);
    }

    pub(super) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}
