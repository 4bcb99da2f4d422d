//! The SQL functions that the generated triggers call (names in [`crate::schema::names::function`]).
//!
//! Values go into the change log as wire JSON by column type; SQLite's own JSON functions would round doubles to
//! 15 digits and cannot hold blobs.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};

use super::session::Session;
use super::values::from_ref;
use crate::error::{Error, Result};
use crate::optimistic::add_position;
use crate::schema::names::function;
use crate::schema::{Ordered, TableSchema};
use crate::value::{PgType, Value, canonical, write_wire};

type SqlResult<T> = rusqlite::Result<T>;

/// What a function does.
type Body = fn(&Session, &Context<'_>) -> SqlResult<Value>;

/// Name, number of arguments (-1: any), whether it is the same for the same arguments, and what it does. One closure
/// serves all of them: each kind of its own would bring SQLite's side along again.
const FUNCTIONS: [(&str, i32, bool, Body); 9] = [
    (function::CAST, 3, true, cast),
    (function::KEY, -1, true, key),
    (function::INSERTED, -1, true, inserted),
    (function::CHANGED, -1, true, |session, call| {
        changed(session, call, Side::New)
    }),
    (function::BASE, -1, true, |session, call| {
        changed(session, call, Side::Old)
    }),
    (function::ROW, -1, true, row),
    (function::COLUMNS, 3, true, columns),
    (function::TRANSACTION, 0, false, |session, _| {
        let id = session.transaction_id().ok_or_else(|| outside(session))?;
        Ok(Value::Integer(id.0))
    }),
    (function::WRITE_ID, 0, false, |session, _| {
        let id = session.next_write_id().ok_or_else(|| outside(session))?;
        Ok(Value::Text(id.0))
    }),
];

/// Registers all of them.
pub(super) fn install(conn: &Connection, session: &Arc<Session>) -> Result<()> {
    for (name, arguments, is_constant, body) in FUNCTIONS {
        let mut flags = FunctionFlags::SQLITE_UTF8;
        flags.set(FunctionFlags::SQLITE_DETERMINISTIC, is_constant);
        let on = session.clone();
        conn.create_scalar_function(name, arguments, flags, move |call| body(&on, call))?;
    }
    Ok(())
}

fn cast(session: &Session, call: &Context<'_>) -> SqlResult<Value> {
    let ty = call.get_or_create_aux(1, |name| -> Result<PgType, rusqlite::Error> {
        let name = name.as_str().map_err(rusqlite::Error::from)?;
        PgType::parse_declared(name).map_err(|reason| refuse(session, reason))
    })?;
    let value = from_ref(call.get_raw(0));
    canonical(&ty, value).map_err(|reason| {
        let label = call.get_raw(2).as_str().unwrap_or_default();
        refuse(session, format!("{label}: {reason}"))
    })
}

fn key(session: &Session, call: &Context<'_>) -> SqlResult<Value> {
    let table = table(session, call)?;
    let values: Vec<Value> = (1..call.len())
        .map(|at| from_ref(call.get_raw(at)))
        .collect();
    Ok(Value::Text(key_json(&table, &values)))
}

/// A key as it stands in the change log: a JSON array in key order.
pub(super) fn key_json(table: &TableSchema, values: &[Value]) -> String {
    let mut json = String::from("[");
    for (column, value) in table.key_columns().zip(values) {
        if json.len() > 1 {
            json.push(',');
        }
        write_wire(&mut json, &column.ty, value);
    }
    json.push(']');
    json
}

/// All columns but the key. A NULL that the server would refuse was left out by the app: so its default applies.
fn inserted(session: &Session, call: &Context<'_>) -> SqlResult<Value> {
    let table = table(session, call)?;
    let mut json = Object::new();
    for at in sent_columns(&table) {
        let column = &table.columns[at];
        let value = app_value(session, &table, at, call, 1 + at)?;
        if value != Value::Null || !column.not_null {
            json.member(&column.name, &column.ty, &value);
        }
    }
    Ok(Value::Text(json.end()))
}

#[derive(Clone, Copy)]
enum Side {
    Old,
    New,
}

/// The columns whose new value differs, with one side's values; NULL when none does.
fn changed(session: &Session, call: &Context<'_>, side: Side) -> SqlResult<Value> {
    let table = table(session, call)?;
    let mut json = Object::new();
    for at in sent_columns(&table) {
        let column = &table.columns[at];
        let old = from_ref(call.get_raw(1 + at));
        let new = app_value(session, &table, at, call, 1 + table.columns.len() + at)?;
        if old != new {
            let value = match side {
                Side::Old => &old,
                Side::New => &new,
            };
            json.member(&column.name, &column.ty, value);
        }
    }
    Ok(if json.is_empty() {
        Value::Null
    } else {
        Value::Text(json.end())
    })
}

fn row(session: &Session, call: &Context<'_>) -> SqlResult<Value> {
    let table = table(session, call)?;
    let mut json = Object::new();
    for at in sent_columns(&table) {
        let column = &table.columns[at];
        json.member(&column.name, &column.ty, &from_ref(call.get_raw(1 + at)));
    }
    Ok(Value::Text(json.end()))
}

fn columns(session: &Session, call: &Context<'_>) -> SqlResult<Value> {
    let table = table(session, call)?;
    let so_far = call.get_raw(1).as_str_or_null()?.unwrap_or("[]");
    let value = call.get_raw(2).as_str()?;
    let mut positions = parse_columns(&table, so_far);
    let value: Ordered<serde::de::IgnoredAny> =
        crate::json::from_str(value).map_err(|error| refuse(session, error.to_string()))?;
    for (name, _) in value.iter() {
        if let Some(at) = table.position(name) {
            add_position(&mut positions, at);
        }
    }
    Ok(Value::Text(columns_json(&table, &positions)))
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
    let names: Vec<&str> = positions
        .iter()
        .filter_map(|at| table.columns.get(*at))
        .map(|column| column.name.as_str())
        .collect();
    serde_json::Value::from(names).to_string()
}

/// The columns an intent may carry: the key travels beside them and the write id is ours to set.
pub(super) fn sent_columns(table: &TableSchema) -> impl Iterator<Item = usize> {
    let write_id = table.write_id_position();
    (0..table.columns.len()).filter(move |at| !table.is_key(*at) && Some(*at) != write_id)
}

fn app_value(
    session: &Session,
    table: &TableSchema,
    at: usize,
    call: &Context<'_>,
    argument: usize,
) -> SqlResult<Value> {
    let column = &table.columns[at];
    canonical(&column.ty, from_ref(call.get_raw(argument)))
        .map_err(|reason| refuse(session, format!("{}.{}: {reason}", table.name, column.name)))
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

    fn is_empty(&self) -> bool {
        self.0.len() == 1
    }

    pub(super) fn member(&mut self, name: &str, ty: &PgType, value: &Value) {
        if !self.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(&serde_json::Value::from(name).to_string());
        self.0.push(':');
        write_wire(&mut self.0, ty, value);
    }

    pub(super) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}
