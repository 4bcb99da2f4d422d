//! The running router: what HTTP adds to the model.
#![allow(clippy::unwrap_used)]

mod faults;
mod files;
mod service;
mod support;

use std::time::Duration;

use axum::body::Body;
use axum::http::{StatusCode, header};
use serde_json::json;

use support::*;

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
    let txid = &accepted.json()["transactions"][0]["txid"];
    assert_eq!(
        change["headers"]["txids"][0].to_string(),
        txid.as_str().unwrap()
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
