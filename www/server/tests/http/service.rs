//! The service's limits and failures over HTTP, and what ends polls that are held.

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use serde_json::{Value, json};
use throughline_server::http::Service;

use crate::support::*;

async fn set(router: &Router, control: &str, wanted: Value) {
    let set = post(router, control, &wanted).await;
    assert_eq!(
        set.status,
        StatusCode::NO_CONTENT,
        "{control}: {}",
        set.body
    );
}

/// Polls the demo's table until something happens.
async fn polling(service: &Service, router: &Router) -> tokio::task::JoinHandle<Got> {
    let position = caught_up(router).await;
    let router = router.clone();
    let url = format!("/v1/shape?{position}&live=true");
    let poll = tokio::spawn(async move { get(&router, &url).await });
    until_held(service, 1).await;
    poll
}

#[tokio::test]
async fn polls_end_with_their_shape_whatever_ends_it() {
    let (service, router) = in_memory();
    set(
        &router,
        "/test/options",
        json!({"max_shapes": 1, "allow_delete": true}),
    )
    .await;
    let poll = polling(&service, &router).await;
    get(&router, "/v1/shape?table=todos&offset=-1&columns=id").await;
    assert_eq!(poll.await.unwrap().status, StatusCode::CONFLICT);

    let poll = polling(&service, &router).await;
    let delete = request("DELETE", "/v1/shape?table=todos", Body::empty());
    assert_eq!(send(&router, delete).await.status, StatusCode::ACCEPTED);
    assert_eq!(poll.await.unwrap().status, StatusCode::CONFLICT);

    let poll = polling(&service, &router).await;
    set(&router, "/test/rotate", json!({})).await;
    let ended = poll.await.unwrap();
    assert_eq!(ended.status, StatusCode::CONFLICT);
    assert!(!ended.headers.contains_key("electric-handle"));

    let poll = polling(&service, &router).await;
    let add = json!({"table": "todos", "add": {"name": "note", "type": "text"}, "unseen": true});
    set(&router, "/test/alter", add).await;
    assert_eq!(service.held(), 1);
    send(&router, request("POST", "/test/reconcile", Body::empty())).await;
    assert_eq!(poll.await.unwrap().status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn too_many_requests_are_sent_away() {
    let (service, router) = in_memory();
    set(
        &router,
        "/test/options",
        json!({"max_existing_requests": 1}),
    )
    .await;
    let poll = polling(&service, &router).await;
    let position = {
        let first = get(&router, "/v1/shape?table=todos&offset=-1").await;
        let handle = first.header("electric-handle");
        format!("/v1/shape?table=todos&offset=0_inf&handle={handle}")
    };
    let refused = get(&router, &position).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.json()["code"], "concurrent_request_limit_exceeded");
    let seconds: u32 = refused.header("retry-after").parse().unwrap();
    assert!((6..=10).contains(&seconds));
    service.close();
    poll.await.unwrap();
    assert_eq!(get(&router, &position).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_starting_service_says_so() {
    let (_, router) = in_memory();
    set(&router, "/test/condition", json!({"condition": "starting"})).await;
    assert_eq!(
        get(&router, "/v1/health").await.status,
        StatusCode::ACCEPTED
    );
    let refused = get(&router, "/v1/shape?table=todos&offset=-1").await;
    assert_eq!(refused.header("electric-internal-known-error"), "true");
    send(&router, request("POST", "/test/reset", Body::empty())).await;
    assert_eq!(get(&router, "/v1/health").await.status, StatusCode::OK);
    caught_up(&router).await;
}

#[tokio::test]
async fn subsets_are_posted_as_any_media_type_up_to_a_size() {
    let (_, router) = in_memory();
    let url = "/v1/shape?table=todos&offset=now&log=changes_only";
    let mut posted = request("POST", url, r#"{"order_by": "title", "limit": 2}"#);
    posted
        .headers_mut()
        .insert("content-type", "text/plain".parse().unwrap());
    let subset = send(&router, posted).await;
    assert_eq!(subset.header("electric-snapshot"), "true");
    assert_eq!(subset.json()["data"].as_array().unwrap().len(), 2);
    let large = format!("{{\"where\": \"{}\"}}", "x".repeat(8_000_000));
    let refused = send(&router, request("POST", url, large)).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_subquery_shape_follows_tables_made_by_a_control() {
    let (service, router) = in_memory();
    let lists = json!({
        "name": "lists", "primary_key": ["id"],
        "columns": [{"name": "id", "type": "uuid"}, {"name": "shared", "type": "bool", "not_null": true}],
    });
    set(&router, "/test/table", lists).await;
    let shape = "/v1/shape?table=todos&where=id+in+(select+id+from+lists+where+shared)";
    let first = get(&router, &format!("{shape}&offset=-1")).await;
    let handle = first.header("electric-handle").to_owned();
    let live = format!("{shape}&handle={handle}&offset=0_inf&live=true");
    let poll = tokio::spawn({
        let router = router.clone();
        async move { get(&router, &live).await }
    });
    until_held(&service, 1).await;
    let id = "019aa000-0000-7000-8000-000000000001";
    let value = json!({"id": id, "shared": true});
    let change = json!({"table": "lists", "operation": "insert", "value": value});
    post(
        &router,
        "/test/transaction",
        &json!({ "changes": [change] }),
    )
    .await;
    let news = poll.await.unwrap().json();
    assert_eq!(news[0]["headers"]["event"], "move-in");
    assert_eq!(news[1]["value"]["id"], id);
    assert_eq!(news[2]["headers"]["control"], "snapshot-end");
    let bad = json!({"name": "t", "primary_key": ["nope"], "columns": []});
    assert_eq!(
        post(&router, "/test/table", &bad).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn a_large_table_is_made_by_one_control_and_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("demo.db");
    let first = "/v1/shape?table=measurements&offset=-1";
    let before = {
        let (_, router) = on_disk(&path);
        let fill = json!({"table": "measurements", "rows": 100_000, "bytes": 300});
        set(&router, "/test/fill", fill).await;
        get(&router, first).await
    };
    assert!(before.body.len() >= 10 * 1024 * 1024);
    let (_, router) = on_disk(&path);
    let after = get(&router, first).await;
    assert_eq!(
        after.header("electric-handle"),
        before.header("electric-handle")
    );
    assert!(after.body == before.body);
    assert_eq!(
        get(&router, "/test/count?table=measurements").await.json(),
        100_000
    );
    let rows = get(&router, "/test/rows?table=measurements&limit=3")
        .await
        .json();
    assert_eq!(rows.as_array().unwrap().len(), 3);
    let bad = json!({"table": "todos", "rows": 1_u64 << 60, "bytes": 1});
    assert_eq!(
        post(&router, "/test/fill", &bad).await.status,
        StatusCode::BAD_REQUEST
    );
}
