//! Opening: bookkeeping up to date, tables as declared, sync under way.

use std::collections::VecDeque;
use std::sync::Arc;

use rusqlite::Connection;

use super::analyses::Analyses;
use super::config::DeclaredShape;
use super::durability::choose;
use super::grouping::Groups;
use super::ledger::LEDGER_SHAPE;
use super::life::Life;
use super::rejecting::reject_misfits;
use super::runner::ShapeRunner;
use super::{Config, Effect, Engine, Numbered, Outstanding, Purpose, Upkeep, begin};
use crate::error::Result;
use crate::ids::{ClientId, FetchId, Millis, ShapeId, TabNumber};
use crate::schema::{Names, TableDeclaration, TableSchema};
use crate::shape::Machine;
use crate::store::shapes::StoredShape;
use crate::store::{
    self, Key, Salvage, Session, check, connection, held, membership, migrations, queue, requests,
    restore, settings, shapes, subsets, tables,
};
use crate::tabs::{Persistence, StorageStatus};
use crate::upload::{self, Uploader};

/// A connection and where it leads.
#[derive(Debug)]
pub struct Place {
    /// To the file, used by nobody yet.
    pub conn: Connection,
    /// What it is.
    pub persistence: Persistence,
    /// Why it is in memory.
    pub reason: Option<String>,
    /// What was saved of a broken file: this one is fresh.
    pub salvage: Option<Salvage>,
}

impl Engine {
    /// Sets the connection up, brings the database to the declared tables and starts sync.
    ///
    /// What was being sent when the last session ended goes again, under the same idempotency key. A broken file gives
    /// an engine that does nothing, and [`Effect::Restart`].
    ///
    /// # Errors
    /// As [`Config::parse`]; [`crate::error::Error::SchemaAhead`] for a newer database; storage errors.
    pub fn open(
        conn: Connection,
        config: Config,
        persistence: Persistence,
        reason: Option<String>,
        now: Millis,
        rng: &mut fastrand::Rng,
    ) -> Result<(Self, Vec<Effect>)> {
        let place = Place {
            conn,
            persistence,
            reason,
            salvage: None,
        };
        Self::open_at(place, config, now, rng)
    }

    /// The same, after a rescue with what was saved.
    ///
    /// # Errors
    /// As above. With a salvage [`crate::error::Error::Corrupt`], too: the broken file is still the one to open.
    pub fn open_at(
        place: Place,
        config: Config,
        now: Millis,
        rng: &mut fastrand::Rng,
    ) -> Result<(Self, Vec<Effect>)> {
        let Place {
            conn,
            persistence,
            reason,
            salvage,
        } = place;
        let seed = rng.get_seed();
        let mut engine = Self::unopened(conn, config, persistence, reason, now);
        if let Err(error) = engine.start(salvage.as_ref(), now, rng) {
            match engine.what_broke(&error) {
                Some(reason) if salvage.is_none() => engine.rescue(reason),
                _ => return Err(error),
            }
        }
        engine.record_opening(seed);
        let effects = std::mem::take(&mut engine.effects);
        Ok((engine, effects))
    }

    fn unopened(
        conn: Connection,
        config: Config,
        persistence: Persistence,
        reason: Option<String>,
        now: Millis,
    ) -> Self {
        let batch = config.write.as_ref().map(|write| write.batch);
        let uploader = Uploader::new(
            config.write.is_none() || !config.connect,
            batch.unwrap_or_default(),
        );
        Self {
            conn,
            session: Arc::new(Session::default()),
            client: ClientId(String::new()),
            life: Life::default(),
            storage: StorageStatus::unknown(persistence, reason),
            connected: config.connect,
            closed: false,
            shapes: Vec::new(),
            groups: Groups::new(),
            uploader,
            live: Vec::new(),
            analyses: Analyses::default(),
            fetches: Numbered::default(),
            last_fetch: FetchId(0),
            held: Numbered::default(),
            open_transaction: None,
            asking: TabNumber::default(),
            deferred: VecDeque::new(),
            awaiting_schema: Vec::new(),
            awaiting_verdict: Vec::new(),
            touched: Names::new(),
            nudges: 0,
            now,
            told: super::status::Told::default(),
            status_is_stale: true,
            outstanding: Outstanding::default(),
            effects: Vec::new(),
            upkeep: Upkeep::default(),
            trace: None,
            clock: || 0,
            config,
        }
    }

    fn start(
        &mut self,
        salvage: Option<&Salvage>,
        now: Millis,
        rng: &mut fastrand::Rng,
    ) -> Result<()> {
        connection::configure(&mut self.conn, self.session.clone())?;
        choose(&self.conn, &self.session, self.config.durability)?;
        connection::read_back(&self.conn, &mut self.storage)?;
        let (session, config) = (&self.session, &self.config);
        let transaction = begin(&self.conn, session, Purpose::App)?;
        let is_new = migrations::migrate(&transaction)?;
        check::numbers(&transaction)?;
        let names = declared(config);
        let mut recovery = None;
        if let Some(salvage) = salvage {
            recovery = Some(restore::restore(
                &transaction,
                session,
                salvage,
                &names,
                now,
            )?);
        }
        let client = settings::client_id(&transaction, rng)?;
        queue::requeue(&transaction, None)?;
        requests::forget_old(&transaction, now)?;
        let runners = bring_up(&transaction, session, &client, config, now)?;
        if let Some(salvage) = salvage {
            for table in session.tables() {
                refold_pending(&transaction, &table)?;
            }
            if let Some(lost) = &mut recovery {
                *lost += restore::restore_objects(&transaction, session, salvage, &names)?;
            }
        }
        transaction.commit()?;

        self.client = client;
        self.life = Life::new(rng);
        self.shapes = runners;
        self.mark_open(now);
        let outlives = self.storage.persistence != Persistence::Memory;
        if is_new && outlives && salvage.is_none() {
            self.storage.evicted = self.config.seen;
        }
        if let (Some(salvage), Some(lost)) = (salvage, recovery) {
            self.tell_recovery(salvage, lost)?;
        }
        for at in 0..self.shapes.len() {
            if self.shapes[at].complete {
                self.reload_subsets(at)?;
            }
            self.leave_nothing_held(now, rng, at)?;
            self.start_shape(now, rng, at);
        }
        self.upload(now, rng, upload::Event::Queued);
        self.nudge(now, rng);
        self.measure();
        self.look_after_storage();
        self.publish();
        self.rescue_if_broken();
        Ok(())
    }
}

/// The names of the tables, a JSON array.
pub(super) fn declared(config: &Config) -> Vec<&str> {
    config.tables.iter().map(|(name, _)| name).collect()
}

/// Tables and shapes as they are declared. Wants a transaction.
pub(super) fn bring_up(
    conn: &Connection,
    session: &Session,
    client: &ClientId,
    config: &Config,
    now: Millis,
) -> Result<Vec<ShapeRunner>> {
    let known = shapes::load_tables(conn)?;
    bring_tables_up(conn, session, client, config, &known, now)?;
    bring_shapes_up(conn, session, client, config)
}

/// A runner for each declared shape. What was declared once and is no more goes, with the rows that no other shape
/// holds.
fn bring_shapes_up(
    conn: &Connection,
    session: &Session,
    client: &ClientId,
    config: &Config,
) -> Result<Vec<ShapeRunner>> {
    let mut declared = Vec::new();
    for (table, declaration) in config.tables.iter() {
        for (name, shape) in config.shapes_of(table, declaration)? {
            let id = shapes::register(conn, table, &name, true)?;
            declared.push((id, table, name, shape));
        }
    }
    let ledger = config.ledger(client);
    let ledger_id = match &ledger {
        Some((table, _)) => Some(shapes::register(conn, table, LEDGER_SHAPE, true)?),
        None => None,
    };
    if let (Some((table, definition)), Some(id)) = (ledger, ledger_id) {
        let shape = DeclaredShape {
            definition: Some(definition),
            group: None,
        };
        declared.push((id, table, LEDGER_SHAPE.into(), shape));
    }
    for schema in session.tables() {
        membership::bring_up(conn, &schema)?;
    }
    let stored = shapes::load(conn)?;
    for shape in &stored {
        let is_declared = declared.iter().any(|(id, ..)| *id == shape.id);
        if shape.declared && !is_declared && config.tables.get(&shape.table).is_some() {
            if let Some(table) = session.table(&shape.table) {
                tables::purge(conn, &table, shape.id)?;
                refold_pending(conn, &table)?;
            }
            subsets::forget(conn, shape.id, None)?;
            held::clear(conn, shape.id)?;
            shapes::forget(conn, shape.id)?;
        }
    }
    let mut runners = Vec::new();
    for (id, table, name, shape) in declared {
        let stored = stored.iter().find(|stored| stored.id == id);
        let schema = session.table(table);
        runners.push(runner(
            conn,
            schema.as_deref(),
            (id, table, &name),
            shape,
            stored,
        )?);
    }
    if let Some(runner) = runners.last_mut() {
        runner.is_ledger = ledger_id == Some(runner.id);
    }
    Ok(runners)
}

/// Goes on with a shape where it was left.
pub(super) fn runner(
    conn: &Connection,
    schema: Option<&TableSchema>,
    (id, table, name): (ShapeId, &str, &str),
    shape: DeclaredShape,
    stored: Option<&StoredShape>,
) -> Result<ShapeRunner> {
    let progress = stored.and_then(|stored| stored.progress.clone());
    let machine = shape
        .definition
        .map(|definition| Machine::open(definition, progress));
    let mut runner = ShapeRunner::new(id, table, name, machine);
    runner.group = shape.group;
    runner.complete = stored.is_some_and(|stored| stored.complete);
    if let Some(schema) = schema {
        runner.count_rows(conn, schema)?;
    }
    Ok(runner)
}

/// Makes what is declared and not there, replaces what is declared otherwise, keeps what is no longer declared:
/// its pending writes still go out.
fn bring_tables_up(
    conn: &Connection,
    session: &Session,
    client: &ClientId,
    config: &Config,
    known: &[TableSchema],
    now: Millis,
) -> Result<()> {
    let mut done = Vec::new();
    for (name, declaration) in config.tables.iter() {
        let found = known.iter().find(|table| table.name == name);
        let wanted = match (declaration.schema(name)?, found) {
            (Some(declared), _) => Some(declared),
            (None, Some(found)) => Some(with_indexes(found, declaration)?),
            (None, None) => None,
        };
        if let Some(wanted) = wanted {
            let table = adopt(conn, session, found, wanted)?;
            if let Some(found) = found.filter(|found| !found.stores_like(&table)) {
                reject_misfits(conn, session, client, config, (found, &table), now)?;
            }
            done.push(name);
        }
    }
    for table in known {
        if !done.contains(&table.name.as_str()) {
            adopt(conn, session, Some(table), table.clone())?;
        }
    }
    config.tables.check_references(&|name| session.table(name))
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
    let replaced = found.is_none_or(|found| !found.stores_like(&wanted));
    let table = session.add_table(wanted);
    // A table that is made can have intents already, after a rescue that could not read its schema.
    if replaced {
        refold_pending(conn, &table)?;
    }
    Ok(table)
}

/// Folds all pending intents of a table over what its rows are now. Wants a transaction.
pub(super) fn refold_pending(conn: &Connection, table: &TableSchema) -> Result<()> {
    for json in store::changes::keys_with_intents(conn, &table.name)? {
        // A key that the table cannot hold has no row.
        if let Ok(key) = Key::parse(table, &json) {
            store::refold(conn, table, &key)?;
        }
    }
    Ok(())
}
