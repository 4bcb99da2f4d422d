//! The `Database` class that the crate exports: the API of the package, inside a worker of the app's own.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Array, Function, JSON, Object, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::convert::{
    append_objects, error_to_js, get, meta_from_js, notification_to_js, reply_to_js,
    request_from_js, set, statement_of,
};
use super::driver::{Driver, report_throw};
use super::live::LiveRows;
use crate::engine::{Config, Event};
use crate::error::{Error, Result};
use crate::ids::{SubscriptionId, TransactionId};
use crate::tabs::{Notification, Reply, Request};

type JsResult<T> = std::result::Result<T, JsValue>;

/// An open database. Every method that asks returns a promise; errors are `Error` objects with `code` and
/// `retryable`.
#[wasm_bindgen(skip_typescript)]
pub struct Database {
    driver: Rc<Driver>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Database")
    }
}

/// Subscriptions made here count down, those of a page up.
const OWN_SUBSCRIPTIONS: u32 = 1 << 31;

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
            Driver::open(Config::parse(&json)?, &options).await
        };
        match opened.await {
            Ok(driver) => Ok(Self { driver }),
            Err(error) => Err(error_to_js(&error)),
        }
    }

    /// The one entry behind all methods: a request as a plain object, its reply as one.
    pub fn request(&self, request: &JsValue) -> Promise {
        match request_from_js(request) {
            Ok(request) => self.driver.request(request, reply_to_js),
            Err(error) => Promise::reject(&error_to_js(&error)),
        }
    }

    /// Hears everything the database tells unasked; for a page on the other side of the worker.
    #[wasm_bindgen(js_name = onNotification)]
    pub fn on_notification(&self, callback: Function) {
        self.driver.on_notification(callback);
    }

    /// The page is visible again, back from a cache, or online: look at the server now.
    pub fn wake(&self) {
        self.driver.send(Event::Wake);
    }

    /// Rows of a reading statement, as objects.
    pub fn query(&self, sql: String, params: &JsValue) -> Promise {
        self.ask(query_of(sql, params, None), rows_to_objects)
    }

    /// Runs a statement that may write; durable when the promise resolves.
    pub fn execute(&self, sql: String, params: &JsValue) -> Promise {
        self.ask(execute_of(sql, params, None), executed_to_js)
    }

    /// Runs `[sql, params]` pairs in one local transaction, all or none.
    pub fn batch(&self, statements: &Array, options: &JsValue) -> Promise {
        let statements = statements
            .iter()
            .map(|one| {
                let pair: Array = one.dyn_into().map_err(|_| {
                    Error::Argument("batch takes an array of [sql, params] pairs".into())
                })?;
                let sql = pair.get(0).as_string().ok_or_else(|| {
                    Error::Argument("batch takes an array of [sql, params] pairs".into())
                })?;
                statement_of(sql, &pair.get(1))
            })
            .collect::<Result<_>>();
        let request = statements.and_then(|statements| {
            Ok(Request::Batch {
                statements,
                meta: meta_from_js(&get(options, "meta"))?,
            })
        });
        self.ask(request, batch_to_js)
    }

    /// Runs an async function in one local transaction: commits when it resolves, rolls back when it throws.
    pub fn transaction(&self, work: Function, options: &JsValue) -> Promise {
        let begin = meta_from_js(&get(options, "meta")).map(|meta| Request::Begin { meta });
        let driver = self.driver.clone();
        future_to_promise(async move {
            let begin = begin.map_err(|error| error_to_js(&error))?;
            let begun = JsFuture::from(driver.request(begin, reply_to_js)).await?;
            let number = get(&begun, "transaction").as_f64().unwrap_or_default();
            let id = TransactionId(number as i64);
            let tx = JsValue::from(Transaction {
                driver: driver.clone(),
                id,
            });
            let outcome = match work.call1(&JsValue::UNDEFINED, &tx) {
                Ok(returned) => JsFuture::from(Promise::resolve(&returned)).await,
                Err(thrown) => Err(thrown),
            };
            match outcome {
                Ok(value) => {
                    JsFuture::from(driver.request(Request::Commit(id), reply_to_js)).await?;
                    Ok(value)
                }
                Err(thrown) => {
                    // The app's own error matters more than a roll-back that came too late.
                    let _ =
                        JsFuture::from(driver.request(Request::Rollback(id), reply_to_js)).await;
                    Err(thrown)
                }
            }
        })
    }

    /// Calls back with `{ rows, changes }` now and whenever the result changes; resolves to the unsubscriber.
    pub fn live(
        &self,
        sql: String,
        params: &JsValue,
        options: &JsValue,
        callback: Function,
    ) -> Promise {
        let statement = match statement_of(sql, params) {
            Ok(statement) => statement,
            Err(error) => return Promise::reject(&error_to_js(&error)),
        };
        let key = get(options, "key");
        let key = match key.as_string() {
            Some(one) => vec![one],
            None => Array::from(&key)
                .iter()
                .filter_map(|name| name.as_string())
                .collect(),
        };
        let rows = LiveRows::new(callback);
        let number = Rc::new(Cell::new(None));
        let wanted = number.clone();
        let listener = self.driver.listen(Box::new(move |notification| {
            if let Notification::Live { subscription, diff } = notification
                && wanted.get() == Some(*subscription)
            {
                rows.apply(diff);
            }
        }));
        let subscription = SubscriptionId(OWN_SUBSCRIPTIONS | listener);
        number.set(Some(subscription));
        let driver = self.driver.clone();
        let request = Request::Live {
            subscription,
            statement,
            key,
        };
        future_to_promise(async move {
            if let Err(error) = JsFuture::from(driver.request(request, reply_to_js)).await {
                driver.unlisten(listener);
                return Err(error);
            }
            Ok(callable(move || {
                driver.unlisten(listener);
                let _ = driver.request(Request::Unsubscribe(subscription), reply_to_js);
            }))
        })
    }

    /// The current status.
    pub fn status(&self) -> Promise {
        self.driver.request(Request::Status, reply_to_js)
    }

    /// Calls back whenever the status changes; returns the unsubscriber.
    #[wasm_bindgen(js_name = onStatus)]
    pub fn on_status(&self, callback: Function) -> JsValue {
        self.on("status", callback)
    }

    /// Calls back for `"accepted"`, `"confirmed"` and `"rejected"` with the transaction, for `"status"` with the
    /// status; returns the unsubscriber.
    pub fn on(&self, event: &str, callback: Function) -> JsValue {
        let event = event.to_owned();
        let listener = self.driver.listen(Box::new(move |notification| {
            if let Ok(message) = notification_to_js(notification.clone())
                && get(&message, "type").as_string().as_ref() == Some(&event)
            {
                let about = if event == "status" {
                    "status"
                } else {
                    "transaction"
                };
                report_throw(callback.call1(&JsValue::UNDEFINED, &get(&message, about)));
            }
        }));
        let driver = self.driver.clone();
        callable(move || driver.unlisten(listener))
    }

    /// Transactions that are not yet confirmed, oldest first.
    pub fn pending(&self) -> Promise {
        self.driver.request(Request::Pending, reply_to_js)
    }

    /// Rejected transactions that the app has not dealt with, oldest first.
    pub fn rejected(&self) -> Promise {
        self.driver.request(Request::Rejected, reply_to_js)
    }

    /// Recomputes every shadow row and checks the file.
    pub fn verify(&self) -> Promise {
        self.driver.request(Request::Verify, reply_to_js)
    }

    /// Lets sync run again.
    pub fn connect(&self) -> Promise {
        self.driver.request(Request::Connect, reply_to_js)
    }

    /// Stops all network traffic.
    pub fn disconnect(&self) -> Promise {
        self.driver.request(Request::Disconnect, reply_to_js)
    }

    /// Deletes everything local, pending writes included, and closes.
    pub fn wipe(&self) -> Promise {
        self.driver.request(Request::Wipe, reply_to_js)
    }

    /// Closes the database and lets go of its file.
    pub fn close(&self) -> Promise {
        self.driver.request(Request::Close, reply_to_js)
    }
}

impl Database {
    fn ask(&self, request: Result<Request>, render: fn(Reply) -> Result<JsValue>) -> Promise {
        ask(&self.driver, request, render)
    }
}

/// What the function of `Database.transaction` gets.
#[wasm_bindgen(skip_typescript)]
pub struct Transaction {
    driver: Rc<Driver>,
    id: TransactionId,
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transaction({})", self.id)
    }
}

#[wasm_bindgen]
impl Transaction {
    /// As `Database.query`, within the transaction.
    pub fn query(&self, sql: String, params: &JsValue) -> Promise {
        ask(
            &self.driver,
            query_of(sql, params, Some(self.id)),
            rows_to_objects,
        )
    }

    /// As `Database.execute`, within the transaction.
    pub fn execute(&self, sql: String, params: &JsValue) -> Promise {
        ask(
            &self.driver,
            execute_of(sql, params, Some(self.id)),
            executed_to_js,
        )
    }
}

/// A function that the app may call as often as it likes.
fn callable(work: impl Fn() + 'static) -> JsValue {
    Closure::<dyn Fn()>::new(work).into_js_value()
}

fn ask(
    driver: &Rc<Driver>,
    request: Result<Request>,
    render: fn(Reply) -> Result<JsValue>,
) -> Promise {
    match request {
        Ok(request) => driver.request(request, render),
        Err(error) => Promise::reject(&error_to_js(&error)),
    }
}

fn query_of(sql: String, params: &JsValue, transaction: Option<TransactionId>) -> Result<Request> {
    Ok(Request::Query {
        statement: statement_of(sql, params)?,
        transaction,
    })
}

fn execute_of(
    sql: String,
    params: &JsValue,
    transaction: Option<TransactionId>,
) -> Result<Request> {
    Ok(Request::Execute {
        statement: statement_of(sql, params)?,
        transaction,
    })
}

fn rows_to_objects(reply: Reply) -> Result<JsValue> {
    let list = Array::new();
    if let Reply::Rows(rows) = reply {
        append_objects(&list, rows);
    }
    Ok(list.into())
}

fn executed_to_js(reply: Reply) -> Result<JsValue> {
    match reply {
        Reply::Executed(done) => Ok(with_objects(done).into()),
        other => reply_to_js(other),
    }
}

fn batch_to_js(reply: Reply) -> Result<JsValue> {
    match reply {
        Reply::Batch(all) => Ok(all.into_iter().map(with_objects).collect::<Array>().into()),
        other => reply_to_js(other),
    }
}

/// What a statement did, its `RETURNING` rows as objects.
fn with_objects(done: crate::tabs::Executed) -> Object {
    let object = Object::new();
    let rows = Array::new();
    append_objects(&rows, done.rows);
    set(&object, "rowsAffected", done.rows_affected as f64);
    set(
        &object,
        "transaction",
        done.transaction.map_or(JsValue::NULL, Into::into),
    );
    set(&object, "rows", rows);
    object
}
