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

/// Registers all of them.
pub(super) fn install(conn: &Connection, session: &Arc<Session>) -> Result<()> {
    let constant = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let fresh = FunctionFlags::SQLITE_UTF8;

    let on = session.clone();
    conn.create_scalar_function(function::CAST, 3, constant, move |call| cast(&on, call))?;
    let on = session.clone();
    conn.create_scalar_function(function::KEY, -1, constant, move |call| key(&on, call))?;
    let on = session.clone();
    conn.create_scalar_function(function::INSERTED, -1, constant, move |call| {
        inserted(&on, call)
    })?;
    let on = session.clone();
    conn.create_scalar_function(function::CHANGED, -1, constant, move |call| {
        changed(&on, call, Side::New)
    })?;
    let on = session.clone();
    conn.create_scalar_function(function::BASE, -1, constant, move |call| {
        changed(&on, call, Side::Old)
    })?;
    let on = session.clone();
    conn.create_scalar_function(function::ROW, -1, constant, move |call| row(&on, call))?;
    let on = session.clone();
    conn.create_scalar_function(function::COLUMNS, 3, constant, move |call| {
        columns(&on, call)
    })?;
    let on = session.clone();
    conn.create_scalar_function(function::TRANSACTION, 0, fresh, move |_| {
        on.transaction_id()
            .map(|id| id.0)
            .ok_or_else(|| outside(&on))
    })?;
    let on = session.clone();
    conn.create_scalar_function(function::WRITE_ID, 0, fresh, move |_| {
        on.next_write_id()
            .map(|id| id.0)
            .ok_or_else(|| outside(&on))
    })?;
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

fn key(session: &Session, call: &Context<'_>) -> SqlResult<String> {
    let table = table(session, call)?;
    let values: Vec<Value> = (1..call.len())
        .map(|at| from_ref(call.get_raw(at)))
        .collect();
    Ok(key_json(&table, &values))
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
fn inserted(session: &Session, call: &Context<'_>) -> SqlResult<String> {
    let table = table(session, call)?;
    let mut json = Object::new();
    for at in sent_columns(&table) {
        let column = &table.columns[at];
        let value = app_value(session, &table, at, call, 1 + at)?;
        if value != Value::Null || !column.not_null {
            json.member(&column.name, &column.ty, &value);
        }
    }
    Ok(json.end())
}

#[derive(Clone, Copy)]
enum Side {
    Old,
    New,
}

/// The columns whose new value differs, with one side's values; NULL when none does.
fn changed(session: &Session, call: &Context<'_>, side: Side) -> SqlResult<Option<String>> {
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
    Ok((!json.is_empty()).then(|| json.end()))
}

fn row(session: &Session, call: &Context<'_>) -> SqlResult<String> {
    let table = table(session, call)?;
    let mut json = Object::new();
    for at in sent_columns(&table) {
        let column = &table.columns[at];
        json.member(&column.name, &column.ty, &from_ref(call.get_raw(1 + at)));
    }
    Ok(json.end())
}

fn columns(session: &Session, call: &Context<'_>) -> SqlResult<String> {
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
    Ok(columns_json(&table, &positions))
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
