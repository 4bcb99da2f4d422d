//! [`Followers`]: the tabs that a leader serves.

use super::inspection::TabRecord;
use crate::ids::{Millis, TabId, TabNumber};

/// One of them.
#[derive(Debug)]
pub(super) struct Follower {
    pub(super) tab: TabId,
    pub(super) number: TabNumber,
    since: Millis,
    /// Since when its page is shown.
    visible_since: Option<Millis>,
}

/// In the order they came.
#[derive(Debug, Default)]
pub(super) struct Followers {
    list: Vec<Follower>,
    last: u32,
}

impl Followers {
    /// Takes one in under a number that no other has had. One that comes again is first let go by the caller.
    pub(super) fn admit(&mut self, tab: TabId, visible: bool, now: Millis) -> TabNumber {
        self.last += 1;
        let number = TabNumber(self.last);
        self.list.push(Follower {
            tab,
            number,
            since: now,
            visible_since: visible.then_some(now),
        });
        number
    }

    /// Lets one go.
    pub(super) fn remove(&mut self, tab: &TabId) -> Option<TabNumber> {
        let at = self.list.iter().position(|one| one.tab == *tab)?;
        Some(self.list.remove(at).number)
    }

    /// What one is called.
    pub(super) fn number_of(&self, tab: &TabId) -> Option<TabNumber> {
        let found = self.list.iter().find(|one| one.tab == *tab)?;
        Some(found.number)
    }

    pub(super) fn shown(&mut self, tab: &TabId, visible: bool, now: Millis) {
        for one in self.list.iter_mut().filter(|one| one.tab == *tab) {
            one.visible_since = visible.then_some(now);
        }
    }

    /// The one that was shown last, of those that are visible.
    pub(super) fn in_sight(&self) -> Option<&TabId> {
        let visible = self.list.iter().filter(|one| one.visible_since.is_some());
        let last = visible.max_by_key(|one| one.visible_since)?;
        Some(&last.tab)
    }

    /// As the one that asks is told.
    pub(super) fn records(&self, now: Millis, asks: TabNumber) -> impl Iterator<Item = TabRecord> {
        self.list.iter().map(move |one| TabRecord {
            number: one.number,
            id: one.tab.to_string(),
            asks: one.number == asks,
            visible: one.visible_since.is_some(),
            since: Millis(now.0 - one.since.0),
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Follower> {
        self.list.iter()
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Follower> + '_ {
        self.list.drain(..)
    }
}
