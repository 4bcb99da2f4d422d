//! What a device has to show, said as plainly as it can be said: lists and maps, walked from the beginning each time.

mod arriving;
mod settling;

use std::collections::{BTreeMap, BTreeSet};

use throughline::change::Operation::{self, Delete, Insert, Update};

/// Columns beside the key, by name.
pub(crate) type Columns = BTreeMap<&'static str, Option<String>>;
/// Rows by key.
pub(crate) type Rows = BTreeMap<String, Columns>;
/// A table's name and a key.
pub(crate) type RowName = (&'static str, String);

/// The column of the table `notes` that says whose write a row holds.
pub(crate) const WRITE_ID: &str = "write_id";

/// One write of one row.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    pub(crate) row: RowName,
    pub(crate) operation: Operation,
    pub(crate) value: Columns,
    /// Chosen by the device.
    pub(crate) write_id: String,
    /// The server transactions that came back on the row since it was sent.
    heard: BTreeSet<u64>,
    /// The synced rows hold it.
    seen: bool,
}

impl Write {
    pub(crate) fn new(row: RowName, operation: Operation, value: Columns) -> Self {
        Self {
            row,
            operation,
            value,
            write_id: String::new(),
            heard: BTreeSet::new(),
            seen: false,
        }
    }

    /// The note that an item is put under.
    fn refers(&self) -> Option<RowName> {
        let note = self.value.get("note")?.clone()?;
        Some(("notes", note))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Queued,
    Sending,
    Accepted,
}

/// A local transaction that is not settled.
#[derive(Debug, Clone)]
pub(crate) struct Local {
    pub(crate) number: i64,
    pub(crate) state: State,
    pub(crate) attempts: u32,
    /// Attempts of which nobody knows what became of them.
    pub(crate) unanswered: u32,
    pub(crate) writes: Vec<Write>,
    txid: Option<u64>,
    lsn: Option<u64>,
    noop: bool,
    /// The newest request to each table's shape when it was accepted: these are too old to prove anything.
    older: BTreeMap<&'static str, u64>,
}

impl Local {
    fn writes_row(&self, row: &RowName) -> bool {
        self.writes.iter().any(|write| write.row == *row)
    }

    /// Whether the row is there because of it: what it does first with the row is to insert it.
    fn makes(&self, row: &RowName) -> bool {
        let first = self.writes.iter().find(|write| write.row == *row);
        first.is_some_and(|write| write.operation == Insert)
    }
}

/// A transaction that was rolled back, until the app deals with it.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) number: i64,
    pub(crate) caused_by: Option<i64>,
    pub(crate) writes: Vec<Write>,
}

/// The server's word on a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accepted {
        txid: Option<u64>,
        lsn: Option<u64>,
        noop: bool,
    },
    Rejected,
}

/// Which transactions a log has that was loaded: all below `end` but those that were running, and those that came after.
#[derive(Debug, Clone, Default)]
pub(crate) struct Snapshot {
    pub(crate) end: u64,
    pub(crate) running: BTreeSet<u64>,
    pub(crate) since: BTreeSet<u64>,
}

/// One synced table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Synced {
    pub(crate) rows: Rows,
    /// The log that loads beside them.
    pub(crate) loading: Option<Rows>,
    snapshot: Snapshot,
    loading_snapshot: Snapshot,
}

/// A change in a shape's log.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) key: String,
    pub(crate) operation: Operation,
    pub(crate) value: Columns,
    pub(crate) txid: u64,
}

/// What one rejection takes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    Dependents,
    Row,
    All,
}

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) policy: Policy,
    pub(crate) tables: BTreeMap<&'static str, Synced>,
    pub(crate) pending: Vec<Local>,
    pub(crate) refused: Vec<Refused>,
    pub(crate) last_number: i64,
    /// What left since someone looked.
    pub(crate) confirmed: Vec<i64>,
}

impl Model {
    pub(crate) fn new(policy: Policy) -> Self {
        let tables = ["notes", "items"].map(|name| (name, Synced::default()));
        Self {
            policy,
            tables: tables.into(),
            pending: Vec::new(),
            refused: Vec::new(),
            last_number: 0,
            confirmed: Vec::new(),
        }
    }

    /// The row as the app sees it: the server's, then every pending write in order.
    pub(crate) fn shown(&self, (table, key): &RowName) -> Option<Columns> {
        let mut row = self.tables[table].rows.get(key).cloned();
        let locals = self.pending.iter().flat_map(|local| &local.writes);
        for write in locals.filter(|write| (write.row.0, &write.row.1) == (*table, key)) {
            match write.operation {
                Insert => row = Some(write.value.clone()),
                Update => {
                    if let Some(row) = &mut row {
                        row.extend(write.value.clone());
                    }
                }
                Delete => row = None,
            }
            if let (Some(row), "notes") = (&mut row, *table) {
                row.insert(WRITE_ID, Some(write.write_id.clone()));
            }
        }
        row
    }

    /// A table as the app sees it.
    pub(crate) fn view(&self, table: &'static str) -> Rows {
        let written = self.pending.iter().flat_map(|local| &local.writes);
        let written = written.filter(|write| write.row.0 == table);
        let mut keys: BTreeSet<String> = written.map(|write| write.row.1.clone()).collect();
        keys.extend(self.tables[table].rows.keys().cloned());
        let shown = |key: String| Some((key.clone(), self.shown(&(table, key))?));
        keys.into_iter().filter_map(shown).collect()
    }

    /// A local transaction begins.
    pub(crate) fn begin(&mut self) {
        self.pending.push(Local {
            number: self.last_number + 1,
            state: State::Queued,
            attempts: 0,
            unanswered: 0,
            writes: Vec::new(),
            txid: None,
            lsn: None,
            noop: false,
            older: BTreeMap::new(),
        });
    }

    /// Adds a write to it.
    pub(crate) fn write(&mut self, row: RowName, operation: Operation, value: Columns) {
        let writes = &mut self.pending.last_mut().unwrap().writes;
        writes.push(Write::new(row, operation, value));
    }

    /// It is committed, or not; one without writes is none.
    pub(crate) fn end(&mut self, commit: bool) {
        if commit && !self.pending.last().unwrap().writes.is_empty() {
            self.last_number += 1;
        } else {
            self.pending.pop();
        }
    }

    pub(crate) fn local(&mut self, number: i64) -> &mut Local {
        let mut pending = self.pending.iter_mut();
        pending.find(|local| local.number == number).unwrap()
    }

    /// The process ends: what only it knew is gone.
    pub(crate) fn restart(&mut self) {
        for synced in self.tables.values_mut() {
            synced.snapshot = Snapshot::default();
            synced.loading_snapshot = Snapshot::default();
        }
        for local in &mut self.pending {
            local.older.clear();
        }
    }
}

impl Snapshot {
    fn shows(&self, txid: u64) -> bool {
        let is_visible = txid < self.end && !self.running.contains(&txid);
        is_visible || self.since.contains(&txid)
    }
}

/// What a change makes of rows, the server's or the device's.
pub(crate) fn apply(rows: &mut Rows, change: &Change) {
    match change.operation {
        Insert => {
            rows.insert(change.key.clone(), change.value.clone());
        }
        Update => {
            let row = rows.get_mut(&change.key).unwrap();
            row.extend(change.value.clone());
        }
        Delete => {
            rows.remove(&change.key);
        }
    }
}
