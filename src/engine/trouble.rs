//! A storage that fails: what the app learns of it, and that nothing is lost by it.
//!
//! Whoever has a transaction fail knows what to do: a shape and the uploader wait and ask again, a group shows its changes at its next
//! round, a request of the app fails. Rows and the position that covers them are one transaction, so none is skipped. Here it is only
//! told, and measured whether there is room.

use super::{Effect, Engine, StorageFacts};
use crate::backoff::Span;
use crate::error::Error;
use crate::ids::Millis;
use crate::tabs::Persistence;

/// A measure that is older than this is taken again when nothing else goes on.
const MEASURE_AGAIN_MS: u64 = 60_000;

impl Engine {
    /// The database failed outside of any request: the app learns it from the status.
    pub(super) fn effects_failed(&mut self, error: &Error) {
        if let Error::Corrupt(_) = error {
            self.upkeep.broken.get_or_insert_with(|| error.clone());
        }
        self.upkeep.failed = true;
        self.storage.error = Some(Box::new(error.report()));
        self.status_is_stale = true;
        if let Error::Quota(_) = error {
            self.measure();
        }
    }

    /// Something failed that the app or the server learns: if it was the storage, the status tells it, too.
    pub(super) fn note_failure(&mut self, error: &Error) {
        if matches!(
            error,
            Error::Quota(_) | Error::Storage(_) | Error::Corrupt(_)
        ) {
            self.effects_failed(error);
        }
    }

    /// After each event.
    pub(super) fn look_after_storage(&mut self) {
        let commits = self.session.commits();
        let committed = std::mem::replace(&mut self.upkeep.commits, commits) != commits;
        let failed = std::mem::take(&mut self.upkeep.failed);
        if committed && !failed && self.storage.error.take().is_some() {
            self.status_is_stale = true;
        }
        if std::mem::take(&mut self.upkeep.to_persist) {
            self.effects.push(Effect::Persist);
        }
        self.note_changes();
    }

    /// A local write was committed: from now on there is something that cannot be fetched again.
    pub(super) fn keep_data(&mut self) {
        let storage = &self.storage;
        let is_settled =
            storage.persisted == Some(true) || storage.persistence == Persistence::Memory;
        if self.config.persist && !is_settled {
            let asked = std::mem::replace(&mut self.upkeep.asked_to_persist, true);
            self.upkeep.to_persist = !asked;
        }
    }

    /// Asks what the browser says of the storage, unless it is being asked.
    pub(super) fn measure(&mut self) {
        if self.upkeep.measured_at != Some(self.now) {
            self.upkeep.measured_at = Some(self.now);
            self.effects.push(Effect::MeasureStorage);
        }
    }

    /// The same, if it has not been asked for a while.
    pub(super) fn measure_again(&mut self, now: Millis) {
        let is_old = |at: Millis| !Span::new(at, MEASURE_AGAIN_MS).covers(now);
        if self.upkeep.measured_at.is_none_or(is_old) {
            self.measure();
        }
    }

    pub(super) fn measured(&mut self, facts: StorageFacts) {
        let StorageFacts {
            persisted,
            quota,
            usage,
            present,
        } = facts;
        let storage = &mut self.storage;
        let known = (storage.persisted, storage.quota, storage.usage);
        self.status_is_stale |= known != (persisted, quota, usage);
        (storage.persisted, storage.quota, storage.usage) = (persisted, quota, usage);
        if !present {
            let reason =
                "the browser or the user has deleted the database\'s files while it was open";
            self.effects_failed(&Error::Corrupt(reason.into()));
        }
    }
}
