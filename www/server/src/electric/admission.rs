//! How many requests the service takes at once (protocol sections 2 and 6).

use serde_json::json;

use super::constants::{param, retry_after};
use super::database::Electric;
use super::request::ShapeRequest;
use super::response::Response;

/// The two classes of requests with their own limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The handle is absent or unknown.
    Initial,
    /// The handle is known.
    Existing,
}

impl Electric {
    /// The class of a request.
    pub fn admission(&self, request: &ShapeRequest) -> Admission {
        let handle = request.text(param::HANDLE);
        match handle.is_some_and(|handle| self.handles().any(|known| known == handle)) {
            true => Admission::Existing,
            false => Admission::Initial,
        }
    }

    /// The 503 of a request of a class of which `in_progress` others are being answered, if that is too many.
    /// `entropy` is a fresh random number.
    pub fn overload(
        &self,
        request: &ShapeRequest,
        class: Admission,
        in_progress: usize,
        entropy: u64,
    ) -> Option<Response> {
        let (limit, name) = match class {
            Admission::Initial => (self.options.max_initial_requests, "initial"),
            Admission::Existing => (self.options.max_existing_requests, "existing"),
        };
        (in_progress >= limit).then(|| {
            let body = json!({
                "code": "concurrent_request_limit_exceeded",
                "message": format!("Concurrent {name} request limit exceeded (limit: {limit}), please retry"),
            });
            let seconds = retry_after::OVERLOAD + (entropy % retry_after::OVERLOAD_SPREAD) as u32;
            Response::known_failure(request, &body.to_string(), seconds)
        })
    }
}
