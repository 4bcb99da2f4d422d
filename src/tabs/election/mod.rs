//! [`Election`]: the part that one tab's worker plays, leader or follower, as a state machine.
//!
//! | part | the lock | the file |
//! |---|---|---|
//! | waiting | asked for | – |
//! | following | asked for | – ; a leader is known and asked |
//! | opening | held | being opened |
//! | leading | held | open |
//! | stepping down | held | open or being closed; then another tab takes the lock |
//! | resting | – | could not be opened; tried again later |
//! | alone | – | memory of this worker: nobody else is served |
//! | over | – | – |
//!
//! Two tabs never have the file open at once, whatever they believe: the browser gives its handles to one worker. The lock, and
//! all this, decides who may try. A request waits here until it is answered ([`Outbox`]), so each new leader is asked again what the
//! one before it left open; the engine sees to it that a write is carried out once.
//!
//! **Who leads.** The tab that waited longest for the lock, as the browser hands it on. Besides: a tab that is opened with other
//! options than the leader's (the app was updated) takes over at once; a leader whose page has been hidden for half a minute hands
//! over to the tab that was shown last; one that does not answer for five seconds, while a visible tab or a request waits, loses the
//! lock. It may only be busy: then its file is free when it is done.
//!
//! **Guests.** A tab without options of its own, such as an inspector's page, must not decide how the others work. It never waits in
//! the queue for the lock, claims nothing and is handed nothing: it follows whoever leads. Where nobody does it asks for the lock, each
//! time as the last one in the queue, and gives way to the first tab with options that greets it.

mod following;
mod interface;
mod leading;
#[cfg(test)]
mod tests;

pub use interface::{Effect, Event, OpenTrouble};

use super::followers::Followers;
use super::greeting::Greeting;
use super::inspection::TabRecord;
use super::outbox::{Outbox, Standing};
use crate::error::Error;
use crate::ids::{AskNumber, Millis, TabId, TabNumber, Term};

/// A tab that takes its file's handles from one that is going tries so often at first, then ever less.
const FIRST_DELAY_MS: u64 = 5;
const LONGEST_DELAY_MS: u64 = 2_000;
/// A first opening that finds the file held for so long fails, so that the app can tell its user.
const IN_USE_MS: u64 = 10_000;
/// A leader is asked for a sign so long after its last one, while somebody cares.
const PING_MS: u64 = 1_000;
/// One that gives none for so long loses the lock.
const SILENCE_MS: u64 = 5_000;
/// A guest that hears of no leader for so long asks for the lock.
const ALONE_MS: u64 = 1_000;
/// As long as opening may take, recovery of a large log included.
const OPENING_MS: u64 = 15_000;
/// A leader whose page has been hidden for so long hands over to a visible tab.
const HIDDEN_MS: u64 = 30_000;
/// A tab that was handed the lock takes it within this time; one that is told to leave has left.
const HANDING_MS: u64 = 2_000;

#[derive(Debug, Clone, PartialEq)]
enum Part {
    New,
    Waiting {
        since: Millis,
    },
    Following(Leader),
    Opening {
        since: Millis,
        attempt: u32,
        again_at: Option<Millis>,
    },
    Leading,
    SteppingDown {
        to: TabId,
        since: Option<Millis>,
    },
    Resting {
        until: Millis,
    },
    Alone,
    Over,
}

/// The leader as a follower knows it.
#[derive(Debug, Clone, PartialEq)]
struct Leader {
    heard: Millis,
    /// When it was asked for a sign that it has not given.
    pinged: Option<Millis>,
}

/// See the module.
#[derive(Debug)]
pub struct Election<P> {
    name: String,
    me: TabId,
    build: String,
    part: Part,
    /// When this tab began to lead.
    leads_since: Millis,
    /// That in which this tab was served last.
    term: Option<Term>,
    /// `open` was answered.
    ready: bool,
    /// The leader's options are known to differ, and it was told.
    claimed: bool,
    /// The request after whose answer the tab is over.
    last: Option<AskNumber>,
    wipe: Option<Wipe>,
    visible: bool,
    /// Whether it was when this tab greeted last.
    greeted_visible: bool,
    hidden_since: Option<Millis>,
    outbox: Outbox<P>,
    followers: Followers,
    failures: u32,
    timer: Option<Millis>,
    effects: Vec<Effect<P>>,
}

/// A database that a tab wants deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wipe {
    /// Until all others have left but that tab, at the latest until then.
    Waiting { wanted_by: TabNumber, until: Millis },
    /// It is being deleted.
    Deleting,
}

impl<P: Clone> Election<P> {
    /// A tab that has not begun. `build` names its options; without any it is a guest, and passes for hidden.
    pub fn new(name: String, me: TabId, build: String, visible: bool) -> Self {
        let is_guest = build.is_empty();
        Self {
            name,
            me,
            build,
            part: Part::New,
            leads_since: Millis(0),
            term: None,
            ready: false,
            claimed: false,
            last: None,
            wipe: None,
            visible: visible && !is_guest,
            greeted_visible: visible && !is_guest,
            hidden_since: None,
            outbox: Outbox::new(),
            followers: Followers::default(),
            failures: 0,
            timer: None,
            effects: Vec::new(),
        }
    }

    /// Whether messages of this term count. What the last leader has on its way does, until there is another: an answer is as true as
    /// before, and a request that has one is not repeated.
    pub fn follows(&self, term: &Term) -> bool {
        self.term.as_ref() == Some(term)
    }

    /// What goes on after the answer to a request.
    pub fn stands(&self, number: AskNumber) -> Option<&Standing> {
        self.outbox.stands(number)
    }

    /// The term of the leader that this tab follows.
    pub fn term(&self) -> Option<Term> {
        match &self.part {
            Part::Following(_) => self.term.clone(),
            _ => None,
        }
    }

    /// The tabs that have the database open, for that one of them.
    pub fn tabs(&self, now: Millis, asks: TabNumber) -> Vec<TabRecord> {
        let leader = TabRecord {
            number: TabNumber::default(),
            id: self.me.to_string(),
            asks: asks == TabNumber::default(),
            visible: self.visible,
            since: Millis(now.0 - self.leads_since.0),
        };
        std::iter::once(leader)
            .chain(self.followers.records(now, asks))
            .collect()
    }

    fn is_guest(&self) -> bool {
        self.build.is_empty()
    }

    /// Whether this tab has the file open.
    fn leads(&self) -> bool {
        matches!(self.part, Part::Leading | Part::Alone)
    }

    /// Whether what is asked here is asked of this tab's engine: what is open in one that steps down goes on to its end.
    fn has_engine(&self) -> bool {
        self.leads() || matches!(self.part, Part::SteppingDown { since: None, .. })
    }

    /// Takes what happened, and says what is to be done.
    pub fn handle(&mut self, now: Millis, event: Event<P>) -> Vec<Effect<P>> {
        self.take(now, event);
        let due = self.due();
        if due != self.timer {
            self.timer = due;
            self.effects.extend(due.map(Effect::SetTimer));
        }
        std::mem::take(&mut self.effects)
    }

    fn take(&mut self, now: Millis, event: Event<P>) {
        if self.part == Part::Over {
            match event {
                Event::LockGranted => self.effects.push(Effect::Unlock),
                Event::Opened { .. } => self.effects.push(Effect::CloseNow),
                _ => {}
            }
            return;
        }
        match event {
            Event::Start => self.effects.push(Effect::HoldOwnLock),
            Event::OwnLockHeld => {
                self.effects.push(Effect::Listen);
                self.join(now);
            }
            Event::NoLocks | Event::LockGranted => self.open(now),
            Event::LockLost => self.lock_lost(now),
            Event::Opened { shared } => self.opened(now, shared),
            Event::NotOpened(trouble) => self.not_opened(now, trouble),
            Event::Restarted => self.restarted(),
            Event::Closed => self.closed(now),
            Event::Heard(envelope) => self.heard(now, envelope),
            Event::HeardLeader => self.heard_leader(now),
            Event::TabGone(tab) => self.let_go(&tab),
            Event::Visible(visible) => self.shown(now, visible),
            Event::Ask {
                number,
                stands,
                payload,
            } => self.ask(number, stands, payload),
            Event::Ended(standing) => self.outbox.end(&standing),
            Event::Answered { number, succeeded } => self.answered(number, succeeded),
            Event::Cancelled(number) => self.cancelled(number),
            Event::Close {
                number,
                deletes,
                payload,
            } => self.close(number, deletes, payload),
            Event::Wipe(by) => self.wipe(now, by),
            Event::Leave => self.leave(),
            Event::Timer => {
                self.timer = None;
                self.time_out(now);
            }
        }
    }

    fn ask(&mut self, number: AskNumber, stands: Option<Standing>, payload: P) {
        self.outbox.push(number, stands, payload.clone());
        match &self.part {
            _ if self.has_engine() => self.effects.push(Effect::Run(number, payload)),
            _ => {
                let forward = self
                    .term()
                    .map(|term| Effect::Forward(term, number, payload));
                self.effects.extend(forward);
            }
        }
    }

    fn answered(&mut self, number: AskNumber, succeeded: bool) {
        self.outbox.answered(number, succeeded);
        // An engine that could not do it well is gone as well.
        if self.last.take_if(|last| *last == number).is_some() && (succeeded || self.leads()) {
            self.quit();
        }
    }

    fn cancelled(&mut self, number: AskNumber) {
        self.outbox.answered(number, false);
        self.last.take_if(|last| *last == number);
    }

    fn close(&mut self, number: AskNumber, deletes: bool, payload: P) {
        match self.part {
            Part::Leading | Part::Alone | Part::Following(_) => {}
            _ if deletes => {}
            _ => return self.end(Error::Closed),
        }
        self.last = Some(number);
        self.ask(number, None, payload);
    }

    fn leave(&mut self) {
        if self.leads() {
            self.effects.push(Effect::CloseNow);
        } else {
            self.quit();
        }
    }

    fn shown(&mut self, now: Millis, visible: bool) {
        let visible = visible && !self.is_guest();
        self.visible = visible;
        self.hidden_since = (!visible).then_some(now);
        if let Part::Following(_) = self.part {
            self.effects
                .push(Effect::Report(Greeting::Visible(visible)));
        }
    }

    /// All that is waited for fails with this, and whatever is asked later.
    fn end(&mut self, error: Error) {
        self.effects.push(Effect::End(error));
        self.quit();
    }

    fn quit(&mut self) {
        if let Part::Following(_) = self.part {
            self.effects.push(Effect::Report(Greeting::Left));
        }
        if let Part::SteppingDown { since: None, .. } = self.part {
            self.effects.push(Effect::CloseNow);
        }
        self.part = Part::Over;
        self.effects.extend([Effect::Unlock, Effect::Quit]);
    }

    /// When something is to be done although nothing happens.
    fn due(&self) -> Option<Millis> {
        match &self.part {
            Part::Waiting { since } => Some(since.after(if self.is_guest() {
                ALONE_MS
            } else {
                OPENING_MS
            })),
            Part::Following(leader) if self.cares() => Some(match leader.pinged {
                Some(pinged) => pinged.after(SILENCE_MS - PING_MS),
                None => leader.heard.after(PING_MS),
            }),
            Part::Opening { again_at, .. } => *again_at,
            Part::Leading => match (self.wipe, self.hidden_since) {
                (Some(Wipe::Waiting { until, .. }), _) => Some(until),
                (None, Some(since)) if self.may_hand_on() => Some(since.after(HIDDEN_MS)),
                _ => None,
            },
            Part::SteppingDown { since, .. } => since.map(|since| since.after(HANDING_MS)),
            Part::Resting { until } => Some(*until),
            Part::New | Part::Following(_) | Part::Alone | Part::Over => None,
        }
    }

    fn time_out(&mut self, now: Millis) {
        if self.due().is_none_or(|due| due > now) {
            return;
        }
        let is_guest = self.is_guest();
        match &mut self.part {
            Part::Waiting { since } => {
                *since = now;
                self.effects.push(if is_guest {
                    Effect::QueueLock
                } else {
                    Effect::StealLock
                });
            }
            Part::Following(leader) if leader.pinged.is_none() => {
                leader.pinged = Some(now);
                self.effects.push(Effect::Report(Greeting::Ping));
            }
            Part::Following(_) if is_guest => self.greet(now),
            Part::Following(_) => {
                self.wait(now);
                self.effects.push(Effect::StealLock);
            }
            Part::Opening { again_at, .. } => {
                *again_at = None;
                self.effects.push(Effect::Open);
            }
            Part::Leading => self.hand_on(),
            Part::SteppingDown { .. } => {
                // It did not take the lock: whoever waits longest gets it.
                self.effects.push(Effect::Unlock);
                self.join(now);
            }
            Part::Resting { .. } => self.join(now),
            Part::New | Part::Alone | Part::Over => {}
        }
    }

    /// Whether anyone would notice a leader that is gone. A guest has no place in the queue by which it would hear of it.
    fn cares(&self) -> bool {
        self.visible || self.is_guest() || self.outbox.waits()
    }
}
