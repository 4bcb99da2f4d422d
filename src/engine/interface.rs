//! What the shell tells the engine and what the engine asks of it.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorReport, Result};
use crate::ids::{FetchId, Millis, RequestId, SubscriptionId, TabNumber, TimerId};
use crate::shape::definition::with_asked_params;
use crate::store::Salvage;
use crate::tabs::{Notification, Reply, Request};

pub use crate::store::requests::RequestKey;

/// Who asks, and under which number the answer goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Chosen by the shell.
    pub id: RequestId,
    /// Where it comes from.
    pub tab: TabNumber,
    /// What a repeated request is known by; without one nobody repeats it.
    pub key: Option<RequestKey>,
    /// Interrupts the statement after so long.
    pub timeout_ms: Option<u32>,
}

impl From<RequestId> for Asked {
    /// Of the tab that the database lives in, asked once.
    fn from(id: RequestId) -> Self {
        Self {
            id,
            tab: TabNumber::default(),
            key: None,
            timeout_ms: None,
        }
    }
}

/// What happened outside.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Event {
    /// The app asks for something; [`Effect::Reply`] answers under the same id.
    Request(Asked, Request),
    /// Nobody waits for the answer any more: what was not begun shall not happen.
    Cancel(RequestId),
    /// A tab has dealt with one result of a live query.
    Took(TabNumber, SubscriptionId),
    /// A tab is gone: its open transaction, its live queries and what it waits for go with it.
    TabGone(TabNumber),
    /// The headers of an answer from a shape are in, its body is not. Optional: it lets the next chunk load meanwhile.
    Headers {
        /// Which one.
        fetch: FetchId,
        /// As in [`Answer::status`].
        status: u16,
        /// As in [`Answer::headers`].
        headers: Vec<(String, String)>,
    },
    /// The answer to [`Effect::Fetch`] is complete.
    Answered {
        /// Which one.
        fetch: FetchId,
        /// What came.
        answer: Answer,
    },
    /// A fetch ended without an answer.
    Failed {
        /// Which one.
        fetch: FetchId,
        /// Why.
        failure: Failure,
    },
    /// The timer of [`Effect::SetTimer`] is due.
    Timer(TimerId),
    /// The answer to [`Effect::MeasureStorage`]; may come unasked.
    Storage(StorageFacts),
    /// The computer woke, or the network or the page is back.
    Wake,
}

/// What the browser says of the storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageFacts {
    /// `navigator.storage.persisted()`, where there is one.
    pub persisted: Option<bool>,
    /// `navigator.storage.estimate()`, in bytes.
    pub quota: Option<u64>,
    /// As above.
    pub usage: Option<u64>,
    /// Whether the database's files are still there. They can be deleted under an open database, by the user or the browser.
    pub present: bool,
}

/// A complete HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// 0 for a redirect, which is not followed.
    pub status: u16,
    /// Names in any case.
    pub headers: Vec<(String, String)>,
    /// Decoded text.
    pub body: String,
}

/// The longest body that is read, in bytes: the memory of a worker ends, a body need not. A chunk of a shape's log has some 10 MB.
pub const MAX_BODY_BYTES: usize = 128 << 20;

impl Failure {
    /// What is wrong with an answer that is too large.
    pub(super) fn too_large() -> Error {
        let megabytes = MAX_BODY_BYTES >> 20;
        Error::Protocol(format!("the answer has more than {megabytes} MB"))
    }
}

/// Why a fetch has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// No connection, or it broke.
    Network(String),
    /// Nothing arrived for the fetch's `timeout_ms`.
    Timeout,
    /// Its body went on beyond [`MAX_BODY_BYTES`].
    TooLarge,
    /// Cancelled by someone else.
    Aborted,
    /// It was not sent, because the app's headers or params for it could not be had.
    Unsent(#[serde(with = "as_report")] Error),
}

/// What the shell is to do, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Answer a request.
    Reply(RequestId, Result<Reply, Error>),
    /// Tell the app, in every tab.
    Notify(Notification),
    /// Tell the app in one tab.
    Tell(TabNumber, Notification),
    /// Send an HTTP request with `cache: "no-store"` and without following redirects.
    Fetch(Fetch),
    /// Cancel it; whatever it still reports is ignored.
    Abort(FetchId),
    /// Report [`Event::Timer`] then; replaces the timer of the same id.
    SetTimer(TimerId, Millis),
    /// Report [`Event::Storage`].
    MeasureStorage,
    /// Ask for `navigator.storage.persist()`, which a window has to do; then report [`Event::Storage`].
    Persist,
    /// The file [`super::files::EXPORT`] beside the database is a copy of it: answer the request with its bytes
    /// ([`Reply::Bytes`]) and delete it.
    Export(RequestId),
    /// Write the bytes to [`super::files::IMPORT`] beside the database, open a connection to it and call [`super::Engine::imported`]; then delete
    /// it.
    Import(RequestId, Vec<u8>),
    /// Delete this file beside the database, if there is one.
    Remove(&'static str),
    /// Drop this engine and start another one ([`super::Engine::open_at`]), as a new term: nothing that was asked of this one and is
    /// not answered yet will be.
    Restart(Successor),
    /// The connection can be dropped; the file is closed with it.
    Close,
    /// Drop the connection and delete the file.
    Delete,
}

/// The engine that comes after this one.
#[derive(Debug, Clone, PartialEq)]
pub struct Successor {
    /// The file is broken, or gone, and this was read of it: for the next file ([`super::files`]). None: the same file.
    pub salvage: Option<Salvage>,
    /// Whether it goes to work at once, as this one did ([`super::Config::connect`]).
    pub connect: bool,
    /// Whether it records what it hears and says ([`super::Config::record`]).
    pub record: bool,
}

/// One HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Comes back with the answer.
    pub id: FetchId,
    /// Whose headers and params the shell adds.
    pub endpoint: Endpoint,
    /// Complete.
    pub url: String,
    /// The JSON body of a POST; without one it is a GET. Electric takes it as text/plain: another content type would make
    /// browsers ask for permission that it does not give (trap 37).
    pub body: Option<String>,
    /// Give up when nothing arrives for so long.
    pub timeout_ms: u64,
}

impl Fetch {
    /// Adds what the app's functions say for this request alone.
    ///
    /// # Errors
    /// [`Error::Argument`] for a parameter that is part of what the shape is.
    pub fn add_params(&mut self, asked: Vec<(String, String)>) -> Result<()> {
        if !asked.is_empty() {
            self.url = with_asked_params(&self.url, asked)?;
        }
        Ok(())
    }
}

/// Which of the app's two servers a request goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// The shape URL.
    Electric,
    /// The write URL.
    Write,
}

/// An error of the app's functions, which is one of two.
mod as_report {
    use serde::{Deserializer, Serializer};

    use super::{Deserialize, Error, ErrorReport, Serialize};

    pub(super) fn serialize<S: Serializer>(error: &Error, to: S) -> Result<S::Ok, S::Error> {
        error.report().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Error, D::Error> {
        let report = ErrorReport::deserialize(from)?;
        let reason = report.message.strip_prefix("network: ");
        Ok(match reason {
            Some(reason) => Error::Network(reason.into()),
            None => Error::Argument(report.message),
        })
    }
}
