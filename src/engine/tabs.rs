//! What belongs to one of the tabs, and goes with it.

use super::{Asked, Engine, Event};
use crate::ids::{RequestId, SubscriptionId, TabNumber};

impl Engine {
    /// Nobody waits for an answer any more: what has not begun is not carried out.
    pub(super) fn cancel(&mut self, id: RequestId) {
        self.forget_waiting(|asked| asked.id == id);
    }

    /// A tab took one result of a live query; the next one, which may have waited for that, follows with what the event changed.
    pub(super) fn took(&mut self, tab: TabNumber, subscription: SubscriptionId) {
        for live in &mut self.live {
            if live.is_of((tab, subscription)) {
                live.untaken = live.untaken.saturating_sub(1);
            }
        }
    }

    /// Rolls back the tab's open transaction and ends whatever it waits for or listens to.
    pub(super) fn tab_gone(&mut self, tab: TabNumber) {
        if self
            .open_transaction
            .as_ref()
            .is_some_and(|open| open.tab == tab)
        {
            self.undo();
        }
        self.live.retain(|live| live.tab != tab);
        self.forget_waiting(|asked| asked.tab == tab);
    }

    /// Drops requests that wait for their turn, for a table or for a verdict.
    fn forget_waiting(&mut self, is_one: impl Fn(&Asked) -> bool) {
        self.deferred
            .retain(|event| !matches!(event, Event::Request(asked, _) if is_one(asked)));
        self.take_awaiting(|awaiting| is_one(&awaiting.asked));
        self.awaiting_verdict.retain(|(_, asked)| !is_one(asked));
    }
}
