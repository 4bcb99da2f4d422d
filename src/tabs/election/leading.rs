//! The part of the tab that has the file, or is about to.

use super::{
    Effect, Election, FIRST_DELAY_MS, HANDING_MS, IN_USE_MS, LONGEST_DELAY_MS, OpenTrouble, Part,
    Wipe,
};
use crate::error::Error;
use crate::ids::{Millis, TabId, TabNumber, Term};
use crate::tabs::greeting::Greeting;

impl<P: Clone> Election<P> {
    /// The lock is here.
    pub(super) fn open(&mut self, now: Millis) {
        if self.leads() || matches!(self.part, Part::Opening { .. }) {
            return;
        }
        self.part = Part::Opening {
            since: now,
            attempt: 0,
            again_at: None,
        };
        self.effects
            .extend([Effect::Broadcast(Greeting::Opening), Effect::Open]);
    }

    pub(super) fn opened(&mut self, now: Millis, shared: bool) {
        if !matches!(self.part, Part::Opening { .. }) {
            // The lock was taken away meanwhile.
            return self.effects.push(Effect::CloseNow);
        }
        self.failures = 0;
        self.leads_since = now;
        self.term = None;
        if shared {
            self.part = Part::Leading;
            self.hidden_since = (!self.visible).then_some(now);
        } else {
            // Nobody can take over what is in memory: each tab has its own.
            self.part = Part::Alone;
            self.effects.push(Effect::Unlock);
        }
        self.is_ready();
        self.begin_term();
    }

    /// Another engine is there.
    pub(super) fn restarted(&mut self) {
        if self.leads() {
            // Whoever wants it deleted asks again, too.
            self.wipe = None;
            self.begin_term();
        } else if self.has_engine() {
            // The one that was to be closed is gone.
            self.effects.push(Effect::Close);
        }
    }

    /// Everybody, this tab included, asks again for what is unanswered and for what stands.
    pub(super) fn begin_term(&mut self) {
        self.dismiss_all();
        if self.part == Part::Leading {
            self.effects.push(Effect::Broadcast(Greeting::Leading));
        }
        let again = self.outbox.all().into_iter();
        self.effects
            .extend(again.map(|(number, payload)| Effect::Run(number, payload)));
    }

    pub(super) fn not_opened(&mut self, now: Millis, trouble: OpenTrouble) {
        let Part::Opening { since, attempt, .. } = self.part else {
            return;
        };
        match trouble {
            OpenTrouble::Held if self.ready || now < since.after(IN_USE_MS) => {
                let delay = (FIRST_DELAY_MS << attempt.min(16)).min(LONGEST_DELAY_MS);
                self.part = Part::Opening {
                    since,
                    attempt: attempt + 1,
                    again_at: Some(now.after(delay)),
                };
            }
            OpenTrouble::Held => self.end(Error::InUse(self.name.clone())),
            OpenTrouble::Failed(error) if self.ready && error.retryable() => {
                // Another tab may fare better.
                self.failures += 1;
                let delay = (LONGEST_DELAY_MS << self.failures.min(4)) / 2;
                self.part = Part::Resting {
                    until: now.after(delay),
                };
                self.effects.push(Effect::Unlock);
            }
            OpenTrouble::Failed(error) => self.end(error),
        }
    }

    pub(super) fn closed(&mut self, now: Millis) {
        match &mut self.part {
            Part::SteppingDown { to, since } if since.is_none() => {
                *since = Some(now);
                let yours = Effect::Tell(to.clone(), Greeting::Yours);
                self.effects.push(yours);
                self.dismiss_all();
            }
            // Another tab wanted it deleted: one that closes, or deletes, has its answer and is over.
            Part::Leading | Part::Alone => self.end(Error::Closed),
            _ => {}
        }
    }

    /// Takes a tab in; one that greets again is new.
    pub(super) fn admit(&mut self, now: Millis, tab: TabId, visible: bool) {
        // A database that is being deleted takes nobody in.
        if self.part != Part::Leading || self.wipe.is_some() {
            return;
        }
        if let Some(number) = self.followers.remove(&tab) {
            self.effects.push(Effect::Dismiss(number));
        }
        let number = self.followers.admit(tab.clone(), visible, now);
        // Of what was said before it greeted, nothing counts: it says all of it again.
        let term = self.term_of(number);
        let welcome = Greeting::Welcome {
            term: term.clone(),
            build: self.build.clone(),
        };
        self.effects.extend([
            Effect::Admit(tab.clone(), number, term),
            Effect::Tell(tab, welcome),
        ]);
    }

    fn term_of(&self, number: TabNumber) -> Term {
        Term(format!("{}.{number}", self.me))
    }

    pub(super) fn answer_ping(&mut self, tab: TabId) {
        let number = self.followers.number_of(&tab);
        let pong = number.map(|number| Greeting::Pong(self.term_of(number)));
        let answer = pong.map(|pong| Effect::Tell(tab, pong));
        self.effects.extend(answer);
    }

    pub(super) fn step_down(&mut self, to: TabId) {
        if self.part == Part::Leading && !self.is_closing() {
            self.part = Part::SteppingDown { to, since: None };
            self.effects.push(Effect::Close);
        }
    }

    /// It goes anyway.
    fn is_closing(&self) -> bool {
        self.wipe.is_some() || self.last.is_some()
    }

    pub(super) fn may_hand_on(&self) -> bool {
        !self.is_closing() && self.followers.in_sight().is_some()
    }

    /// The page has been hidden for long, or all others had their time to leave.
    pub(super) fn hand_on(&mut self) {
        if let Some(Wipe::Waiting { .. }) = self.wipe {
            self.delete();
        } else if let Some(to) = self.followers.in_sight().cloned() {
            self.step_down(to);
        }
    }

    /// All others leave first, so that none of them takes over what is being deleted. Those that begin wait for what comes after.
    pub(super) fn wipe(&mut self, now: Millis, wanted_by: TabNumber) {
        if !self.leads() || self.wipe.is_some() {
            return;
        }
        let until = now.after(HANDING_MS);
        self.wipe = Some(Wipe::Waiting { wanted_by, until });
        self.effects.push(Effect::Broadcast(Greeting::End));
        self.delete_when_alone();
    }

    pub(super) fn delete_when_alone(&mut self) {
        if let Some(Wipe::Waiting { wanted_by, .. }) = self.wipe
            && self.followers.iter().all(|one| one.number == wanted_by)
        {
            self.delete();
        }
    }

    fn delete(&mut self) {
        self.wipe = Some(Wipe::Deleting);
        self.effects.push(Effect::Delete);
    }

    pub(super) fn dismiss_all(&mut self) {
        let all = self.followers.drain();
        self.effects
            .extend(all.map(|one| Effect::Dismiss(one.number)));
    }
}
