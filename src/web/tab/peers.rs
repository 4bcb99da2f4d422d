//! The tabs that this one hears of: locks, channels, what goes over them.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::JsValue;

use super::Tab;
use crate::engine;
use crate::ids::{SubscriptionId, TabId, TabNumber, Term};
use crate::tabs::{Event, Greeting};
use crate::web::channel::Channel;
use crate::web::convert::{get, report_to_js};
use crate::web::locks::{How, Lock, Turn};
use crate::web::relay::{self, Message, Relayed};

/// The leader's end of one other tab.
pub(super) struct Follower {
    pub(super) tab: TabId,
    pub(super) channel: Channel,
    term: Term,
    _watch: Option<Lock>,
}

impl Tab {
    pub(super) fn hold_own_lock(self: &Rc<Self>) {
        let alone = get(&self.options, "storage").as_string().as_deref() == Some("memory");
        let tab = self.clone();
        let turn = move |turn| match turn {
            Turn::Granted => tab.send(Event::OwnLockHeld),
            Turn::Refused(_) => tab.send(Event::NoLocks),
            Turn::Lost => {}
        };
        let lock = if alone {
            Ok(None)
        } else {
            Lock::request(&self.lock_of(&self.me), How::Queue, turn)
        };
        match lock {
            Ok(Some(lock)) => {
                self.has_locks.set(true);
                *self.own_lock.borrow_mut() = Some(lock);
            }
            _ => self.send(Event::NoLocks),
        }
    }

    /// The lock and the channel of one tab.
    pub(super) fn lock_of(&self, tab: &TabId) -> String {
        format!("{}:{tab}", self.name)
    }

    pub(super) fn ask_for_lock(self: &Rc<Self>, how: How) {
        let round = self.lock_round.get() + 1;
        self.lock_round.set(round);
        let tab = Rc::downgrade(self);
        let turn = move |turn| {
            let Some(tab) = tab.upgrade().filter(|tab| tab.lock_round.get() == round) else {
                return;
            };
            tab.send(match turn {
                Turn::Granted => Event::LockGranted,
                Turn::Lost => Event::LockLost,
                Turn::Refused(_) => Event::NoLocks,
            });
        };
        if let Ok(Some(lock)) = Lock::request(&self.name, how, turn) {
            *self.lock.borrow_mut() = Some(lock);
        }
    }

    pub(super) fn listen_to_tabs(self: &Rc<Self>) {
        let hear = |tab: std::rc::Weak<Self>| {
            move |message: JsValue| {
                if let Some(tab) = tab.upgrade() {
                    tab.hear(&message);
                }
            }
        };
        *self.lobby.borrow_mut() = Channel::open(&self.name, hear(Rc::downgrade(self))).ok();
        let own = Channel::open(&self.lock_of(&self.me), hear(Rc::downgrade(self)));
        *self.channel.borrow_mut() = own.ok();
    }

    /// What all tabs are told, and what the leader says to this one.
    pub(super) fn hear(self: &Rc<Self>, message: &JsValue) {
        match relay::read(message) {
            Some(Message::Greeting(envelope)) => self.send(Event::Heard(envelope)),
            Some(Message::Relayed(term, relayed)) => {
                let counts = self.election.borrow().follows(&term);
                if !counts {
                    return;
                }
                self.send(Event::HeardLeader);
                match relayed {
                    Relayed::Reply(number, reply) => self.settle(number, Ok(reply)),
                    Relayed::Failure(number, report) => {
                        self.settle(number, Err(report_to_js(&report)));
                    }
                    Relayed::Notification(notification) => self.notify(&notification),
                    _ => {}
                }
            }
            None => {}
        }
    }

    /// What a tab says that this one serves.
    pub(super) fn hear_follower(
        self: &Rc<Self>,
        tab: &TabId,
        number: TabNumber,
        message: &JsValue,
    ) {
        match relay::read(message) {
            Some(Message::Greeting(envelope)) => self.send(Event::Heard(envelope)),
            Some(Message::Relayed(term, relayed)) if self.serves(number, &term) => {
                self.with_driver(|driver| match relayed {
                    Relayed::Request(asked, ask) => {
                        let key = self.key(tab, asked, &ask);
                        driver.ask(number, asked, key, ask);
                    }
                    Relayed::Cancel(asked) => driver.cancel(number, asked),
                    Relayed::Took(subscription) => {
                        driver.send(engine::Event::Took(number, SubscriptionId(subscription)))
                    }
                    Relayed::Wake => driver.send(engine::Event::Wake),
                    _ => {}
                });
            }
            _ => {}
        }
    }

    fn serves(&self, number: TabNumber, term: &Term) -> bool {
        let followers = self.followers.borrow();
        followers.get(number).is_some_and(|one| one.term == *term)
    }

    pub(super) fn admit(self: &Rc<Self>, tab: TabId, number: TabNumber, term: Term) {
        let (leader, who) = (Rc::downgrade(self), tab.clone());
        let hear = move |message: JsValue| {
            if let Some(leader) = leader.upgrade() {
                leader.hear_follower(&who, number, &message);
            }
        };
        let Ok(channel) = Channel::open(&self.lock_of(&tab), hear) else {
            return;
        };
        let (leader, who) = (Rc::downgrade(self), tab.clone());
        let gone = move |turn| {
            let Some(leader) = leader.upgrade() else {
                return;
            };
            let serves = leader.followers.borrow().get(number).is_some();
            if turn == Turn::Granted && serves {
                leader.send(Event::TabGone(who.clone()));
            }
        };
        let watch = Lock::request(&self.lock_of(&tab), How::Queue, gone)
            .ok()
            .flatten();
        let follower = Rc::new(Follower {
            tab,
            channel,
            term,
            _watch: watch,
        });
        self.followers.borrow_mut().insert(number, follower);
    }

    pub(super) fn post_to(&self, tab: TabNumber, relayed: &Relayed) {
        let follower = self.followers.borrow().get(tab).cloned();
        if let Some(follower) = follower {
            self.post(&follower, relayed);
        }
    }

    pub(super) fn post(&self, follower: &Follower, relayed: &Relayed) {
        // Replies and notifications hold what can be cloned.
        let _ = follower
            .channel
            .post(&relay::relayed(&follower.term, relayed));
    }

    pub(super) fn post_to_leader(&self, relayed: &Relayed) {
        let term = self.election.borrow().term();
        if let (Some(term), Some(channel)) = (term, &*self.channel.borrow()) {
            // Numbers can be cloned.
            let _ = channel.post(&relay::relayed(&term, relayed));
        }
    }

    pub(super) fn greet(&self, channel: &RefCell<Option<Channel>>, greeting: &Greeting) {
        if let Some(channel) = &*channel.borrow() {
            let _ = channel.post(&relay::greeting(&self.me, greeting));
        }
    }
}
