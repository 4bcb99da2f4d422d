//! Tabs of one browser in one thread: their locks, their channels, the file, and time that a test owns.
//!
//! Each tab performs its [`Election`]'s effects as the shell does. Nothing here waits: what is on its way is an entry in a list, the
//! earliest happens next and the clock jumps to it. One seed gives one history.

mod browser;
mod engine;
mod tab;

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use browser::{Lock, Route};
use engine::Database;
pub(super) use tab::Tab;

/// What an app asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    Read,
    Write,
    /// Opens an interactive transaction.
    Begin,
    Live(u32),
    Unsubscribe(u32),
    Import,
    Wipe,
    Close,
}

/// More than happens in any quiet minute.
const MOST_STEPS: u64 = 50_000;

/// A tab, in the order they were opened.
pub(super) type At = usize;

/// What is on its way.
#[derive(Debug, Clone)]
enum Coming {
    Turn(At, u32, browser::Turn),
    Message(Route, browser::Message),
    /// The lock by which this leader watches that follower is free.
    Gone(At, TabNumber),
    /// An attempt to open the file ends.
    OpenEnds(At),
    FileIsFree(At),
    /// The engine of that life gets to the next of what it was asked.
    Turns(At, u32),
    Timer(At, Millis),
}

pub(super) struct World {
    pub(super) now: Millis,
    pub(super) rng: fastrand::Rng,
    pub(super) tabs: Vec<Tab>,
    lock: Lock,
    /// Who has the file's handles, and whether it is letting go of them.
    pub(super) file: Option<At>,
    free_since: Millis,
    database: Database,
    coming: BTreeMap<(Millis, u64), Coming>,
    last: u64,
    /// When the last message of a route arrives: they keep their order.
    arrivals: BTreeMap<Route, Millis>,
    /// Openings may fail.
    pub(super) full_disk: bool,
    is_traced: bool,
}

impl World {
    pub(super) fn new(seed: u64, is_traced: bool) -> Self {
        Self {
            now: Millis(1_000_000),
            rng: fastrand::Rng::with_seed(seed),
            tabs: Vec::new(),
            lock: Lock::default(),
            file: None,
            free_since: Millis(0),
            database: Database::default(),
            coming: BTreeMap::new(),
            last: 0,
            arrivals: BTreeMap::new(),
            full_disk: false,
            is_traced,
        }
    }

    pub(super) fn trace(&self, what: impl FnOnce() -> String) {
        if self.is_traced {
            eprintln!("{:>9} {}", self.now.0, what());
        }
    }

    fn comes(&mut self, after_ms: u64, what: Coming) {
        self.comes_at(self.now.after(after_ms), what);
    }

    fn comes_at(&mut self, at: Millis, what: Coming) {
        self.last += 1;
        self.coming.insert((at, self.last), what);
    }

    /// Mostly at once, sometimes late.
    fn delay(&mut self) -> u64 {
        match self.rng.u32(0..20) {
            0 => self.rng.u64(0..300),
            1..5 => self.rng.u64(0..30),
            _ => self.rng.u64(0..4),
        }
    }

    /// Lets so much time pass.
    pub(super) fn run_for(&mut self, ms: u64) {
        let until = self.now.after(ms);
        let most = self.last + MOST_STEPS;
        while let Some(entry) = self.coming.first_entry() {
            let (at, _) = *entry.key();
            if at > until {
                break;
            }
            let what = entry.remove();
            assert!(self.last < most, "it goes round in circles: {what:?}");
            self.now = self.now.max(at);
            self.happens(what);
            self.check();
        }
        self.now = until;
    }

    fn happens(&mut self, what: Coming) {
        if let Coming::FileIsFree(at) = what {
            assert_eq!(self.file.take(), Some(at));
            self.free_since = self.now;
            return;
        }
        let to = match &what {
            Coming::Turn(at, ..)
            | Coming::Gone(at, _)
            | Coming::OpenEnds(at)
            | Coming::FileIsFree(at)
            | Coming::Turns(at, _)
            | Coming::Timer(at, _) => *at,
            Coming::Message(route, _) => route.to,
        };
        let tab = &mut self.tabs[to];
        if !tab.lives {
            return;
        }
        if tab.frozen {
            return tab.backlog.push(what);
        }
        match what {
            Coming::Turn(at, round, turn) => self.turn(at, round, turn),
            Coming::Message(route, message) => self.hear(&route, message),
            Coming::Gone(at, number) => self.follower_gone(at, number),
            Coming::OpenEnds(at) => self.open_ends(at),
            Coming::Turns(at, life) => self.engine_turns(at, life),
            Coming::Timer(at, due) => self.timer(at, due),
            Coming::FileIsFree(_) => {}
        }
    }

    pub(super) fn freeze(&mut self, at: At) {
        self.trace(|| format!("{at} freezes"));
        self.tabs[at].frozen = true;
    }

    /// What came meanwhile comes now.
    pub(super) fn thaw(&mut self, at: At) {
        self.trace(|| format!("{at} thaws"));
        let tab = &mut self.tabs[at];
        tab.frozen = false;
        for what in std::mem::take(&mut tab.backlog) {
            self.comes(0, what);
        }
    }

    /// The renderer dies: its locks and the file are free, and what it said may be lost.
    pub(super) fn kill(&mut self, at: At) {
        self.trace(|| format!("{at} is killed"));
        let tab = &mut self.tabs[at];
        tab.lives = false;
        tab.waiting.clear();
        let round = tab.lock_round;
        if tab.engine.take().is_some() {
            self.let_file_go(at);
        }
        self.drop_lock(at, round);
        self.free_own_lock(at);
        let lost = self.rng.bool();
        self.coming.retain(|_, what| match what {
            Coming::Message(route, _) => !(route.from == at && lost) && route.to != at,
            _ => true,
        });
    }

    /// What may never be, whatever happens.
    fn check(&self) {
        for (at, tab) in self.living() {
            let has_file = match tab.election.part {
                Part::Leading => true,
                Part::SteppingDown { since, .. } => since.is_none(),
                _ => false,
            };
            if has_file {
                assert_eq!(self.file, Some(at), "{at} believes that it has the file");
                assert!(tab.engine.is_some(), "{at} believes that it has an engine");
            }
            if tab.election.part == Part::Over {
                assert!(
                    tab.waiting.is_empty(),
                    "{at} is over and never answers {:?}",
                    tab.waiting
                );
            }
        }
    }

    pub(super) fn living(&self) -> impl Iterator<Item = (At, &Tab)> {
        self.tabs.iter().enumerate().filter(|(_, tab)| tab.lives)
    }

    /// Those that take part.
    pub(super) fn open_tabs(&self) -> Vec<At> {
        self.living()
            .filter(|(_, tab)| tab.election.part != Part::Over)
            .map(|(at, _)| at)
            .collect()
    }

    /// When all is quiet: one leads, all others follow it, everything is answered, and it knows what everybody listens to.
    pub(super) fn assert_settled(&self) {
        let open = self.open_tabs();
        if open.is_empty() {
            return;
        }
        let leads = |at: &&At| self.tabs[**at].election.part == Part::Leading;
        let leaders: Vec<&At> = open.iter().filter(leads).collect();
        let parts: Vec<_> = open
            .iter()
            .map(|at| (at, &self.tabs[*at].election.part))
            .collect();
        assert_eq!(leaders.len(), 1, "one leads: {parts:?}");
        let leader = *leaders[0];
        let mut listened_to = BTreeSet::new();
        for &at in &open {
            let tab = &self.tabs[at];
            assert!(tab.waiting.is_empty(), "{at} waits for {:?}", tab.waiting);
            assert!(!tab.was_closed, "{at} was closed and is still there");
            let number = if at == leader {
                TabNumber(0)
            } else {
                self.number_of(leader, at)
            };
            listened_to.extend(tab.live.iter().map(|subscription| (number, *subscription)));
        }
        assert_eq!(self.live_of(leader), listened_to, "what the leader serves");
        let in_sight = self.tabs[leader].election.followers.in_sight().cloned();
        let others = open.iter().filter(|at| **at != leader);
        let is_guest = |at: At| self.tabs[at].election.is_guest();
        let visible: Vec<_> = others
            .filter(|at| self.tabs[**at].visible && !is_guest(**at))
            .collect();
        assert!(
            !is_guest(leader) || open.iter().all(|at| is_guest(*at)),
            "a guest leads: {parts:?}"
        );
        assert_eq!(
            in_sight.is_some(),
            !visible.is_empty(),
            "{visible:?} can be seen"
        );
        if let Some(tab) = in_sight {
            assert!(
                visible.iter().any(|at| self.tabs[**at].id == tab),
                "{tab} is hidden"
            );
        }
    }
}
