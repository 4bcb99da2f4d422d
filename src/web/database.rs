//! The `Database` class that the crate exports: the API of the package, inside a worker of the app's own.

use std::rc::Rc;

use js_sys::{Array, Function, JSON, Object, Promise};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::convert::{error_to_js, executed_to_objects, get, request_of, rows_to_objects, set};
use super::live::LiveRows;
use super::relay::Ask;
use super::tab::{Render, Tab};
use super::uncaught::report_throw;
use crate::engine::Config;
use crate::error::{Error, Result};
use crate::ids::AskNumber;
use crate::tabs::Event;

type JsResult<T> = std::result::Result<T, JsValue>;

/// An open database. Every method that asks returns a promise; errors are `Error` objects with `code` and
/// `retryable`.
#[wasm_bindgen(skip_typescript)]
pub struct Database {
    tab: Rc<Tab>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Database")
    }
}

#[wasm_bindgen]
impl Database {
    /// Opens a database: storage, tables, sync. See `OpenOptions`.
    pub async fn open(options: JsValue) -> JsResult<Database> {
        console_error_panic_hook::set_once();
        let opened = async {
            if !get(&options, "parsers").is_undefined() {
                return Err(Error::Argument(
                    "open: there are no parsers in a worker".into(),
                ));
            }
            let json = JSON::stringify(&options)
                .ok()
                .and_then(|text| text.as_string())
                .ok_or_else(|| Error::Argument("open: the options must be an object".into()))?;
            Tab::open(Config::parse(&json)?, &options).await
        };
        match opened.await {
            Ok(tab) => Ok(Self { tab }),
            Err(error) => Err(error_to_js(&error)),
        }
    }

    /// The one entry behind all methods: a request as a plain object, its reply as one. A page that may ask again, because its worker
    /// has ended, numbers its requests; it waits for no reply to one below `done`. `timeout`: milliseconds for a statement.
    pub fn request(
        &self,
        request: &JsValue,
        number: Option<f64>,
        done: Option<f64>,
        timeout: Option<f64>,
    ) -> Promise {
        let ask = Ask {
            request: request.clone(),
            done: done.unwrap_or_default() as i64,
            timeout_ms: timeout.map(|ms| ms as u32),
        };
        let number = number.map(|number| AskNumber(number as i64));
        self.tab.request(ask, number, Ok)
    }

    /// Nobody waits for the reply to this request any more: what was not begun is not carried out.
    pub fn cancel(&self, number: f64) {
        self.tab.cancel(AskNumber(number as i64));
    }

    /// The app has dealt with one result of a live query: the next one may come.
    pub fn took(&self, subscription: u32) {
        self.tab.took(subscription);
    }

    /// Hears everything the database tells unasked; for a page on the other side of the worker.
    #[wasm_bindgen(js_name = onNotification)]
    pub fn on_notification(&self, callback: Function) {
        self.tab.on_notification(callback);
    }

    /// The page is visible again, back from a cache, or online: look at the server now.
    pub fn wake(&self) {
        self.tab.wake();
    }

    /// The page is shown or hidden: a visible one is preferred to do the work for the others.
    pub fn visibility(&self, visible: bool) {
        self.tab.send(Event::Visible(visible));
    }

    /// The page goes for good: closes at once, and nobody hears of it.
    pub fn leave(&self) {
        self.tab.send(Event::Leave);
    }

    /// Rows of a reading statement, as objects.
    pub fn query(&self, sql: &str, params: &JsValue) -> Promise {
        ask(&self.tab, &statement("query", sql, params), rows_to_objects)
    }

    /// Runs a statement that may write; durable when the promise resolves.
    pub fn execute(&self, sql: &str, params: &JsValue) -> Promise {
        let request = statement("execute", sql, params);
        ask(&self.tab, &request, executed_to_objects)
    }

    /// Runs `[sql, params]` pairs in one local transaction, all or none.
    pub fn batch(&self, statements: &Array, options: &JsValue) -> Promise {
        let list = Array::new();
        for pair in statements.iter() {
            let pair = Array::from(&pair);
            list.push(&of_statement(&pair.get(0), &pair.get(1)).into());
        }
        let request = request_of("batch");
        set(&request, "statements", list);
        set(&request, "meta", get(options, "meta"));
        let render = |replies: JsValue| {
            let replies = Array::from(&replies);
            let all: Result<Array> = replies.iter().map(executed_to_objects).collect();
            all.map(Into::into)
        };
        ask(&self.tab, &request, render)
    }

    /// Runs an async function in one local transaction: commits when it resolves, rolls back when it throws.
    pub fn transaction(&self, work: Function, options: &JsValue) -> Promise {
        let begin = request_of("begin");
        set(&begin, "meta", get(options, "meta"));
        let tab = self.tab.clone();
        future_to_promise(async move {
            let begun = JsFuture::from(ask(&tab, &begin, Ok)).await?;
            let id = get(&begun, "transaction");
            let of = |kind| {
                let request = request_of(kind);
                set(&request, "transaction", &id);
                JsFuture::from(ask(&tab, &request, Ok))
            };
            let tx = JsValue::from(Transaction {
                tab: tab.clone(),
                id: id.clone(),
            });
            let outcome = match work.call1(&JsValue::UNDEFINED, &tx) {
                Ok(returned) => JsFuture::from(Promise::resolve(&returned)).await,
                Err(thrown) => Err(thrown),
            };
            match outcome {
                Ok(value) => {
                    of("commit").await?;
                    Ok(value)
                }
                Err(thrown) => {
                    // The app's own error matters more than a roll-back that came too late.
                    let _ = of("rollback").await;
                    Err(thrown)
                }
            }
        })
    }

    /// Calls back with `{ rows, changes }` now and whenever the result changes; resolves to the unsubscriber.
    pub fn live(
        &self,
        sql: &str,
        params: &JsValue,
        options: &JsValue,
        callback: Function,
    ) -> Promise {
        let key = get(options, "key");
        let key = match key.as_string() {
            Some(_) => Array::of1(&key),
            None => Array::from(&key),
        };
        let subscription = self.tab.next_subscription();
        let request = statement("live", sql, params);
        set(&request, "subscription", subscription);
        set(&request, "key", &key);
        let rows = LiveRows::new(key, callback);
        let tab = Rc::downgrade(&self.tab);
        let listener = self.tab.listen(Box::new(move |notification| {
            if get(notification, "subscription").as_f64() == Some(subscription.into())
                && get(notification, "type").as_string().as_deref() == Some("live")
            {
                rows.apply(notification);
                if let Some(tab) = tab.upgrade() {
                    tab.took(subscription);
                }
            }
        }));
        let tab = self.tab.clone();
        future_to_promise(async move {
            if let Err(error) = JsFuture::from(ask(&tab, &request, Ok)).await {
                tab.unlisten(listener);
                return Err(error);
            }
            Ok(callable(move || {
                tab.unlisten(listener);
                let request = request_of("unsubscribe");
                set(&request, "subscription", subscription);
                // Fails only when the database is closed, and the subscription with it.
                let _ = ask(&tab, &request, Ok);
            }))
        })
    }

    /// The current status.
    pub fn status(&self) -> Promise {
        ask(&self.tab, &request_of("status"), Ok)
    }

    /// Calls back whenever the status changes; returns the unsubscriber.
    #[wasm_bindgen(js_name = onStatus)]
    pub fn on_status(&self, callback: Function) -> JsValue {
        self.on("status", callback)
    }

    /// Calls back for `"accepted"`, `"confirmed"` and `"rejected"` with the transaction, for `"status"` with the
    /// status, for `"recovered"` with what was saved of a broken file; returns the unsubscriber.
    pub fn on(&self, event: &str, callback: Function) -> JsValue {
        let event = event.to_owned();
        let listener = self.tab.listen(Box::new(move |message| {
            if get(message, "type").as_string().as_ref() == Some(&event) {
                let about = match event.as_str() {
                    "status" => "status",
                    "recovered" => "recovery",
                    _ => "transaction",
                };
                report_throw(callback.call1(&JsValue::UNDEFINED, &get(message, about)));
            }
        }));
        let tab = self.tab.clone();
        callable(move || tab.unlisten(listener))
    }

    /// Transactions that are not yet confirmed, oldest first.
    pub fn pending(&self) -> Promise {
        ask(&self.tab, &request_of("pending"), Ok)
    }

    /// Rejected transactions that the app has not dealt with, oldest first.
    pub fn rejected(&self) -> Promise {
        ask(&self.tab, &request_of("rejected"), Ok)
    }

    /// Recomputes every shadow row and checks the file.
    pub fn verify(&self) -> Promise {
        ask(&self.tab, &request_of("verify"), Ok)
    }

    /// Lets sync run again.
    pub fn connect(&self) -> Promise {
        ask(&self.tab, &request_of("connect"), Ok)
    }

    /// Stops all network traffic.
    pub fn disconnect(&self) -> Promise {
        ask(&self.tab, &request_of("disconnect"), Ok)
    }

    /// Deletes everything local, pending writes included, and closes.
    pub fn wipe(&self) -> Promise {
        ask(&self.tab, &request_of("wipe"), Ok)
    }

    /// Closes the database and lets go of its file.
    pub fn close(&self) -> Promise {
        ask(&self.tab, &request_of("close"), Ok)
    }
}

impl Database {
    /// A request of this worker's own.
    pub(super) fn plain(&self, request: &Object) -> Promise {
        ask(&self.tab, request, Ok)
    }
}

/// What the function of `Database.transaction` gets.
#[wasm_bindgen(skip_typescript)]
pub struct Transaction {
    tab: Rc<Tab>,
    id: JsValue,
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transaction")
    }
}

#[wasm_bindgen]
impl Transaction {
    /// As `Database.query`, within the transaction.
    pub fn query(&self, sql: &str, params: &JsValue) -> Promise {
        self.ask("query", sql, params, rows_to_objects)
    }

    /// As `Database.execute`, within the transaction.
    pub fn execute(&self, sql: &str, params: &JsValue) -> Promise {
        self.ask("execute", sql, params, executed_to_objects)
    }
}

impl Transaction {
    fn ask(&self, kind: &str, sql: &str, params: &JsValue, render: Render) -> Promise {
        let request = statement(kind, sql, params);
        set(&request, "transaction", &self.id);
        ask(&self.tab, &request, render)
    }
}

/// A function that the app may call as often as it likes.
fn callable(work: impl Fn() + 'static) -> JsValue {
    Closure::<dyn Fn()>::new(work).into_js_value()
}

fn ask(tab: &Rc<Tab>, request: &Object, render: Render) -> Promise {
    let ask = Ask {
        request: request.into(),
        done: 0,
        timeout_ms: None,
    };
    tab.request(ask, None, render)
}

fn statement(kind: &str, sql: &str, params: &JsValue) -> Object {
    let request = of_statement(&sql.into(), params);
    set(&request, "type", kind);
    request
}

fn of_statement(sql: &JsValue, params: &JsValue) -> Object {
    let object = Object::new();
    set(&object, "sql", sql);
    set(&object, "params", params);
    object
}
