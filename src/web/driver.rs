//! [`Driver`]: events into the engine, its effects performed in order.

mod replacing;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use super::clock::{self, now};
use super::convert::{error_to_js, notification_to_js, reply_to_js, request_from_js};
use super::endpoint::Sources;
use super::fetch::{self, Canceller};
use super::measure::{self, measure};
use super::random;
use super::relay::Ask;
use super::storage::{self, Storage};
use super::uncaught;
use crate::engine::{
    Asked, Config, Effect, Engine, Event, Failure, Fetch, Numbered, Place, RequestKey,
};
use crate::error::{Error, Result};
use crate::ids::{AskNumber, FetchId, Millis, RequestId, TabNumber, TimerId};
use crate::tabs::{Notification, OpenTrouble, Persistence, Reply, Request};

/// What the engine has to say to the tabs.
pub(super) enum Told {
    /// The reply to a request of a tab.
    Reply(TabNumber, AskNumber, Result<JsValue>),
    /// To one tab, or to all.
    Notification(Option<TabNumber>, JsValue),
    /// A tab wants the database deleted: [`Driver::delete`] goes on with it.
    Wipe(TabNumber),
    /// A tab asks for the tabs.
    Tabs(TabNumber, AskNumber),
    /// The engine is another one, on another file.
    Restarted,
    /// Engine and file are closed.
    Closed,
}

/// One open database.
pub(super) struct Driver {
    engine: RefCell<Option<Engine>>,
    storage: RefCell<Option<Storage>>,
    rng: RefCell<fastrand::Rng>,
    /// The engine that runs, counted: what comes of the one before it is nothing to it.
    life: Cell<u32>,
    /// There is no engine until the next one is open.
    is_changing: Cell<bool>,
    /// Nothing is opened any more.
    is_over: Cell<bool>,
    config: Config,
    options: JsValue,
    sources: Rc<Sources>,
    in_opfs: bool,
    tell: Box<dyn Fn(Told)>,
    /// Events that came while effects were being performed.
    events: RefCell<VecDeque<Event>>,
    busy: Cell<bool>,
    begun: RefCell<Vec<Effect>>,
    last_request: Cell<u32>,
    waiting: RefCell<Numbered<RequestId, (TabNumber, AskNumber)>>,
    wipe: RefCell<Option<Asked>>,
    /// Closed for another tab to open it: what is asked meanwhile is asked again there.
    moves: Cell<bool>,
    just_closed: Cell<bool>,
    /// Why its files could not be closed or deleted, until somebody is told: who asked for it, or else the console.
    trouble: RefCell<Option<Error>>,
    timers: RefCell<Numbered<TimerId, Timeout>>,
    fetches: RefCell<Numbered<FetchId, Rc<Canceller>>>,
}

impl Driver {
    /// Opens storage and engine, and says whether other tabs can share them.
    pub(super) async fn open(
        config: Config,
        options: &JsValue,
        sources: Rc<Sources>,
        tell: impl Fn(Told) + 'static,
    ) -> std::result::Result<(Rc<Self>, bool), OpenTrouble> {
        let mut rng = fastrand::Rng::with_seed(random::seed()?);
        let (place, storage) = storage::open(&config.name, options).await?;
        let shared = place.persistence == Persistence::Opfs;
        let (engine, effects) = match start(place, config.clone(), &mut rng) {
            Ok(started) => started,
            Err(error) => {
                // The engine has dropped the connection; handles that stayed would shut out the next attempt.
                storage.release()?;
                return Err(OpenTrouble::Failed(error));
            }
        };
        let driver = Rc::new(Self {
            engine: RefCell::new(Some(engine)),
            storage: RefCell::new(Some(storage)),
            life: Cell::new(0),
            is_changing: Cell::new(false),
            is_over: Cell::new(false),
            rng: RefCell::new(rng),
            config,
            options: options.clone(),
            sources,
            in_opfs: shared,
            tell: Box::new(tell),
            events: RefCell::default(),
            busy: Cell::new(false),
            begun: RefCell::new(effects),
            last_request: Cell::new(0),
            waiting: RefCell::default(),
            wipe: RefCell::default(),
            moves: Cell::new(false),
            just_closed: Cell::new(false),
            trouble: RefCell::default(),
            timers: RefCell::default(),
            fetches: RefCell::default(),
        });
        Ok((driver, shared))
    }

    /// Performs what opening has asked for: sync is under way then.
    pub(super) fn begin(self: &Rc<Self>) {
        self.busy.set(true);
        for effect in self.begun.take() {
            self.perform(effect);
        }
        self.busy.set(false);
        self.work();
    }

    /// Carries out a request of a tab.
    pub(super) fn ask(
        self: &Rc<Self>,
        tab: TabNumber,
        number: AskNumber,
        key: RequestKey,
        ask: Ask,
    ) {
        let request = match request_from_js(&ask.request) {
            Ok(request) => request,
            Err(error) => return (self.tell)(Told::Reply(tab, number, Err(error))),
        };
        let id = RequestId(self.last_request.get().wrapping_add(1));
        self.last_request.set(id.0);
        self.waiting.borrow_mut().insert(id, (tab, number));
        let asked = Asked {
            id,
            tab,
            key: Some(key),
            timeout_ms: ask.timeout_ms,
        };
        if request == Request::Tabs {
            self.waiting.borrow_mut().remove(id);
            return (self.tell)(Told::Tabs(tab, number));
        }
        if request == Request::Wipe {
            *self.wipe.borrow_mut() = Some(asked);
            return (self.tell)(Told::Wipe(tab));
        }
        self.send(Event::Request(asked, request));
    }

    /// Nobody waits for the reply any more.
    pub(super) fn cancel(self: &Rc<Self>, tab: TabNumber, number: AskNumber) {
        let found = self.waiting.borrow().find(|of| *of == (tab, number));
        if let Some(id) = found {
            self.waiting.borrow_mut().remove(id);
            self.send(Event::Cancel(id));
        }
    }

    /// A tab is gone.
    pub(super) fn dismiss(self: &Rc<Self>, tab: TabNumber) {
        self.send(Event::TabGone(tab));
    }

    /// Goes on with [`Told::Wipe`].
    pub(super) fn delete(self: &Rc<Self>) {
        if let Some(asked) = self.wipe.take() {
            self.send(Event::Request(asked, Request::Wipe));
        }
    }

    /// Closes for another tab, when the open transaction is over.
    pub(super) fn step_down(self: &Rc<Self>) {
        self.moves.set(true);
        self.send(Event::Request(RequestId(0).into(), Request::Close));
    }

    /// Closes at once.
    pub(super) fn close_now(self: &Rc<Self>) {
        self.step_down();
        if self.engine.borrow().is_some() || self.is_changing.get() {
            self.close(Storage::release);
            self.tell_if_closed();
        }
    }

    /// Feeds an event in; events that come meanwhile wait their turn.
    pub(super) fn send(self: &Rc<Self>, event: Event) {
        self.events.borrow_mut().push_back(event);
        self.work();
    }

    fn work(self: &Rc<Self>) {
        if self.busy.replace(true) {
            return;
        }
        while let Some(event) = self.next_event() {
            for effect in self.handle(event) {
                self.perform(effect);
            }
        }
        self.busy.set(false);
        self.tell_if_closed();
    }

    fn tell_if_closed(&self) {
        if let Some(error) = self.trouble.take() {
            uncaught::report(&error_to_js(&error));
        }
        if self.just_closed.take() {
            (self.tell)(Told::Closed);
        }
    }

    fn next_event(&self) -> Option<Event> {
        self.events.borrow_mut().pop_front()
    }

    fn handle(&self, event: Event) -> Vec<Effect> {
        match self.engine.borrow_mut().as_mut() {
            Some(engine) => engine.handle(now(), &mut self.rng.borrow_mut(), event),
            // Whatever it is, it is asked again of the next engine.
            None if self.is_changing.get() => Vec::new(),
            None => match event {
                Event::Request(asked, _) => vec![Effect::Reply(asked.id, Err(Error::Closed))],
                _ => Vec::new(),
            },
        }
    }

    fn perform(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::Reply(id, result) => self.reply(id, result),
            Effect::Notify(notification) => self.notify(None, notification),
            Effect::Tell(tab, notification) => self.notify(Some(tab), notification),
            Effect::Fetch(fetch) => self.fetch(fetch),
            Effect::Abort(id) => {
                if let Some(canceller) = self.fetches.borrow_mut().remove(id) {
                    canceller.cancel();
                }
            }
            Effect::SetTimer(id, at) => self.set_timer(id, at),
            Effect::MeasureStorage => self.measure_storage(),
            Effect::Persist => self.persist(),
            Effect::Export(id) => self.export(id),
            Effect::Import(id, bytes) => self.import(id, &bytes),
            Effect::Remove(name) => {
                // What is closed has nothing left to delete.
                let _ = self.with_storage(|storage| storage.files.remove(name));
            }
            Effect::Restart(successor) => self.change(successor),
            Effect::Close => self.close(Storage::release),
            Effect::Delete => self.close(|storage| {
                let deleted = storage.delete();
                // In any case: handles that stayed would shut everybody out.
                let released = storage.release();
                deleted.and(released)
            }),
        }
    }

    fn reply(&self, id: RequestId, result: Result<Reply>) {
        let Some((tab, number)) = self.waiting.borrow_mut().remove(id) else {
            return;
        };
        let is_moot = self.moves.get() || tab != TabNumber::default();
        if is_moot && matches!(result, Err(Error::Closed)) {
            // It is asked again, of the next leader.
            return;
        }
        let reply = match self.trouble.take() {
            Some(error) => Err(error),
            None => result.and_then(reply_to_js),
        };
        (self.tell)(Told::Reply(tab, number, reply));
    }

    fn notify(&self, tab: Option<TabNumber>, notification: Notification) {
        match notification_to_js(notification) {
            Ok(message) => (self.tell)(Told::Notification(tab, message)),
            Err(error) => uncaught::report(&error_to_js(&error)),
        }
    }

    fn fetch(self: &Rc<Self>, mut fetch: Fetch) {
        let id = fetch.id;
        let Ok(canceller) = Canceller::new().map(Rc::new) else {
            let failure = Failure::Network("there is no AbortController".into());
            self.events
                .borrow_mut()
                .push_back(Event::Failed { fetch: id, failure });
            return;
        };
        self.fetches.borrow_mut().insert(id, canceller.clone());
        let (driver, life) = (self.clone(), self.life.get());
        spawn_local(async move {
            let on_headers = |status, headers| {
                let event = Event::Headers {
                    fetch: id,
                    status,
                    headers,
                };
                if driver.life.get() == life {
                    driver.send(event);
                }
            };
            let sent = fetch::send(&driver.sources, &mut fetch, canceller, on_headers).await;
            if driver.life.get() != life {
                return;
            }
            driver.fetches.borrow_mut().remove(id);
            driver.send(match sent {
                Ok(answer) => Event::Answered { fetch: id, answer },
                Err(failure) => Event::Failed { fetch: id, failure },
            });
        });
    }

    fn measure_storage(self: &Rc<Self>) {
        let driver = self.clone();
        spawn_local(async move {
            let name = driver.config.name.clone();
            let facts = measure(&name, driver.in_opfs).await;
            driver.send(Event::Storage(facts));
        });
    }

    /// Only a page may ask: its worker has a function for that.
    fn persist(self: &Rc<Self>) {
        let driver = self.clone();
        spawn_local(async move {
            measure::call(&driver.options, "persist").await;
            driver.measure_storage();
        });
    }

    fn set_timer(self: &Rc<Self>, id: TimerId, at: Millis) {
        let driver = Rc::downgrade(self);
        let timer = Timeout::new(clock::delay(now(), at), move || {
            if let Some(driver) = driver.upgrade() {
                driver.send(Event::Timer(id));
            }
        });
        self.timers.borrow_mut().insert(id, timer);
    }

    /// Ends the engine and all that it has under way, and closes its connection.
    fn drop_engine(&self) {
        self.life.set(self.life.get() + 1);
        self.timers.take();
        for canceller in self.fetches.take().iter() {
            canceller.cancel();
        }
        *self.engine.borrow_mut() = None;
    }

    /// Drops the connection, then does what is left to do with its files.
    fn close(&self, finish: impl FnOnce(Storage) -> Result<()>) {
        self.drop_engine();
        self.is_over.set(true);
        if let Some(storage) = self.storage.borrow_mut().take() {
            *self.trouble.borrow_mut() = finish(storage).err();
        }
        self.just_closed.set(true);
    }
}

/// An engine whose statements the app's limit interrupts.
pub(super) fn start(
    place: Place,
    config: Config,
    rng: &mut fastrand::Rng,
) -> Result<(Engine, Vec<Effect>)> {
    let (mut engine, effects) = Engine::open_at(place, config, now(), rng)?;
    engine.limit_statements(now)?;
    engine.time_runs(clock::micros);
    Ok((engine, effects))
}
