//! Live queries: which ones a commit touched, and what changed in their results.
//!
//! Of a result that a subscriber has, two hashes a row are kept. A query runs again when a commit wrote to a table that it
//! reads, once for all subscribers with the same statement that have the same result, in whatever tab they are; its rows are
//! hashed as SQLite returns them, and only those that a subscriber lacks are copied.

pub(super) mod hash;
mod places;
mod steps;

use std::sync::Arc;

use rusqlite::Connection;

use super::inspect::Runs;
use crate::error::{Error, Result};
use crate::ids::{SubscriptionId, TabNumber};
use crate::schema::Names;
use crate::store::{Session, query};
use crate::tabs::{LiveDiff, Statement};
use steps::{Known, Steps};

/// So many a tab can have: each is looked at after each commit. Who comes this far ends none of them.
const LIVE_QUERIES: usize = 10_000;

/// Whether the tab can have this subscription besides its others.
///
/// # Errors
/// [`Error::Argument`] if they are too many.
pub(super) fn check_number(
    live: &[LiveQuery],
    (tab, subscription): (TabNumber, SubscriptionId),
) -> Result<()> {
    let is_other = |live: &&LiveQuery| live.tab == tab && live.subscription != subscription;
    if live.iter().filter(is_other).count() < LIVE_QUERIES {
        return Ok(());
    }
    let refusal = "this tab has 10,000 live queries: unsubscribe from those that nobody looks at";
    Err(Error::Argument(refusal.into()))
}

/// One subscription.
#[derive(Debug)]
pub(super) struct LiveQuery {
    pub(super) tab: TabNumber,
    pub(super) subscription: SubscriptionId,
    /// Results that were told and that the tab has not dealt with.
    pub(super) untaken: u32,
    /// The result may have changed, and is not told yet.
    pub(super) is_stale: bool,
    /// It runs no more.
    pub(super) has_failed: bool,
    pub(super) statement: Statement,
    /// Tables, lower case.
    pub(super) reads: Names,
    pub(super) runs: Runs,
    key: Vec<String>,
    /// The result that the subscriber has, the same one for all that have the same.
    known: Option<Arc<Known>>,
}

/// What one run of a query came to.
#[derive(Debug)]
pub(super) struct Update {
    /// What leads there, if anything is different.
    pub(super) diff: Option<LiveDiff>,
    known: Arc<Known>,
}

impl LiveQuery {
    pub(super) fn new(
        (tab, subscription): (TabNumber, SubscriptionId),
        statement: Statement,
        reads: Names,
        key: Vec<String>,
    ) -> Self {
        Self {
            tab,
            subscription,
            // The first result, which follows at once.
            untaken: 1,
            is_stale: false,
            has_failed: false,
            statement,
            reads,
            runs: Runs::default(),
            key,
            known: None,
        }
    }

    /// Whether it is that tab's subscription.
    pub(super) fn is_of(&self, subscription: (TabNumber, SubscriptionId)) -> bool {
        (self.tab, self.subscription) == subscription
    }

    /// Whether they ask for the same.
    fn is_like(&self, other: &Self) -> bool {
        self.statement == other.statement && self.key == other.key
    }

    /// Whether what leads this subscriber to a new result leads the other one there as well.
    pub(super) fn is_at(&self, other: &Self) -> bool {
        let same = |(a, b): (&Arc<Known>, &Arc<Known>)| Arc::ptr_eq(a, b);
        self.known
            .as_ref()
            .zip(other.known.as_ref())
            .is_some_and(same)
            && self.is_like(other)
    }

    /// Runs the query. The result is shared with one of `others` that has the same.
    ///
    /// # Errors
    /// What SQLite says; [`Error::Argument`] when the result lacks a key column.
    pub(super) fn run(
        &self,
        conn: &Connection,
        session: &Session,
        others: &[Self],
    ) -> Result<Update> {
        let mut steps = Steps::new(self.known.as_deref(), &self.key);
        query::run_into(conn, session, &self.statement, &mut steps)?;
        let (diff, known) = steps.finish();
        let mut alike = others.iter().filter(|other| self.is_like(other));
        let same = alike.find_map(|other| other.known.as_ref().filter(|had| ***had == known));
        Ok(Update {
            diff,
            known: same.cloned().unwrap_or_else(|| Arc::new(known)),
        })
    }

    /// The subscriber is told of what a run came to, in so many microseconds.
    pub(super) fn came_to(&mut self, update: &Update, took: u64) {
        self.runs.add(took, update.known.len());
        self.known = Some(update.known.clone());
    }
}

#[cfg(test)]
mod tests;
