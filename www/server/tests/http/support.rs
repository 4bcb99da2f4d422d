//! The router without a network, and how to ask it.

use std::path::Path;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use throughline_server::backend::Backend;
use throughline_server::demo;
use throughline_server::electric::{Electric, Options};
use throughline_server::http::{Service, Site, now, router};
use throughline_server::journal::{Journal, Unjournaled};
use throughline_server::store::Store;
use tower::ServiceExt;

pub(crate) const ID: &str = "00000000-0000-4000-8000-0000000000aa";
pub(crate) const JAVASCRIPT: &str = "text/javascript";
pub(crate) const BODY_LIMIT: usize = 2_000;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) fn backend() -> Backend {
    Backend::new(Electric::new(Options::default()), demo::rules())
}

pub(crate) fn served(
    mut backend: Backend,
    mut journal: Box<dyn Journal + Send>,
) -> (Service, Router) {
    if backend.electric().table(demo::TODOS).is_none() {
        demo::start(&mut backend, journal.as_mut(), now()).unwrap();
    }
    let service = Service::new(backend, journal, BODY_LIMIT);
    let site = Site {
        test_controls: true,
        ..Site::default()
    };
    let router = router(service.clone(), &site);
    (service, router)
}

pub(crate) fn in_memory() -> (Service, Router) {
    served(backend(), Box::new(Unjournaled))
}

pub(crate) fn request(method: &str, uri: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(uri)
        .header(header::HOST, "localhost:5173")
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.into())
        .unwrap()
}

pub(crate) async fn send(router: &Router, request: Request<Body>) -> Got {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Got {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

pub(crate) async fn get(router: &Router, uri: &str) -> Got {
    send(router, request("GET", uri, Body::empty())).await
}

pub(crate) async fn post(router: &Router, uri: &str, body: &Value) -> Got {
    send(router, request("POST", uri, body.to_string())).await
}

pub(crate) fn insert(id: &str, title: &str) -> Value {
    let value = json!({ "id": ID, "title": title });
    json!([{ "id": id, "changes": [{ "table": "todos", "operation": "insert", "value": value }] }])
}

/// The handle and the head of the demo's table.
pub(crate) async fn caught_up(router: &Router) -> String {
    let first = get(router, "/v1/shape?table=todos&offset=-1").await;
    let handle = first.header("electric-handle").to_owned();
    let next = get(
        router,
        &format!("/v1/shape?table=todos&offset=0_0&handle={handle}"),
    )
    .await;
    assert!(next.headers.contains_key("electric-up-to-date"));
    format!(
        "table=todos&handle={handle}&offset={}",
        next.header("electric-offset")
    )
}

/// Waits until as many polls are held, which happens without any timer.
pub(crate) async fn until_held(service: &Service, count: usize) {
    while service.held() != count {
        tokio::task::yield_now().await;
    }
}

/// Served from a file, as after a start.
pub(crate) fn on_disk(path: &Path) -> (Service, Router) {
    let store = Store::open(path).unwrap();
    let mut backend = backend();
    store.replay_into(&mut backend).unwrap();
    served(backend, Box::new(store))
}
