//! Before the first request: the connection, the ledger, the tables that are offered.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use deadpool_postgres::{Object, PoolError, Transaction};
use tokio_postgres::Error;
use tokio_postgres::types::Type;

use super::attempt::described;
use super::catalogue::{Catalogue, TableName};
use super::{Postgres, Settings, Shared, connect, first_rows, ledger};
use crate::demo;

/// The oldest version that has `pg_current_xact_id()`.
const OLDEST: i32 = 130_000;
/// One server at a time makes tables: the lock's number is ours alone.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7224671043)";

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum OpenError {
    #[error("--postgres: the URL is not usable: {0}")]
    Url(String),
    #[error("{0}: {1}")]
    Authorities(PathBuf, String),
    #[error("cannot connect to Postgres: {0}")]
    Connect(String),
    #[error("Postgres 13 or newer is needed, this one is {0}")]
    TooOld(String),
    #[error("table {0}: there is no such table, or this user may not see it")]
    NoTable(String),
    #[error("table {0} is not one that clients may write")]
    Reserved(String),
    #[error("table {0} needs a primary key")]
    NoKey(String),
    #[error("clients name a table without its schema, and there are two tables {0}")]
    Ambiguous(String),
    #[error("table {table} has no column {column}")]
    NoColumn { table: String, column: String },
    #[error("the ledger cannot be used: {0}\nIt is made by:\n\n{ddl}", ddl = ledger::CREATE)]
    Ledger(String),
    #[error("cannot prepare the database: {0}")]
    Prepare(String),
}

pub(super) async fn open(settings: Settings) -> Result<Postgres, OpenError> {
    let wanted = match settings.tables.is_empty() {
        true => demo::TABLES.map(str::to_owned).into(),
        false => settings.tables.clone(),
    };
    let tables = names(&wanted)?;
    let pool = connect::pool(&settings)?;
    let mut client = pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) => OpenError::Connect(advised(described(&error))),
        other => OpenError::Connect(other.to_string()),
    })?;
    check_version(&client).await?;
    let tickets = settings.tables.is_empty().then_some(settings.rows);
    prepare(&mut client, tickets).await?;
    let catalogue = Catalogue::read(&client, tables.values()).await;
    let catalogue = catalogue.map_err(|error| OpenError::Prepare(described(&error)))?;
    check(&catalogue, &tables, &settings.columns)?;
    drop(client);
    let Settings {
        columns,
        serializable,
        patience,
        ..
    } = settings;
    let shared = Shared {
        pool,
        tables,
        columns,
        serializable,
        patience,
    };
    Ok(Postgres {
        shared: Arc::new(shared),
    })
}

/// What the error's words leave out.
fn advised(why: String) -> String {
    match why.contains("invalid peer certificate") {
        true => format!("{why}; --postgres-ca names the authority of a private certificate"),
        false => why,
    }
}

fn names(wanted: &[String]) -> Result<BTreeMap<String, TableName>, OpenError> {
    let mut names = BTreeMap::new();
    for text in wanted {
        let table = TableName::parse(text);
        if table.is_reserved() {
            return Err(OpenError::Reserved(text.clone()));
        }
        if let Some(other) = names.insert(table.name.clone(), table.clone())
            && other != table
        {
            return Err(OpenError::Ambiguous(table.name));
        }
    }
    Ok(names)
}

async fn check_version(client: &Object) -> Result<(), OpenError> {
    let version =
        "SELECT current_setting('server_version_num')::int4, current_setting('server_version')";
    let read = async {
        let row = client.query_typed_one(version, &[]).await?;
        Ok((row.try_get::<_, i32>(0)?, row.try_get::<_, String>(1)?))
    };
    match read.await {
        Ok((number, _)) if number >= OLDEST => Ok(()),
        Ok((_, name)) => Err(OpenError::TooOld(name)),
        Err(error) => Err(OpenError::Connect(described(&error))),
    }
}

/// Makes the ledger and, if no table is named, the demo's tables with so many tickets; each only where there is none.
async fn prepare(client: &mut Object, tickets: Option<u64>) -> Result<(), OpenError> {
    let failed = |error: Error| OpenError::Prepare(described(&error));
    let unusable = |error: Error| OpenError::Ledger(described(&error));
    let tx = client.transaction().await.map_err(failed)?;
    tx.batch_execute(LOCK).await.map_err(failed)?;
    if !exists(&tx, ledger::QUALIFIED).await.map_err(failed)? {
        tx.batch_execute(ledger::CREATE).await.map_err(unusable)?;
    }
    tx.batch_execute(ledger::PROBE).await.map_err(unusable)?;
    if let Some(tickets) = tickets {
        if !exists(&tx, "public.todos").await.map_err(failed)? {
            first_rows::create_todos(&tx).await.map_err(failed)?;
        }
        if !exists(&tx, "public.items").await.map_err(failed)? {
            first_rows::create_lists(&tx, tickets)
                .await
                .map_err(failed)?;
        }
    }
    tx.commit().await.map_err(failed)
}

async fn exists(tx: &Transaction<'_>, table: &str) -> Result<bool, Error> {
    let found = "SELECT to_regclass($1) IS NOT NULL";
    tx.query_typed_one(found, &[(&table, Type::TEXT)])
        .await?
        .try_get(0)
}

fn check(
    catalogue: &Catalogue,
    tables: &BTreeMap<String, TableName>,
    columns: &BTreeMap<String, Vec<String>>,
) -> Result<(), OpenError> {
    for name in tables.keys() {
        let no_table = || OpenError::NoTable(name.clone());
        let table = catalogue.get(name).ok_or_else(no_table)?;
        if table.key.is_empty() {
            return Err(OpenError::NoKey(name.clone()));
        }
    }
    for (table, columns) in columns {
        let no_table = || OpenError::NoTable(table.clone());
        let found = catalogue.get(table).ok_or_else(no_table)?;
        if let Some(column) = columns.iter().find(|name| found.column(name).is_none()) {
            let (table, column) = (table.clone(), column.clone());
            return Err(OpenError::NoColumn { table, column });
        }
    }
    Ok(())
}
