//! Scripted faults, as browser tests set them.

use std::io::{Read, Write};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::*;

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

const FIRST: &str = "/v1/shape?table=todos&offset=-1";

async fn fault(router: &Router, fault: Value) {
    let set = post(router, "/test/fault", &fault).await;
    assert_eq!(set.status, StatusCode::NO_CONTENT, "{}", set.body);
}

#[tokio::test]
async fn a_connection_breaks_in_the_middle_of_a_body() {
    let (_, router) = in_memory();
    let effect = json!({"path": "/v1/shape", "count": 1, "effect": "drop", "bytes": 20});
    fault(&router, effect).await;
    let response = router
        .clone()
        .oneshot(request("GET", FIRST, Body::empty()))
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = response.into_body();
    let frame = body.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap().len(), 20);
    assert!(body.frame().await.unwrap().is_err());
    assert!(get(&router, FIRST).await.json().is_array());
}

#[tokio::test]
async fn proxies_cut_hide_and_answer_themselves() {
    let (_, router) = in_memory();
    for effect in [
        json!({"path": "/v1/shape", "count": 1, "effect": "truncate", "bytes": 30}),
        json!({"path": "/v1/shape", "count": 1, "effect": "hide_headers"}),
        json!({"path": "/v1/shape", "count": 1, "effect": "login_page"}),
        json!({"path": "/v1/shape", "count": 1, "effect": "retry_later", "status": 429, "seconds": 3}),
        json!({"path": "/v1/shape", "count": 2, "effect": "must_refetch", "handle": {"is": "5-6"}}),
    ] {
        fault(&router, effect).await;
    }
    let cut = get(&router, FIRST).await;
    assert_eq!((cut.status, cut.body.len()), (StatusCode::OK, 30));
    assert!(serde_json::from_str::<Value>(&cut.body).is_err());
    let bare = get(&router, FIRST).await;
    assert!(bare.json().is_array());
    assert!(
        !bare
            .headers
            .keys()
            .any(|name| name.as_str().starts_with("electric-"))
    );
    let page = get(&router, FIRST).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.header("content-type").starts_with("text/html"));
    let later = get(&router, FIRST).await;
    assert_eq!(later.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(later.header("retry-after"), "3");
    for _ in 0..2 {
        let conflict = get(&router, FIRST).await;
        assert_eq!(conflict.status, StatusCode::CONFLICT);
        assert_eq!(conflict.header("electric-handle"), "5-6");
    }
    assert_eq!(get(&router, FIRST).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_stale_cache_replays_the_old_handle_and_the_old_409() {
    let (_, router) = in_memory();
    let position = caught_up(&router).await;
    let rotate = post(&router, "/test/rotate", &json!({ "table": "todos" })).await;
    assert_eq!(rotate.status, StatusCode::NO_CONTENT);
    let conflict = get(&router, &format!("/v1/shape?{position}")).await;
    assert_eq!(conflict.status, StatusCode::CONFLICT);
    let fresh = get(&router, FIRST).await;
    assert_eq!(
        fresh.header("electric-handle"),
        conflict.header("electric-handle")
    );
    let effect = json!({
        "path": "/v1/shape", "effect": "stale", "ignoring": ["cache-buster", "expired_handle"],
    });
    fault(&router, effect).await;
    let stale = get(&router, &format!("{FIRST}&cache-buster=1")).await;
    assert!(position.contains(stale.header("electric-handle")));
    // The rows were kept: the old log and the new one begin alike.
    assert_eq!(stale.json()[0]["key"], fresh.json()[0]["key"]);
    let other = get(&router, "/v1/shape?table=todos&offset=-1&columns=id").await;
    assert_eq!(other.status, StatusCode::OK);
    let cached = get(&router, &format!("/v1/shape?{position}&cache-buster=2")).await;
    assert_eq!(cached.status, StatusCode::CONFLICT);
    assert_eq!(
        cached.header("cache-control"),
        "public, max-age=60, must-revalidate"
    );
    send(&router, request("POST", "/test/reset", Body::empty())).await;
    let now = get(&router, FIRST).await;
    assert_ne!(
        now.header("electric-handle"),
        stale.header("electric-handle")
    );
}

#[tokio::test(start_paused = true)]
async fn a_delayed_request_is_late_once() {
    let (_, router) = in_memory();
    let effect = json!({"path": "/v1/shape", "count": 1, "effect": "delay", "ms": 3_000});
    fault(&router, effect).await;
    let before = tokio::time::Instant::now();
    assert_eq!(get(&router, FIRST).await.status, StatusCode::OK);
    get(&router, FIRST).await;
    assert_eq!(before.elapsed(), Duration::from_secs(3));
}

#[tokio::test]
async fn the_bytes_before_a_break_reach_the_other_end() {
    let (_, router) = in_memory();
    let effect = json!({"path": "/v1/shape", "effect": "drop", "bytes": 20});
    fault(&router, effect).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let read = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let request = format!("GET {FIRST} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut read = Vec::new();
        // A reset is as good an end as any.
        let _ = stream.read_to_end(&mut read);
        String::from_utf8(read).unwrap()
    });
    let read = read.await.unwrap();
    serving.abort();
    let (head, body) = read.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    // One chunk of twenty bytes, and never the last chunk of none.
    assert!(body.starts_with("14\r\n[{\"key\""), "{body}");
    assert!(!body.contains("\r\n0\r\n"), "{body}");
}
