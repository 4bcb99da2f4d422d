//! The effects: before the service, in its place, or on its answer.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde::Deserialize;

use super::{Reply, Shelf};
use crate::electric::Micros;
use crate::electric::constants::{JSON, MUST_REFETCH_BODY, cache, header, param};

/// A page that a proxy or a captive portal sends instead of an answer.
const LOGIN_PAGE: &str = "<!doctype html><html><head><title>Sign in</title></head><body><form method=post>Sign in</form></body></html>";
/// What the service's own headers begin with.
const ELECTRIC_PREFIX: &str = "electric-";

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// The request arrives so much later.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// The connection breaks after so many bytes of the body.
    Drop {
        /// Bytes that still arrive.
        #[serde(default)]
        bytes: usize,
    },
    /// The body ends after so many bytes, and its length says so: broken JSON with the status it had.
    Truncate {
        /// Bytes that are left.
        bytes: usize,
    },
    /// Something answers with this status.
    Status {
        /// Status code.
        status: u16,
        /// Headers.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// Body.
        #[serde(default)]
        body: String,
        /// Whether the request takes effect and only its answer is lost.
        #[serde(default)]
        after: bool,
    },
    /// Something answers that the request may be repeated later.
    RetryLater {
        /// 429 or a 5xx.
        status: u16,
        /// Seconds from now.
        seconds: u64,
        /// Whether `retry-after` is an HTTP date instead of seconds.
        #[serde(default)]
        date: bool,
    },
    /// A 409, as from a cache or in a storm of them.
    MustRefetch {
        /// Which handle it names.
        #[serde(default)]
        handle: NamedHandle,
    },
    /// A cache answers with the oldest answer it kept of a URL that differs in nothing but some parameters. Without
    /// one the service answers.
    Stale {
        /// Parameters that are no part of the cache's key.
        #[serde(default)]
        ignoring: Vec<String>,
    },
    /// A proxy hides headers.
    HideHeaders {
        /// What their names begin with; all of the service's own by default.
        prefix: Option<String>,
    },
    /// An HTML page with status 200.
    LoginPage,
}

/// The handle in a scripted 409.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedHandle {
    /// None, as when a shape ends during a poll.
    #[default]
    None,
    /// The one that was sent: the 409 itself is stale.
    Sent,
    /// This one.
    Is(String),
}

/// How much of an answer arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// All of it.
    Whole(Reply),
    /// So many bytes of its body; then the connection breaks.
    Broken(Reply, usize),
}

impl Effect {
    /// Milliseconds that the request is late.
    pub fn delay_ms(&self) -> u64 {
        match self {
            Effect::Delay { ms } => *ms,
            _ => 0,
        }
    }

    /// Whether the service sees the request although something else answers it.
    pub fn takes_effect(&self) -> bool {
        matches!(self, Effect::Status { after: true, .. })
    }

    /// The answer that the request gets instead of the service's.
    pub fn in_place(&self, query: &str, now: Micros, shelf: &Shelf) -> Option<Reply> {
        match self {
            Effect::Status {
                status,
                headers,
                body,
                ..
            } => {
                let mut reply = Reply::new(*status, body);
                let headers = headers.iter();
                reply.headers = headers
                    .map(|(name, value)| (name.to_lowercase(), value.clone()))
                    .collect();
                Some(reply)
            }
            Effect::RetryLater {
                status,
                seconds,
                date,
            } => {
                let after = match date {
                    true => http_date(now, *seconds),
                    false => seconds.to_string(),
                };
                Some(Reply::new(*status, "").with(header::RETRY_AFTER, after))
            }
            Effect::MustRefetch { handle } => {
                let handle = match handle {
                    NamedHandle::None => None,
                    NamedHandle::Sent => sent_handle(query),
                    NamedHandle::Is(handle) => Some(handle.clone()),
                };
                let rule = match handle {
                    Some(_) => cache::MUST_REFETCH,
                    None => cache::MUST_REFETCH_NO_HANDLE,
                };
                let mut reply = Reply::new(409, MUST_REFETCH_BODY)
                    .with(header::CONTENT_TYPE, JSON)
                    .with(header::CACHE_CONTROL, rule);
                if let Some(handle) = handle {
                    reply = reply.with(header::HANDLE, handle);
                }
                Some(reply)
            }
            Effect::Stale { ignoring } => shelf.oldest(query, ignoring).cloned(),
            Effect::LoginPage => {
                let page = Reply::new(200, LOGIN_PAGE);
                Some(page.with(header::CONTENT_TYPE, "text/html; charset=utf-8"))
            }
            Effect::Delay { .. }
            | Effect::Drop { .. }
            | Effect::Truncate { .. }
            | Effect::HideHeaders { .. } => None,
        }
    }

    /// What becomes of the service's answer.
    pub fn alter(&self, mut reply: Reply) -> Delivery {
        match self {
            Effect::Drop { bytes } => return Delivery::Broken(reply, *bytes),
            Effect::Truncate { bytes } => {
                let end = reply.body.floor_char_boundary(*bytes);
                reply.body.truncate(end);
            }
            Effect::HideHeaders { prefix } => {
                let prefix = prefix.as_deref().unwrap_or(ELECTRIC_PREFIX);
                reply.headers.retain(|(name, _)| !name.starts_with(prefix));
            }
            _ => {}
        }
        Delivery::Whole(reply)
    }
}

fn sent_handle(query: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let (_, handle) = pairs.find(|(name, _)| name == param::HANDLE)?;
    Some(handle.into_owned())
}

/// As in `Sun, 06 Nov 1994 08:49:37 GMT`. Times beyond the calendar read as its end.
fn http_date(now: Micros, seconds: u64) -> String {
    let micros = now.0.saturating_add(seconds.saturating_mul(1_000_000));
    let moment = i64::try_from(micros)
        .ok()
        .and_then(|micros| Timestamp::from_microsecond(micros).ok())
        .unwrap_or(Timestamp::MAX);
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&moment)
        .unwrap_or_default()
}
