//! Elections of several tabs, played out.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::tabs::greeting::Envelope;
use crate::tabs::greeting::VERSION;

mod guests;
mod leading;
mod leaving;
mod simulation;
mod taking_over;
mod world;

type Effects = Vec<Effect<&'static str>>;

/// One tab: what happens to it, and what it does.
struct One {
    election: Election<&'static str>,
    now: Millis,
    timer: Option<Millis>,
}

impl One {
    /// It waits for a leader, or to be it.
    fn waiting(name: &str) -> Self {
        let mut tab = Self {
            election: Election::new("app".into(), name.into(), "build 1".into(), true),
            now: Millis(0),
            timer: None,
        };
        assert_eq!(tab.takes(Event::Start), [Effect::HoldOwnLock]);
        let joined = tab.takes(Event::OwnLockHeld);
        assert_eq!(
            joined,
            [
                Effect::Listen,
                Effect::QueueLock,
                Effect::Broadcast(hello("build 1", true))
            ]
        );
        tab
    }

    /// Its lock is granted, and the file is on its way.
    fn opening(name: &str) -> Self {
        let mut tab = Self::waiting(name);
        let opens = tab.takes(Event::LockGranted);
        assert_eq!(opens, [Effect::Broadcast(Greeting::Opening), Effect::Open]);
        tab
    }

    fn leading(name: &str) -> Self {
        let mut tab = Self::opening(name);
        tab.takes(Event::Opened { shared: true });
        assert_eq!(tab.election.part, Part::Leading);
        tab
    }

    fn following(name: &str, leader: &str) -> Self {
        let mut tab = Self::waiting(name);
        tab.hears(leader, welcome(&format!("{leader}.1"), "build 1"));
        assert!(matches!(tab.election.part, Part::Following(_)));
        tab
    }

    fn takes(&mut self, event: Event<&'static str>) -> Effects {
        let mut effects = self.election.handle(self.now, event);
        effects.retain(|effect| match effect {
            Effect::SetTimer(at) => {
                self.timer = Some(*at);
                false
            }
            _ => true,
        });
        effects
    }

    fn hears(&mut self, from: &str, greeting: Greeting) -> Effects {
        self.takes(Event::Heard(Envelope {
            version: VERSION,
            from: from.into(),
            greeting,
        }))
    }

    fn asks(&mut self, number: i64, payload: &'static str) -> Effects {
        self.takes(Event::Ask {
            number: AskNumber(number),
            stands: None,
            payload,
        })
    }

    fn watches(&mut self, number: i64, payload: &'static str) -> Effects {
        self.takes(Event::Ask {
            number: AskNumber(number),
            stands: Some(Standing::Live(number as u32)),
            payload,
        })
    }

    fn is_answered(&mut self, number: i64) -> Effects {
        self.takes(Event::Answered {
            number: AskNumber(number),
            succeeded: true,
        })
    }

    fn closes(&mut self, number: i64) -> Effects {
        self.takes(Event::Close {
            number: AskNumber(number),
            deletes: false,
            payload: "close",
        })
    }

    fn wipes(&mut self, number: i64) -> Effects {
        self.takes(Event::Close {
            number: AskNumber(number),
            deletes: true,
            payload: "wipe",
        })
    }

    /// Lets time pass as far as the timer goes; what happens then.
    fn is_due_after(&mut self, ms: u64) -> Effects {
        assert_eq!(self.timer, Some(self.now.after(ms)), "the timer");
        self.now = self.now.after(ms);
        self.takes(Event::Timer)
    }

    /// Lets time pass in which nothing is due.
    fn idles(&mut self, ms: u64) {
        self.now = self.now.after(ms);
        assert!(self.timer.is_none_or(|due| due > self.now) || self.takes(Event::Timer).is_empty());
    }

    fn is_over(&self) -> bool {
        self.election.part == Part::Over
    }
}

fn hello(build: &str, visible: bool) -> Greeting {
    Greeting::Hello {
        build: build.into(),
        visible,
    }
}

/// What a tab does that waits for the lock anew: whoever took it may lead by now.
fn joins(visible: bool) -> [Effect<&'static str>; 2] {
    let greets = Effect::Broadcast(hello("build 1", visible));
    [Effect::QueueLock, greets]
}

fn welcome(term: &str, build: &str) -> Greeting {
    Greeting::Welcome {
        term: term.into(),
        build: build.into(),
    }
}

fn forward(term: &str, number: i64, payload: &'static str) -> Effect<&'static str> {
    Effect::Forward(term.into(), AskNumber(number), payload)
}

fn run(number: i64, payload: &'static str) -> Effect<&'static str> {
    Effect::Run(AskNumber(number), payload)
}

fn tell(to: &str, greeting: Greeting) -> Effect<&'static str> {
    Effect::Tell(to.into(), greeting)
}
