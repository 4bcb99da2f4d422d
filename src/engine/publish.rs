//! After each event: live queries that a commit touched, and the status if it changed.

use super::live::LiveQuery;
use super::{Effect, Engine};
use crate::tabs::Notification;

/// A tab that is so many results behind gets no further one until it has taken one: then it gets the newest.
const UNTAKEN_RESULTS: u32 = 4;

impl Engine {
    /// Tells the app what the event changed, once.
    pub(super) fn publish(&mut self) {
        self.publish_live();
        self.publish_status();
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
}

/// Whether it is to run now: not while its tab has enough to do.
fn is_due(query: &LiveQuery) -> bool {
    query.is_stale && query.untaken < UNTAKEN_RESULTS
}
