//! A request to `/v1/shape`: parsing and validation (protocol sections 2 and 3).
//!
//! Deliberately not modelled: server-sent events (`live_sse`), a 400 that says so. Unknown parameters are ignored,
//! `secret` among them: the demo's proxy role has none.

use std::collections::BTreeMap;

use super::constants::param;
use super::definition::{Invalid, ShapeParams};
use super::offset::Position;
use super::post::Refused;
use super::subset::SubsetParams;

/// The HTTP method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// Read.
    #[default]
    Get,
    /// Read, headers only.
    Head,
    /// CORS preflight.
    Options,
    /// Read, with parameters in the body; meant for subsets.
    Post,
    /// Rotation by request, where it is enabled.
    Delete,
}

/// A request as it arrives; nothing is checked yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShapeRequest {
    /// The method.
    pub method: Method,
    /// Decoded query parameters; of equal names the last counts.
    pub query: BTreeMap<String, String>,
    /// `if-none-match`.
    pub if_none_match: Option<String>,
    /// `origin`, echoed for CORS.
    pub origin: Option<String>,
    /// The body of a POST.
    pub body: Option<String>,
    /// Length of the query string, which the service limits.
    pub query_bytes: usize,
}

impl ShapeRequest {
    /// A GET of a URL: whole, or from its path on, or its query alone.
    pub fn get(url: &str) -> Self {
        let query = url.split_once('?').map_or(url, |(_, query)| query);
        let query = query.split('#').next().unwrap_or_default();
        Self {
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            query_bytes: query.len(),
            ..Self::default()
        }
    }

    /// A POST of a body to a URL.
    pub fn post(url: &str, body: &str) -> Self {
        Self {
            method: Method::Post,
            body: Some(body.to_owned()),
            ..Self::get(url)
        }
    }

    /// The same request with another method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// The same request with an `if-none-match` header.
    #[must_use]
    pub fn if_none_match(mut self, etag: &str) -> Self {
        self.if_none_match = Some(etag.to_owned());
        self
    }

    /// Whether it asks to be held until there is news.
    pub fn is_live(&self) -> bool {
        self.flag(param::LIVE)
    }

    /// Anything but the literal `false` counts as true.
    fn flag(&self, name: &str) -> bool {
        self.query.get(name).is_some_and(|value| value != "false")
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.query
            .get(name)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }

    pub(crate) fn shape_params(&self) -> Result<ShapeParams, Invalid> {
        let owned = |name| self.text(name).map(str::to_owned);
        let mut params = BTreeMap::new();
        for (name, value) in &self.query {
            let Some(rest) = name
                .strip_prefix(param::PARAMS)
                .and_then(|rest| rest.strip_prefix('['))
            else {
                continue;
            };
            let number = rest
                .strip_suffix(']')
                .and_then(|number| number.parse::<u32>().ok());
            let number = number.filter(|&number| number > 0);
            let invalid = || Invalid::new(param::PARAMS, "keys must be numbers starting at 1");
            params.insert(number.ok_or_else(invalid)?, value.clone());
        }
        if params
            .keys()
            .zip(1..)
            .any(|(&number, expected)| number != expected)
        {
            return Err(Invalid::new(
                param::PARAMS,
                "numbers must be consecutive, starting at 1",
            ));
        }
        Ok(ShapeParams {
            table: owned(param::TABLE),
            filter: owned(param::WHERE),
            params,
            columns: owned(param::COLUMNS),
            queryable_columns: owned(param::QUERYABLE_COLUMNS),
            replica: owned(param::REPLICA),
            log: owned(param::LOG),
        })
    }
}

/// What a valid request asks for, but for the shape's definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) shape: ShapeParams,
    pub(crate) position: Position,
    /// Dropped at `-1` and `now`, as the service does.
    pub(crate) handle: Option<String>,
    pub(crate) live: bool,
    pub(crate) cursor: Option<u64>,
    /// Asks for a part of the table instead of the log.
    pub(crate) subset: Option<SubsetParams>,
}

impl Read {
    /// Reads query and body.
    pub(crate) fn of(request: &ShapeRequest) -> Result<Self, Refused> {
        let (merged, in_body) = super::post::merged(request)?;
        let mut read = Self::validate(&merged)?;
        read.subset = match in_body {
            Some(subset) => Some(subset),
            None => SubsetParams::of_query(&merged.query)?,
        };
        Ok(read)
    }

    fn validate(request: &ShapeRequest) -> Result<Self, Invalid> {
        let offset = request.text(param::OFFSET);
        let offset = offset.ok_or_else(|| Invalid::new(param::OFFSET, "can't be blank"))?;
        let position: Position = offset
            .parse()
            .map_err(|()| Invalid::new(param::OFFSET, "has invalid format"))?;
        let live = request.is_live();
        let handle = match position {
            Position::Start if live => {
                return Err(Invalid::new(param::LIVE, "can't be true when offset == -1"));
            }
            Position::Now if live => {
                return Err(Invalid::new(
                    param::LIVE,
                    "can't be true when offset is 'now'",
                ));
            }
            Position::Start | Position::Now => None,
            Position::After(_) => {
                let blank = || Invalid::new(param::HANDLE, "can't be blank when offset != -1");
                Some(request.text(param::HANDLE).ok_or_else(blank)?.to_owned())
            }
        };
        if request.flag(param::LIVE_SSE) || request.flag(param::EXPERIMENTAL_LIVE_SSE) {
            return Err(Invalid::new(
                param::LIVE_SSE,
                match live {
                    false => "can't be true unless live is also true",
                    true => {
                        "server-sent events are not supported by this embedded Electric; use long polling"
                    }
                },
            ));
        }
        Ok(Self {
            shape: request.shape_params()?,
            position,
            handle,
            live,
            cursor: request
                .text(param::CURSOR)
                .and_then(|cursor| cursor.parse().ok()),
            subset: None,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn refused(url: &str) -> (&'static str, String) {
        let invalid = Read::validate(&ShapeRequest::get(url)).unwrap_err();
        (invalid.field, invalid.message)
    }

    #[test]
    fn a_url_is_read_whatever_it_begins_with() {
        let query = "table=todos&offset=0_inf&handle=1-2&live&cursor=7&params%5B1%5D=a+b&where=id+%3D+$1&extra=1";
        for prefix in ["", "/v1/shape?", "http://localhost:5173/v1/shape?"] {
            let read = Read::validate(&ShapeRequest::get(&format!("{prefix}{query}"))).unwrap();
            assert!(read.live);
            assert_eq!(read.cursor, Some(7));
            assert_eq!(read.handle.as_deref(), Some("1-2"));
            assert_eq!(read.shape.params[&1], "a b");
            assert_eq!(read.shape.filter.as_deref(), Some("id = $1"));
        }
    }

    #[test]
    fn the_handle_is_dropped_at_the_start() {
        let read = Read::validate(&ShapeRequest::get(
            "table=t&offset=-1&handle=1-2&live=false",
        ))
        .unwrap();
        assert_eq!(read.handle, None);
        assert!(!read.live);
    }

    #[test]
    fn invalid_requests_name_the_parameter() {
        assert_eq!(refused("table=t"), ("offset", "can't be blank".into()));
        assert_eq!(
            refused("table=t&offset=5"),
            ("offset", "has invalid format".into())
        );
        assert_eq!(refused("table=t&offset=-1&live=true").0, "live");
        assert_eq!(refused("table=t&offset=now&live=true").0, "live");
        assert_eq!(
            refused("table=t&offset=0_0&handle=h&live=true&live_sse=true").0,
            "live_sse"
        );
        assert_eq!(refused("table=t&offset=-1&params%5B2%5D=1").0, "params");
        assert_eq!(refused("table=t&offset=-1&params%5Bx%5D=1").0, "params");
    }
}
