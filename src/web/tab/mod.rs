//! [`Tab`]: one opening of a database in this worker; performs what the [`Election`] decides.

mod answers;
mod peers;
mod reading;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::channel::Channel;
use super::clock;
use super::convert::{error_to_js, get};
use super::driver::Driver;
use super::endpoint::Sources;
use super::locks::{How, Lock};
use super::random;
use super::relay::{self, Ask, Relayed};
use crate::engine::{self, Config, Numbered, RequestKey};
use crate::error::{Error, Result};
use crate::ids::{AskNumber, SubscriptionId, TabId, TabNumber};
use crate::tabs::{Effect, Election, Event};
use peers::Follower;
use reading::{build_of, stands, subscription};

/// Makes of a reply what the caller gets.
pub(super) type Render = fn(JsValue) -> Result<JsValue>;

type Listener = Box<dyn Fn(&JsValue)>;

/// The tab that the engine lives in.
const OWN: TabNumber = TabNumber(0);

/// See the module.
pub(super) struct Tab {
    /// Of locks and channels.
    name: String,
    me: TabId,
    config: RefCell<Config>,
    options: JsValue,
    sources: Rc<Sources>,
    election: RefCell<Election<Ask>>,
    /// Events that came while effects were being performed.
    events: RefCell<VecDeque<Event<Ask>>>,
    busy: Cell<bool>,
    driver: RefCell<Option<Rc<Driver>>>,
    lobby: RefCell<Option<Channel>>,
    /// To the leader, whoever it is.
    channel: RefCell<Option<Channel>>,
    followers: RefCell<Numbered<TabNumber, Rc<Follower>>>,
    own_lock: RefCell<Option<Lock>>,
    lock: RefCell<Option<Lock>>,
    /// What a lock says that is asked for no longer does not count.
    lock_round: Cell<u32>,
    has_locks: Cell<bool>,
    timer: RefCell<Option<Timeout>>,
    opening: RefCell<Option<Waiting>>,
    waiting: RefCell<Numbered<AskNumber, Waiting>>,
    last_ask: Cell<i64>,
    last_subscription: Cell<u32>,
    over: RefCell<Option<Error>>,
    listeners: RefCell<Numbered<u32, Rc<Listener>>>,
    last_listener: Cell<u32>,
    on_notification: RefCell<Option<Function>>,
}

/// A request whose reply has not come.
struct Waiting {
    resolve: Function,
    reject: Function,
    render: Render,
}

/// Requests that a page numbers stay far below.
const OWN_ASKS: i64 = 1 << 40;

impl Tab {
    /// Opens the database, here or in another tab.
    pub(super) async fn open(config: Config, options: &JsValue) -> Result<Rc<Self>> {
        let sources = Sources::of(options);
        if config.write.as_ref().is_some_and(|to| to.url.is_empty()) && !sources.send.is_function()
        {
            return Err(Error::Argument("open: write needs a url or send".into()));
        }
        super::storage::check(options)?;
        let session = get(options, "session").as_string();
        let session = session.map_or_else(random::name, Ok)?;
        let me = TabId(format!("{session}.{:08x}", random::seed()? as u32));
        let visible = !get(options, "visible").is_falsy() || get(options, "visible").is_undefined();
        let build = build_of(options);
        let tab = Rc::new(Self {
            name: format!("throughline:{}", config.name),
            election: RefCell::new(Election::new(
                config.name.clone(),
                me.clone(),
                build,
                visible,
            )),
            me,
            config: RefCell::new(config),
            options: options.clone(),
            sources: Rc::new(sources),
            events: RefCell::default(),
            busy: Cell::new(false),
            driver: RefCell::default(),
            lobby: RefCell::default(),
            channel: RefCell::default(),
            followers: RefCell::default(),
            own_lock: RefCell::default(),
            lock: RefCell::default(),
            lock_round: Cell::new(0),
            has_locks: Cell::new(false),
            timer: RefCell::default(),
            opening: RefCell::default(),
            waiting: RefCell::default(),
            last_ask: Cell::new(OWN_ASKS),
            last_subscription: Cell::new(u32::MAX),
            over: RefCell::default(),
            listeners: RefCell::default(),
            last_listener: Cell::new(0),
            on_notification: RefCell::default(),
        });
        let opened = Promise::new(&mut |resolve, reject| {
            *tab.opening.borrow_mut() = Some(Waiting {
                resolve,
                reject,
                render: Ok,
            });
        });
        tab.send(Event::Start);
        // Rejects with nothing but what `over` holds.
        match (JsFuture::from(opened).await, tab.over.take()) {
            (Err(_), Some(error)) => Err(error),
            _ => Ok(tab),
        }
    }

    /// A promise of the reply to a request. Without a number it is asked once: a page that may ask again counts.
    pub(super) fn request(
        self: &Rc<Self>,
        ask: Ask,
        number: Option<AskNumber>,
        render: Render,
    ) -> Promise {
        if let Some(error) = &*self.over.borrow() {
            return Promise::reject(&error_to_js(error));
        }
        let number = number.unwrap_or_else(|| {
            self.last_ask.set(self.last_ask.get() + 1);
            AskNumber(self.last_ask.get())
        });
        let promise = Promise::new(&mut |resolve, reject| {
            let waiting = Waiting {
                resolve,
                reject,
                render,
            };
            self.waiting.borrow_mut().insert(number, waiting);
        });
        let request = &ask.request;
        let kind = get(request, "type").as_string().unwrap_or_default();
        match kind.as_str() {
            "close" | "wipe" => self.send(Event::Close {
                number,
                deletes: kind == "wipe",
                payload: ask,
            }),
            _ => {
                if kind == "unsubscribe" {
                    self.send(Event::Ended(subscription(request)));
                }
                let stands = stands(&kind, request);
                self.send(Event::Ask {
                    number,
                    stands,
                    payload: ask,
                });
            }
        }
        promise
    }

    /// Nobody waits for this one any more.
    pub(super) fn cancel(self: &Rc<Self>, number: AskNumber) {
        self.waiting.borrow_mut().remove(number);
        if self.leads() {
            self.with_driver(|driver| driver.cancel(OWN, number));
        } else {
            self.post_to_leader(&Relayed::Cancel(number));
        }
        self.send(Event::Cancelled(number));
    }

    /// The app has dealt with one result of a live query.
    pub(super) fn took(self: &Rc<Self>, subscription: u32) {
        if self.leads() {
            let took = engine::Event::Took(OWN, SubscriptionId(subscription));
            self.with_driver(|driver| driver.send(took));
        } else {
            self.post_to_leader(&Relayed::Took(subscription));
        }
    }

    /// The page is visible again, back from a cache, or online.
    pub(super) fn wake(self: &Rc<Self>) {
        if self.leads() {
            self.with_driver(|driver| driver.send(engine::Event::Wake));
        } else {
            self.post_to_leader(&Relayed::Wake);
        }
    }

    /// The one function that hears everything.
    pub(super) fn on_notification(&self, callback: Function) {
        *self.on_notification.borrow_mut() = Some(callback);
    }

    /// Subscriptions made here count down, those of a page up.
    pub(super) fn next_subscription(&self) -> u32 {
        self.last_subscription.set(self.last_subscription.get() - 1);
        self.last_subscription.get()
    }

    /// Adds a listener in this worker; the number removes it.
    pub(super) fn listen(&self, listener: Listener) -> u32 {
        let id = self.last_listener.get().wrapping_add(1);
        self.last_listener.set(id);
        self.listeners.borrow_mut().insert(id, Rc::new(listener));
        id
    }

    /// Removes a listener.
    pub(super) fn unlisten(&self, id: u32) {
        self.listeners.borrow_mut().remove(id);
    }

    /// Feeds an event in; events that come meanwhile wait their turn.
    pub(super) fn send(self: &Rc<Self>, event: Event<Ask>) {
        self.events.borrow_mut().push_back(event);
        if self.busy.replace(true) {
            return;
        }
        while let Some(event) = self.next_event() {
            let effects = self.election.borrow_mut().handle(clock::monotonic(), event);
            for effect in effects {
                self.perform(effect);
            }
        }
        self.busy.set(false);
    }

    fn next_event(&self) -> Option<Event<Ask>> {
        self.events.borrow_mut().pop_front()
    }

    fn leads(&self) -> bool {
        self.driver.borrow().is_some()
    }

    fn with_driver(&self, work: impl FnOnce(&Rc<Driver>)) {
        let driver = self.driver.borrow().clone();
        if let Some(driver) = driver {
            work(&driver);
        }
    }

    fn perform(self: &Rc<Self>, effect: Effect<Ask>) {
        match effect {
            Effect::HoldOwnLock => self.hold_own_lock(),
            Effect::Listen => self.listen_to_tabs(),
            Effect::QueueLock => self.ask_for_lock(How::Queue),
            Effect::StealLock => self.ask_for_lock(How::Steal),
            Effect::Unlock => {
                self.lock_round.set(self.lock_round.get() + 1);
                self.lock.take();
            }
            Effect::Broadcast(greeting) => self.greet(&self.lobby, &greeting),
            Effect::Report(greeting) => self.greet(&self.channel, &greeting),
            Effect::Tell(to, greeting) => {
                let message = relay::greeting(&self.me, &greeting);
                let followers = self.followers.borrow();
                for follower in followers.iter().filter(|one| one.tab == to) {
                    // Plain values can be cloned.
                    let _ = follower.channel.post(&message);
                }
            }
            Effect::Admit(tab, number, term) => self.admit(tab, number, term),
            Effect::Dismiss(number) => {
                self.followers.borrow_mut().remove(number);
                self.with_driver(|driver| driver.dismiss(number));
            }
            Effect::Open => self.open_file(),
            Effect::Close => self.with_driver(|driver| driver.step_down()),
            Effect::CloseNow => self.with_driver(|driver| driver.close_now()),
            Effect::Delete => self.with_driver(|driver| driver.delete()),
            Effect::Ready => {
                if let Some(opening) = self.opening.take() {
                    let _ = opening.resolve.call0(&JsValue::UNDEFINED);
                }
            }
            Effect::Run(number, ask) => {
                let key = self.key(&self.me, number, &ask);
                self.with_driver(|driver| driver.ask(OWN, number, key, ask));
            }
            Effect::Forward(term, number, ask) => {
                let message = relay::relayed(&term, &Relayed::Request(number, ask));
                let posted = self.channel.borrow().as_ref().map(|end| end.post(&message));
                if let Some(Err(thrown)) = posted {
                    let message = get(&thrown, "message").as_string().unwrap_or_default();
                    self.settle(number, Err(error_to_js(&Error::Argument(message))));
                }
            }
            Effect::End(error) => self.end(&error),
            Effect::Quit => {
                self.fail_waiting(&Error::Closed);
                self.timer.take();
                self.lobby.take();
                self.channel.take();
                self.followers.take();
                self.own_lock.take();
            }
            Effect::SetTimer(at) => {
                let tab = Rc::downgrade(self);
                *self.timer.borrow_mut() = Some(Timeout::new(
                    clock::delay(clock::monotonic(), at),
                    move || {
                        if let Some(tab) = tab.upgrade() {
                            tab.send(Event::Timer);
                        }
                    },
                ));
            }
        }
    }

    fn key(&self, session: &TabId, number: AskNumber, ask: &Ask) -> RequestKey {
        RequestKey {
            // What comes after it tells the workers of one page apart.
            session: session.0.split('.').next().unwrap_or_default().into(),
            number: number.0,
            done: ask.done,
        }
    }

    fn open_file(self: &Rc<Self>) {
        let tab = self.clone();
        spawn_local(async move {
            let told = Rc::downgrade(&tab);
            let tell = move |what| {
                if let Some(tab) = told.upgrade() {
                    tab.told(what);
                }
            };
            let config = tab.config.borrow().clone();
            let opened = Driver::open(config, &tab.options, tab.sources.clone(), tell).await;
            match opened {
                Ok((driver, shared)) => {
                    *tab.driver.borrow_mut() = Some(driver.clone());
                    driver.begin();
                    tab.send(Event::Opened {
                        shared: shared && tab.has_locks.get(),
                    });
                }
                Err(trouble) => tab.send(Event::NotOpened(trouble)),
            }
        });
    }
}
