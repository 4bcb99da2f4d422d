//! The database and its write-ahead log, which the sync service in front of it follows (protocol section 7.4).

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::constants::FRAGMENT_CHANGES;
use super::definition::Definition;
use super::options::{Lag, Options};
use super::request::Read;
use super::service::Condition;
use super::shape::{Opened, Shape};
use super::table::{Row, Table};
use super::time::Micros;
use super::transaction::{ChangeError, Committed, Logged, Op, Tables, Transaction};

/// Bytes of WAL that a commit record takes.
const COMMIT_RECORD_BYTES: u64 = 48;
/// Bytes of WAL that a change takes besides its values.
const CHANGE_RECORD_BYTES: u64 = 64;

/// A transaction checked and numbered but not yet visible; made by [`Electric::stage`], ended by [`Electric::commit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    pub(crate) ops: Vec<Op>,
    /// Where it will have gone.
    pub committed: Committed,
}

impl Staged {
    /// Whether it changes nothing: it has no id and moves no position.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// The changed rows in order.
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }
}

/// Tables, their shapes, and the write-ahead log they follow. A clone is a backup; using it in place of the original
/// is a restored backup, where clients' offsets may be out of bounds.
#[derive(Clone, Debug)]
pub struct Electric {
    pub(crate) options: Options,
    pub(crate) tables: Tables,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) lag: Lag,
    pub(crate) condition: Condition,
    /// Transactions processed and not yet readable.
    pub(crate) withheld: Vec<Logged>,
    /// The WAL insert position.
    wal: u64,
    pub(crate) next_xid: u64,
    last_commit_lsn: u64,
    pub(crate) previous_commit_lsn: u64,
    pub(crate) global_last_seen_lsn: u64,
    last_handle_micros: u64,
    opened: Option<Opened>,
    pub(crate) evicted: Vec<String>,
    /// Requests so far.
    requests: u64,
    /// Shapes that have ended so far.
    pub(crate) endings: u64,
}

impl Electric {
    /// An empty database.
    pub fn new(options: Options) -> Self {
        Self {
            tables: BTreeMap::new(),
            shapes: Vec::new(),
            lag: options.lag,
            condition: Condition::Active,
            withheld: Vec::new(),
            wal: options.first_lsn,
            next_xid: options.first_xid,
            last_commit_lsn: options.first_lsn,
            previous_commit_lsn: options.first_lsn,
            global_last_seen_lsn: options.first_lsn,
            last_handle_micros: 0,
            opened: None,
            evicted: Vec::new(),
            requests: 0,
            endings: 0,
            options,
        }
    }

    /// The definition of a table.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name).map(|stored| &stored.table)
    }

    /// The rows of a table that were written one by one, in heap order; see [`Electric::all_rows`] for those of
    /// [`Electric::fill`].
    pub fn rows(&self, table: &str) -> impl Iterator<Item = &Row> {
        self.tables
            .get(table)
            .into_iter()
            .flat_map(|stored| stored.heap.scan())
    }

    /// All rows of a table, in heap order; those that a fill made come first.
    pub fn all_rows(&self, table: &str) -> impl Iterator<Item = Cow<'_, Row>> {
        let stored = self.tables.get(table).into_iter();
        stored.flat_map(|stored| stored.heap.scan_all())
    }

    /// The number of rows of a table.
    pub fn row_count(&self, table: &str) -> u64 {
        let stored = self.tables.get(table);
        stored.map_or(0, |stored| stored.heap.len())
    }

    /// Runs a transaction and commits it.
    ///
    /// # Errors
    /// What the closure returns; then nothing has happened.
    pub fn transaction<T>(
        &mut self,
        now: Micros,
        write: impl FnOnce(&mut Transaction<'_>) -> Result<T, ChangeError>,
    ) -> Result<Committed, ChangeError> {
        let staged = self.stage(now, |tx| write(tx).map(drop))?;
        Ok(self.commit(staged))
    }

    /// Checks and numbers a transaction without making it visible, so that it can be made durable first.
    ///
    /// # Errors
    /// What the closure returns.
    pub fn stage<E>(
        &self,
        now: Micros,
        write: impl FnOnce(&mut Transaction<'_>) -> Result<(), E>,
    ) -> Result<Staged, E> {
        let mut transaction = Transaction::new(now, &self.tables);
        write(&mut transaction)?;
        let ops = transaction.ops;
        let committed = self.place(&ops);
        Ok(Staged { ops, committed })
    }

    /// Makes a staged transaction visible. It must have been staged against the present state.
    pub fn commit(&mut self, staged: Staged) -> Committed {
        debug_assert_eq!(
            staged.committed,
            self.place(&staged.ops),
            "staged against another state"
        );
        self.apply_ops(staged.ops)
    }

    pub(crate) fn apply_ops(&mut self, ops: Vec<Op>) -> Committed {
        let committed = self.place(&ops);
        let Some(txid) = committed.txid else {
            return committed;
        };
        self.see_alters_of(&ops);
        for op in &ops {
            let Some(stored) = self.tables.get_mut(&op.table) else {
                continue;
            };
            if let Some(old) = &op.old {
                stored.heap.remove(&stored.table.key_of(old));
            }
            if let Some(new) = &op.new {
                stored.heap.put(stored.table.key_of(new), new.clone());
            }
        }
        let logged = Logged {
            lsn: committed.commit_lsn,
            xid: self.next_xid,
            txid,
            ops: ops.into(),
        };
        self.advance(committed);
        let large = logged.ops.len() > FRAGMENT_CHANGES;
        match !self.withheld.is_empty() || (self.lag.fragments && large) {
            true => self.withheld.push(logged),
            false => self.deliver(&logged),
        }
        committed
    }

    /// Activity elsewhere in the database cluster: it takes WAL and transaction ids but reaches no shape.
    pub fn elsewhere(&mut self, wal_bytes: u64, transactions: u64) {
        self.wal += wal_bytes;
        self.next_xid += transactions;
    }

    /// `pg_current_wal_insert_lsn()`.
    pub fn wal_insert_lsn(&self) -> u64 {
        self.wal
    }

    /// The position of the last transaction the service has processed (section 7.4).
    pub fn global_last_seen_lsn(&self) -> u64 {
        self.global_last_seen_lsn
    }

    /// The shape that [`Electric::respond`] opened since the last call, with its handle. Whoever keeps a journal
    /// must record it before the response goes out.
    pub fn take_opened(&mut self) -> Option<(String, Opened)> {
        let opened = self.opened.take()?;
        Some((self.shapes.last()?.handle.clone(), opened))
    }

    /// Opens a shape again as recorded; nothing happens if its definition has become invalid.
    pub(crate) fn reopen(&mut self, opened: &Opened) {
        if let Ok(definition) = Definition::parse(&opened.params, &self.tables) {
            self.open(opened.micros, definition);
        }
    }

    /// The shape of a definition, by index.
    pub(crate) fn find(&mut self, definition: &Definition) -> Option<usize> {
        let mut shapes = self.shapes.iter();
        let index = shapes.position(|shape| shape.definition == *definition)?;
        self.requests += 1;
        self.shapes[index].used = self.requests;
        Some(index)
    }

    /// Opens a shape that was asked for.
    pub(crate) fn open_for(&mut self, now: Micros, definition: Definition, read: &Read) -> usize {
        // Handles are never reused, whatever the clock does.
        let micros = now.0.max(self.last_handle_micros + 1);
        self.opened = Some(Opened {
            micros,
            params: read.shape.clone(),
        });
        self.open(micros, definition);
        self.evict();
        self.shapes.len() - 1
    }

    fn open(&mut self, micros: u64, definition: Definition) {
        self.last_handle_micros = self.last_handle_micros.max(micros);
        let handle = format!("{}-{micros}", definition.hash());
        self.shapes.retain(|shape| shape.definition != definition);
        if let Some(stored) = self.tables.get(&definition.table) {
            let (tables, next_xid) = (&self.tables, self.next_xid);
            let mut shape =
                Shape::open(handle, definition, stored, tables, next_xid, &self.options);
            self.requests += 1;
            shape.used = self.requests;
            self.shapes.push(shape);
        }
    }

    /// Where a transaction of these changes goes.
    fn place(&self, ops: &[Op]) -> Committed {
        let bytes = |row: &Option<Row>| -> u64 {
            let values = row.iter().flat_map(BTreeMap::values).flatten();
            values.map(|text| text.len() as u64).sum()
        };
        let changes: u64 = ops
            .iter()
            .map(|op| CHANGE_RECORD_BYTES + bytes(&op.old) + bytes(&op.new))
            .sum();
        // Postgres aligns records to eight bytes.
        let commit_lsn = self.wal + changes.next_multiple_of(8);
        match ops.is_empty() {
            true => Committed {
                txid: None,
                commit_lsn,
                lsn: commit_lsn,
            },
            // The log carries the lower half of the id.
            false => Committed {
                txid: Some((self.next_xid & u64::from(u32::MAX)) as u32),
                commit_lsn,
                lsn: commit_lsn + COMMIT_RECORD_BYTES,
            },
        }
    }

    fn advance(&mut self, committed: Committed) {
        self.wal = committed.lsn;
        self.next_xid += 1;
        self.previous_commit_lsn = self.last_commit_lsn;
        self.last_commit_lsn = committed.commit_lsn;
        self.global_last_seen_lsn = committed.commit_lsn;
    }

    /// A transaction on the catalogue: it has an id and a position, and no changes in any log.
    pub(crate) fn catalog_commit(&mut self) {
        let commit_lsn = self.wal + CHANGE_RECORD_BYTES;
        self.advance(Committed {
            txid: None,
            commit_lsn,
            lsn: commit_lsn + COMMIT_RECORD_BYTES,
        });
    }
}
