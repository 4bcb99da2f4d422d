//! One tab: its page, and the shell around its election.

use std::collections::VecDeque;

use super::browser::{Channel, How, Message, Turn};
use super::engine::Engine;
use super::*;

pub(in super::super) struct Tab {
    pub(in super::super) id: TabId,
    pub(in super::super) election: Election<Request>,
    pub(in super::super) lives: bool,
    pub(in super::super) frozen: bool,
    pub(in super::super) visible: bool,
    /// What the app waits for.
    pub(in super::super) waiting: BTreeMap<AskNumber, Request>,
    /// Subscriptions that the app holds.
    pub(in super::super) live: BTreeSet<u32>,
    /// The app has closed it, and knows that it is.
    pub(in super::super) was_closed: bool,
    /// Its writes.
    pub(super) carried_out: BTreeSet<AskNumber>,
    pub(super) backlog: Vec<Coming>,
    pub(super) events: VecDeque<Event<Request>>,
    pub(super) engine: Option<Engine>,
    pub(super) followers: BTreeMap<TabNumber, (At, Term)>,
    pub(super) listens: bool,
    pub(super) lock_round: u32,
    timer: Option<Millis>,
    busy: bool,
    last_ask: i64,
    last_subscription: u32,
}

impl World {
    pub(in super::super) fn open(&mut self, build: &str, visible: bool) -> At {
        let at = self.tabs.len();
        self.trace(|| format!("{at} opens"));
        let id = TabId(format!("tab-{at}"));
        let election = Election::new("app".into(), id.clone(), build.into(), visible);
        self.tabs.push(Tab {
            id,
            election,
            lives: true,
            frozen: false,
            visible,
            waiting: BTreeMap::new(),
            live: BTreeSet::new(),
            was_closed: false,
            carried_out: BTreeSet::new(),
            backlog: Vec::new(),
            events: VecDeque::new(),
            engine: None,
            followers: BTreeMap::new(),
            listens: false,
            lock_round: 0,
            timer: None,
            busy: false,
            last_ask: 0,
            last_subscription: 0,
        });
        self.send(at, Event::Start);
        at
    }

    pub(in super::super) fn show(&mut self, at: At, visible: bool) {
        self.tabs[at].visible = visible;
        self.send(at, Event::Visible(visible));
    }

    /// The page goes for good; nobody waits.
    pub(in super::super) fn leave(&mut self, at: At) {
        self.tabs[at].waiting.clear();
        self.send(at, Event::Leave);
    }

    /// The app starts another live query.
    pub(in super::super) fn watch(&mut self, at: At) {
        let tab = &mut self.tabs[at];
        tab.last_subscription += 1;
        let subscription = tab.last_subscription;
        tab.live.insert(subscription);
        self.ask(at, Request::Live(subscription));
    }

    /// The app asks.
    pub(in super::super) fn ask(&mut self, at: At, request: Request) {
        let tab = &mut self.tabs[at];
        let closes = |request: &Request| matches!(request, Request::Close | Request::Wipe);
        if tab.was_closed || tab.waiting.values().any(closes) {
            return;
        }
        tab.last_ask += 1;
        let number = AskNumber(tab.last_ask);
        tab.waiting.insert(number, request);
        let payload = request;
        let event = match request {
            Request::Close | Request::Wipe => Event::Close {
                number,
                deletes: request == Request::Wipe,
                payload,
            },
            Request::Live(subscription) => Event::Ask {
                number,
                stands: Some(Standing::Live(subscription)),
                payload,
            },
            Request::Unsubscribe(subscription) => {
                tab.live.remove(&subscription);
                self.send(at, Event::Ended(Standing::Live(subscription)));
                Event::Ask {
                    number,
                    stands: None,
                    payload,
                }
            }
            _ => Event::Ask {
                number,
                stands: None,
                payload,
            },
        };
        self.send(at, event);
    }

    pub(in super::super) fn send(&mut self, at: At, event: Event<Request>) {
        self.tabs[at].events.push_back(event);
        self.work(at);
    }

    /// Events that come while effects are performed wait their turn.
    pub(super) fn work(&mut self, at: At) {
        if std::mem::replace(&mut self.tabs[at].busy, true) {
            return;
        }
        while let Some(event) = self.tabs[at].events.pop_front() {
            self.trace(|| format!("{at} < {event:?}"));
            let effects = self.tabs[at].election.handle(self.now, event);
            for effect in effects {
                self.trace(|| format!("{at} > {effect:?}"));
                self.perform(at, effect);
            }
        }
        self.tabs[at].busy = false;
    }

    fn perform(&mut self, at: At, effect: Effect<Request>) {
        match effect {
            Effect::HoldOwnLock => self.tabs[at].events.push_back(Event::OwnLockHeld),
            Effect::Listen => self.tabs[at].listens = true,
            Effect::QueueLock => self.ask_for_lock(at, How::Queue),
            Effect::StealLock => self.ask_for_lock(at, How::Steal),
            Effect::Unlock => {
                let round = self.tabs[at].lock_round;
                self.tabs[at].lock_round += 1;
                self.drop_lock(at, round);
            }
            Effect::Broadcast(greeting) => self.greet(at, Channel::Lobby, greeting),
            Effect::Report(greeting) => self.greet(at, Channel::Of(at), greeting),
            Effect::Tell(to, greeting) => {
                let followers = self.tabs[at].followers.values();
                let found: Vec<At> = followers
                    .map(|(at, _)| *at)
                    .filter(|at| self.tabs[*at].id == to)
                    .collect();
                for follower in found {
                    self.greet(at, Channel::Of(follower), greeting.clone());
                }
            }
            Effect::Admit(tab, number, term) => {
                let found = self.tabs.iter().position(|one| one.id == tab);
                let Some(follower) = found else { return };
                self.tabs[at].followers.insert(number, (follower, term));
                let tab = &self.tabs[follower];
                if !tab.lives || tab.election.part == Part::Over {
                    self.comes(0, Coming::Gone(at, number));
                }
            }
            Effect::Dismiss(number) => {
                self.tabs[at].followers.remove(&number);
                self.tab_gone(at, number);
            }
            Effect::Open => {
                let takes = self.rng.u64(1..300);
                self.comes(takes, Coming::OpenEnds(at));
            }
            Effect::Close => self.step_down(at),
            Effect::CloseNow => self.close_engine(at),
            Effect::Delete => self.delete(at),
            Effect::Ready => {}
            Effect::Run(number, request) => self.ask_engine(at, TabNumber(0), at, number, request),
            Effect::Forward(term, number, request) => {
                let message = Message::Request(term, number, request);
                self.post(at, Channel::Of(at), &message);
            }
            Effect::End(error) => self.end(at, &error),
            Effect::Quit => {
                let tab = &mut self.tabs[at];
                tab.timer = None;
                tab.listens = false;
                tab.followers.clear();
                self.free_own_lock(at);
            }
            Effect::SetTimer(due) => {
                self.tabs[at].timer = Some(due);
                self.comes_at(due.max(self.now), Coming::Timer(at, due));
            }
        }
    }

    fn end(&mut self, at: At, error: &Error) {
        self.tabs[at].waiting.clear();
        match error {
            Error::Closed => {}
            Error::InUse(_) => assert!(self.is_free_for() < 3_000, "the file was free for long"),
            Error::Quota(_) => assert!(self.full_disk, "{error}"),
            other => panic!("{at} ends with {other}"),
        }
    }

    fn greet(&mut self, at: At, channel: Channel, greeting: Greeting) {
        let envelope = Envelope {
            version: VERSION,
            from: self.tabs[at].id.clone(),
            greeting,
        };
        self.post(at, channel, &Message::Greeting(envelope));
    }

    pub(super) fn turn(&mut self, at: At, round: u32, turn: Turn) {
        if self.tabs[at].lock_round == round {
            self.send(
                at,
                match turn {
                    Turn::Granted => Event::LockGranted,
                    Turn::Lost => Event::LockLost,
                },
            );
        }
    }

    pub(super) fn timer(&mut self, at: At, due: Millis) {
        if self.tabs[at].timer == Some(due) {
            self.tabs[at].timer = None;
            self.send(at, Event::Timer);
        }
    }

    pub(super) fn follower_gone(&mut self, at: At, number: TabNumber) {
        if let Some((follower, _)) = self.tabs[at].followers.get(&number) {
            let gone = self.tabs[*follower].id.clone();
            self.send(at, Event::TabGone(gone));
        }
    }

    pub(super) fn hear(&mut self, route: &Route, message: Message) {
        let tab = &self.tabs[route.to];
        let to = route.to;
        let is_open = match route.end {
            None => tab.listens,
            Some(number) => tab.followers.contains_key(&number),
        };
        if !is_open {
            return;
        }
        match (message, route.end) {
            (Message::Greeting(envelope), _) => self.send(to, Event::Heard(envelope)),
            (Message::Reply(term, number), None) if tab.election.follows(&term) => {
                self.send(to, Event::HeardLeader);
                self.settle(to, number);
            }
            (Message::Request(term, asked, request), Some(number))
                if tab.followers[&number].1 == term =>
            {
                self.ask_engine(to, number, route.from, asked, request);
                self.work(to);
            }
            _ => {}
        }
    }

    pub(super) fn post_reply(&mut self, at: At, number: TabNumber, asked: AskNumber) {
        let tab = &self.tabs[at];
        if let Some((follower, term)) = tab.followers.get(&number) {
            let message = Message::Reply(term.clone(), asked);
            self.post(at, Channel::Of(*follower), &message);
        }
    }

    /// The app gets its answer.
    pub(super) fn settle(&mut self, at: At, number: AskNumber) {
        let tab = &mut self.tabs[at];
        if let Some(Request::Close | Request::Wipe) = tab.waiting.remove(&number) {
            // The page ends whatever else is asked.
            tab.was_closed = true;
            tab.waiting.clear();
        }
        tab.events.push_back(Event::Answered {
            number,
            succeeded: true,
        });
        self.work(at);
    }

    /// What its leader calls a follower.
    pub(super) fn number_of(&self, leader: At, follower: At) -> TabNumber {
        let followers = self.tabs[leader].followers.iter();
        let numbers: Vec<_> = followers
            .filter(|(_, (at, _))| *at == follower)
            .map(|(number, (_, term))| (*number, term.clone()))
            .collect();
        let [(number, term)] = &numbers[..] else {
            panic!("{leader} serves {follower} as {numbers:?}");
        };
        let follows = self.tabs[follower].election.term();
        assert_eq!(follows.as_ref(), Some(term), "{follower} follows {leader}");
        *number
    }
}
