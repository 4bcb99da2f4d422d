//! The exported class on the origin private file system, in a dedicated worker of a real browser.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]
#![allow(clippy::unwrap_used)]

use js_sys::{Array, Function, JSON, Promise, Reflect};
use throughline::web::Database;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

async fn try_open(name: &str, storage: &str) -> Result<Database, JsValue> {
    let options = format!(
        r#"{{"name": "{name}", "storage": "{storage}", "tables": {{"todos": {{
            "columns": {{"id": "int8", "title": "text", "done": "bool"}},
            "primaryKey": ["id"], "indexes": ["title"]}}}}}}"#
    );
    Database::open(JSON::parse(&options).unwrap()).await
}

/// A database that no test before has left behind.
async fn fresh(name: &str) -> Database {
    let db = try_open(name, "opfs").await.unwrap();
    settled(db.wipe()).await;
    try_open(name, "opfs").await.unwrap()
}

async fn settled(promise: Promise) -> JsValue {
    JsFuture::from(promise).await.unwrap()
}

async fn refused(promise: Promise) -> String {
    code(&JsFuture::from(promise).await.unwrap_err())
}

fn code(error: &JsValue) -> String {
    get(error, "code").as_string().unwrap()
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap()
}

async fn run(db: &Database, sql: &str) -> f64 {
    let done = settled(db.execute(sql, &JsValue::UNDEFINED)).await;
    get(&done, "rowsAffected").as_f64().unwrap()
}

/// A result as JSON.
async fn rows(db: &Database, sql: &str) -> String {
    let rows = settled(db.query(sql, &JsValue::UNDEFINED)).await;
    JSON::stringify(&rows).unwrap().into()
}

#[wasm_bindgen_test]
async fn what_was_written_is_there_after_reopening() {
    let db = fresh("reopen").await;
    assert_eq!(
        run(
            &db,
            "INSERT INTO todos VALUES (1, 'milk', true), (2, 'bread', false)"
        )
        .await,
        2.0
    );
    assert_eq!(
        run(&db, "UPDATE todos SET done = true WHERE id = 2").await,
        1.0
    );
    settled(db.close()).await;
    assert_eq!(
        refused(db.query("SELECT 1", &JsValue::UNDEFINED)).await,
        "CLOSED"
    );

    let db = try_open("reopen", "opfs").await.unwrap();
    assert_eq!(
        rows(&db, "SELECT * FROM todos ORDER BY id").await,
        r#"[{"id":1,"title":"milk","done":true},{"id":2,"title":"bread","done":true}]"#
    );
    let pending: Array = settled(db.pending()).await.unchecked_into();
    assert_eq!(pending.length(), 2);
    let report = settled(db.verify()).await;
    assert_eq!(JSON::stringify(&get(&report, "problems")).unwrap(), "[]");
    settled(db.wipe()).await;
}

#[wasm_bindgen_test]
async fn the_pragmas_are_what_they_should_be() {
    let db = fresh("pragmas").await;
    let storage = get(&settled(db.status()).await, "storage");
    let of = |name: &str| get(&storage, name).as_string();
    assert_eq!(of("persistence").as_deref(), Some("opfs"));
    assert_eq!(of("journalMode").as_deref(), Some("wal"));
    assert_eq!(of("lockingMode").as_deref(), Some("exclusive"));
    assert_eq!(of("synchronous").as_deref(), Some("full"));
    settled(db.wipe()).await;
}

/// Trap 45: two tabs never read into one database; the second asks the first.
#[wasm_bindgen_test]
async fn a_database_has_one_owner_and_whoever_opens_it_besides_asks_that_one() {
    let first = fresh("owner").await;
    let second = try_open("owner", "opfs").await.unwrap();
    run(
        &second,
        "INSERT INTO todos VALUES (1, 'by the second', false)",
    )
    .await;
    let titles = "SELECT title FROM todos ORDER BY id";
    assert_eq!(rows(&first, titles).await, r#"[{"title":"by the second"}]"#);
    let other = fresh("another").await;
    settled(other.wipe()).await;
    settled(first.close()).await;
    run(
        &second,
        "INSERT INTO todos VALUES (2, 'by the last', false)",
    )
    .await;
    assert_eq!(
        rows(&second, titles).await,
        r#"[{"title":"by the second"},{"title":"by the last"}]"#
    );
    settled(second.wipe()).await;
}

#[wasm_bindgen_test]
async fn a_failed_open_gives_the_file_back() {
    let bad = r#"{"name": "given-back", "tables": {"a": {"columns": {"id": "int4"}}}}"#;
    let error = Database::open(JSON::parse(bad).unwrap())
        .await
        .err()
        .unwrap();
    assert_eq!(code(&error), "SCHEMA");
    let db = fresh("given-back").await;
    settled(db.wipe()).await;
}

#[wasm_bindgen_test]
async fn wiping_leaves_nothing() {
    let db = fresh("wiped").await;
    run(&db, "INSERT INTO todos VALUES (1, 'secret', true)").await;
    settled(db.wipe()).await;
    let db = try_open("wiped", "opfs").await.unwrap();
    assert_eq!(rows(&db, "SELECT * FROM todos").await, "[]");
    settled(db.wipe()).await;
}

#[wasm_bindgen_test]
async fn a_transaction_that_throws_leaves_nothing() {
    let db = fresh("transactions").await;
    let work = Function::new_with_args(
        "tx",
        "return tx.execute(\"INSERT INTO todos VALUES (1, 'a', false)\").then(() => { throw new Error('no') })",
    );
    let error = JsFuture::from(db.transaction(work, &JsValue::UNDEFINED))
        .await
        .unwrap_err();
    assert_eq!(get(&error, "message").as_string().as_deref(), Some("no"));
    assert_eq!(
        rows(&db, "SELECT count(*) AS n FROM todos").await,
        r#"[{"n":0}]"#
    );

    let work = Function::new_with_args(
        "tx",
        "return tx.execute('INSERT INTO todos VALUES (?, ?, ?)', [9007199254740993n, 'b', true]).then(() => 'done')",
    );
    let value = settled(db.transaction(work, &JsValue::UNDEFINED)).await;
    assert_eq!(value.as_string().as_deref(), Some("done"));
    let row: Array = settled(db.query("SELECT id FROM todos", &JsValue::UNDEFINED))
        .await
        .unchecked_into();
    assert!(get(&row.get(0), "id").is_bigint());
    settled(db.wipe()).await;
}

#[wasm_bindgen_test]
async fn ten_thousand_rows_in_one_transaction() {
    let db = fresh("bulk").await;
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
               INSERT INTO todos SELECT i, 'todo ' || i, i % 2 FROM n";
    assert_eq!(run(&db, sql).await, 10_000.0);
    settled(db.close()).await;
    let db = try_open("bulk", "opfs").await.unwrap();
    assert_eq!(
        rows(&db, "SELECT count(*) AS n, sum(done) AS d FROM todos").await,
        r#"[{"n":10000,"d":5000}]"#
    );
    settled(db.wipe()).await;
}

#[wasm_bindgen_test]
async fn a_live_query_keeps_the_rows_that_did_not_change() {
    let db = fresh("live").await;
    run(
        &db,
        "INSERT INTO todos VALUES (1, 'a', false), (2, 'b', false)",
    )
    .await;
    let seen = Array::new();
    let results = seen.clone();
    let callback = Closure::<dyn FnMut(JsValue)>::new(move |result| {
        results.push(&result);
    });
    let options = JSON::parse(r#"{"key": "id"}"#).unwrap();
    let unsubscribe: Function = settled(db.live(
        "SELECT * FROM todos ORDER BY id",
        &JsValue::UNDEFINED,
        &options,
        callback.as_ref().unchecked_ref::<Function>().clone(),
    ))
    .await
    .unchecked_into();
    run(&db, "UPDATE todos SET title = 'B' WHERE id = 2").await;
    run(&db, "UPDATE todos SET title = 'B' WHERE id = 2").await;
    unsubscribe.call0(&JsValue::UNDEFINED).unwrap();
    run(&db, "DELETE FROM todos").await;

    assert_eq!(
        seen.length(),
        2,
        "one for the subscription, one for the change"
    );
    let row = |result: u32, at: u32| -> JsValue {
        get(&seen.get(result), "rows")
            .unchecked_into::<Array>()
            .get(at)
    };
    assert!(js_sys::Object::is(&row(0, 0), &row(1, 0)));
    assert_eq!(get(&row(1, 1), "title").as_string().as_deref(), Some("B"));
    let updated: Array = get(&get(&seen.get(1), "changes"), "updated").unchecked_into();
    assert_eq!(updated.length(), 1);
    settled(db.wipe()).await;
}

#[wasm_bindgen_test]
async fn a_callback_that_throws_is_heard_of_as_uncaught_and_called_again() {
    let db = fresh("throws").await;
    let heard = Array::new();
    let listen = Function::new_with_args(
        "heard",
        "addEventListener('error', (event) => { event.preventDefault(); event.stopImmediatePropagation(); heard.push(event.error.message); })",
    );
    listen.call1(&JsValue::UNDEFINED, &heard).unwrap();
    let callback = "throw new Error(`there are ${result.rows.length}`)";
    let live = db.live(
        "SELECT * FROM todos",
        &JsValue::UNDEFINED,
        &JSON::parse(r#"{"key": "id"}"#).unwrap(),
        Function::new_with_args("result", callback),
    );
    settled(live).await;
    run(&db, "INSERT INTO todos VALUES (1, 'a', false)").await;
    assert_eq!(
        heard.join(", ").as_string().as_deref(),
        Some("there are 0, there are 1")
    );
    settled(db.wipe()).await;
}

#[wasm_bindgen_test]
async fn memory_is_an_open_choice() {
    let db = try_open("memory", "memory").await.unwrap();
    let storage = get(&settled(db.status()).await, "storage");
    assert_eq!(
        get(&storage, "persistence").as_string().as_deref(),
        Some("memory")
    );
    run(&db, "INSERT INTO todos VALUES (1, 'a', false)").await;
    settled(db.close()).await;
    let db = try_open("memory", "memory").await.unwrap();
    assert_eq!(rows(&db, "SELECT * FROM todos").await, "[]");
    settled(db.close()).await;
}
