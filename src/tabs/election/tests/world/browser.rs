//! What the browser gives the tabs: the leader's lock, channels, the file's handles.

use std::collections::VecDeque;

use super::*;

/// The Web Lock of the leader: held by one request of one tab, waited for by others.
#[derive(Debug, Default)]
pub(super) struct Lock {
    holder: Option<(At, u32)>,
    queue: VecDeque<(At, u32)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Granted,
    Lost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Queue,
    Steal,
}

/// From one end of a channel to another. Each keeps its order, and none waits for another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Route {
    pub(super) from: At,
    pub(super) channel: Channel,
    pub(super) to: At,
    /// The end that a leader has in the channel of another tab.
    pub(super) end: Option<TabNumber>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Channel {
    Lobby,
    Of(At),
}

#[derive(Debug, Clone)]
pub(super) enum Message {
    Greeting(Envelope),
    Request(Term, AskNumber, Request),
    Reply(Term, AskNumber),
}

impl World {
    /// Asks for the lock; what the tab asked for before is dropped.
    pub(super) fn ask_for_lock(&mut self, at: At, how: How) {
        let before = self.tabs[at].lock_round;
        let round = before + 1;
        self.tabs[at].lock_round = round;
        match how {
            How::Queue => self.lock.queue.push_back((at, round)),
            How::Steal => {
                if let Some((holder, round)) = self.lock.holder.take() {
                    let late = self.delay();
                    self.comes(late, Coming::Turn(holder, round, Turn::Lost));
                }
                self.lock.queue.push_front((at, round));
            }
        }
        self.grant();
        self.drop_lock(at, before);
    }

    /// Gives it back, or waits no longer.
    pub(super) fn drop_lock(&mut self, at: At, round: u32) {
        self.lock.queue.retain(|waiting| *waiting != (at, round));
        if self.lock.holder == Some((at, round)) {
            self.lock.holder = None;
        }
        self.grant();
    }

    fn grant(&mut self) {
        if self.lock.holder.is_none() {
            self.lock.holder = self.lock.queue.pop_front();
            if let Some((at, round)) = self.lock.holder {
                let late = self.delay();
                self.comes(late, Coming::Turn(at, round, Turn::Granted));
            }
        }
    }

    /// All leaders that serve this tab learn that it is gone.
    pub(super) fn free_own_lock(&mut self, gone: At) {
        for leader in 0..self.tabs.len() {
            let watched = self.tabs[leader].followers.iter();
            let numbers: Vec<_> = watched
                .filter(|(_, (at, _))| *at == gone)
                .map(|(number, _)| *number)
                .collect();
            for number in numbers {
                let late = self.delay();
                self.comes(late, Coming::Gone(leader, number));
            }
        }
    }

    pub(super) fn let_file_go(&mut self, at: At) {
        let late = match self.rng.u32(0..20) {
            0 => self.rng.u64(0..1_500),
            _ => self.rng.u64(0..40),
        };
        self.comes(late, Coming::FileIsFree(at));
    }

    /// Who hears what this tab says there.
    fn hearers(&self, from: At, channel: Channel) -> Vec<(At, Option<TabNumber>)> {
        let ends = |at: At, tab: &Tab| -> Vec<(At, Option<TabNumber>)> {
            match channel {
                _ if !tab.lives || at == from => Vec::new(),
                Channel::Lobby => tab.listens.then_some((at, None)).into_iter().collect(),
                Channel::Of(whose) if whose == at => {
                    tab.listens.then_some((at, None)).into_iter().collect()
                }
                Channel::Of(whose) => {
                    let ends = tab
                        .followers
                        .iter()
                        .filter(|(_, (follower, _))| *follower == whose);
                    ends.map(|(number, _)| (at, Some(*number))).collect()
                }
            }
        };
        let tabs = self.tabs.iter().enumerate();
        tabs.flat_map(|(at, tab)| ends(at, tab)).collect()
    }

    pub(super) fn post(&mut self, from: At, channel: Channel, message: &Message) {
        for (to, end) in self.hearers(from, channel) {
            let late = self.delay();
            let route = Route {
                from,
                channel,
                to,
                end,
            };
            let last = self.arrivals.get(&route).copied().unwrap_or(self.now);
            let at = last.max(self.now.after(late));
            self.arrivals.insert(route.clone(), at);
            self.comes_at(at, Coming::Message(route, message.clone()));
        }
    }

    /// The file's handles are given to one worker.
    pub(super) fn open_ends(&mut self, at: At) {
        let event = if self.file.is_some() {
            Event::NotOpened(OpenTrouble::Held)
        } else if self.full_disk && self.rng.u32(0..10) == 0 {
            Event::NotOpened(OpenTrouble::Failed(Error::Quota("it is full".into())))
        } else {
            self.file = Some(at);
            self.start_engine(at);
            Event::Opened { shared: true }
        };
        self.send(at, event);
    }

    /// For how long nobody has had the file.
    pub(super) fn is_free_for(&self) -> i64 {
        match self.file {
            Some(_) => 0,
            None => self.now.0 - self.free_since.0,
        }
    }
}
