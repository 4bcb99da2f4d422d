//! The running router: what HTTP adds to the model.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

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

const ID: &str = "00000000-0000-4000-8000-0000000000aa";
const JAVASCRIPT: &str = "text/javascript";
const BODY_LIMIT: usize = 2_000;

/// An answer, read to its end.
#[derive(Debug)]
struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

fn backend() -> Backend {
    Backend::new(Electric::new(Options::default()), demo::rules())
}

fn served(mut backend: Backend, mut journal: Box<dyn Journal + Send>) -> (Service, Router) {
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

fn in_memory() -> (Service, Router) {
    served(backend(), Box::new(Unjournaled))
}

fn request(method: &str, uri: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(uri)
        .header(header::HOST, "localhost:5173")
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.into())
        .unwrap()
}

async fn send(router: &Router, request: Request<Body>) -> Got {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Got {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

async fn get(router: &Router, uri: &str) -> Got {
    send(router, request("GET", uri, Body::empty())).await
}

async fn post(router: &Router, uri: &str, body: &Value) -> Got {
    send(router, request("POST", uri, body.to_string())).await
}

fn insert(id: &str, title: &str) -> Value {
    let value = json!({ "id": ID, "title": title });
    json!([{ "id": id, "changes": [{ "table": "todos", "operation": "insert", "value": value }] }])
}

/// The handle and the head of the demo's table.
async fn caught_up(router: &Router) -> String {
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
async fn until_held(service: &Service, count: usize) {
    while service.held() != count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_commit_wakes_a_held_poll() {
    let (service, router) = in_memory();
    let position = caught_up(&router).await;
    let polling = tokio::spawn({
        let router = router.clone();
        async move { get(&router, &format!("/v1/shape?{position}&live=true")).await }
    });
    until_held(&service, 1).await;
    let accepted = post(&router, "/changes", &insert("c:1", "Milk")).await;
    assert_eq!(accepted.json()["transactions"][0]["status"], "accepted");
    let news = polling.await.unwrap();
    assert_eq!(news.status, StatusCode::OK);
    assert_eq!(news.header("electric-has-data"), "true");
    let change = &news.json()[0];
    assert_eq!(change["value"]["title"], "Milk");
    assert_eq!(
        change["headers"]["txids"][0],
        accepted.json()["transactions"][0]["txid"]
    );
    until_held(&service, 0).await;
}

#[tokio::test]
async fn a_truncate_ends_a_held_poll_with_a_409() {
    let (service, router) = in_memory();
    let position = caught_up(&router).await;
    let polling = tokio::spawn({
        let router = router.clone();
        async move { get(&router, &format!("/v1/shape?{position}&live=true")).await }
    });
    until_held(&service, 1).await;
    let done = send(
        &router,
        request("POST", "/test/truncate?table=todos", Body::empty()),
    )
    .await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
    assert_eq!(polling.await.unwrap().status, StatusCode::CONFLICT);
}

#[tokio::test(start_paused = true)]
async fn a_poll_ends_with_its_time_its_client_or_the_service() {
    let (service, router) = in_memory();
    let position = caught_up(&router).await;
    let live = format!("/v1/shape?{position}&live=true");
    let spawn = || {
        let (router, live) = (router.clone(), live.clone());
        tokio::spawn(async move { get(&router, &live).await })
    };
    let began = tokio::time::Instant::now();
    let nothing = get(&router, &live).await;
    assert_eq!(nothing.header("electric-has-data"), "false");
    assert_eq!(began.elapsed(), Duration::from_secs(20));
    let abandoned = spawn();
    until_held(&service, 1).await;
    abandoned.abort();
    until_held(&service, 0).await;
    let polling = spawn();
    until_held(&service, 1).await;
    service.close();
    assert_eq!(polling.await.unwrap().status, StatusCode::OK);
}

#[tokio::test]
async fn a_repeated_post_has_one_effect() {
    let (_, router) = in_memory();
    let first = post(&router, "/changes", &insert("c:1", "Milk")).await;
    let second = post(&router, "/changes", &insert("c:1", "Milk")).await;
    assert_eq!(first.body, second.body);
    let rows = get(&router, "/test/rows?table=todos").await.json();
    let stored = rows
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["id"] == ID)
        .count();
    assert_eq!(stored, 1);
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused_whole() {
    let (_, router) = in_memory();
    let body = insert("c:1", &"x".repeat(BODY_LIMIT)).to_string();
    let mut declared = request("POST", "/changes", body.clone());
    declared
        .headers_mut()
        .insert(header::CONTENT_LENGTH, body.len().into());
    let large = send(&router, declared).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(large.json()["error"]["code"], "TOO_LARGE");
    // Without a declared length the body itself is counted.
    let streamed = send(&router, request("POST", "/changes", body)).await;
    assert_eq!(streamed.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(
        !get(&router, "/test/rows?table=todos")
            .await
            .body
            .contains(ID)
    );
}

#[tokio::test]
async fn malformed_and_foreign_posts_are_refused() {
    let (_, router) = in_memory();
    let malformed = send(&router, request("POST", "/changes", "[{")).await;
    assert_eq!(malformed.status, StatusCode::BAD_REQUEST);
    assert_eq!(malformed.json()["error"]["code"], "MALFORMED");
    let mut foreign = request("POST", "/changes", insert("c:1", "x").to_string());
    foreign
        .headers_mut()
        .insert(header::ORIGIN, "http://elsewhere.example".parse().unwrap());
    assert_eq!(send(&router, foreign).await.status, StatusCode::FORBIDDEN);
    let mut own = request("POST", "/changes", insert("c:1", "x").to_string());
    own.headers_mut()
        .insert(header::ORIGIN, "http://localhost:5173".parse().unwrap());
    assert_eq!(send(&router, own).await.status, StatusCode::OK);
    assert_eq!(
        get(&router, "/changes").await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
}

fn on_disk(path: &Path) -> (Service, Router) {
    let store = Store::open(path).unwrap();
    let mut backend = backend();
    store.replay_into(&mut backend).unwrap();
    served(backend, Box::new(store))
}

#[tokio::test]
async fn handles_offsets_and_verdicts_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("demo.db");
    let (position, accepted) = {
        let (_, router) = on_disk(&path);
        let position = caught_up(&router).await;
        (
            position,
            post(&router, "/changes", &insert("c:1", "Milk")).await,
        )
    };
    let (_, router) = on_disk(&path);
    let missed = get(&router, &format!("/v1/shape?{position}")).await;
    assert_eq!(missed.status, StatusCode::OK);
    assert_eq!(missed.json()[0]["value"]["title"], "Milk");
    let again = post(&router, "/changes", &insert("c:1", "Milk")).await;
    assert_eq!(again.body, accepted.body);
}

#[tokio::test]
async fn health_preflight_and_head() {
    let (_, router) = in_memory();
    assert_eq!(
        get(&router, "/v1/health").await.json(),
        json!({ "status": "active" })
    );
    let uri = "/v1/shape?table=todos&offset=-1";
    let preflight = send(&router, request("OPTIONS", uri, Body::empty())).await;
    assert_eq!(preflight.status, StatusCode::NO_CONTENT);
    let head = send(&router, request("HEAD", uri, Body::empty())).await;
    assert_eq!(head.header("electric-offset"), "0_0");
    assert!(head.body.is_empty());
}

#[tokio::test]
async fn files_have_their_media_types_and_are_checked_each_time() {
    let directory = tempfile::tempdir().unwrap();
    let (site, package) = (
        directory.path().join("site"),
        directory.path().join("package"),
    );
    std::fs::create_dir_all(&site).unwrap();
    std::fs::create_dir_all(&package).unwrap();
    for name in [
        "index.html",
        "app.css",
        "icon.svg",
        "app.webmanifest",
        "sw.js",
    ] {
        std::fs::write(site.join(name), name).unwrap();
    }
    for name in ["throughline.wasm", "client.js", "worker.mjs"] {
        std::fs::write(package.join(name), name).unwrap();
    }
    std::fs::write(directory.path().join("secret"), "secret").unwrap();
    let mut backend = backend();
    demo::start(&mut backend, &mut Unjournaled, now()).unwrap();
    let service = Service::new(backend, Box::new(Unjournaled), BODY_LIMIT);
    let site = Site {
        site: Some(site),
        package: Some(package),
        test_controls: false,
    };
    let router = router(service, &site);
    for (path, media_type) in [
        ("/", "text/html"),
        ("/index.html", "text/html"),
        ("/app.css", "text/css"),
        ("/icon.svg", "image/svg+xml"),
        ("/app.webmanifest", "application/manifest+json"),
        ("/sw.js", JAVASCRIPT),
        ("/pkg/throughline.wasm", "application/wasm"),
        ("/pkg/client.js", JAVASCRIPT),
        ("/pkg/worker.mjs", JAVASCRIPT),
    ] {
        let got = get(&router, path).await;
        assert_eq!(got.status, StatusCode::OK, "{path}");
        let found = got.header("content-type").split(';').next().unwrap();
        // Both names are JavaScript to a browser.
        let found = found.replace("application/javascript", JAVASCRIPT);
        assert_eq!(found, media_type, "{path}");
        assert_eq!(got.header("cache-control"), "no-cache", "{path}");
    }
    let modified = get(&router, "/app.css")
        .await
        .header("last-modified")
        .to_owned();
    let mut again = request("GET", "/app.css", Body::empty());
    again
        .headers_mut()
        .insert(header::IF_MODIFIED_SINCE, modified.parse().unwrap());
    assert_eq!(send(&router, again).await.status, StatusCode::NOT_MODIFIED);
    for path in [
        "/nope",
        "/pkg/nope.js",
        "/../secret",
        "/%2e%2e/secret",
        "/test/rows?table=todos",
    ] {
        assert_eq!(
            get(&router, path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

#[tokio::test]
async fn test_controls_play_the_rest_of_the_world() {
    let (_, router) = in_memory();
    let none = Body::empty;
    post(
        &router,
        "/test/outage",
        &json!({"path": "/changes", "status": 503, "count": 1, "headers": {"retry-after": "1"}}),
    )
    .await;
    let out = post(&router, "/changes", &insert("c:1", "Milk")).await;
    assert_eq!(
        (out.status, out.header("retry-after")),
        (StatusCode::SERVICE_UNAVAILABLE, "1")
    );
    // An answer lost after the commit: the row is there, the client does not know.
    post(
        &router,
        "/test/outage",
        &json!({"path": "/changes", "status": 502, "count": 1, "after": true}),
    )
    .await;
    assert_eq!(
        post(&router, "/changes", &insert("c:1", "Milk"))
            .await
            .status,
        StatusCode::BAD_GATEWAY
    );
    assert!(
        get(&router, "/test/rows?table=todos")
            .await
            .body
            .contains("Milk")
    );
    assert_eq!(
        post(&router, "/changes", &insert("c:1", "Milk"))
            .await
            .status,
        StatusCode::OK
    );

    post(
        &router,
        "/test/outage",
        &json!({"path": "/v1/shape", "status": 500}),
    )
    .await;
    for _ in 0..3 {
        assert_eq!(
            get(&router, "/v1/shape?table=todos&offset=-1").await.status,
            StatusCode::INTERNAL_SERVER_ERROR
        );
    }
    send(&router, request("POST", "/test/clear", none())).await;
    let position = caught_up(&router).await;

    let change =
        json!({"table": "todos", "operation": "update", "value": {"id": ID, "title": "Oat milk"}});
    let verdict = post(
        &router,
        "/test/transaction",
        &json!({ "changes": [change] }),
    )
    .await;
    assert_eq!(verdict.json()["status"], "accepted", "{verdict:?}");
    post(
        &router,
        "/test/alter",
        &json!({"table": "todos", "add": {"name": "note", "type": "text"}}),
    )
    .await;
    assert_eq!(
        get(&router, &format!("/v1/shape?{position}")).await.status,
        StatusCode::CONFLICT
    );
    let position = caught_up(&router).await;
    post(&router, "/test/restart", &json!({ "lose_shapes": true })).await;
    assert_eq!(
        get(&router, &format!("/v1/shape?{position}")).await.status,
        StatusCode::CONFLICT
    );

    let log = get(&router, "/test/log").await.json();
    let posts: Vec<u64> = log["requests"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|seen| seen["path"] == "/changes")
        .map(|seen| seen["status"].as_u64().unwrap())
        .collect();
    assert_eq!(posts, [503, 502, 200]);

    send(&router, request("POST", "/test/reset", none())).await;
    assert_eq!(
        get(&router, "/test/log").await.json(),
        json!({ "requests": [], "held": 0 })
    );
    let rows = get(&router, "/test/rows?table=todos").await.json();
    assert_eq!(rows.as_array().unwrap().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn latency_delays_a_path() {
    let (_, router) = in_memory();
    post(
        &router,
        "/test/latency",
        &json!({"path": "/v1/shape", "ms": 5_000}),
    )
    .await;
    let before = tokio::time::Instant::now();
    get(&router, "/v1/shape?table=todos&offset=-1").await;
    assert_eq!(before.elapsed(), Duration::from_secs(5));
}
