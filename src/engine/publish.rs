//! After each event: live queries that a commit touched, and the status if it changed.

use super::live::LiveQuery;
use super::{Effect, Engine, Outstanding};
use crate::error::{Error, Result};
use crate::ids::Millis;
use crate::shape::Phase;
use crate::store::transactions;
use crate::tabs::{Notification, ShapePhase, ShapeStatus, Status, UploadPhase, UploadStatus};

/// A tab that is so many results behind gets no further one until it has taken one: then it gets the newest.
const UNTAKEN_RESULTS: u32 = 4;

impl Engine {
    /// Tells the app what the event changed, once.
    pub(super) fn publish(&mut self) {
        self.publish_live();
        if std::mem::take(&mut self.status_is_stale) {
            match self.current_status() {
                Ok(status) if self.status.as_ref() != Some(&status) => {
                    self.status = Some(status.clone());
                    self.effects
                        .push(Effect::Notify(Notification::Status(status)));
                }
                Ok(_) => {}
                Err(error) => self.effects_failed(&error),
            }
        }
    }

    fn publish_live(&mut self) {
        if self.touched.is_empty() && !self.live.iter().any(|query| query.is_stale) {
            return;
        }
        let touched = std::mem::take(&mut self.touched);
        let mut live = std::mem::take(&mut self.live);
        for query in &mut live {
            query.is_stale |= query.reads.meets(&touched);
        }
        for at in 0..live.len() {
            if is_due(&live[at]) {
                self.bring_up(&mut live, at);
            }
        }
        live.retain(|query| !query.has_failed);
        self.live = live;
    }

    /// Runs a live query and tells all who wait for the same.
    fn bring_up(&mut self, live: &mut [LiveQuery], at: usize) {
        let begun = (self.clock)();
        let update = live[at].run(&self.conn, &self.session, live);
        let took = (self.clock)() - begun;
        let waits = |other: &usize| {
            *other == at || (is_due(&live[*other]) && live[*other].is_at(&live[at]))
        };
        let waiting: Vec<usize> = (at..live.len()).filter(waits).collect();
        for place in &waiting {
            live[*place].is_stale = false;
        }
        let mut update = match update {
            Ok(update) => update,
            Err(error) => {
                self.note_failure(&error);
                for place in waiting {
                    let query = &mut live[place];
                    query.has_failed = true;
                    let (subscription, error) = (query.subscription, error.report());
                    let failed = Notification::LiveFailed {
                        subscription,
                        error,
                    };
                    self.effects.push(Effect::Tell(query.tab, failed));
                }
                return;
            }
        };
        for (n, place) in waiting.iter().enumerate() {
            let query = &mut live[*place];
            query.came_to(&update, took);
            // The last one, mostly the only one, gets the rows themselves.
            let diff = if n + 1 == waiting.len() {
                update.diff.take()
            } else {
                update.diff.clone()
            };
            let Some(diff) = diff else { continue };
            query.untaken += 1;
            let told = Notification::Live {
                subscription: query.subscription,
                fresh: false,
                diff,
            };
            self.effects.push(Effect::Tell(query.tab, told));
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

/// Whether it is to run now: not while its tab has enough to do.
fn is_due(query: &LiveQuery) -> bool {
    query.is_stale && query.untaken < UNTAKEN_RESULTS
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
