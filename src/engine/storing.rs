//! What a shape's answers leave in the database: rows, position, evidence for pending writes, in one transaction.

use std::sync::Arc;

use rusqlite::Connection;

use super::rejecting::Rejected;
use super::runner::{Progress, StoredRows};
use super::{Engine, Purpose, begin};
use crate::error::Result;
use crate::ids::{Lsn, Millis, ShapeId, TransactionId};
use crate::schema::TableSchema;
use crate::shape::Message;
use crate::shape::machine::{Attempt, Batch, Generation, Refetch};
use crate::shape::moment::Frontier;
use crate::shape::snapshot::Contents;
use crate::store::apply::{Target, apply, observe_all};
use crate::store::{changes, held, incoming, shapes, staging, subsets, transactions};

impl Engine {
    /// Rows, position, evidence for pending writes and their confirmation, in one transaction.
    pub(super) fn store_batch(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        at: usize,
        batch: Batch<'_>,
    ) -> Result<Stored> {
        if self.shapes[at].is_ledger {
            return self.store_ledger(now, at, batch);
        }
        let name = self.shapes[at].table.clone();
        let known = self.session.table(&name);
        let (up_to_date, attempt) = (batch.up_to_date, batch.attempt);
        let waiting = self.count_outstanding()?.pending > 0;
        let stored = self.store_rows(at, known.as_ref(), batch, waiting);
        let Ok(Some(rows)) = stored else {
            // The tables went back with the transaction, so must what we know of them.
            self.session.set_table(&name, known);
            return stored.map(|_| Stored::RowsAreMissing);
        };
        if rows.rejected.is_empty() {
            self.note_settled(rows.confirmed.len());
        }
        self.shapes[at].stored(&rows);
        self.shapes[at].seen.extend(&rows.seen);
        if up_to_date.is_some() && std::mem::take(&mut self.shapes[at].unpublished) {
            self.touch_table(&name);
        }
        if rows.waits && !std::mem::replace(&mut self.shapes[at].complete, true) {
            self.reload_subsets(at)?;
        }
        self.announce_confirmed(rows.confirmed);
        if let Err(error) = self.announce_rejected(rows.rejected) {
            self.effects_failed(&error);
        }
        if self.session.table(&name) != known {
            self.schema_changed(now, rng, at, known.as_deref());
        }
        if let (Some(head), Some(_)) = (up_to_date, &self.shapes[at].group) {
            self.came_to(at, attempt, head.global_last_seen_lsn.max(rows.newest));
        }
        Ok(Stored::Whole)
    }

    /// A shape of a group was up to date there; what follows for the group follows when the position has moved.
    fn came_to(&mut self, at: usize, attempt: Attempt, lsn: Option<Lsn>) {
        let shape = &mut self.shapes[at];
        let lsn = lsn.unwrap_or_default();
        if shape.complete && shape.complete_at == Lsn::default() {
            shape.complete_at = lsn;
        }
        shape.frontier = Some(Frontier { lsn, attempt });
        shape.advanced = true;
    }

    /// `None`: rows are missing, nothing was stored. `waiting`: local transactions are pending.
    fn store_rows(
        &self,
        at: usize,
        known: Option<&Arc<TableSchema>>,
        batch: Batch<'_>,
        waiting: bool,
    ) -> Result<Option<StoredRows>> {
        let shape = &self.shapes[at];
        if shape.group.is_some() && batch.generation == Generation::Current {
            return self.hold_rows(at, known, batch);
        }
        let staged = batch.generation == Generation::Next || shape.complete;
        let mut contents = Contents::of_snapshot(&batch.messages);
        if staged {
            // The rows of a pending write may come after the snapshot, and nobody looks at them one by one.
            let loading = contents.get_or_insert_with(|| shape.loading_contents.clone());
            if waiting {
                loading.extend(&batch.messages);
            }
        }
        let transaction = begin(&self.conn, &self.session, Purpose::Sync)?;
        let described = match batch.schema {
            Some(header) => Some(self.schema_from(&shape.table, header)?),
            None => None,
        };
        let Some((table, mut rejected)) = (if staged {
            self.staged_schema(&transaction, shape.id, known, described)?
        } else {
            self.visible_schema(&transaction, known, described)?
                .map(|table| (table, Rejected::new()))
        }) else {
            return Ok(None);
        };
        let target = Target {
            table: &table,
            shape: shape.id,
            staged,
            partial: shape.is_partial(),
            subset: None,
            confirm_by: self.config.confirm_by(),
        };
        let mut applied = apply(&transaction, target, batch.messages)?;
        if applied.unknown_updates > 0 {
            return Ok(None);
        }
        let head = batch.up_to_date.and_then(|head| head.global_last_seen_lsn);
        let is_complete = staged && batch.up_to_date.is_some();
        if is_complete {
            applied.deleted += staging::seal(&transaction, &table, shape.id)?;
        }
        let waits = is_complete && self.waits_with_swap(&transaction, at)?;
        let mut swapped = None;
        if waits {
            shapes::save_loading(&transaction, shape.id, Some(&table), true)?;
        } else if is_complete {
            let head = head.unwrap_or_default().max(applied.newest);
            let (changed, misfits) = self.swap_in(&transaction, shape.id, &table, head)?;
            swapped = Some(changed);
            rejected.extend(misfits);
        }
        if let (true, false, Some(head)) = (shape.is_partial(), staged, head) {
            subsets::pass(&transaction, shape.id, head)?;
        }
        let mut seen = Vec::new();
        if waiting && (swapped.is_some() || !staged) {
            let loaded = contents.as_ref();
            if let Some(loaded) = loaded.filter(|_| target.confirm_by.trusts_txids()) {
                seen = transactions::contained(&transaction, loaded)?;
            }
            if batch.up_to_date.is_some() {
                seen.extend(shape.passed(&transaction, batch.attempt, head, target.confirm_by)?);
            }
            self.mark_seen(&transaction, at, &seen, &[])?;
        }
        let confirmed = if waiting {
            super::uploading::confirm_all(&transaction, &self.session, &self.client)?
        } else {
            Vec::new()
        };
        shapes::save_progress(&transaction, shape.id, &batch.stored)?;
        transaction.commit()?;
        Ok(Some(StoredRows {
            staged,
            newest: Some(applied.newest),
            applied,
            swapped,
            waits,
            contents,
            seen,
            confirmed,
            rejected,
        }))
    }

    /// The answer of a shape that shows its changes with others: kept as it came.
    fn hold_rows(
        &self,
        at: usize,
        known: Option<&Arc<TableSchema>>,
        batch: Batch<'_>,
    ) -> Result<Option<StoredRows>> {
        let shape = &self.shapes[at];
        let transaction = begin(&self.conn, &self.session, Purpose::Sync)?;
        let described = match batch.schema {
            Some(header) => Some(self.schema_from(&shape.table, header)?),
            None => None,
        };
        let fits = if shape.complete {
            self.staged_schema(&transaction, shape.id, known, described)?
        } else {
            self.visible_schema(&transaction, known, described)?
                .map(|table| (table, Rejected::new()))
        };
        let Some((table, rejected)) = fits else {
            return Ok(None);
        };
        let tells_of_rows =
            |message: &Message<'_>| matches!(message, Message::Change(_) | Message::Event(_));
        let changes = batch.messages.iter().filter_map(|message| match message {
            Message::Change(change) => change.lsn,
            _ => None,
        });
        let newest = changes.max();
        if batch.messages.iter().any(tells_of_rows) {
            incoming::check(&table, batch.messages)?;
            held::hold(&transaction, shape.id, batch.body)?;
        }
        shapes::save_progress(&transaction, shape.id, &batch.stored)?;
        transaction.commit()?;
        Ok(Some(StoredRows {
            newest,
            rejected,
            ..StoredRows::default()
        }))
    }

    /// Whether a complete log has to wait: for the others of its group, or for its subsets.
    fn waits_with_swap(&self, transaction: &Connection, at: usize) -> Result<bool> {
        let shape = &self.shapes[at];
        if shape.group.is_some() {
            return Ok(true);
        }
        if shape.complete {
            return Ok(shape.subsets.reload());
        }
        Ok(shape.is_partial() && !subsets::load(transaction, shape.id)?.is_empty())
    }

    /// The log that loaded beside the rows takes their place, with its schema; whether that changes any row, and the
    /// writes that have no place in it. Wants a transaction.
    pub(super) fn swap_in(
        &self,
        transaction: &Connection,
        shape: ShapeId,
        table: &TableSchema,
        head: Lsn,
    ) -> Result<(bool, Rejected)> {
        let (table, misfits) = self.adopt_staged(transaction, table)?;
        let changed = staging::swap(transaction, &table, shape, head)?;
        shapes::save_loading(transaction, shape, None, false)?;
        observe_all(transaction, &table, self.config.confirm_by())?;
        Ok((changed, misfits))
    }

    /// Marks the intents of transactions that every shape of the table has shown, now that this one has: those in
    /// `just_seen` with it.
    pub(super) fn mark_seen(
        &self,
        transaction: &Connection,
        at: usize,
        seen: &[TransactionId],
        just_seen: &[(usize, TransactionId)],
    ) -> Result<()> {
        let table = &self.shapes[at].table;
        for id in seen {
            let mut others = self.shapes.iter().enumerate().filter(|(other, shape)| {
                *other != at && shape.machine.is_some() && shape.table == *table
            });
            if others
                .all(|(other, shape)| shape.seen.contains(id) || just_seen.contains(&(other, *id)))
            {
                changes::mark_transaction_seen(transaction, *id, table)?;
            }
        }
        Ok(())
    }

    pub(super) fn store_refetch(&mut self, at: usize, refetch: &Refetch) -> Result<Stored> {
        let shape = &self.shapes[at];
        let transaction = begin(&self.conn, &self.session, Purpose::Sync)?;
        match self.session.table(&shape.table) {
            Some(table) => staging::clear(&transaction, &table, shape.id)?,
            None => staging::drop_rows(&transaction, shape.id)?,
        }
        shapes::save_loading(&transaction, shape.id, None, false)?;
        held::clear(&transaction, shape.id)?;
        shapes::save_progress(&transaction, shape.id, &refetch.stored)?;
        transaction.commit()?;
        let shape = &mut self.shapes[at];
        shape.loading = 0;
        shape.complete = false;
        shape.complete_at = Lsn::default();
        shape.frontier = None;
        shape.progress = Progress::default();
        shape.loading_contents = Contents::default();
        Ok(Stored::Whole)
    }
}

/// What became of a body.
pub(super) enum Stored {
    Whole,
    /// An update met no row: the log and the rows disagree, nothing of it was kept.
    RowsAreMissing,
}
