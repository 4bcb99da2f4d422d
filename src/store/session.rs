//! [`Session`]: what the SQL functions and the authorizer of one connection need to know.
//!
//! SQLite calls back into us in the middle of a statement, so this is shared; the locks are never contended,
//! since one connection runs one statement at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::bounds::Bounds;
use super::functions::TakenUp;
use crate::error::Error;
use crate::ids::{Millis, TransactionId, WriteId};
use crate::schema::{Names, Ordered, TableSchema, names};

/// The synced tables by name.
pub type Catalog = Ordered<Arc<TableSchema>>;

/// One a connection.
#[derive(Debug, Default)]
pub struct Session {
    state: Mutex<State>,
    pub(super) bounds: Mutex<Bounds>,
}

#[derive(Debug, Default)]
struct State {
    catalog: Catalog,
    /// The same tables by the name of each object that rows are read from: the view and what is behind it.
    behind: Catalog,
    internal: Names,
    triggers: Names,
    writing: Option<Writing>,
    /// What the trigger that runs writes.
    taken_up: Option<TakenUp>,
    app: Option<Access>,
    refusal: Option<Error>,
}

/// The local transaction that triggers write into.
#[derive(Debug, Clone)]
pub struct Writing {
    /// Its number, should it write anything.
    pub transaction: TransactionId,
    /// The last intent that the change log held before.
    pub after: i64,
    /// The time of its write ids.
    pub now: Millis,
    /// Their randomness.
    pub rng: fastrand::Rng,
    /// Intents logged so far.
    pub intents: u64,
}

/// What a statement reads and writes, as the authorizer saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) reads: Names,
    pub(super) writes: Names,
    pub(super) changes_schema: bool,
    /// The statement in lower case, if it mentions a name of ours.
    mentions: Option<String>,
}

impl Session {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The table of that name.
    pub fn table(&self, name: &str) -> Option<Arc<TableSchema>> {
        self.state().catalog.get(name).cloned()
    }

    /// The table whose rows the view, synced table or shadow table of that name shows.
    pub(super) fn table_behind(&self, object: &str) -> Option<Arc<TableSchema>> {
        self.state().behind.get(object).cloned()
    }

    /// All tables.
    pub fn tables(&self) -> Vec<Arc<TableSchema>> {
        self.state()
            .catalog
            .iter()
            .map(|(_, table)| table.clone())
            .collect()
    }

    /// Adds or replaces a table.
    pub fn add_table(&self, table: TableSchema) -> Arc<TableSchema> {
        let table = Arc::new(table);
        self.set_table(&table.name, Some(table.clone()));
        table
    }

    /// Puts a table back to what was known of it.
    pub fn set_table(&self, name: &str, table: Option<Arc<TableSchema>>) {
        let mut state = self.state();
        let State {
            catalog,
            behind,
            internal,
            triggers,
            ..
        } = &mut *state;
        match table {
            Some(table) => catalog.set(name.to_owned(), table),
            None => catalog.remove(name),
        };
        *behind = Catalog::new();
        *internal = Names::new();
        *triggers = Names::new();
        // No two tables share a name of these: the declarations are checked for it.
        for (name, table) in catalog.iter() {
            for object in [name.to_owned(), names::synced(name), names::local(name)] {
                behind.push(object, table.clone());
            }
            let objects = names::of_table(name).into_iter();
            for object in objects.filter(|object| *object != name) {
                internal.push(object.to_ascii_lowercase(), ());
            }
            for operation in names::OPERATIONS {
                triggers.push(names::trigger(name, operation).to_ascii_lowercase(), ());
            }
        }
    }

    /// Whether only sync may write or change this object.
    pub(super) fn is_internal(&self, object: &str) -> bool {
        let object = object.to_ascii_lowercase();
        object.starts_with(names::PREFIX) || self.state().internal.get(&object).is_some()
    }

    /// Whether the object is a view over a synced table.
    pub(super) fn is_view(&self, object: &str) -> bool {
        self.state()
            .catalog
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(object))
    }

    /// Whether this is one of our triggers.
    pub(super) fn is_trigger(&self, name: &str) -> bool {
        self.state()
            .triggers
            .get(&name.to_ascii_lowercase())
            .is_some()
    }

    /// Opens the local transaction that the triggers write into.
    pub fn begin_writing(&self, writing: Writing) {
        self.state().writing = Some(writing);
    }

    /// Intents logged since [`Session::begin_writing`].
    pub fn intents(&self) -> u64 {
        self.state()
            .writing
            .as_ref()
            .map_or(0, |writing| writing.intents)
    }

    /// Sets the count back after a statement that failed.
    pub fn set_intents(&self, intents: u64) {
        if let Some(writing) = &mut self.state().writing {
            writing.intents = intents;
        }
    }

    /// Closes it.
    pub fn end_writing(&self) -> Option<Writing> {
        let mut state = self.state();
        state.taken_up = None;
        state.writing.take()
    }

    pub(super) fn transaction_id(&self) -> Option<TransactionId> {
        self.state()
            .writing
            .as_ref()
            .map(|writing| writing.transaction)
    }

    /// A new write id; counts one intent.
    pub(super) fn next_write_id(&self) -> Option<WriteId> {
        let mut state = self.state();
        let writing = state.writing.as_mut()?;
        writing.intents += 1;
        Some(new_write_id(writing.now, &mut writing.rng))
    }

    /// The row that the trigger which runs now writes; `None` if there is nothing to write.
    pub(super) fn take_up(&self, row: Option<TakenUp>) {
        self.state().taken_up = row;
    }

    /// Whether there is one.
    pub(super) fn has_taken_up(&self) -> bool {
        self.state().taken_up.is_some()
    }

    /// A part of it.
    pub(super) fn taken_up<T>(&self, part: impl FnOnce(&mut TakenUp) -> T) -> Option<T> {
        self.state().taken_up.as_mut().map(part)
    }

    /// Until [`Session::leave_app`], statements are the app's: the authorizer checks and notes them.
    pub(super) fn enter_app(&self, sql: &str) {
        let lower = sql.to_ascii_lowercase();
        let mentions = lower.contains(names::PREFIX) || names::mentions_trigger(&lower);
        let mut state = self.state();
        state.app = Some(Access {
            mentions: mentions.then_some(lower),
            ..Access::default()
        });
        state.refusal = None;
        drop(state);
        self.start_limit();
    }

    /// What the app's statements touched since [`Session::enter_app`].
    pub(super) fn leave_app(&self) -> Access {
        self.end_limit();
        self.state().app.take().unwrap_or_default()
    }

    pub(super) fn is_app(&self) -> bool {
        self.state().app.is_some()
    }

    /// Whether the app's statement itself has a name of ours in it, in whatever case.
    pub(super) fn app_mentions(&self, name: &str) -> bool {
        let state = self.state();
        let text = state.app.as_ref().and_then(|app| app.mentions.as_ref());
        text.is_some_and(|text| text.contains(&name.to_ascii_lowercase()))
    }

    /// Whether it has the end of a generated trigger's name in it.
    pub(super) fn app_mentions_trigger(&self) -> bool {
        let state = self.state();
        let text = state.app.as_ref().and_then(|app| app.mentions.as_ref());
        text.is_some_and(|text| names::mentions_trigger(text))
    }

    /// Whether the app's statement makes, drops or alters something, as far as it was compiled.
    pub(super) fn app_changes_schema(&self) -> bool {
        self.state()
            .app
            .as_ref()
            .is_some_and(|app| app.changes_schema)
    }

    pub(super) fn note(&self, note: impl FnOnce(&mut Access)) {
        if let Some(access) = &mut self.state().app {
            note(access);
        }
    }

    /// Keeps our own error: SQLite passes on its sentence at most, and not whose fault it is.
    pub(super) fn refuse(&self, error: Error) {
        self.state().refusal = Some(error);
    }

    /// The last refusal.
    pub(super) fn take_refusal(&self) -> Option<Error> {
        self.state().refusal.take()
    }
}

/// A UUID v7: sorts by time, unique by 74 random bits.
pub(super) fn new_write_id(now: Millis, rng: &mut fastrand::Rng) -> WriteId {
    let mut bytes = [0; 10];
    rng.fill(&mut bytes);
    let millis = u64::try_from(now.0).unwrap_or_default();
    WriteId(
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes)
            .into_uuid()
            .to_string(),
    )
}
