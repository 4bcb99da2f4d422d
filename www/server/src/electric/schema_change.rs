//! CREATE, TRUNCATE, COPY and ALTER TABLE, and the shapes they end (protocol section 6, "when does 409 happen").

use super::canonical::canonical;
use super::database::Electric;
use super::fill::Fill;
use super::heap::Heap;
use super::table::{Alter, ColumnDefault, Table};
use super::transaction::{ChangeError, Op, StoredTable};

impl Electric {
    /// Creates a table, or replaces one: then its rows go and its shapes end.
    pub fn create_table(&mut self, table: Table) {
        self.end_shapes_over(&table.name);
        self.tables
            .insert(table.name.clone(), StoredTable::new(table));
        self.catalog_commit();
    }

    /// TRUNCATE: the rows go, the shapes that read the table end.
    pub fn truncate(&mut self, table: &str) {
        if let Some(stored) = self.tables.get_mut(table) {
            stored.heap.clear();
            self.end_shapes_over(table);
            self.catalog_commit();
        }
    }

    /// Replaces the rows of a table by so many, each of about so many bytes, as a dump that is read back does. The rows
    /// are a formula: they take no memory, however many there are, until they are written to. The first key column
    /// counts from 1; shapes that read the table end.
    ///
    /// # Errors
    /// The table is unknown, or has a key or a NOT NULL column that no formula is known for.
    pub fn fill(&mut self, table: &str, rows: u64, bytes: usize) -> Result<(), ChangeError> {
        let unknown = || ChangeError::UnknownTable(table.to_owned());
        let stored = self.tables.get_mut(table).ok_or_else(unknown)?;
        stored.heap = Heap::filled(Fill::new(&stored.table, rows, bytes)?);
        self.end_shapes_over(table);
        self.catalog_commit();
        Ok(())
    }

    /// Whether [`Electric::fill`] would fail.
    ///
    /// # Errors
    /// What it would return.
    pub fn check_fill(&self, table: &str, rows: u64, bytes: usize) -> Result<(), ChangeError> {
        let unknown = || ChangeError::UnknownTable(table.to_owned());
        let table = self.table(table).ok_or_else(unknown)?;
        Fill::new(table, rows, bytes).map(drop)
    }

    /// ALTER TABLE, seen at once: shapes whose selected columns change end. Key columns stay as they are.
    pub fn alter_table(&mut self, table: &str, alter: &Alter) {
        self.alter_table_unseen(table, alter);
        self.reconcile();
    }

    /// ALTER TABLE that the service learns of with the next change of a row of the table, or by
    /// [`Electric::reconcile`]. Until then shapes live on and the old columns are the ones requests can name.
    pub fn alter_table_unseen(&mut self, table: &str, alter: &Alter) {
        let Some(stored) = self.tables.get_mut(table) else {
            return;
        };
        if let Alter::DropColumn(name) | Alter::DropNotNull(name) = alter
            && stored.table.is_key(name)
        {
            return;
        }
        let seen = stored.table.clone();
        let (_, alters) = stored.unseen.get_or_insert((seen, Vec::new()));
        alters.push(alter.clone());
        let columns = &mut stored.table.columns;
        match alter {
            Alter::AddColumn(column) => {
                columns.push(column.clone());
                let text = match &column.default {
                    Some(ColumnDefault::Text(text)) => canonical(column.pg_type, text).ok(),
                    _ => None,
                };
                stored.heap.add_column(&column.name, text.as_deref());
            }
            Alter::DropColumn(name) => {
                columns.retain(|column| column.name != *name);
                stored.heap.drop_column(name);
            }
            Alter::DropNotNull(name) => {
                for column in columns.iter_mut().filter(|column| column.name == *name) {
                    column.not_null = false;
                }
            }
        }
        self.catalog_commit();
    }

    /// The service compares its tables with the catalogue, as it does every 60 s and at start.
    pub fn reconcile(&mut self) {
        let tables: Vec<String> = self.tables.keys().cloned().collect();
        tables.iter().for_each(|table| self.see_alters(table));
    }

    /// A changed table announces itself before its next change.
    pub(crate) fn see_alters_of(&mut self, ops: &[Op]) {
        let unseen = |op: &&Op| {
            let stored = self.tables.get(&op.table);
            stored.is_some_and(|stored| stored.unseen.is_some())
        };
        let tables: Vec<String> = ops
            .iter()
            .filter(unseen)
            .map(|op| op.table.clone())
            .collect();
        tables.iter().for_each(|table| self.see_alters(table));
    }

    fn see_alters(&mut self, table: &str) {
        let stored = self.tables.get_mut(table);
        if let Some((_, alters)) = stored.and_then(|stored| stored.unseen.take()) {
            self.end_shapes(|shape| {
                let mut alters = alters.iter();
                alters.any(|alter| shape.definition.is_ended_by(table, alter))
            });
        }
    }

    fn end_shapes_over(&mut self, table: &str) {
        self.end_shapes(|shape| shape.definition.table == table || shape.definition.reads(table));
    }
}
