//! What an answer means, decided from the request, the stored state and the answer alone (protocol sections 6 and 9).

use serde::Deserialize;

use super::interface::{Position, RefetchReason, Stored, UpToDate};
use super::state::Flight;
use crate::error::Error;
use crate::ids::{Cursor, Handle, Millis};
use crate::shape::headers::{LogHeaders, ResponseHeaders};
use crate::shape::message::{self, Control, Message};
use crate::shape::protocol::{OUT_OF_BOUNDS, param};

/// A piece of the log asked for.
pub(super) struct LogPart<'a> {
    pub(super) messages: Vec<Message<'a>>,
    pub(super) body: &'a str,
    pub(super) position: Position,
    pub(super) schema: Option<&'a str>,
    pub(super) cursor: Option<Cursor>,
    pub(super) up_to_date: Option<UpToDate>,
}

/// Every other answer.
pub(super) enum Trouble {
    /// Only a cache can have said that: ask again past it.
    Stale { reason: String, cure: Cure },
    /// The log has ended.
    Ended {
        reason: RefetchReason,
        expired: Option<Handle>,
        suggested: Option<Handle>,
    },
    /// Not now.
    Retry {
        error: Error,
        floor_ms: Option<u64>,
        past_cache: bool,
    },
    /// Not like this.
    Fail(Error),
}

/// What to do when a cache goes on answering.
pub(super) enum Cure {
    /// Perhaps the handle lives after all: forget that it expired, once.
    Forgive(Handle),
    /// Perhaps the log did end.
    Refetch(Handle),
    /// Nothing.
    Fail,
}

/// The four parts of an answer and the moment it came.
pub(crate) struct Received<'a> {
    pub(crate) now: Millis,
    pub(crate) status: u16,
    pub(crate) headers: &'a ResponseHeaders,
    pub(crate) body: &'a str,
}

/// Reads an answer.
pub(super) fn read<'a>(
    sent: &Flight,
    stored: &Stored,
    got: &Received<'a>,
) -> Result<LogPart<'a>, Trouble> {
    Err(match got.status {
        200 => return log(sent, stored, got),
        204 => return at_head(sent, stored, got),
        304 => Trouble::Retry {
            error: Error::Protocol("304 to a request that was not conditional".into()),
            floor_ms: None,
            past_cache: true,
        },
        400 => bad_request(sent, got),
        401 | 403 => Trouble::Fail(Error::Auth(sentence(got))),
        408 | 425 | 429 | 500..=599 => Trouble::Retry {
            error: Error::Network(sentence(got)),
            floor_ms: got.headers.retry_after_ms(got.now),
            past_cache: false,
        },
        409 => conflict(sent, stored, got),
        0 | 300..=399 => Trouble::Fail(Error::Endpoint(
            "the shape URL redirects; name its destination".into(),
        )),
        414 => Trouble::Fail(Error::Endpoint(format!(
            "{}; the URL is too long: shorten where or columns",
            sentence(got)
        ))),
        _ => Trouble::Fail(Error::Endpoint(sentence(got))),
    })
}

/// Whether the chunk after this answer can be asked for before its body is in, and where.
pub(super) fn next_chunk(
    sent: &Flight,
    stored: &Stored,
    headers: &ResponseHeaders,
) -> Option<Position> {
    if sent.live || headers.up_to_date() || headers.is_html() {
        return None;
    }
    let log = headers.of_log(sent.live).ok()?;
    continues(sent, stored, &log).is_ok().then(|| Position {
        handle: log.handle.clone(),
        offset: log.offset,
    })
}

fn log<'a>(sent: &Flight, stored: &Stored, got: &Received<'a>) -> Result<LogPart<'a>, Trouble> {
    if is_html(got) {
        return Err(Trouble::Fail(Error::Endpoint(sentence(got))));
    }
    let headers = got.headers.of_log(sent.live).map_err(Trouble::Fail)?;
    continues(sent, stored, &headers)?;
    if got.body.starts_with('[') && !got.body.trim_end().ends_with(']') {
        return Err(Trouble::Retry {
            error: Error::Network("the response was cut off".into()),
            floor_ms: None,
            past_cache: false,
        });
    }
    let messages = message::parse(got.body).map_err(Trouble::Fail)?;
    if messages.contains(&Message::Control(Control::MustRefetch)) {
        return Err(conflict(sent, stored, got));
    }
    let up_to_date = match messages.last() {
        Some(Message::Control(Control::UpToDate {
            global_last_seen_lsn,
        })) => Some(UpToDate {
            global_last_seen_lsn: *global_last_seen_lsn,
        }),
        _ => None,
    };
    Ok(LogPart {
        messages,
        body: got.body,
        position: Position {
            handle: headers.handle.clone(),
            offset: headers.offset,
        },
        schema: headers.schema,
        cursor: headers.cursor.cloned(),
        up_to_date,
    })
}

/// An old server's way to say that nothing is new. Its headers may be missing, so nothing is taken from them but the cursor.
fn at_head<'a>(sent: &Flight, stored: &Stored, got: &Received<'a>) -> Result<LogPart<'a>, Trouble> {
    let Some(position) = &sent.position else {
        return Err(Trouble::Fail(Error::Protocol(
            "204 to a request for the start of a log".into(),
        )));
    };
    if let Some(handle) = got.headers.handle() {
        let headers = LogHeaders {
            handle,
            offset: position.offset,
            schema: None,
            cursor: None,
        };
        continues(sent, stored, &headers)?;
    }
    Ok(LogPart {
        messages: Vec::new(),
        body: "[]",
        position: position.clone(),
        schema: None,
        cursor: got.headers.cursor().cloned(),
        up_to_date: Some(UpToDate {
            global_last_seen_lsn: None,
        }),
    })
}

/// Whether the answer belongs behind what is stored.
fn continues(sent: &Flight, stored: &Stored, headers: &LogHeaders<'_>) -> Result<(), Trouble> {
    let handle = headers.handle;
    if stored.expired.contains(handle) {
        return Err(Trouble::Stale {
            reason: format!("a cache answered with the ended log {handle}"),
            cure: Cure::Forgive(handle.clone()),
        });
    }
    match &sent.position {
        Some(position) if position.handle != *handle => Err(Trouble::Ended {
            reason: RefetchReason::HandleChanged,
            expired: Some(position.handle.clone()),
            suggested: Some(handle.clone()),
        }),
        Some(position) if headers.offset < position.offset => Err(Trouble::Stale {
            reason: format!(
                "the answer ends at {}, before {} where it should begin",
                headers.offset, position.offset
            ),
            cure: Cure::Fail,
        }),
        Some(_) | None => Ok(()),
    }
}

fn conflict(sent: &Flight, stored: &Stored, got: &Received<'_>) -> Trouble {
    let named = got.headers.handle();
    let suggested = named.filter(|handle| !stored.expired.contains(handle));
    match &sent.position {
        Some(position) if named == Some(&position.handle) => Trouble::Stale {
            reason: format!(
                "a 409 ends the log {} and names it as the new one",
                position.handle
            ),
            cure: Cure::Refetch(position.handle.clone()),
        },
        position => Trouble::Ended {
            reason: RefetchReason::MustRefetch,
            expired: position.as_ref().map(|position| position.handle.clone()),
            suggested: suggested.cloned(),
        },
    }
}

fn bad_request(sent: &Flight, got: &Received<'_>) -> Trouble {
    if is_html(got) {
        return Trouble::Fail(Error::Endpoint(sentence(got)));
    }
    let out_of_bounds = |fault: &Fault| {
        let of_offset = fault.errors.get(param::OFFSET).and_then(|v| v.as_array());
        of_offset.is_some_and(|list| list.iter().any(|v| v.as_str() == Some(OUT_OF_BOUNDS)))
    };
    match crate::json::from_str::<Fault>(got.body) {
        Ok(fault) if sent.position.is_some() && out_of_bounds(&fault) => Trouble::Ended {
            reason: RefetchReason::OutOfBounds,
            // The server still has this log, only shorter: reading it again is right.
            expired: None,
            suggested: None,
        },
        _ => Trouble::Fail(Error::ShapeRejected(sentence(got))),
    }
}

/// The JSON of Electric's errors.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Fault {
    message: Option<String>,
    error: Option<String>,
    errors: serde_json::Map<String, serde_json::Value>,
}

fn is_html(got: &Received<'_>) -> bool {
    got.headers.is_html() || got.body.trim_start().starts_with('<')
}

/// Status and the server's own words, for a human.
pub(crate) fn sentence(got: &Received<'_>) -> String {
    let status = got.status;
    if is_html(got) {
        return format!("{status} with HTML: a login page, a captive portal or a proxy answered");
    }
    let words = match crate::json::from_str::<Fault>(got.body) {
        Ok(fault) if !fault.errors.is_empty() => {
            let of_field = |(field, reasons): (&String, &serde_json::Value)| match reasons {
                serde_json::Value::Array(list) => {
                    let list: Vec<_> = list.iter().map(text_of).collect();
                    format!("{field}: {}", list.join(", "))
                }
                other => format!("{field}: {}", text_of(other)),
            };
            let fields: Vec<_> = fault.errors.iter().map(of_field).collect();
            fields.join("; ")
        }
        Ok(fault) => fault.message.or(fault.error).unwrap_or_default(),
        Err(_) => got.body.trim().chars().take(200).collect(),
    };
    if words.is_empty() {
        status.to_string()
    } else {
        format!("{status}, {words}")
    }
}

fn text_of(value: &serde_json::Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
