//! [`ShapeRunner`]: what the engine knows of one shape beside its machine.

use std::collections::HashMap;

use rusqlite::Connection;

use super::timer;
use crate::error::Result;
use crate::ids::{Lsn, TimerId, TransactionId, Xid};
use crate::schema::names;
use crate::shape::machine::Attempt;
use crate::shape::{Machine, Phase, Snapshot};
use crate::store::apply::{Applied, Target};
use crate::store::{tables, transactions};
use crate::tabs::TransactionRecord;

/// One shape and the table it fills.
#[derive(Debug)]
pub(super) struct ShapeRunner {
    pub(super) table: String,
    /// `None`: nothing is read.
    pub(super) machine: Option<Machine>,
    /// Rows that readers see.
    pub(super) rows: u64,
    /// Rows of the log that is loading beside them.
    pub(super) loading: u64,
    /// The newest request when each transaction was accepted: an answer to a later one has seen it.
    pub(super) accepted_at: HashMap<TransactionId, Attempt>,
    /// Rows changed since the last up-to-date.
    pub(super) unpublished: bool,
    /// What the snapshot under the rows contains, if it was read in this session.
    snapshot: Option<Snapshot>,
    /// The same of the log that is loading beside them.
    pub(super) loading_snapshot: Option<Snapshot>,
}

impl ShapeRunner {
    pub(super) fn new(table: &str, machine: Option<Machine>) -> Self {
        Self {
            table: table.to_owned(),
            machine,
            rows: 0,
            loading: 0,
            accepted_at: HashMap::new(),
            unpublished: false,
            snapshot: None,
            loading_snapshot: None,
        }
    }

    pub(super) fn count_rows(&mut self, conn: &Connection) -> Result<()> {
        self.rows = tables::count_rows(conn, &names::synced(&self.table))?;
        if tables::is_staged(conn, &self.table)? {
            self.loading = tables::count_rows(conn, &names::staged(&self.table))?;
        }
        Ok(())
    }

    /// Counts what a body brought.
    pub(super) fn stored(&mut self, body: &StoredRows) {
        let (rows, snapshot) = match body.target {
            Target::Synced => (&mut self.rows, &mut self.snapshot),
            Target::Staged => (&mut self.loading, &mut self.loading_snapshot),
        };
        *rows = (*rows + body.applied.inserted).saturating_sub(body.applied.deleted);
        if body.snapshot.is_some() {
            snapshot.clone_from(&body.snapshot);
        }
        if body.swaps {
            self.rows = std::mem::take(&mut self.loading);
            self.snapshot = self.loading_snapshot.take();
        }
        let visible = body.target == Target::Synced && body.applied != Applied::default();
        self.unpublished |= visible || body.swaps;
    }

    /// Whether the rows were read from a snapshot that holds this transaction.
    pub(super) fn contains(&self, txid: Xid) -> bool {
        self.snapshot
            .as_ref()
            .is_some_and(|snapshot| snapshot.contains(txid))
    }

    pub(super) fn timer(at: usize) -> TimerId {
        TimerId(timer::SHAPES + at as u32)
    }

    /// The accepted transactions that this up-to-date contains: asked for after they were accepted, and at or
    /// past a position read after their commit. Strictly below that position everything is here.
    pub(super) fn passed(
        &self,
        conn: &Connection,
        attempt: Attempt,
        head: Option<Lsn>,
    ) -> Result<Vec<TransactionId>> {
        let Some(head) = head else {
            return Ok(Vec::new());
        };
        Ok(transactions::accepted_positions(conn)?
            .into_iter()
            .filter(|(id, lsn)| {
                let begun_after = self
                    .accepted_at
                    .get(id)
                    .is_none_or(|newest| attempt > *newest);
                begun_after && *lsn <= head
            })
            .map(|(id, _)| id)
            .collect())
    }

    /// What the status shows.
    pub(super) fn phase(&self) -> Phase {
        self.machine.as_ref().map_or(Phase::Paused, Machine::phase)
    }
}

/// What a body left behind.
pub(super) struct StoredRows {
    pub(super) target: Target,
    pub(super) applied: Applied,
    pub(super) swaps: bool,
    pub(super) snapshot: Option<Snapshot>,
    pub(super) confirmed: Vec<(TransactionRecord, transactions::Touched)>,
}
