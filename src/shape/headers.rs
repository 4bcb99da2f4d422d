//! The response headers that mean something to a shape (protocol section 5).

use std::time::UNIX_EPOCH;

use super::offset::Offset;
use super::protocol::{MAX_GOING_BACK, RETRY_AFTER_CAP_MS, header};
use crate::error::{Error, Result};
use crate::ids::{Cursor, Handle, Millis};

/// The headers of one response; names in any case, an empty value counts as absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResponseHeaders {
    handle: Option<Handle>,
    offset: Option<String>,
    schema: Option<String>,
    cursor: Option<Cursor>,
    up_to_date: bool,
    retry_after: Option<String>,
    content_type: Option<String>,
}

/// What every answer with a log has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogHeaders<'a> {
    /// The log of the body.
    pub handle: &'a Handle,
    /// Where it ends.
    pub offset: Offset,
    /// The columns as JSON, of non-live answers.
    pub schema: Option<&'a str>,
    /// For the next live request, of live answers.
    pub cursor: Option<&'a Cursor>,
}

impl ResponseHeaders {
    /// Keeps what the protocol knows and drops the rest.
    pub fn new<N: AsRef<str>, V: AsRef<str>>(headers: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut known = Self::default();
        for (name, value) in headers {
            let value = value.as_ref().trim();
            let text = (!value.is_empty()).then(|| value.to_owned());
            match name.as_ref().to_ascii_lowercase().as_str() {
                header::HANDLE => known.handle = text.map(Handle),
                header::OFFSET => known.offset = text,
                header::SCHEMA => known.schema = text,
                header::CURSOR => known.cursor = text.map(Cursor),
                header::UP_TO_DATE => known.up_to_date = true,
                header::RETRY_AFTER => known.retry_after = text,
                header::CONTENT_TYPE => known.content_type = text,
                _ => {}
            }
        }
        known
    }

    /// The headers an answer with a log must have. [`Error::Protocol`] names the one that is missing or unreadable.
    ///
    /// Trying again cannot help: the server always sends them, so something between hides them.
    pub fn of_log(&self, live: bool) -> Result<LogHeaders<'_>> {
        let offset = self
            .offset
            .as_deref()
            .ok_or_else(|| missing(header::OFFSET))?;
        let handle = self
            .handle
            .as_ref()
            .ok_or_else(|| missing(header::HANDLE))?;
        for (name, text) in [
            (header::HANDLE, Some(&handle.0)),
            (header::CURSOR, self.cursor.as_ref().map(|cursor| &cursor.0)),
        ] {
            if text.is_some_and(|text| !may_go_back(text)) {
                return Err(Error::Protocol(format!(
                    "the {name} header is longer than a URL can carry back"
                )));
            }
        }
        if live && self.cursor.is_none() {
            return Err(missing(header::CURSOR));
        }
        if !live && self.schema.is_none() {
            return Err(missing(header::SCHEMA));
        }
        let offset = match offset.parse()? {
            Offset::BeforeAll => {
                return Err(Error::Protocol(format!(
                    "{} {offset} is a place to begin at, not to end at",
                    header::OFFSET
                )));
            }
            at @ Offset::At(..) => at,
        };
        Ok(LogHeaders {
            handle,
            offset,
            schema: self.schema.as_deref().filter(|_| !live),
            cursor: self.cursor.as_ref(),
        })
    }

    /// `electric-handle`: on a 409 the log to read instead, if the server already knows it.
    pub fn handle(&self) -> Option<&Handle> {
        self.handle.as_ref().filter(|handle| may_go_back(&handle.0))
    }

    /// `electric-cursor`.
    pub fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref().filter(|cursor| may_go_back(&cursor.0))
    }

    /// Whether the body will end at the head. The message that says so is what counts; this only comes earlier.
    pub fn up_to_date(&self) -> bool {
        self.up_to_date
    }

    /// Whether the content type is HTML: a login page, a captive portal, a file server's index page.
    pub fn is_html(&self) -> bool {
        self.content_type
            .as_deref()
            .is_some_and(|t| t.to_ascii_lowercase().starts_with("text/html"))
    }

    /// Milliseconds the server wants us to wait, from seconds or an HTTP date; at most an hour.
    pub fn retry_after_ms(&self, now: Millis) -> Option<u64> {
        let text = self.retry_after.as_deref()?;
        let wait = match text.parse::<u64>() {
            Ok(seconds) => seconds.saturating_mul(1_000),
            Err(_) => {
                let date = httpdate::parse_http_date(text).ok()?;
                let since_epoch = date.duration_since(UNIX_EPOCH).ok()?.as_millis();
                let now = u128::try_from(now.0).ok()?;
                u64::try_from(since_epoch.saturating_sub(now)).unwrap_or(u64::MAX)
            }
        };
        Some(wait.min(RETRY_AFTER_CAP_MS))
    }
}

/// What names a log or a moment goes into the URL of each request, and is kept. A server's own has some thirty characters.
fn may_go_back(text: &str) -> bool {
    text.len() <= MAX_GOING_BACK
}

fn missing(name: &str) -> Error {
    Error::Protocol(format!(
        "the response has no {name} header; the server always sends it, so almost surely a proxy drops it or CORS hides \
         it (access-control-expose-headers)"
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const COMPLETE: [(&str, &str); 5] = [
        ("Electric-Handle", "1-2"),
        ("ELECTRIC-OFFSET", "0_inf"),
        ("electric-schema", "{}"),
        ("electric-cursor", "7"),
        ("electric-up-to-date", ""),
    ];

    #[test]
    fn names_are_read_in_any_case_and_presence_alone_means_up_to_date() {
        let headers = ResponseHeaders::new(COMPLETE);
        let log = headers.of_log(false).unwrap();
        assert_eq!(log.handle, &Handle::from("1-2"));
        assert_eq!(log.offset.to_string(), "0_inf");
        assert_eq!(log.schema, Some("{}"));
        assert!(headers.up_to_date());
        assert!(!ResponseHeaders::new([("x", "y")]).up_to_date());
    }

    #[test]
    fn a_missing_header_is_named_and_blamed_on_the_proxy() {
        let cases = [
            (header::HANDLE, true, true),
            (header::OFFSET, true, true),
            (header::SCHEMA, true, false),
            (header::CURSOR, false, true),
        ];
        for (name, on_catch_up, on_live) in cases {
            let headers = ResponseHeaders::new(
                COMPLETE
                    .into_iter()
                    .filter(|(n, _)| !n.eq_ignore_ascii_case(name)),
            );
            for (live, required) in [(false, on_catch_up), (true, on_live)] {
                match headers.of_log(live) {
                    Err(error) => {
                        assert!(required && error.to_string().contains(name), "{error}");
                        assert!(error.to_string().contains("proxy") && !error.retryable());
                    }
                    Ok(_) => assert!(!required, "{name}"),
                }
            }
        }
    }

    #[test]
    fn what_goes_back_has_an_end() {
        for name in [header::HANDLE, header::CURSOR] {
            for (length, fits) in [(MAX_GOING_BACK, true), (MAX_GOING_BACK + 1, false)] {
                let long = "h".repeat(length);
                let others = COMPLETE.into_iter();
                let others = others.filter(|(other, _)| !other.eq_ignore_ascii_case(name));
                let headers = ResponseHeaders::new(others.chain([(name, &long[..])]));
                assert_eq!(headers.of_log(true).is_ok(), fits, "{name} of {length}");
                let kept = headers.handle().is_some() && headers.cursor().is_some();
                assert_eq!(kept, fits, "{name} of {length}");
            }
        }
    }

    #[test]
    fn a_page_is_known_by_its_type() {
        let is_html = |kind| ResponseHeaders::new([("Content-Type", kind)]).is_html();
        assert!(is_html("Text/HTML; charset=utf-8"));
        assert!(!is_html("application/json"));
        assert!(!ResponseHeaders::new([("x", "y")]).is_html());
    }

    #[test]
    fn an_offset_that_is_no_position_is_an_error() {
        for offset in ["x", "now", "-1"] {
            let headers = ResponseHeaders::new([
                ("electric-handle", "1"),
                ("electric-offset", offset),
                ("electric-schema", "{}"),
            ]);
            assert_eq!(headers.of_log(false).unwrap_err().code(), "PROTOCOL");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_at_most_an_hour() {
        let now = Millis(1_795_342_140_000); // Sun, 22 Nov 2026 10:09:00 GMT
        let wait = |text| ResponseHeaders::new([("Retry-After", text)]).retry_after_ms(now);
        assert_eq!(wait("7"), Some(7_000));
        assert_eq!(wait("Sun, 22 Nov 2026 10:09:30 GMT"), Some(30_000));
        assert_eq!(wait("Sun, 22 Nov 2026 10:08:00 GMT"), Some(0));
        assert_eq!(
            wait("Sun, 22 Nov 2099 10:08:00 GMT"),
            Some(RETRY_AFTER_CAP_MS)
        );
        assert_eq!(wait("99999999999999999999"), None);
        assert_eq!(wait("999999999999"), Some(RETRY_AFTER_CAP_MS));
        assert_eq!(wait("soon"), None);
        assert_eq!(wait("-5"), None);
    }
}
