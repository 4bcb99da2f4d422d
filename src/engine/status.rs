//! What the app is told of the state of sync.

use super::{Effect, Engine, Outstanding, timer};
use crate::error::{Error, Result};
use crate::ids::Millis;
use crate::shape::Phase;
use crate::store::transactions;
use crate::tabs::{Notification, ShapePhase, ShapeStatus, Status, UploadPhase, UploadStatus};

/// Local writes that follow each other faster than a screen shows them change the counts once in this time: telling costs a write that
/// waits for nothing else a fifth of its own time.
pub(super) const PAUSE_MS: u64 = 16;

/// What was told, and what has changed since.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) status: Option<Status>,
    at: Millis,
    /// Local writes have changed what is counted.
    counts_are_stale: bool,
    /// The timer is set.
    waits: bool,
}

impl Engine {
    /// A local write changed what is counted.
    pub(super) fn counts_change(&mut self) {
        self.told.counts_are_stale = true;
    }

    /// Tells what an event changed; counts alone after a pause.
    pub(super) fn publish_status(&mut self) {
        if self.status_is_stale {
            return self.tell_status();
        }
        if !self.told.counts_are_stale || self.told.waits {
            return;
        }
        let due = self.told.at.after(PAUSE_MS);
        // A clock that was set back is no reason to wait.
        if (self.told.at..due).contains(&self.now) {
            self.told.waits = true;
            self.effects.push(Effect::SetTimer(timer::STATUS, due));
        } else {
            self.tell_status();
        }
    }

    /// The pause is over.
    pub(super) fn end_pause(&mut self) {
        self.told.waits = false;
        self.status_is_stale |= self.told.counts_are_stale;
    }

    fn tell_status(&mut self) {
        self.status_is_stale = false;
        self.told.counts_are_stale = false;
        match self.current_status() {
            Ok(status) if self.told.status.as_ref() != Some(&status) => {
                self.told.status = Some(status.clone());
                self.told.at = self.now;
                self.effects
                    .push(Effect::Notify(Notification::Status(status)));
            }
            Ok(_) => {}
            Err(error) => self.effects_failed(&error),
        }
    }

    pub(super) fn current_status(&mut self) -> Result<Status> {
        let Outstanding {
            pending, rejected, ..
        } = self.count_outstanding()?;
        Ok(Status {
            storage: self.storage.clone(),
            connected: self.connected,
            shapes: self
                .shapes
                .iter()
                .filter(|shape| !shape.removed)
                .map(|shape| {
                    let machine = shape.machine.as_ref();
                    ShapeStatus {
                        table: shape.table.clone(),
                        name: shape.name.clone(),
                        phase: if shape.complete && shape.phase() == Phase::Live {
                            ShapePhase::Loading
                        } else {
                            phase(shape.phase())
                        },
                        rows: if shape.is_loading() {
                            shape.loading
                        } else {
                            shape.rows
                        },
                        bytes: shape.progress.bytes,
                        chunks: shape.progress.chunks,
                        last_synced_at: machine.and_then(|machine| machine.stored().synced_at),
                        retry_at: machine.and_then(|machine| machine.retry_at()),
                        error: machine
                            .and_then(|machine| machine.last_error())
                            .map(Error::report),
                    }
                })
                .collect(),
            upload: self.upload_status(pending),
            pending,
            rejected,
        })
    }

    /// Counts again after any commit but those of [`Engine::note_queued`] and [`Engine::note_settled`]: what is written here or comes
    /// from others costs the same however many wait.
    pub(super) fn count_outstanding(&mut self) -> Result<Outstanding> {
        let commits = Some(self.session.commits());
        if self.outstanding.commits != commits {
            let (pending, rejected) = transactions::count(&self.conn)?;
            self.outstanding = Outstanding {
                pending,
                rejected,
                commits,
            };
        }
        Ok(self.outstanding)
    }

    /// The last commit queued a local transaction, or none, and changed nothing else of the queue.
    pub(super) fn note_queued(&mut self, queued: bool) {
        self.note_commit(i64::from(queued));
    }

    /// After the last commit so many local transactions are no longer pending, and none is rejected that was not before.
    pub(super) fn note_settled(&mut self, settled: usize) {
        self.note_commit(-(settled as i64));
    }

    fn note_commit(&mut self, queued: i64) {
        if let Some(commits) = &mut self.outstanding.commits
            && *commits + 1 == self.session.commits()
        {
            *commits += 1;
            let pending = i64::from(self.outstanding.pending) + queued;
            self.outstanding.pending = u32::try_from(pending).unwrap_or_default();
        }
    }

    fn upload_status(&self, pending: u32) -> UploadStatus {
        let retry_at: Option<Millis> = self.uploader.retry_at();
        UploadStatus {
            phase: if self.uploader.is_paused() {
                UploadPhase::Paused
            } else if self.uploader.is_sending() {
                UploadPhase::Sending
            } else if retry_at.is_some() && pending > 0 {
                UploadPhase::Waiting
            } else {
                UploadPhase::Idle
            },
            retry_at,
            attempts: self.uploader.failures(),
            error: self.uploader.error().map(Error::report),
        }
    }
}

fn phase(phase: Phase) -> ShapePhase {
    match phase {
        Phase::Idle | Phase::Loading => ShapePhase::Loading,
        Phase::CatchingUp => ShapePhase::CatchingUp,
        Phase::Live => ShapePhase::Live,
        Phase::Waiting => ShapePhase::Waiting,
        Phase::Failed => ShapePhase::Failed,
        Phase::Paused => ShapePhase::Paused,
    }
}
