//! What belongs to one of the tabs, and goes with it.

use super::{Asked, Engine, Event};
use crate::ids::{RequestId, SubscriptionId, TabNumber};

impl Engine {
    /// Nobody waits for an answer any more: what has not begun is not carried out.
    pub(super) fn cancel(&mut self, id: RequestId) {
        self.forget_waiting(|asked| asked.id == id);
    }

    /// A tab took one result of a live query; the next one may have waited for that.
    pub(super) fn took(&mut self, tab: TabNumber, subscription: SubscriptionId) {
        let found = self
            .live
            .iter()
            .position(|live| live.is_of((tab, subscription)));
        let Some(at) = found else {
            return;
        };
        let mut live = self.live.swap_remove(at);
        live.untaken = live.untaken.saturating_sub(1);
        // An open transaction's rows are nobody's yet.
        if self.open_transaction.is_some() || self.bring_up(&mut live) {
            self.live.push(live);
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
