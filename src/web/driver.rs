//! [`Driver`]: events into the engine, its effects performed in order.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use js_sys::{Date, Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use super::convert::{error_to_js, notification_to_js};
use super::endpoint::Sources;
use super::fetch::{self, Canceller};
use super::storage::{self, Storage};
use crate::engine::{Config, Effect, Engine, Event, Failure, Fetch, Numbered};
use crate::error::{Error, Result};
use crate::ids::{FetchId, Millis, RequestId, TimerId};
use crate::tabs::{Notification, Reply, Request};

/// Setting a timer further away than this would make it fire at once.
const LONGEST_TIMER_MS: i64 = i32::MAX as i64;

type Listener = Box<dyn Fn(&Notification)>;

/// One open database.
pub(super) struct Driver {
    engine: RefCell<Option<Engine>>,
    storage: RefCell<Option<Storage>>,
    rng: RefCell<fastrand::Rng>,
    sources: Sources,
    /// Events that came while effects were being performed.
    events: RefCell<VecDeque<Event>>,
    busy: Cell<bool>,
    last_request: Cell<u32>,
    waiting: RefCell<Numbered<RequestId, Waiting>>,
    timers: RefCell<Numbered<TimerId, Timeout>>,
    fetches: RefCell<Numbered<FetchId, Rc<Canceller>>>,
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

/// Makes of a reply what the caller gets.
pub(super) type Render = fn(Reply) -> Result<JsValue>;

impl Driver {
    /// Opens storage and engine; sync is under way when this returns.
    pub(super) async fn open(config: Config, options: &JsValue) -> Result<Rc<Self>> {
        let sources = Sources::of(options);
        if config.write.as_ref().is_some_and(|to| to.url.is_empty()) && !sources.send.is_function()
        {
            return Err(Error::Argument("open: write needs a url or send".into()));
        }
        let mut rng = fastrand::Rng::with_seed(random_seed()?);
        let opened = storage::open(&config.name, options).await?;
        let started = Engine::open(
            opened.connection,
            config,
            opened.persistence,
            opened.reason,
            now(),
            &mut rng,
        );
        let (mut engine, effects) = match started {
            Ok(started) => started,
            Err(error) => {
                // The engine has dropped the connection; a lock that stayed would shut out the next attempt.
                opened.storage.release()?;
                return Err(error);
            }
        };
        engine.limit_statements(now)?;
        let driver = Rc::new(Self {
            engine: RefCell::new(Some(engine)),
            storage: RefCell::new(Some(opened.storage)),
            rng: RefCell::new(rng),
            sources,
            events: RefCell::default(),
            busy: Cell::new(false),
            last_request: Cell::new(0),
            waiting: RefCell::default(),
            timers: RefCell::default(),
            fetches: RefCell::default(),
            listeners: RefCell::default(),
            last_listener: Cell::new(0),
            on_notification: RefCell::default(),
        });
        driver.busy.set(true);
        for effect in effects {
            driver.perform(effect);
        }
        driver.busy.set(false);
        driver.work();
        Ok(driver)
    }

    /// A promise of the reply to a request.
    pub(super) fn request(self: &Rc<Self>, request: Request, render: Render) -> Promise {
        let id = RequestId(self.last_request.get().wrapping_add(1));
        self.last_request.set(id.0);
        let promise = Promise::new(&mut |resolve, reject| {
            let waiting = Waiting {
                resolve,
                reject,
                render,
            };
            self.waiting.borrow_mut().insert(id, waiting);
        });
        self.send(Event::Request(id, request));
        promise
    }

    /// The one function that hears everything.
    pub(super) fn on_notification(&self, callback: Function) {
        *self.on_notification.borrow_mut() = Some(callback);
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
    }

    fn next_event(&self) -> Option<Event> {
        self.events.borrow_mut().pop_front()
    }

    fn handle(&self, event: Event) -> Vec<Effect> {
        match self.engine.borrow_mut().as_mut() {
            Some(engine) => engine.handle(now(), &mut self.rng.borrow_mut(), event),
            None => match event {
                Event::Request(id, _) => vec![Effect::Reply(id, Err(Error::Closed))],
                _ => Vec::new(),
            },
        }
    }

    fn perform(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::Reply(id, result) => self.reply(id, result),
            Effect::Notify(notification) => self.notify(notification),
            Effect::Fetch(fetch) => self.fetch(fetch),
            Effect::Abort(id) => {
                if let Some(canceller) = self.fetches.borrow_mut().remove(id) {
                    canceller.cancel();
                }
            }
            Effect::SetTimer(id, at) => self.set_timer(id, at),
            Effect::MeasureStorage | Effect::Persist | Effect::Remove(_) => {}
            Effect::Export(id) | Effect::Import(id, _) => {
                let missing = "this build cannot read and write files of databases";
                self.reply(id, Err(Error::Storage(missing.into())));
            }
            Effect::Rescue(_) | Effect::Restart => self.close(Storage::release),
            Effect::Close => self.close(Storage::release),
            Effect::Delete => self.close(|storage| {
                storage.delete()?;
                storage.release()
            }),
        }
    }

    fn reply(&self, id: RequestId, result: Result<Reply>) {
        let Some(waiting) = self.waiting.borrow_mut().remove(id) else {
            return;
        };
        // Settling a promise runs nothing of the app now and cannot throw.
        let _ = match result.and_then(waiting.render) {
            Ok(value) => waiting.resolve.call1(&JsValue::UNDEFINED, &value),
            Err(error) => waiting
                .reject
                .call1(&JsValue::UNDEFINED, &error_to_js(&error)),
        };
    }

    fn notify(&self, notification: Notification) {
        let listeners: Vec<Rc<Listener>> = self.listeners.borrow().iter().cloned().collect();
        for listener in listeners {
            listener(&notification);
        }
        let callback = self.on_notification.borrow().clone();
        if let Some(callback) = callback {
            match notification_to_js(notification) {
                Ok(message) => report_throw(callback.call1(&JsValue::UNDEFINED, &message)),
                Err(error) => wasm_bindgen::throw_val(error_to_js(&error)),
            }
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
        let driver = self.clone();
        spawn_local(async move {
            let on_headers = |status, headers| {
                driver.send(Event::Headers {
                    fetch: id,
                    status,
                    headers,
                });
            };
            let sent = fetch::send(&driver.sources, &mut fetch, canceller, on_headers).await;
            driver.fetches.borrow_mut().remove(id);
            driver.send(match sent {
                Ok(answer) => Event::Answered { fetch: id, answer },
                Err(failure) => Event::Failed { fetch: id, failure },
            });
        });
    }

    fn set_timer(self: &Rc<Self>, id: TimerId, at: Millis) {
        let delay = (at.0 - now().0).clamp(0, LONGEST_TIMER_MS) as u32;
        let driver = Rc::downgrade(self);
        let timer = Timeout::new(delay, move || {
            if let Some(driver) = driver.upgrade() {
                driver.send(Event::Timer(id));
            }
        });
        self.timers.borrow_mut().insert(id, timer);
    }

    /// Drops the connection, then does what is left to do with its files.
    fn close(&self, finish: impl FnOnce(Storage) -> Result<()>) {
        self.timers.take();
        for canceller in self.fetches.take().iter() {
            canceller.cancel();
        }
        *self.engine.borrow_mut() = None;
        if let Some(storage) = self.storage.borrow_mut().take()
            && let Err(error) = finish(storage)
        {
            wasm_bindgen::throw_val(error_to_js(&error));
        }
    }
}

fn now() -> Millis {
    Millis(Date::now() as i64)
}

/// 64 bits from the browser's own generator.
fn random_seed() -> Result<u64> {
    let unavailable = |_| Error::Storage("this worker has no crypto.getRandomValues()".into());
    let scope: web_sys::WorkerGlobalScope = wasm_bindgen::JsCast::unchecked_into(js_sys::global());
    let mut bytes = [0; 8];
    scope
        .crypto()
        .and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes))
        .map_err(unavailable)?;
    Ok(u64::from_ne_bytes(bytes))
}

/// An exception of the app's callback reaches the console as its own, not ours.
pub(super) fn report_throw(outcome: std::result::Result<JsValue, JsValue>) {
    if let Err(thrown) = outcome {
        spawn_local(async move { wasm_bindgen::throw_val(thrown) });
    }
}
