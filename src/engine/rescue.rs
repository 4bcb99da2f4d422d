//! A broken file is left: what can be read of it goes into a fresh one, and this engine ends.
//!
//! It answers nothing from then on. Whoever asked asks the engine that comes after it, which is another term: an error that is gone a
//! moment later would help nobody, and a write that failed was rolled back.

use rusqlite::MAIN_DB;

use super::{Effect, Engine, Successor};
use crate::error::{Error, Result};
use crate::store::{Salvage, check, transactions};
use crate::tabs::{Notification, Recovery};

impl Engine {
    /// After each event.
    pub(super) fn rescue_if_broken(&mut self) {
        match self.upkeep.broken.take() {
            // The next opening meets it again.
            Some(_) if self.closed => {}
            Some(Error::Corrupt(reason)) => self.rescue(reason),
            _ => {}
        }
    }

    /// What an error of the opening says of the file, if it is the file's fault.
    pub(super) fn what_broke(&self, error: &Error) -> Option<String> {
        let is_ours = match error {
            Error::Corrupt(_) => true,
            // All SQL of an opening is ours: it fails over a file that we made only where that holds other tables than we made.
            Error::Sql(_) | Error::Constraint(_) => {
                check::is_complete(&self.conn).unwrap_or_default()
            }
            // A header that says so is all that keeps a browser's file from being written.
            Error::Storage(_) => self.conn.is_readonly(MAIN_DB).unwrap_or_default(),
            _ => false,
        };
        match error {
            Error::Corrupt(reason)
            | Error::Sql(reason)
            | Error::Constraint(reason)
            | Error::Storage(reason)
                if is_ours =>
            {
                Some(reason.clone())
            }
            _ => None,
        }
    }

    /// Reads what can be read, and hands it over.
    pub(super) fn rescue(&mut self, reason: String) {
        if self.upkeep.ended {
            return;
        }
        self.leave_transaction();
        let declared = self.config.tables.iter().map(|(name, _)| name.to_owned());
        let known = self.session.tables();
        let known = known.iter().map(|table| table.name.clone());
        let salvage = Salvage::read(&self.conn, reason, declared.chain(known).collect());
        let is_of_the_file = |effect: &Effect| match effect {
            Effect::Reply(_, Err(Error::Corrupt(_))) => true,
            Effect::Tell(_, Notification::LiveFailed { error, .. }) => error.code == "CORRUPT",
            _ => false,
        };
        self.effects.retain(|effect| !is_of_the_file(effect));
        self.make_way(Some(salvage), false);
    }

    /// Ends this engine, for another one.
    pub(super) fn make_way(&mut self, salvage: Option<Salvage>, record: bool) {
        self.upkeep.ended = true;
        self.deferred.clear();
        self.live.clear();
        self.effects.push(Effect::Restart(Successor {
            salvage,
            connect: self.connected,
            record,
        }));
    }

    /// What was taken over is told, now and in the status.
    pub(super) fn tell_recovery(&mut self, salvage: &Salvage, lost: u32) -> Result<()> {
        let (pending, rejected) = transactions::count(&self.conn)?;
        let recovery = Recovery {
            at: self.now,
            reason: salvage.reason.clone(),
            transactions: pending + rejected,
            lost,
        };
        self.storage.recovered = Some(Box::new(recovery.clone()));
        self.effects
            .push(Effect::Notify(Notification::Recovered(recovery)));
        Ok(())
    }
}
