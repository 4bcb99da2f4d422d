//! Controls of the database: other users, its owner, and a look at its rows.

use std::borrow::Cow;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;

use super::{bad, done};
use crate::backend::TransactionError;
use crate::demo;
use crate::electric::{Alter, Column, Lag, PgType, Table};
use crate::http::state::{Core, Service, now};
use crate::write::{Change, LocalTransaction};

pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route("/test/transaction", post(transaction))
        .route("/test/table", post(table))
        .route("/test/truncate", post(truncate))
        .route("/test/fill", post(fill))
        .route("/test/alter", post(alter))
        .route("/test/reset", post(reset))
        .route("/test/rows", get(rows))
        .route("/test/count", get(count))
}

#[derive(Deserialize)]
struct OtherUser {
    changes: Vec<Change>,
}

/// The body is parsed from its text, since embedded JSON values keep their digits only so.
async fn transaction(State(service): State<Service>, body: String) -> Response {
    let transaction = match serde_json::from_str(&body) {
        Ok(OtherUser { changes }) => LocalTransaction {
            id: format!("test:{:032x}", fastrand::u128(..)),
            changes,
        },
        Err(error) => return bad(error.to_string()),
    };
    let verdict = service
        .write(|Core { backend, journal }| backend.write(journal.as_mut(), now(), &transaction));
    match verdict {
        Ok(verdict) => Json(verdict).into_response(),
        Err(error) => done(Err(error)),
    }
}

#[derive(Deserialize)]
struct OfTable {
    table: String,
}

async fn truncate(State(service): State<Service>, Query(of): Query<OfTable>) -> Response {
    done(service.write(|Core { backend, journal }| backend.truncate(journal.as_mut(), &of.table)))
}

#[derive(Deserialize)]
struct NewColumn {
    name: String,
    /// As Postgres names it; types with modifiers stand without.
    #[serde(rename = "type")]
    pg_type: String,
    #[serde(default)]
    not_null: bool,
}

impl NewColumn {
    fn column(&self) -> Result<Column, String> {
        let unknown = || format!("unknown type {}", self.pg_type);
        let pg_type = PgType::named(&self.pg_type).ok_or_else(unknown)?;
        let column = Column::new(&self.name, pg_type);
        Ok(match self.not_null {
            true => column.not_null(),
            false => column,
        })
    }
}

#[derive(Deserialize)]
struct NewTable {
    name: String,
    primary_key: Vec<String>,
    columns: Vec<NewColumn>,
}

async fn table(State(service): State<Service>, Json(wanted): Json<NewTable>) -> Response {
    let columns: Result<Vec<Column>, String> =
        wanted.columns.iter().map(NewColumn::column).collect();
    let columns = match columns {
        Ok(columns) => columns,
        Err(message) => return bad(message),
    };
    let key: Vec<&str> = wanted.primary_key.iter().map(String::as_str).collect();
    let table = Table::new(&wanted.name, &key, columns);
    if key.is_empty() || key.iter().any(|name| table.column(name).is_none()) {
        return bad("primary_key must name columns of the table");
    }
    done(service.write(|Core { backend, journal }| backend.create_table(journal.as_mut(), table)))
}

#[derive(Deserialize)]
struct Fill {
    table: String,
    rows: u64,
    bytes: usize,
}

/// The table that is made when the one to fill does not exist.
fn fillable(name: &str) -> Table {
    let columns = [
        Column::new("id", PgType::Int8),
        Column::new("title", PgType::Text).not_null(),
        Column::new("completed", PgType::Bool).not_null(),
        Column::new("number", PgType::Int4).not_null(),
        Column::new("created_at", PgType::Timestamptz).not_null(),
    ];
    Table::new(name, &["id"], columns)
}

async fn fill(State(service): State<Service>, Json(wanted): Json<Fill>) -> Response {
    let Fill { table, rows, bytes } = wanted;
    let filled = service.write(|Core { backend, journal }| {
        let journal = journal.as_mut();
        if backend.electric().table(&table).is_none() {
            backend.create_table(journal, fillable(&table))?;
        }
        backend.fill(journal, &table, rows, bytes)
    });
    match filled {
        Err(TransactionError::Change(error)) => bad(error.to_string()),
        other => done(other),
    }
}

#[derive(Deserialize)]
struct AlterTable {
    table: String,
    add: Option<NewColumn>,
    drop: Option<String>,
    #[serde(default)]
    unseen: bool,
}

async fn alter(State(service): State<Service>, Json(wanted): Json<AlterTable>) -> Response {
    let alter = match (wanted.add, wanted.drop) {
        (Some(column), None) => match column.column() {
            Ok(column) => Alter::AddColumn(column),
            Err(message) => return bad(message),
        },
        (None, Some(name)) => Alter::DropColumn(name),
        _ => return bad("expected either add or drop"),
    };
    done(service.write(|Core { backend, journal }| {
        let journal = journal.as_mut();
        match wanted.unseen {
            true => backend.alter_table_unseen(journal, &wanted.table, alter),
            false => backend.alter_table(journal, &wanted.table, alter),
        }
    }))
}

async fn reset(State(service): State<Service>) -> Response {
    {
        let mut faults = service.faults();
        faults.clear();
        faults.script.shelf.clear();
        faults.seen.clear();
    }
    let options = service.options().clone();
    done(service.write(|Core { backend, journal }| {
        let electric = backend.electric_mut();
        electric.set_condition(crate::electric::Condition::Active);
        electric.set_lag(Lag::default());
        *electric.options_mut() = options;
        // The table itself may have been altered.
        demo::start(backend, journal.as_mut(), now())?;
        demo::lists::start_anew(backend, journal.as_mut(), now(), 0)
    }))
}

#[derive(Deserialize)]
struct SomeOfTable {
    table: String,
    limit: Option<usize>,
}

async fn rows(State(service): State<Service>, Query(of): Query<SomeOfTable>) -> Response {
    let rows = service.read(|core| {
        let rows = core.backend.electric().all_rows(&of.table);
        let some = rows.take(of.limit.unwrap_or(usize::MAX));
        some.map(Cow::into_owned).collect::<Vec<_>>()
    });
    Json(rows).into_response()
}

async fn count(State(service): State<Service>, Query(of): Query<OfTable>) -> Response {
    let count = service.read(|core| core.backend.electric().row_count(&of.table));
    Json(count).into_response()
}
