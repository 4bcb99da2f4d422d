//! The engine of the tab that leads, as far as it matters here: what it was asked, in order, and what outlives it.

use std::collections::VecDeque;

use super::*;

/// What is in the file.
#[derive(Debug, Default)]
pub(super) struct Database {
    /// Writes and imports that were carried out, by session and number: their replies are kept.
    done: BTreeSet<(At, AskNumber)>,
    last_life: u32,
}

#[derive(Debug)]
pub(in super::super) struct Engine {
    life: u32,
    asked: VecDeque<(TabNumber, At, AskNumber, Request)>,
    live: BTreeSet<(TabNumber, u32)>,
    /// Interactive transactions, by who asked for one.
    begun: BTreeSet<(TabNumber, AskNumber)>,
    wipe: Option<(TabNumber, AskNumber)>,
    /// Closed for another tab: what is asked meanwhile is asked again there.
    moves: bool,
}

/// Under this number the shell itself asks.
const OF_THE_SHELL: AskNumber = AskNumber(0);

impl World {
    pub(super) fn start_engine(&mut self, at: At) {
        self.database.last_life += 1;
        self.tabs[at].engine = Some(Engine {
            life: self.database.last_life,
            asked: VecDeque::new(),
            live: BTreeSet::new(),
            begun: BTreeSet::new(),
            wipe: None,
            moves: false,
        });
    }

    pub(super) fn live_of(&self, at: At) -> BTreeSet<(TabNumber, u32)> {
        let engine = self.tabs[at].engine.as_ref();
        engine.map(|engine| engine.live.clone()).unwrap_or_default()
    }

    /// A tab asks; the engine gets to it in its turn.
    pub(super) fn ask_engine(
        &mut self,
        at: At,
        number: TabNumber,
        session: At,
        asked: AskNumber,
        request: Request,
    ) {
        let late = match self.rng.u32(0..60) {
            0 => self.rng.u64(0..4_000),
            _ => self.rng.u64(0..5),
        };
        let Some(engine) = &mut self.tabs[at].engine else {
            return;
        };
        if request == Request::Wipe {
            engine.wipe = Some((number, asked));
            return self.tabs[at].events.push_back(Event::Wipe(number));
        }
        let life = engine.life;
        engine.asked.push_back((number, session, asked, request));
        self.comes(late, Coming::Turns(at, life));
    }

    pub(super) fn engine_turns(&mut self, at: At, life: u32) {
        let engine = self.tabs[at].engine.as_mut();
        let Some(engine) = engine.filter(|engine| engine.life == life) else {
            return;
        };
        let Some((number, session, asked, request)) = engine.asked.pop_front() else {
            return;
        };
        match request {
            Request::Read | Request::Wipe => {}
            Request::Write => {
                if self.database.done.insert((session, asked)) {
                    let writes = &mut self.tabs[session].carried_out;
                    assert!(
                        writes.insert(asked),
                        "{asked} of {session} is carried out twice"
                    );
                }
            }
            Request::Begin => assert!(
                engine.begun.insert((number, asked)),
                "{asked} of {session} begins two transactions"
            ),
            Request::Live(subscription) => {
                engine.live.insert((number, subscription));
            }
            Request::Unsubscribe(subscription) => {
                engine.live.remove(&(number, subscription));
            }
            Request::Import => {
                self.reply(at, number, asked);
                if self.database.done.insert((session, asked)) {
                    self.start_engine(at);
                    self.send(at, Event::Restarted);
                }
                return;
            }
            Request::Close if number != TabNumber(0) => self.tab_gone(at, number),
            Request::Close => {
                let moves = engine.moves;
                self.tabs[at].engine = None;
                self.let_file_go(at);
                if !moves {
                    self.reply(at, number, asked);
                }
                return self.send(at, Event::Closed);
            }
        }
        self.reply(at, number, asked);
        self.work(at);
    }

    pub(super) fn tab_gone(&mut self, at: At, number: TabNumber) {
        if let Some(engine) = &mut self.tabs[at].engine {
            engine.live.retain(|(of, _)| *of != number);
            engine.begun.retain(|(of, _)| *of != number);
            // A place that is empty changes no other's turn.
            engine.asked.retain(|(of, ..)| *of != number);
        }
    }

    /// Closes after what was asked before.
    pub(super) fn step_down(&mut self, at: At) {
        if let Some(engine) = &mut self.tabs[at].engine {
            engine.moves = true;
            self.ask_engine(at, TabNumber(0), at, OF_THE_SHELL, Request::Close);
        }
    }

    /// Lets go of engine and file at once.
    pub(super) fn close_engine(&mut self, at: At) {
        if self.tabs[at].engine.take().is_some() {
            self.let_file_go(at);
            self.tabs[at].events.push_back(Event::Closed);
        }
    }

    /// Deletes what is in the file and closes it.
    pub(super) fn delete(&mut self, at: At) {
        let engine = self.tabs[at].engine.as_mut();
        let Some((number, asked)) = engine.and_then(|engine| engine.wipe.take()) else {
            return;
        };
        self.trace(|| format!("{at} deletes the database"));
        self.database.done.clear();
        for tab in &mut self.tabs {
            tab.carried_out.clear();
        }
        self.tabs[at].engine = None;
        self.let_file_go(at);
        self.reply(at, number, asked);
        self.tabs[at].events.push_back(Event::Closed);
    }

    fn reply(&mut self, at: At, number: TabNumber, asked: AskNumber) {
        if number == TabNumber(0) {
            return self.settle(at, asked);
        }
        self.post_reply(at, number, asked);
    }
}
