//! Faults for browser tests: outages, latency, and the log of requests seen. Inert unless test controls set them.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::state::Service;

/// Most requests the log keeps; the oldest go first.
const LOG_LENGTH: usize = 10_000;

/// An outage of one path.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Outage {
    pub(crate) path: String,
    /// Status code of the answers.
    pub(crate) status: u16,
    /// How many requests it meets; absent, all until it is cleared.
    pub(crate) count: Option<usize>,
    /// Whether the request takes effect and only its answer is lost.
    #[serde(default)]
    pub(crate) after: bool,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) body: String,
}

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
    pub(crate) outages: Vec<Outage>,
    pub(crate) latency_ms: BTreeMap<String, u64>,
    pub(crate) seen: Vec<Seen>,
    pub(crate) records: bool,
}

impl Faults {
    /// The outage that meets a request to the path, counted down.
    fn take(&mut self, path: &str) -> Option<Outage> {
        let index = self.outages.iter().position(|outage| outage.path == path)?;
        let outage = self.outages[index].clone();
        match &mut self.outages[index].count {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) => {
                self.outages.remove(index);
            }
            None => {}
        }
        Some(outage)
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

impl Outage {
    fn response(&self) -> Response {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                response.headers_mut().insert(name, value);
            }
        }
        response
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
    let (outage, latency_ms) = {
        let mut faults = service.faults();
        (
            faults.take(uri.path()),
            faults.latency_ms.get(uri.path()).copied(),
        )
    };
    if let Some(latency_ms) = latency_ms {
        tokio::time::sleep(Duration::from_millis(latency_ms)).await;
    }
    let response = match outage {
        Some(outage) if outage.after => {
            next.run(request).await;
            outage.response()
        }
        Some(outage) => outage.response(),
        None => next.run(request).await,
    };
    service.faults().record(Seen {
        method,
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        status: response.status().as_u16(),
    });
    response
}
