//! Opening: bookkeeping up to date, tables as declared, sync under way.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use rusqlite::Connection;

use super::local::Analyses;
use super::runner::ShapeRunner;
use super::{Config, Effect, Engine, begin};
use crate::error::Result;
use crate::ids::{FetchId, Millis};
use crate::schema::{TableDeclaration, TableSchema};
use crate::shape::{self, Machine};
use crate::store::shapes::StoredShape;
use crate::store::{
    self, Key, Session, connection, migrations, settings, shapes, tables, transactions,
};
use crate::tabs::Persistence;
use crate::upload::{self, Uploader};

impl Engine {
    /// Sets the connection up, brings the database to the declared tables and starts sync.
    ///
    /// What was being sent when the last session ended goes again, under the same idempotency key.
    ///
    /// # Errors
    /// As [`Config::parse`]; [`crate::error::Error::SchemaAhead`] for a newer database; storage errors.
    pub fn open(
        mut conn: Connection,
        config: Config,
        persistence: Persistence,
        reason: Option<String>,
        now: Millis,
        rng: &mut fastrand::Rng,
    ) -> Result<(Self, Vec<Effect>)> {
        let session = Arc::new(Session::default());
        connection::configure(&mut conn, session.clone())?;
        let storage = connection::read_back(&conn, persistence, reason)?;
        let transaction = begin(&conn)?;
        migrations::migrate(&transaction)?;
        let client = settings::client_id(&transaction, rng)?;
        transactions::requeue(&transaction)?;
        let stored = shapes::load(&transaction)?;
        bring_tables_up(&transaction, &session, &config, &stored)?;
        transaction.commit()?;

        let runners = config
            .tables
            .iter()
            .map(|(name, declaration)| {
                let stored = stored.iter().find(|shape| shape.table == name);
                runner(&conn, &session, &config, name, declaration, stored)
            })
            .collect::<Result<Vec<_>>>()?;
        let uploader = Uploader::new(config.write.is_none() || !config.connect);
        let mut engine = Self {
            conn,
            session,
            client,
            storage,
            connected: config.connect,
            closed: false,
            shapes: runners,
            uploader,
            live: Vec::new(),
            analyses: Analyses::default(),
            fetches: HashMap::new(),
            last_fetch: FetchId(0),
            open_transaction: None,
            deferred: VecDeque::new(),
            awaiting_schema: Vec::new(),
            touched: BTreeSet::new(),
            nudges: 0,
            status: None,
            status_is_stale: true,
            effects: Vec::new(),
            config,
        };
        for at in 0..engine.shapes.len() {
            let event = if engine.connected {
                shape::Event::Start
            } else {
                shape::Event::Pause
            };
            engine.shape(now, rng, at, event);
        }
        engine.upload(now, rng, upload::Event::Queued);
        engine.nudge(now, rng);
        engine.publish();
        let effects = std::mem::take(&mut engine.effects);
        Ok((engine, effects))
    }
}

fn runner(
    conn: &Connection,
    session: &Session,
    config: &Config,
    name: &str,
    declaration: &TableDeclaration,
    stored: Option<&StoredShape>,
) -> Result<ShapeRunner> {
    let machine = config
        .shape_of(name, declaration)
        .map(|definition| {
            definition.check()?;
            let progress = stored.and_then(|stored| stored.progress.clone());
            Ok::<_, crate::error::Error>(Machine::open(definition, progress))
        })
        .transpose()?;
    let mut runner = ShapeRunner::new(name, machine);
    if session.table(name).is_some() {
        runner.count_rows(conn)?;
    }
    Ok(runner)
}

/// Makes what is declared and not there, replaces what is declared otherwise, keeps what is no longer declared:
/// its pending writes still go out.
fn bring_tables_up(
    conn: &Connection,
    session: &Session,
    config: &Config,
    stored: &[StoredShape],
) -> Result<()> {
    let mut done = BTreeSet::new();
    for (name, declaration) in config.tables.iter() {
        let found = stored
            .iter()
            .find(|shape| shape.table == name)
            .and_then(|shape| shape.schema.as_ref());
        let wanted = match (declaration.schema(name)?, found) {
            (Some(declared), _) => Some(declared),
            (None, Some(found)) => Some(with_indexes(found, declaration)?),
            (None, None) => None,
        };
        if let Some(wanted) = wanted {
            adopt(conn, session, found, wanted)?;
            done.insert(name);
        }
    }
    for shape in stored {
        if let Some(schema) = &shape.schema
            && !done.contains(shape.table.as_str())
        {
            adopt(conn, session, Some(schema), schema.clone())?;
        }
    }
    Ok(())
}

fn with_indexes(found: &TableSchema, declaration: &TableDeclaration) -> Result<TableSchema> {
    let key: Vec<String> = found
        .key_columns()
        .map(|column| column.name.clone())
        .collect();
    TableSchema::new(
        &found.name,
        found.columns.clone(),
        &key,
        declaration.index_columns(),
    )
}

/// Makes the database's objects those of `wanted`. Wants a transaction.
pub(super) fn adopt(
    conn: &Connection,
    session: &Session,
    found: Option<&TableSchema>,
    wanted: TableSchema,
) -> Result<Arc<TableSchema>> {
    match found {
        None => tables::create(conn, &wanted)?,
        Some(found) if found.stores_like(&wanted) => tables::refresh(conn, &wanted)?,
        Some(found) => tables::replace(conn, found, &wanted)?,
    }
    if found != Some(&wanted) {
        shapes::save_schema(conn, &wanted)?;
    }
    let replaced = found.is_some_and(|found| !found.stores_like(&wanted));
    let table = session.add_table(wanted);
    if replaced {
        for json in store::changes::keys_with_intents(conn, &table.name)? {
            store::refold(conn, &table, &Key::parse(&table, &json)?)?;
        }
    }
    Ok(table)
}
