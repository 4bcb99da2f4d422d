//! What keeps the file in order while nothing else goes on: the write-ahead log goes back into it, and after a dirty end it
//! is looked through.
//!
//! The log is bounded by size ([`crate::store::connection::configure`]) and by time: some seconds after the last change all
//! of it is moved into the database file and the log emptied, so that a page which is killed later leaves nothing to
//! recover, and the space is free.

use super::{Effect, Engine, Purpose, begin, timer};
use crate::error::{Error, Result};
use crate::ids::Millis;
use crate::shape::Phase;
use crate::store::{check, connection, settings};

/// So long after the last change the log is emptied.
pub(super) const IDLE_MS: u64 = 5_000;

/// The look through the file begins so long after the opening, and waits so long when there is something else to do.
const CHECK_AFTER_MS: u64 = 15_000;

/// Between two tables, for whoever waits.
const CHECK_PAUSE_MS: u64 = 250;

/// The disk failed meanwhile.
const CHECK_AGAIN_MS: u64 = 60_000;

impl Engine {
    /// After each event: the idle timer is set once, and again only when it finds that there was a change meanwhile.
    pub(super) fn note_changes(&mut self) {
        let changes = self.conn.total_changes();
        let upkeep = &mut self.upkeep;
        if upkeep.changes == changes {
            return;
        }
        upkeep.changes = changes;
        upkeep.changed_at = self.now;
        if !std::mem::replace(&mut upkeep.timed, true) {
            let due = self.now.after(IDLE_MS);
            self.effects.push(Effect::SetTimer(timer::CHECKPOINT, due));
        }
    }

    pub(super) fn checkpoint_if_idle(&mut self, now: Millis) {
        self.note_changes();
        let upkeep = &mut self.upkeep;
        // Later than now only when the clock was set back.
        upkeep.changed_at = upkeep.changed_at.min(now);
        let due = upkeep.changed_at.after(IDLE_MS);
        if due > now {
            return self.effects.push(Effect::SetTimer(timer::CHECKPOINT, due));
        }
        self.upkeep.timed = false;
        if let Err(error) = connection::checkpoint(&self.conn) {
            self.effects_failed(&error);
        }
        self.measure_again(now);
    }

    /// The last session may not have closed: a power cut, a killed browser, a bug of either. Committed transactions are there; whether
    /// the file is whole is worth a look.
    ///
    /// A transaction of its own, so that a full storage can be opened and read. A power cut that takes it has taken everything after it.
    pub(super) fn mark_open(&mut self, now: Millis) {
        let marked = begin(&self.conn, &self.session, Purpose::Sync).and_then(|transaction| {
            let was_open = settings::mark_open(&transaction)?;
            transaction.commit()?;
            Ok(was_open)
        });
        match marked {
            Ok(true) => self.check_later(now, CHECK_AFTER_MS),
            Ok(false) => {}
            // Whether it was closed is not known.
            Err(error) => {
                self.effects_failed(&error);
                self.check_later(now, CHECK_AGAIN_MS);
            }
        }
    }

    /// Looks through the file then, table by table.
    pub(super) fn check_later(&mut self, now: Millis, delay_ms: u64) {
        let due = now.after(delay_ms);
        self.effects.push(Effect::SetTimer(timer::CHECK, due));
    }

    /// Something gives cause to look through the whole file.
    pub(super) fn check_anew(&mut self) {
        self.upkeep.unchecked = None;
        self.check_later(self.now, 0);
    }

    /// Looks through the next table, if nothing else goes on.
    pub(super) fn check_next(&mut self, now: Millis) {
        if self.is_busy() {
            return self.check_later(now, CHECK_AFTER_MS);
        }
        match self.check_one() {
            Ok(false) => {}
            Ok(true) => self.check_later(now, CHECK_PAUSE_MS),
            Err(error) => {
                self.effects_failed(&error);
                // A disk that cannot be read now says nothing about the file.
                if let Error::Storage(_) = error {
                    self.check_later(now, CHECK_AGAIN_MS);
                }
            }
        }
    }

    /// Whether there are more.
    fn check_one(&mut self) -> Result<bool> {
        let unchecked = match &mut self.upkeep.unchecked {
            Some(tables) => tables,
            none => none.insert(check::tables(&self.conn)?),
        };
        let Some(table) = unchecked.last() else {
            return Ok(false);
        };
        match check::quick_check(&self.conn, table)? {
            Some(problem) => Err(Error::Corrupt(problem)),
            None => {
                unchecked.pop();
                Ok(!unchecked.is_empty())
            }
        }
    }

    fn is_busy(&self) -> bool {
        let mut phases = self.shapes.iter().map(|shape| shape.phase());
        self.uploader.is_sending()
            || phases.any(|phase| matches!(phase, Phase::Loading | Phase::CatchingUp))
    }

    /// Nothing is left to recover, and the next opening knows.
    pub(super) fn close_file(&mut self) -> Result<()> {
        settings::mark_closed(&self.conn)?;
        connection::checkpoint(&self.conn)
    }
}
