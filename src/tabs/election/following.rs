//! The part of a tab that has not got the file.

use super::{Effect, Election, Leader, Part};
use crate::error::Error;
use crate::ids::{Millis, TabId, Term};
use crate::tabs::greeting::{Envelope, Greeting, VERSION};

impl<P: Clone> Election<P> {
    pub(super) fn wait(&mut self, now: Millis) {
        self.part = Part::Waiting { since: now };
    }

    /// Waits for the lock, too. Who took it may lead by now.
    pub(super) fn join(&mut self, now: Millis) {
        if !self.is_guest() {
            self.effects.push(Effect::QueueLock);
        }
        self.greet(now);
    }

    pub(super) fn greet(&mut self, now: Millis) {
        self.wait(now);
        self.greeted_visible = self.visible;
        self.effects.push(Effect::Broadcast(Greeting::Hello {
            build: self.build.clone(),
            visible: self.visible,
        }));
    }

    pub(super) fn heard(&mut self, now: Millis, envelope: Envelope) {
        let Envelope {
            version,
            from,
            greeting,
        } = envelope;
        match greeting {
            Greeting::Hello { build, .. } if self.is_guest() && !build.is_empty() => {
                self.step_down(from);
            }
            Greeting::Hello { visible, .. } => self.admit(now, from, visible),
            // One that was frozen may open what it has lost: then the leader answers.
            Greeting::Opening | Greeting::Leading if self.is_led() => self.greet(now),
            Greeting::Leading if matches!(self.part, Part::Resting { .. }) => self.join(now),
            Greeting::Welcome { term, build } if self.is_led() => {
                self.welcomed(now, version, term, &build);
            }
            Greeting::Yours if self.is_led() => {
                self.wait(now);
                self.effects.push(Effect::StealLock);
            }
            Greeting::End if self.is_served() => self.end(Error::Closed),
            Greeting::Claim => self.step_down(from),
            Greeting::Ping => self.answer_ping(from),
            Greeting::Pong(term) if self.follows(&term) => self.heard_leader(now),
            // A late welcome of the leader before it took this tab away from it.
            Greeting::Pong(_) if self.is_led() => self.greet(now),
            Greeting::Visible(visible) => self.followers.shown(&from, visible, now),
            Greeting::Left => self.let_go(&from),
            Greeting::Opening
            | Greeting::Leading
            | Greeting::Welcome { .. }
            | Greeting::Yours
            | Greeting::Pong(_)
            | Greeting::End => {}
        }
    }

    /// Whoever else says it leads is right.
    fn is_led(&self) -> bool {
        matches!(self.part, Part::Waiting { .. } | Part::Following(_))
    }

    /// Whether it has been at work with the database, and is not about to leave.
    fn is_served(&self) -> bool {
        self.ready && self.last.is_none() && !self.leads()
    }

    pub(super) fn heard_leader(&mut self, now: Millis) {
        if let Part::Following(leader) = &mut self.part {
            leader.heard = now;
            leader.pinged = None;
        }
    }

    fn welcomed(&mut self, now: Millis, version: u32, term: Term, build: &str) {
        if version > VERSION {
            return self.end(Error::SchemaAhead {
                found: version,
                known: VERSION,
            });
        }
        if self.is_guest() {
            self.effects.push(Effect::Unlock);
            return self.follow(now, term);
        }
        let differs = version < VERSION || (build != self.build && !self.ready);
        if differs && !std::mem::replace(&mut self.claimed, true) {
            // It hands over, or loses the lock when the time for it is up.
            self.wait(now);
            return self.effects.push(Effect::Report(Greeting::Claim));
        }
        if version < VERSION {
            return self.effects.push(Effect::StealLock);
        }
        self.follow(now, term);
    }

    fn follow(&mut self, now: Millis, term: Term) {
        self.term = Some(term.clone());
        self.part = Part::Following(Leader {
            heard: now,
            pinged: None,
        });
        self.is_ready();
        if self.visible != self.greeted_visible {
            let shown = Greeting::Visible(self.visible);
            self.effects.push(Effect::Report(shown));
        }
        for (number, payload) in self.outbox.all() {
            let effect = Effect::Forward(term.clone(), number, payload);
            self.effects.push(effect);
        }
    }

    pub(super) fn is_ready(&mut self) {
        if !std::mem::replace(&mut self.ready, true) {
            self.effects.push(Effect::Ready);
        }
    }

    pub(super) fn lock_lost(&mut self, now: Millis) {
        let has_file = match self.part {
            Part::SteppingDown { since, .. } => since.is_none(),
            Part::Leading | Part::Opening { .. } => true,
            _ => false,
        };
        self.dismiss_all();
        self.wipe = None;
        if has_file {
            self.effects.push(Effect::CloseNow);
        }
        self.join(now);
    }

    /// A tab is gone, or says that it goes.
    pub(super) fn let_go(&mut self, tab: &TabId) {
        if let Some(number) = self.followers.remove(tab) {
            self.effects.push(Effect::Dismiss(number));
            self.delete_when_alone();
        }
    }
}
