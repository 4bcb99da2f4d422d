//! [`ShapeRunner`]: what the engine knows of one shape beside its machine.

use rusqlite::Connection;

use super::rejecting::Rejected;
use super::subsets::Subsets;
use super::{Numbered, timer};
use crate::error::Result;
use crate::ids::{Lsn, ShapeId, TimerId, TransactionId, Xid};
use crate::optimistic::ConfirmBy;
use crate::schema::TableSchema;
use crate::shape::machine::{Attempt, Generation};
use crate::shape::moment::Frontier;
use crate::shape::snapshot::Contents;
use crate::shape::{Log, Machine, Phase};
use crate::store::apply::Applied;
use crate::store::{staging, tables, transactions};
use crate::tabs::TransactionRecord;

/// One shape and the table it fills.
#[derive(Debug)]
pub(super) struct ShapeRunner {
    pub(super) id: ShapeId,
    pub(super) table: String,
    pub(super) name: String,
    /// It fills no table: its rows name the transactions that the server has.
    pub(super) is_ledger: bool,
    /// The app ended it; its place is kept, since requests and timers go by it.
    pub(super) removed: bool,
    /// `None`: nothing is read.
    pub(super) machine: Option<Machine>,
    /// Rows that readers see.
    pub(super) rows: u64,
    /// Rows of the log that is loading beside them.
    pub(super) loading: u64,
    /// The newest head of an answer: it may have come before the turn of its request.
    pub(super) last_head: Option<Head>,
    /// The answer that was held and is to be read next.
    pub(super) released: Option<Attempt>,
    /// The log that loads is up to date and waits to replace the rows.
    pub(super) complete: bool,
    /// Where it was complete.
    pub(super) complete_at: Lsn,
    /// Shapes of the same group show their changes together.
    pub(super) group: Option<String>,
    /// How far it has come in this session, shown or not.
    pub(super) frontier: Option<Frontier>,
    /// It has, since the group was looked at.
    pub(super) advanced: bool,
    /// Subsets that are to be loaded.
    pub(super) subsets: Subsets,
    /// What has come of the log that is loading, or came of the last one.
    pub(super) progress: Progress,
    /// The newest request when each transaction was accepted: an answer to a later one has seen it.
    pub(super) accepted_at: Numbered<TransactionId, Attempt>,
    /// The accepted transactions that its rows are known to contain.
    pub(super) seen: Vec<TransactionId>,
    /// Rows changed since the last up-to-date.
    pub(super) unpublished: bool,
    /// What the log under the rows was loaded with, if that was in this session.
    contents: Contents,
    /// The same of the log that is loading beside them.
    pub(super) loading_contents: Contents,
}

/// Status and headers of the answer to a request.
type Head = (Attempt, u16, Vec<(String, String)>);

/// How much of a log has come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Progress {
    /// Of the bodies.
    pub(super) bytes: u64,
    /// Answers.
    pub(super) chunks: u32,
}

impl ShapeRunner {
    pub(super) fn new(id: ShapeId, table: &str, name: &str, machine: Option<Machine>) -> Self {
        Self {
            id,
            table: table.to_owned(),
            name: name.to_owned(),
            is_ledger: false,
            removed: false,
            machine,
            rows: 0,
            loading: 0,
            last_head: None,
            released: None,
            complete: false,
            complete_at: Lsn::default(),
            group: None,
            frontier: None,
            advanced: false,
            subsets: Subsets::default(),
            progress: Progress::default(),
            accepted_at: Numbered::default(),
            seen: Vec::new(),
            unpublished: false,
            contents: Contents::default(),
            loading_contents: Contents::default(),
        }
    }

    pub(super) fn count_rows(&mut self, conn: &Connection, table: &TableSchema) -> Result<()> {
        self.rows = tables::count_held(conn, table, self.id)?;
        self.loading = staging::count(conn, self.id)?;
        Ok(())
    }

    /// Counts what a body brought.
    pub(super) fn stored(&mut self, body: &StoredRows) {
        let (rows, contents) = if body.staged {
            (&mut self.loading, &mut self.loading_contents)
        } else {
            (&mut self.rows, &mut self.contents)
        };
        *rows = (*rows + body.applied.inserted).saturating_sub(body.applied.deleted);
        if let Some(known) = &body.contents {
            contents.clone_from(known);
        }
        if body.swapped.is_some() {
            self.swapped_in();
        }
        self.unpublished |= match body.swapped {
            Some(changed) => changed,
            None => !body.staged && body.applied.changed_rows(),
        };
    }

    /// The log that loaded has taken the place of the rows.
    pub(super) fn swapped_in(&mut self) {
        self.rows = std::mem::take(&mut self.loading);
        self.complete = false;
        self.complete_at = Lsn::default();
        self.contents = std::mem::take(&mut self.loading_contents);
    }

    /// A transaction is confirmed: nothing more has to be known of it.
    pub(super) fn forget(&mut self, id: TransactionId) {
        self.accepted_at.remove(id);
        self.seen.retain(|seen| *seen != id);
    }

    /// Whether not all of the server's rows are here.
    pub(super) fn is_partial(&self) -> bool {
        let log = self
            .machine
            .as_ref()
            .map(|machine| machine.definition().log);
        log == Some(Log::ChangesOnly)
    }

    /// Whether the rows were loaded with this transaction among them.
    pub(super) fn contains(&self, txid: Xid) -> bool {
        self.contents.contains(txid)
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
        by: ConfirmBy,
    ) -> Result<Vec<TransactionId>> {
        // A no-op is marked by the position 0.
        let head = head.map(|head| if by.trusts_positions() { head } else { Lsn(0) });
        let Some(head) = head else {
            return Ok(Vec::new());
        };
        Ok(transactions::accepted_positions(conn)?
            .into_iter()
            .filter(|(id, lsn)| {
                let begun_after = self
                    .accepted_at
                    .get(*id)
                    .is_none_or(|newest| attempt > *newest);
                begun_after && *lsn <= head
            })
            .map(|(id, _)| id)
            .collect())
    }

    /// Whether a log is loading beside the rows.
    pub(super) fn is_loading(&self) -> bool {
        let machine = self.machine.as_ref();
        self.complete
            || machine.is_some_and(|machine| machine.stored().generation == Generation::Next)
    }

    /// Whether its rows were up to date once, and are to be seen.
    pub(super) fn is_synced(&self) -> bool {
        let machine = self.machine.as_ref();
        !self.complete && machine.is_some_and(|machine| machine.stored().synced_at.is_some())
    }

    /// Whether no answer is on its way.
    pub(super) fn is_at_rest(&self) -> bool {
        matches!(
            self.phase(),
            Phase::Waiting | Phase::Failed | Phase::Paused | Phase::Idle
        )
    }

    /// What the status shows.
    pub(super) fn phase(&self) -> Phase {
        self.machine.as_ref().map_or(Phase::Paused, Machine::phase)
    }
}

/// What a body left behind.
#[derive(Default)]
pub(super) struct StoredRows {
    pub(super) staged: bool,
    pub(super) applied: Applied,
    /// The largest position among the changes.
    pub(super) newest: Option<Lsn>,
    /// The log that loaded replaced the rows; whether that changed any.
    pub(super) swapped: Option<bool>,
    /// The log is complete and cannot replace them yet.
    pub(super) waits: bool,
    /// What its log is known to contain since it was loaded.
    pub(super) contents: Option<Contents>,
    /// Accepted transactions that the shape has shown with it.
    pub(super) seen: Vec<TransactionId>,
    pub(super) confirmed: Vec<(TransactionRecord, transactions::Touched)>,
    /// Writes that the new schema has no place for.
    pub(super) rejected: Rejected,
}
