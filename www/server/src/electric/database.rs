//! The database and the sync service in front of it: what changes their state, and when shapes end
//! (protocol sections 6, 7.4 and 9).

use std::collections::BTreeMap;

use super::canonical::canonical;
use super::definition::Definition;
use super::request::Read;
use super::shape::Opened;
use super::shape::Shape;
use super::table::Heap;
use super::table::{Alter, ColumnDefault, Row, Table};
use super::time::Micros;
use super::transaction::StoredTable;
use super::transaction::{ChangeError, Committed, Op, Transaction};

/// Bytes of WAL that a commit record takes.
const COMMIT_RECORD_BYTES: u64 = 48;
/// Bytes of WAL that a change takes besides its values.
const CHANGE_RECORD_BYTES: u64 = 64;

/// How the model is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Size at which a chunk ends: 10 MiB.
    pub chunk_bytes: usize,
    /// How long a live request is held: 20 s.
    pub long_poll_ms: u64,
    /// Where the WAL begins.
    pub first_lsn: u64,
    /// The first transaction id, 64 bits wide; the log carries its lower 32.
    pub first_xid: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            chunk_bytes: 10 * 1024 * 1024,
            long_poll_ms: 20_000,
            first_lsn: 0x0180_0000,
            first_xid: 740,
        }
    }
}

/// What a restart of the service loses. Rows are Postgres's and stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Nothing: handles and offsets stay valid.
    Nothing,
    /// All shapes: every client gets a 409.
    Shapes,
}

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
    pub(crate) tables: BTreeMap<String, StoredTable>,
    pub(crate) shapes: Vec<Shape>,
    /// The WAL insert position.
    wal: u64,
    next_xid: u64,
    last_commit_lsn: u64,
    previous_commit_lsn: u64,
    global_last_seen_lsn: u64,
    last_handle_micros: u64,
    opened: Option<Opened>,
}

impl Electric {
    /// An empty database.
    pub fn new(options: Options) -> Self {
        Self {
            tables: BTreeMap::new(),
            shapes: Vec::new(),
            wal: options.first_lsn,
            next_xid: options.first_xid,
            last_commit_lsn: options.first_lsn,
            previous_commit_lsn: options.first_lsn,
            global_last_seen_lsn: options.first_lsn,
            last_handle_micros: 0,
            opened: None,
            options,
        }
    }

    /// Creates a table, or replaces one: then its rows go and its shapes end.
    pub fn create_table(&mut self, table: Table) {
        self.shapes
            .retain(|shape| shape.definition.table != table.name);
        let heap = Heap::default();
        self.tables
            .insert(table.name.clone(), StoredTable { table, heap });
        self.catalog_commit();
    }

    /// The definition of a table.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name).map(|stored| &stored.table)
    }

    /// The rows of a table, in heap order.
    pub fn rows(&self, table: &str) -> impl Iterator<Item = &Row> {
        self.tables
            .get(table)
            .into_iter()
            .flat_map(|stored| stored.heap.scan())
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
        for shape in &mut self.shapes {
            if let Some(stored) = self.tables.get(&shape.definition.table) {
                let lsn = committed.commit_lsn;
                shape.append(&stored.table, &ops, lsn, txid, self.options.chunk_bytes);
            }
        }
        self.advance(committed);
        committed
    }

    /// TRUNCATE: the rows go, the table's shapes end.
    pub fn truncate(&mut self, table: &str) {
        if let Some(stored) = self.tables.get_mut(table) {
            stored.heap.clear();
            self.shapes.retain(|shape| shape.definition.table != table);
            self.catalog_commit();
        }
    }

    /// ALTER TABLE: shapes whose selected columns change end. Key columns stay as they are.
    pub fn alter_table(&mut self, table: &str, alter: &Alter) {
        let Some(stored) = self.tables.get_mut(table) else {
            return;
        };
        if let Alter::DropColumn(name) | Alter::DropNotNull(name) = alter
            && stored.table.is_key(name)
        {
            return;
        }
        let columns = &mut stored.table.columns;
        match alter {
            Alter::AddColumn(column) => {
                columns.push(column.clone());
                let text = match &column.default {
                    Some(ColumnDefault::Text(text)) => canonical(column.pg_type, text).ok(),
                    _ => None,
                };
                stored.heap.rewrite(|row| {
                    row.insert(column.name.clone(), text.clone());
                });
            }
            Alter::DropColumn(name) => {
                columns.retain(|column| column.name != *name);
                stored.heap.rewrite(|row| {
                    row.remove(name);
                });
            }
            Alter::DropNotNull(name) => {
                for column in columns.iter_mut().filter(|column| column.name == *name) {
                    column.not_null = false;
                }
            }
        }
        let ended =
            |shape: &Shape| shape.definition.table == table && shape.definition.is_ended_by(alter);
        self.shapes.retain(|shape| !ended(shape));
        self.catalog_commit();
    }

    /// Restarts the service. The global LSN starts again from an earlier position (section 7.4, hole 5).
    pub fn restart(&mut self, loss: Loss) {
        if loss == Loss::Shapes {
            self.shapes.clear();
        }
        self.global_last_seen_lsn = self.previous_commit_lsn;
    }

    /// Ends one shape, as eviction does. Clients get a 409.
    pub fn drop_shape(&mut self, handle: &str) {
        self.shapes.retain(|shape| shape.handle != handle);
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

    /// Handles of the living shapes.
    pub fn handles(&self) -> impl Iterator<Item = &str> {
        self.shapes.iter().map(|shape| shape.handle.as_str())
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

    pub(crate) fn find_or_open(
        &mut self,
        now: Micros,
        definition: Definition,
        read: &Read,
    ) -> usize {
        let found = self
            .shapes
            .iter()
            .position(|shape| shape.definition == definition);
        found.unwrap_or_else(|| {
            // Handles are never reused, whatever the clock does.
            let micros = now.0.max(self.last_handle_micros + 1);
            self.opened = Some(Opened {
                micros,
                params: read.shape.clone(),
            });
            self.open(micros, definition)
        })
    }

    fn open(&mut self, micros: u64, definition: Definition) -> usize {
        self.last_handle_micros = self.last_handle_micros.max(micros);
        let handle = format!("{}-{micros}", definition.hash());
        if let Some(stored) = self.tables.get(&definition.table) {
            let chunk_bytes = self.options.chunk_bytes;
            let shape = Shape::open(handle, definition, stored, self.next_xid, chunk_bytes);
            self.shapes.push(shape);
        }
        self.shapes.len() - 1
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
    fn catalog_commit(&mut self) {
        let commit_lsn = self.wal + CHANGE_RECORD_BYTES;
        self.advance(Committed {
            txid: None,
            commit_lsn,
            lsn: commit_lsn + COMMIT_RECORD_BYTES,
        });
    }
}
