//! Collisions, crashes, lost connections: applied once, and told the same.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Value, json};
use throughline_server::postgres::Settings;

use crate::cluster::Cluster;
use crate::support::*;

/// Who writes the first row stops at a gate that a test can close; statements are counted whatever becomes of them.
const GATED: &str = "
    CREATE TABLE rows (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);
    INSERT INTO rows VALUES (1), (2);
    CREATE SEQUENCE statements;
    CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_advisory_xact_lock(7);
        RETURN NULL;
    END $$;
    CREATE FUNCTION count_statement() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM nextval('statements');
        RETURN NULL;
    END $$;
    CREATE TRIGGER gate AFTER INSERT OR UPDATE ON rows FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION gate();
    CREATE TRIGGER counted BEFORE INSERT OR UPDATE ON rows FOR EACH STATEMENT EXECUTE FUNCTION count_statement();
";
const CLOSE_GATE: &str = "SELECT pg_advisory_lock(7)";
const OPEN_GATE: &str = "SELECT pg_advisory_unlock(7)";

async fn gated() -> World {
    with(GATED, &["rows"]).await
}

fn set(id: i32, n: i32) -> Value {
    change("rows", "update", json!({"id": id, "n": n}))
}

fn one(id: &str, changes: Value) -> Value {
    json!([transaction(id, changes)])
}

impl World {
    async fn statements(&self) -> String {
        self.text("SELECT last_value FROM statements")
            .await
            .unwrap()
    }

    /// `n` of each row.
    async fn values(&self) -> String {
        self.text("SELECT string_agg(n::text, ',' ORDER BY id) FROM rows")
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn a_serialization_failure_is_tried_again() {
    let settings = Settings {
        serializable: true,
        ..Settings::default()
    };
    let wish = Wish {
        schema: GATED,
        tables: &["rows"],
        settings,
        ..Wish::default()
    };
    let world = serve(Cluster::shared(), wish).await;
    let rival = world.connect().await;
    rival
        .batch_execute("BEGIN; UPDATE rows SET n = 5 WHERE id = 2")
        .await
        .unwrap();
    let posting = world.posting(one("c:1", json!([set(2, 6)])));
    world.until_blocked(1).await;
    rival.batch_execute("COMMIT").await.unwrap();
    let (status, answer) = posting.await.unwrap();
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["transactions"][0]["status"], "accepted", "{answer}");
    assert_eq!(world.values().await, "0,6");
    // The rival's, the one that failed, and the one that did not.
    assert_eq!(world.statements().await, "3");
}

#[tokio::test]
async fn the_victim_of_a_deadlock_is_tried_again() {
    let world = gated().await;
    let gate = world.connect().await;
    gate.batch_execute(CLOSE_GATE).await.unwrap();
    let rival = world.connect().await;
    rival
        .batch_execute("SET deadlock_timeout = '1h'; BEGIN; UPDATE rows SET n = 5 WHERE id = 2")
        .await
        .unwrap();
    let posting = world.posting(one("c:1", json!([set(1, 6), set(2, 7)])));
    world.until_blocked(1).await;
    // The rival now waits for the first row, and with the gate open the server runs into the second.
    let rivals = tokio::spawn(async move {
        rival
            .batch_execute("UPDATE rows SET n = 9 WHERE id = 1; COMMIT")
            .await
            .unwrap();
    });
    world.until_blocked(2).await;
    gate.batch_execute(OPEN_GATE).await.unwrap();
    rivals.await.unwrap();
    let (_, answer) = posting.await.unwrap();
    assert_eq!(answer["transactions"][0]["status"], "accepted", "{answer}");
    assert_eq!(world.values().await, "6,7");
    // Two of the rival, two of the victim, two of its second try.
    assert_eq!(world.statements().await, "6");
}

#[tokio::test]
async fn sent_twice_at_the_same_time_it_is_applied_once_and_both_hear_the_same() {
    let world = gated().await;
    let gate = world.connect().await;
    gate.batch_execute(CLOSE_GATE).await.unwrap();
    let twice = [0, 1].map(|_| world.posting(one("c:1", json!([set(1, 6)]))));
    world.until_blocked(2).await;
    gate.batch_execute(OPEN_GATE).await.unwrap();
    let mut heard = Vec::new();
    for posting in twice {
        let (_, answer) = posting.await.unwrap();
        let verdict = answer["transactions"][0].clone();
        heard.push((verdict["txid"].clone(), settled(verdict)));
    }
    assert_eq!(heard[0], heard[1]);
    assert_eq!(heard[0].1["status"], "accepted");
    assert_eq!(world.statements().await, "1");
}

#[tokio::test]
async fn a_lost_answer_is_given_again() {
    let world = gated().await;
    let lost = json!({"path": "/changes", "status": 502, "count": 1, "after": true});
    send(&world.router, "POST", "/test/outage", &[], lost.to_string()).await;
    let body = json!([
        transaction("c:1", json!([set(1, 6)])),
        transaction("c:2", json!([set(1, 7), set(3, 1), set(1, 8)]))
    ]);
    assert_eq!(world.post(&body).await.0, StatusCode::BAD_GATEWAY);
    let txid = world
        .text("SELECT txid FROM throughline_ledger WHERE id = 'c:1'")
        .await;
    world.execute("UPDATE rows SET n = 0").await;
    let verdicts = world.verdicts(&body).await;
    assert_eq!(verdicts[0]["txid"].as_str(), txid.as_deref());
    assert_eq!(
        settled(verdicts[1].clone()),
        json!({"id": "c:2", "status": "accepted"})
    );
    assert_eq!(world.values().await, "0,0");
}

#[tokio::test]
async fn a_client_that_hangs_up_finds_its_transaction_applied() {
    let world = gated().await;
    let gate = world.connect().await;
    gate.batch_execute(CLOSE_GATE).await.unwrap();
    let body = one("c:1", json!([set(1, 6)]));
    let posting = world.posting(body.clone());
    world.until_blocked(1).await;
    posting.abort();
    assert!(posting.await.unwrap_err().is_cancelled());
    let again = world.posting(body);
    world.until_blocked(2).await;
    gate.batch_execute(OPEN_GATE).await.unwrap();
    let (_, answer) = again.await.unwrap();
    assert_eq!(answer["transactions"][0]["status"], "accepted");
    assert_eq!(world.statements().await, "1");
}

#[tokio::test]
async fn a_restart_of_the_database_loses_nothing_and_repeats_nothing() {
    let wish = Wish {
        schema: GATED,
        tables: &["rows"],
        ..Wish::default()
    };
    let cluster = Arc::new(Cluster::start());
    let mut world = serve(cluster.clone(), wish).await;
    let gate = world.connect().await;
    gate.batch_execute(CLOSE_GATE).await.unwrap();
    let body = json!([
        transaction("c:1", json!([set(2, 5)])),
        transaction("c:2", json!([set(1, 6)]))
    ]);
    let posting = world.posting(body.clone());
    world.until_blocked(1).await;
    tokio::task::spawn_blocking(move || cluster.restart())
        .await
        .unwrap();
    // It was tried again in time, or the client is told to come back; what was settled before is told either way.
    let (status, answer) = posting.await.unwrap();
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["transactions"][0]["status"], "accepted");
    world.sql = world.connect().await;
    let verdicts = world.verdicts(&body).await;
    assert_eq!(verdicts[0]["txid"], answer["transactions"][0]["txid"]);
    assert_eq!(verdicts[1]["status"], "accepted");
    assert_eq!(world.values().await, "6,5");
    assert_eq!(world.count("throughline_ledger").await, 2);
}

/// The commit waits for a standby that never comes; its session is then ended: it is committed, and nobody is told.
#[tokio::test]
async fn a_commit_whose_outcome_nobody_hears_is_looked_up() {
    let wish = Wish {
        schema: GATED,
        tables: &["rows"],
        ..Wish::default()
    };
    let world = serve(Arc::new(Cluster::start()), wish).await;
    world
        .execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        .await;
    world.execute("SELECT pg_reload_conf()").await;
    let busy = world.connect().await;
    let busy = tokio::spawn(async move {
        while busy
            .batch_execute("UPDATE rows SET n = 0 WHERE id = 2")
            .await
            .is_ok()
        {}
    });
    world.until_waiting("SyncRep", 1).await;
    let posting = world.posting(one("c:1", json!([set(1, 6)])));
    world.until_waiting("SyncRep", 2).await;
    world
        .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'throughline-server'")
        .await;
    let (status, answer) = posting.await.unwrap();
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["transactions"][0]["status"], "accepted");
    assert_eq!(
        answer["transactions"][0]["txid"].as_str(),
        world
            .text("SELECT xmin FROM rows WHERE id = 1")
            .await
            .as_deref()
    );
    busy.abort();
}

#[tokio::test]
async fn what_the_database_does_not_decide_is_not_named_nor_anything_after_it() {
    let schema = "
        CREATE TABLE rows (id int PRIMARY KEY);
        CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'disk on fire' USING ERRCODE = '58030';
        END $$;
        CREATE TRIGGER broken BEFORE INSERT ON rows FOR EACH ROW WHEN (NEW.id = 13) EXECUTE FUNCTION broken();
    ";
    let world = with(schema, &["rows"]).await;
    let row = |id: i32| json!([change("rows", "insert", json!({"id": id}))]);
    let body = json!([
        transaction("c:1", row(1)),
        transaction("c:2", row(13)),
        transaction("c:3", row(3))
    ]);
    let verdicts = world.verdicts(&body).await;
    assert_eq!(verdicts.len(), 1);
    assert_eq!(
        settled(verdicts[0].clone()),
        json!({"id": "c:1", "status": "accepted"})
    );
    let (status, answer) = world.post(&one("c:2", row(13))).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer["error"]["code"], "STORAGE");
    assert!(!answer.to_string().contains("fire"));
    assert_eq!(world.count("rows").await, 1);
    assert_eq!(world.count("throughline_ledger").await, 1);
    // The operator puts it right, and the same request goes on where it stopped.
    world.execute("DROP TRIGGER broken ON rows").await;
    let verdicts = world.verdicts(&body).await;
    assert!(
        verdicts
            .iter()
            .all(|verdict| verdict["status"] == "accepted")
            && verdicts.len() == 3
    );
    assert_eq!(world.count("rows").await, 3);
}

#[tokio::test]
async fn a_column_added_or_dropped_meanwhile_is_seen() {
    let world = gated().await;
    let gate = world.connect().await;
    gate.batch_execute(CLOSE_GATE).await.unwrap();
    let mut note = set(2, 1);
    note["value"]["note"] = json!("new");
    let body = json!([
        transaction("c:1", json!([set(1, 6)])),
        transaction("c:2", json!([note.clone()]))
    ]);
    let posting = world.posting(body);
    world.until_blocked(1).await;
    // Waits for the first transaction to end; the catalogue was read before.
    let altering = world.connect().await;
    let altering = tokio::spawn(async move {
        altering
            .batch_execute("ALTER TABLE rows DROP COLUMN n")
            .await
    });
    world.until_blocked(2).await;
    gate.batch_execute(OPEN_GATE).await.unwrap();
    altering.await.unwrap().unwrap();
    posting.await.unwrap();
    world.execute("ALTER TABLE rows ADD COLUMN note text").await;
    note["value"] = json!({"id": 2, "note": "newer"});
    assert_eq!(
        world.verdict("c:3", json!([note])).await["status"],
        "accepted"
    );
    assert_eq!(
        world.verdict("c:4", json!([set(2, 1)])).await["error"]["code"],
        "UNKNOWN_COLUMN"
    );
}

#[tokio::test]
async fn a_batch_keeps_its_order_and_goes_on_after_a_rejection() {
    let schema = "
        CREATE TABLE rows (id int PRIMARY KEY, n int NOT NULL CHECK (n <> 500));
        INSERT INTO rows VALUES (1, -1);
        CREATE TABLE seen (place bigserial, n int);
        CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO seen (n) VALUES (NEW.n);
            RETURN NULL;
        END $$;
        CREATE TRIGGER see AFTER UPDATE ON rows FOR EACH ROW EXECUTE FUNCTION see();
    ";
    let world = with(schema, &["rows"]).await;
    let batch: Vec<Value> = (0..1_000)
        .map(|n| transaction(&format!("c:{n}"), json!([set(1, n), set(1, n)])))
        .collect();
    let verdicts = world.verdicts(&json!(batch)).await;
    let rejected: Vec<&Value> = verdicts
        .iter()
        .filter(|verdict| verdict["status"] == "rejected")
        .collect();
    assert_eq!(verdicts.len(), 1_000);
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0]["id"], "c:500");
    assert_eq!(world.count("seen").await, 2 * 999);
    assert_eq!(
        world
            .count(
                "(SELECT n, lag(n) OVER (ORDER BY place) AS before FROM seen) s WHERE n < before"
            )
            .await,
        0
    );
    assert_eq!(world.count("throughline_ledger").await, 1_000);
    let positions: Vec<u64> = verdicts
        .iter()
        .filter_map(|verdict| verdict["lsn"].as_str()?.parse().ok())
        .collect();
    assert!(positions.is_sorted() && positions.len() == 999);
}

#[tokio::test]
async fn a_lock_that_is_never_given_back_holds_nobody_for_ever() {
    let world = gated().await;
    // The operator's own patience counts, where there is one; sessions that begin from now on have it.
    let database = &world.database;
    world
        .execute(&format!(
            "ALTER DATABASE {database} SET lock_timeout = '20ms'"
        ))
        .await;
    world
        .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'throughline-server' AND datname = current_database()")
        .await;
    let rival = world.connect().await;
    rival
        .batch_execute("BEGIN; UPDATE rows SET n = 5 WHERE id = 2")
        .await
        .unwrap();
    let body = one("c:1", json!([set(2, 6)]));
    assert_eq!(world.post(&body).await.0, StatusCode::SERVICE_UNAVAILABLE);
    rival.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(world.verdicts(&body).await[0]["status"], "accepted");
    assert_eq!(world.values().await, "0,6");
}
