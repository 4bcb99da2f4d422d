//! Responses: status, headers and body (protocol sections 5, 6 and 13).

use serde_json::json;

use super::constants::*;
use super::definition::Invalid;
use super::post::Refused;
use super::request::{Method, ShapeRequest};
use super::service::Condition;

/// An HTTP response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers; names are lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Body text.
    pub body: String,
}

impl Response {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| *found == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A JSON body with a cache rule and nothing of the shape protocol.
    pub fn json(status: u16, cache_control: &str, body: String) -> Self {
        Self {
            status,
            headers: vec![
                (header::CACHE_CONTROL, cache_control.to_owned()),
                (header::CONTENT_TYPE, JSON.to_owned()),
            ],
            body,
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn shape(request: &ShapeRequest, status: u16, cache_control: &str, body: String) -> Self {
        let cache_control = match request.method {
            Method::Post | Method::Delete => cache::NOT_GET,
            _ => cache_control,
        };
        Self::json(status, cache_control, body)
            .with(header::VARY, "accept-encoding")
            .with(header::SERVER, SERVER_VERSION)
            .with(
                header::ALLOW_ORIGIN,
                request.origin.as_deref().unwrap_or("*"),
            )
            .with(header::EXPOSE_HEADERS, EXPOSED_HEADERS)
            .with(header::ALLOW_METHODS, SHAPE_METHODS)
    }

    /// A 200 of the log; the caller adds the headers of the shape.
    pub(crate) fn log(request: &ShapeRequest, cache_control: &str, body: String) -> Self {
        Self::shape(request, 200, cache_control, body)
    }

    /// 409, with the new handle when there is one.
    pub(crate) fn must_refetch(request: &ShapeRequest, handle: Option<&str>) -> Self {
        let body = MUST_REFETCH_BODY.to_owned();
        match handle {
            Some(handle) => Self::shape(request, 409, cache::MUST_REFETCH, body)
                .with(header::HANDLE, handle)
                .with(header::ETAG, format!("\"{handle}::\"")),
            None => Self::shape(request, 409, cache::MUST_REFETCH_NO_HANDLE, body),
        }
    }

    /// 400 that names the parameter.
    pub(crate) fn invalid(request: &ShapeRequest, invalid: &Invalid) -> Self {
        let mut errors = json!({ invalid.field: [invalid.message] });
        if let Some(group) = invalid.group {
            errors = json!({ group: errors });
        }
        let body = json!({ "message": INVALID_REQUEST, "errors": errors }).to_string();
        Self::error(request, 400, body)
    }

    /// A request that gets no further than its form.
    pub(crate) fn refused(request: &ShapeRequest, refused: Refused) -> Self {
        match refused {
            Refused::Invalid(invalid) => Self::invalid(request, &invalid),
            Refused::Status(status, body) => Self::error(request, status, body),
        }
    }

    fn error(request: &ShapeRequest, status: u16, body: String) -> Self {
        Self::shape(request, status, cache::NO_STORE, body)
            .with(header::SURROGATE_CONTROL, cache::NO_STORE)
    }

    /// 202 of DELETE.
    pub(crate) fn deleted(request: &ShapeRequest) -> Self {
        Self::shape(request, 202, cache::NOT_GET, String::new())
    }

    /// 404 of DELETE.
    pub(crate) fn nothing_to_delete(request: &ShapeRequest) -> Self {
        let body = json!({ "message": "Shape not found" }).to_string();
        Self::error(request, 404, body)
    }

    /// 500 of what the service does not expect.
    pub(crate) fn internal_error(request: &ShapeRequest) -> Self {
        Self::error(
            request,
            500,
            r#"{"error":"Internal server error"}"#.to_owned(),
        )
    }

    /// 503 of what it expects, with `retry-after`.
    pub(crate) fn known_failure(request: &ShapeRequest, body: &str, seconds: u32) -> Self {
        Self::error(request, 503, body.to_owned())
            .with(header::KNOWN_ERROR, "true")
            .with(header::RETRY_AFTER, seconds.to_string())
    }

    /// 405 of DELETE.
    pub(crate) fn delete_not_allowed(request: &ShapeRequest) -> Self {
        let body = json!({ "message": "DELETE not allowed" }).to_string();
        Self::shape(request, 405, cache::NOT_GET, body)
    }

    /// An expected failure of the service, such as lost storage: 503 with `retry-after` (section 6).
    pub fn unavailable(request: &ShapeRequest, message: &str, retry_after_seconds: u32) -> Self {
        let body = json!({ "message": message }).to_string();
        Self::known_failure(request, &body, retry_after_seconds)
    }

    /// Preflight.
    pub(crate) fn preflight(request: &ShapeRequest) -> Self {
        Self {
            status: 204,
            headers: vec![
                (header::SERVER, SERVER_VERSION.to_owned()),
                (
                    header::ALLOW_ORIGIN,
                    request.origin.as_deref().unwrap_or("*").to_owned(),
                ),
                (header::EXPOSE_HEADERS, EXPOSED_HEADERS.to_owned()),
                (header::ALLOW_METHODS, SHAPE_METHODS.to_owned()),
                (header::MAX_AGE, PREFLIGHT_MAX_AGE.to_owned()),
            ],
            body: String::new(),
        }
    }

    /// `GET /v1/health`.
    pub(crate) fn health_of(condition: Condition) -> Self {
        let (status, text) = match condition {
            Condition::Starting => (202, "starting"),
            _ => (200, "active"),
        };
        let body = json!({ "status": text }).to_string();
        let mut response = Self::shape(&ShapeRequest::default(), status, cache::HEALTH, body);
        response
            .headers
            .retain(|(name, _)| *name != header::ALLOW_METHODS);
        response.with(header::ALLOW_METHODS, HEALTH_METHODS)
    }

    /// `GET /v1/health` of a running service.
    pub fn health() -> Self {
        Self::health_of(Condition::Active)
    }

    /// The same response without its body: HEAD and 304.
    pub(crate) fn without_body(mut self, status: u16) -> Self {
        self.status = status;
        self.body.clear();
        self
    }
}
