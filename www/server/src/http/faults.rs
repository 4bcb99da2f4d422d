//! Plays the script of faults over HTTP, and logs the requests seen. Inert unless test controls set something.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::Response;
use serde::Serialize;

use super::SHAPE_PATH;
use super::broken::Broken;
use super::state::{Service, now};
use crate::faults::{Delivery, Effect, Reply, Script, Shelf};

/// Most requests the log keeps; the oldest go first.
const LOG_LENGTH: usize = 10_000;

/// A request that was answered.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Seen {
    method: String,
    path: String,
    query: String,
    status: u16,
}

/// What is set.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) script: Script,
    pub(crate) latency_ms: BTreeMap<String, u64>,
    pub(crate) seen: Vec<Seen>,
    pub(crate) records: bool,
}

impl Faults {
    /// Ends faults and latency.
    pub(crate) fn clear(&mut self) {
        self.script.clear();
        self.latency_ms.clear();
    }

    fn record(&mut self, seen: Seen) {
        if self.records {
            if self.seen.len() == LOG_LENGTH {
                self.seen.remove(0);
            }
            self.seen.push(seen);
        }
    }
}

/// Lets a request through the faults that are set.
pub(crate) async fn intercept(
    State(service): State<Service>,
    request: Request,
    next: Next,
) -> Response {
    let uri = request.uri().clone();
    let method = request.method().to_string();
    let query = uri.query().unwrap_or_default();
    let (effect, in_place, latency_ms) = {
        let mut faults = service.faults();
        let latency_ms = faults.latency_ms.get(uri.path()).copied().unwrap_or(0);
        let effect = faults.script.take(uri.path(), query);
        let shelf = &faults.script.shelf;
        let in_place = effect
            .as_ref()
            .and_then(|effect| effect.in_place(query, now(), shelf));
        (effect, in_place, latency_ms)
    };
    let latency_ms = latency_ms + effect.as_ref().map_or(0, Effect::delay_ms);
    if latency_ms > 0 {
        tokio::time::sleep(Duration::from_millis(latency_ms)).await;
    }
    let response = match in_place {
        Some(reply) => {
            if effect.as_ref().is_some_and(Effect::takes_effect) {
                next.run(request).await;
            }
            sent(reply, None)
        }
        None => {
            let response = next.run(request).await;
            answered(&service, &uri, effect.as_ref(), response).await
        }
    };
    service.faults().record(Seen {
        method,
        path: uri.path().to_owned(),
        query: query.to_owned(),
        status: response.status().as_u16(),
    });
    response
}

/// The service's answer as it arrives. It is kept for stale caches while there are test controls.
async fn answered(
    service: &Service,
    uri: &Uri,
    effect: Option<&Effect>,
    response: Response,
) -> Response {
    let bytes = response.body().size_hint().exact().unwrap_or(u64::MAX);
    let keeps =
        uri.path() == SHAPE_PATH && bytes <= Shelf::MOST_BYTES as u64 && service.faults().records;
    if effect.is_none() && !keeps {
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return Response::from_parts(parts, Body::empty());
    };
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = parts.headers.iter();
    let reply = Reply {
        status: parts.status.as_u16(),
        headers: headers
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect(),
        body: String::from_utf8_lossy(&bytes).into_owned(),
    };
    if keeps {
        let query = uri.query().unwrap_or_default();
        service.faults().script.shelf.keep(query, &reply);
    }
    match effect.map(|effect| effect.alter(reply)) {
        None => Response::from_parts(parts, Body::from(bytes)),
        Some(Delivery::Whole(reply)) => sent(reply, None),
        Some(Delivery::Broken(reply, bytes)) => sent(reply, Some(bytes)),
    }
}

/// Puts a reply on the wire, the whole of it or so many bytes.
fn sent(reply: Reply, breaks_after: Option<usize>) -> Response {
    let body = match breaks_after {
        Some(bytes) => Body::new(Broken::after(reply.body.into_bytes(), bytes)),
        None => Body::from(reply.body),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    for (name, value) in &reply.headers {
        // The server counts the body itself.
        if name == "content-length" {
            continue;
        }
        if let (Ok(name), Ok(value)) = (
            HeaderName::try_from(name),
            HeaderValue::from_bytes(value.as_bytes()),
        ) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
