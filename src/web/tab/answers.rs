//! What comes back: replies and notifications, from the engine in this worker or from the leader.

use std::rc::Rc;

use js_sys::Object;
use wasm_bindgen::JsValue;

use super::{Listener, OWN, Tab, Waiting};
use crate::error::Error;
use crate::ids::AskNumber;
use crate::tabs::{Event, Standing};
use crate::web::clock;
use crate::web::convert::{error_to_js, get, record, set};
use crate::web::driver::Told;
use crate::web::relay::Relayed;
use crate::web::uncaught::report_throw;

impl Tab {
    /// The engine in this worker says something.
    pub(super) fn told(self: &Rc<Self>, told: Told) {
        match told {
            Told::Reply(OWN, number, reply) => {
                self.settle(number, reply.map_err(|error| error_to_js(&error)));
            }
            Told::Reply(tab, number, Ok(reply)) => {
                self.post_to(tab, &Relayed::Reply(number, reply));
            }
            Told::Reply(tab, number, Err(error)) => {
                if let Ok(report) = record(&error.report()) {
                    self.post_to(tab, &Relayed::Failure(number, report));
                }
            }
            Told::Notification(to, notification) => {
                if to.is_none_or(|to| to == OWN) {
                    self.notify(&notification);
                }
                let relayed = Relayed::Notification(notification);
                match to {
                    Some(OWN) => {}
                    Some(tab) => self.post_to(tab, &relayed),
                    None => {
                        let followers: Vec<_> = self.followers.borrow().iter().cloned().collect();
                        for follower in followers {
                            self.post(&follower, &relayed);
                        }
                    }
                }
            }
            Told::Tabs(tab, number) => {
                let tabs = self.election.borrow().tabs(clock::monotonic(), tab);
                self.told(Told::Reply(tab, number, record(&tabs)));
            }
            Told::Wipe(by) => self.send(Event::Wipe(by)),
            Told::Restarted => self.send(Event::Restarted),
            Told::Closed => {
                self.driver.take();
                self.send(Event::Closed);
            }
        }
    }

    pub(super) fn settle(
        self: &Rc<Self>,
        number: AskNumber,
        reply: std::result::Result<JsValue, JsValue>,
    ) {
        let succeeded = reply.is_ok();
        let waiting = self.waiting.borrow_mut().remove(number);
        match (waiting, reply) {
            (Some(waiting), reply) => waiting.settle(reply),
            (None, Err(error)) => self.fail_again(number, &error),
            (None, Ok(_)) => {}
        }
        self.send(Event::Answered { number, succeeded });
    }

    /// A live query went well before and does not where the database is now.
    fn fail_again(&self, number: AskNumber, error: &JsValue) {
        let stands = self.election.borrow().stands(number).cloned();
        if let Some(Standing::Live(subscription)) = stands {
            let failed = Object::new();
            set(&failed, "type", "liveFailed");
            set(&failed, "subscription", subscription);
            let report = Object::new();
            for name in ["code", "message", "retryable"] {
                set(&report, name, get(error, name));
            }
            set(&failed, "error", report);
            self.notify(&failed);
        }
    }

    pub(super) fn notify(&self, notification: &JsValue) {
        let connected = get(&get(notification, "status"), "connected").as_bool();
        if let Some(connected) = connected {
            // A tab that takes over goes on as it was.
            self.config.borrow_mut().connect = connected;
        }
        let listeners: Vec<Rc<Listener>> = self.listeners.borrow().iter().cloned().collect();
        for listener in listeners {
            listener(notification);
        }
        let callback = self.on_notification.borrow().clone();
        if let Some(callback) = callback {
            report_throw(callback.call1(&JsValue::UNDEFINED, notification));
        }
    }

    /// Nothing is answered any more, now or later.
    pub(super) fn fail_waiting(&self, error: &Error) {
        let error = self.over.borrow_mut().get_or_insert(error.clone()).clone();
        for waiting in self.waiting.take().iter() {
            waiting.settle(Err(error_to_js(&error)));
        }
    }

    pub(super) fn end(&self, error: &Error) {
        self.fail_waiting(error);
        let thrown = error_to_js(error);
        if let Some(opening) = self.opening.take() {
            let _ = opening.reject.call1(&JsValue::UNDEFINED, &thrown);
        }
        let closed = Object::new();
        set(&closed, "type", "closed");
        if let Ok(report) = record(&error.report()) {
            set(&closed, "error", report);
        }
        self.notify(&closed);
    }
}

impl Waiting {
    /// Settling a promise runs nothing of the app now and cannot throw.
    pub(super) fn settle(&self, reply: std::result::Result<JsValue, JsValue>) {
        let rendered =
            reply.and_then(|value| (self.render)(value).map_err(|error| error_to_js(&error)));
        let _ = match rendered {
            Ok(value) => self.resolve.call1(&JsValue::UNDEFINED, &value),
            Err(thrown) => self.reject.call1(&JsValue::UNDEFINED, &thrown),
        };
    }
}
