//! What servers of this pattern get wrong most often, each once.

use axum::http::StatusCode;
use serde_json::json;

use crate::support::*;

const SCHEMA: &str = "
    CREATE TABLE todos (id uuid PRIMARY KEY, title text NOT NULL, completed bool NOT NULL DEFAULT false, due date,
        created_at timestamptz NOT NULL DEFAULT now(), write_id uuid);
";

async fn todos() -> World {
    with(SCHEMA, &["todos"]).await
}

#[tokio::test]
async fn all_statements_of_a_transaction_run_in_it_and_not_beside_it_on_the_pool() {
    let world = todos().await;
    let accepted = world
        .verdict("c:1", json!([insert(ID, "Milk"), insert(OTHER, "Bread")]))
        .await;
    let ids = world
        .text("SELECT string_agg(DISTINCT xmin::text, ',') FROM todos")
        .await;
    assert_eq!(ids.as_deref(), accepted["txid"].as_str());
    let half = json!([
        change("todos", "delete", json!({"id": ID})),
        insert(OTHER, "again")
    ]);
    assert_eq!(world.verdict("c:2", half).await["status"], "rejected");
    assert_eq!(world.count("todos").await, 2);
}

#[tokio::test]
async fn the_answer_comes_after_the_commit_and_statements_keep_their_order() {
    let world = todos().await;
    let mut changes = vec![insert(ID, "0")];
    changes.extend(
        (1..50).map(|n| change("todos", "update", json!({"id": ID, "title": n.to_string()}))),
    );
    world.verdict("c:1", json!(changes)).await;
    // Another connection sees it at once.
    assert_eq!(world.text("SELECT title FROM todos").await.unwrap(), "49");
}

#[tokio::test]
async fn an_update_stores_every_column_it_names_and_no_other() {
    let world = todos().await;
    let insert = change(
        "todos",
        "insert",
        json!({"id": ID, "title": "Milk", "completed": true, "due": "2026-01-02"}),
    );
    let created = "2020-01-01 00:00:00+00";
    let update = change(
        "todos",
        "update",
        json!({"id": ID, "title": "Oat milk", "created_at": created}),
    );
    world
        .verdicts(&json!([
            transaction("c:1", json!([insert])),
            transaction("c:2", json!([update]))
        ]))
        .await;
    let row = world
        .text("SELECT (title, completed, due, created_at) FROM todos")
        .await
        .unwrap();
    assert_eq!(row, format!("(\"Oat milk\",t,2026-01-02,\"{created}\")"));
}

#[tokio::test]
async fn an_insert_keeps_what_it_says_instead_of_a_default() {
    let world = todos().await;
    let done = change(
        "todos",
        "insert",
        json!({"id": ID, "title": "Done", "completed": true}),
    );
    world.verdict("c:1", json!([done])).await;
    assert_eq!(
        world.text("SELECT completed FROM todos").await.unwrap(),
        "true"
    );
}

#[tokio::test]
async fn an_unknown_operation_is_an_error_and_a_delete_is_confirmed_by_the_ledger() {
    let world = todos().await;
    let merge = json!([transaction(
        "c:1",
        json!([change("todos", "merge", json!({"id": ID}))])
    )]);
    let (status, answer) = world.post(&merge).await;
    assert_eq!(
        (status, answer["error"]["code"].as_str()),
        (StatusCode::BAD_REQUEST, Some("MALFORMED"))
    );
    world.verdict("c:2", json!([insert(ID, "Milk")])).await;
    let mut delete = change("todos", "delete", json!({"id": ID}));
    delete["write_id"] = json!(OTHER);
    world.verdict("c:3", json!([delete])).await;
    assert_eq!(world.count("todos").await, 0);
    assert_eq!(
        world
            .count("throughline_ledger WHERE id = 'c:3' AND status = 'accepted' AND NOT noop")
            .await,
        1
    );
}

#[tokio::test]
async fn null_is_a_value() {
    let world = todos().await;
    let insert = change(
        "todos",
        "insert",
        json!({"id": ID, "title": "Milk", "due": "2026-01-02", "completed": false}),
    );
    let clear = change("todos", "update", json!({"id": ID, "due": null}));
    let verdict = world.verdict("c:1", json!([insert, clear])).await;
    assert_eq!(verdict["status"], "accepted", "{verdict}");
    assert_eq!(world.text("SELECT due FROM todos").await, None);
}

#[tokio::test]
async fn each_transaction_is_told_its_result_its_transaction_id_and_its_position() {
    let world = todos().await;
    let verdicts = world
        .verdicts(&json!([
            transaction("c:1", json!([insert(ID, "Milk")])),
            transaction("c:2", json!([insert(ID, "Milk")])),
        ]))
        .await;
    assert!(verdicts[0]["txid"].is_string() && verdicts[0]["lsn"].is_string());
    assert_eq!(verdicts[1]["error"]["code"], "UNIQUE_VIOLATION");
}
