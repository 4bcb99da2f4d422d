//! What a request gets: an answer now, or a wait (protocol sections 8.1 to 8.5).

use super::constants::{OUT_OF_BOUNDS, cache, header, param};
use super::cursor;
use super::database::Electric;
use super::definition::{Definition, Invalid};
use super::message;
use super::offset::{Offset, Position};
use super::request::{Method, Read, ShapeRequest};
use super::response::Response;
use super::shape::{Chunk, Shape};
use super::subset::Subset;
use super::time::Micros;

/// How long a request has been waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitState {
    /// It just arrived.
    Arrived,
    /// It was held, and something was committed since.
    Held,
    /// The time it could be held for is over.
    TimedOut,
}

/// What to do with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Send the response.
    Respond(Response),
    /// Ask again with [`WaitState::Held`] after the next commit or with [`WaitState::TimedOut`] after the given
    /// time from its arrival.
    Hold {
        /// Milliseconds since the request's arrival.
        until_ms: u64,
    },
}

impl Electric {
    /// Decides on a request. `entropy` is a fresh random number; it makes cursors jump and some etags unique.
    ///
    /// A request for a definition that has no shape opens one, see [`Electric::take_opened`].
    pub fn respond(
        &mut self,
        now: Micros,
        entropy: u64,
        request: &ShapeRequest,
        wait: WaitState,
    ) -> Answer {
        match request.method {
            Method::Options => return Answer::Respond(Response::preflight(request)),
            Method::Delete => return Answer::Respond(self.delete(request)),
            Method::Get | Method::Head | Method::Post => {}
        }
        let answer = self.read(now, entropy, request, wait);
        match (request.method, answer) {
            (Method::Head, Ok(Answer::Respond(response)) | Err(response)) => {
                let status = response.status;
                Answer::Respond(response.without_body(status))
            }
            (_, Ok(answer)) => answer,
            (_, Err(response)) => Answer::Respond(response),
        }
    }

    /// Reads the log or a subset; the error is what the request gets instead.
    fn read(
        &mut self,
        now: Micros,
        entropy: u64,
        request: &ShapeRequest,
        wait: WaitState,
    ) -> Result<Answer, Response> {
        let condition = self.condition;
        condition.refuses(request).map_or(Ok(()), Err)?;
        let invalid = |invalid: Invalid| Response::invalid(request, &invalid);
        let read = Read::of(request).map_err(|refused| Response::refused(request, refused))?;
        let definition = Definition::parse(&read.shape, &self.tables).map_err(invalid)?;
        let asked = read.subset.as_ref().zip(self.tables.get(&definition.table));
        let subset = asked.map(|(asked, stored)| {
            Subset::parse(asked, stored.seen(), &definition, &self.tables).map_err(invalid)
        });
        let subset = subset.transpose()?;
        if wait != WaitState::Arrived {
            let mut shapes = self.shapes.iter();
            if !shapes.any(|shape| Some(&shape.handle) == read.handle.as_ref()) {
                return Err(Response::must_refetch(request, None));
            }
        }
        let found = self.find(&definition);
        if found.is_none() || subset.is_some() {
            let failure = condition.refuses_query(request, found.is_none());
            failure.map_or(Ok(()), Err)?;
        }
        let index = match found {
            Some(index) => index,
            None => self.open_for(now, definition, &read),
        };
        let shape = &self.shapes[index];
        let sent = read.handle.as_ref();
        if sent.is_some_and(|handle| *handle != shape.handle) {
            return Err(Response::must_refetch(request, Some(&shape.handle)));
        }
        let turn = Turn {
            electric: self,
            shape,
            request,
            read: &read,
            wait,
            now,
            entropy,
        };
        Ok(match subset {
            Some(subset) => Answer::Respond(turn.subset(&subset)),
            None => turn.decide(),
        })
    }
}

/// One decision about a valid request for a living shape.
pub(crate) struct Turn<'a> {
    pub(crate) electric: &'a Electric,
    pub(crate) shape: &'a Shape,
    pub(crate) request: &'a ShapeRequest,
    pub(crate) read: &'a Read,
    pub(crate) wait: WaitState,
    pub(crate) now: Micros,
    pub(crate) entropy: u64,
}

impl Turn<'_> {
    fn decide(&self) -> Answer {
        let head = self.shape.head();
        let after = match self.read.position {
            Position::Start => return Answer::Respond(self.initial()),
            Position::Now => return Answer::Respond(self.position_only(head)),
            Position::After(offset) => offset,
        };
        let timed_out = self.wait == WaitState::TimedOut;
        let long_poll_ms = self.electric.options.long_poll_ms;
        if after > head {
            return match timed_out {
                true => {
                    let invalid = Invalid::new(param::OFFSET, OUT_OF_BOUNDS);
                    Answer::Respond(Response::invalid(self.request, &invalid))
                }
                false => Answer::Hold {
                    until_ms: long_poll_ms / 2,
                },
            };
        }
        let chunk = self.shape.chunk_after(after);
        let etag = self.etag(chunk.end);
        if self.is_cached(&etag) {
            return Answer::Respond(self.not_modified(chunk.end, etag));
        }
        match self.read.live && chunk.is_empty() {
            true if timed_out => Answer::Respond(self.no_change(chunk.end)),
            true => Answer::Hold {
                until_ms: long_poll_ms,
            },
            false => Answer::Respond(self.part(&chunk, chunk.end == head, etag)),
        }
    }

    /// The first chunk: never up to date, so that it can be cached for long.
    fn initial(&self) -> Response {
        let chunk = self.shape.first_chunk();
        let etag = self.etag(chunk.end);
        match self.is_cached(&etag) {
            true => self.not_modified(chunk.end, etag),
            false => self.part(&chunk, false, etag),
        }
    }

    fn part(&self, chunk: &Chunk, up_to_date: bool, etag: String) -> Response {
        let mut body = self.shape.text(chunk);
        body.insert(0, '[');
        if up_to_date {
            // A live answer with changes knows the shape's own position only (section 7.4).
            let lsn = match self.read.live && chunk.end.lsn > 0 {
                true => chunk.end.lsn,
                false => chunk.end.lsn.max(self.electric.global_last_seen_lsn()),
            };
            if body.len() > 1 {
                body.push(',');
            }
            body.push_str(&message::up_to_date(lsn));
        }
        body.push(']');
        let response = self.ok(body, chunk.end, etag, true);
        match up_to_date {
            true => response.with(header::UP_TO_DATE, ""),
            false => response,
        }
    }

    /// A held poll that timed out.
    fn no_change(&self, end: Offset) -> Response {
        self.only_up_to_date(end, self.electric.global_last_seen_lsn())
    }

    /// `offset=now`.
    fn position_only(&self, head: Offset) -> Response {
        self.only_up_to_date(head, self.electric.global_last_seen_lsn().max(head.lsn))
    }

    fn only_up_to_date(&self, end: Offset, lsn: u64) -> Response {
        let handle = &self.shape.handle;
        let position = self.read.position;
        let etag = format!("\"{handle}:{position}:{end}:-{}\"", self.entropy);
        self.ok(format!("[{}]", message::up_to_date(lsn)), end, etag, false)
            .with(header::UP_TO_DATE, "")
    }

    fn not_modified(&self, end: Offset, etag: String) -> Response {
        let mut response = self.ok(String::new(), end, etag, true).without_body(304);
        response.headers.retain(|(name, _)| *name != header::SCHEMA);
        response
    }

    fn ok(&self, body: String, end: Offset, etag: String, has_data: bool) -> Response {
        let cache_control = match self.read.position {
            _ if self.read.live => cache::LIVE,
            Position::Start => cache::INITIAL,
            _ => cache::CATCH_UP,
        };
        let response = Response::log(self.request, cache_control, body)
            .with(header::ETAG, etag)
            .with(header::HANDLE, self.shape.handle.as_str())
            .with(header::HAS_DATA, has_data.to_string())
            .with(header::OFFSET, end.to_string());
        if self.read.live {
            let interval_ms = self.electric.options.long_poll_ms;
            let next = cursor::next(self.now, interval_ms, self.read.cursor, self.entropy);
            return response.with(header::CURSOR, next.to_string());
        }
        self.with_schema(response)
    }

    pub(crate) fn with_schema(&self, response: Response) -> Response {
        match self.electric.tables.get(&self.shape.definition.table) {
            Some(stored) => {
                let columns = &self.shape.definition.columns;
                response.with(header::SCHEMA, stored.seen().schema_header(columns))
            }
            None => response,
        }
    }

    fn etag(&self, end: Offset) -> String {
        format!("\"{}:{}:{end}\"", self.shape.handle, self.read.position)
    }

    fn is_cached(&self, etag: &str) -> bool {
        let sent = self.request.if_none_match.as_deref().unwrap_or_default();
        let plain = |tag: &str| tag.trim().trim_matches('"').to_owned();
        sent.split(',').any(|tag| plain(tag) == plain(etag))
    }
}
