//! A database, the router over it, and a second look at both.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use throughline_server::http::{Service, Site, router};
use throughline_server::postgres::{Postgres, Settings};
use tokio_postgres::{Client, NoTls};
use tower::ServiceExt;

use crate::cluster::Cluster;

pub(crate) const ID: &str = "00000000-0000-4000-8000-0000000000aa";
pub(crate) const OTHER: &str = "00000000-0000-4000-8000-0000000000bb";
/// Tests end by what happens, not by the clock.
const NO_HURRY: Duration = Duration::from_secs(3_600);
pub(crate) const BODY_LIMIT: usize = 4_000_000;

/// A database of one test.
pub(crate) struct World {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) database: String,
    pub(crate) router: Router,
    pub(crate) sql: Client,
}

/// What to serve.
#[derive(Default)]
pub(crate) struct Wish {
    pub(crate) schema: &'static str,
    pub(crate) tables: &'static [&'static str],
    pub(crate) settings: Settings,
    pub(crate) user: Option<&'static str>,
    pub(crate) user_header: Option<&'static str>,
}

/// The demo's table, empty.
pub(crate) async fn demo() -> World {
    let world = serve(Cluster::shared(), Wish::default()).await;
    world.execute("DELETE FROM todos").await;
    world
}

/// Tables of a test's own.
pub(crate) async fn with(schema: &'static str, tables: &'static [&'static str]) -> World {
    let wish = Wish {
        schema,
        tables,
        ..Wish::default()
    };
    serve(Cluster::shared(), wish).await
}

pub(crate) async fn serve(cluster: Arc<Cluster>, wish: Wish) -> World {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let database = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let admin = connect(&cluster.url("postgres", "postgres")).await;
    admin
        .batch_execute(&format!("CREATE DATABASE {database}"))
        .await
        .unwrap();
    let sql = connect(&cluster.url(&database, "postgres")).await;
    sql.batch_execute(wish.schema).await.unwrap();
    let settings = Settings {
        url: cluster.url(&database, wish.user.unwrap_or("postgres")),
        tables: wish.tables.iter().map(ToString::to_string).collect(),
        patience: NO_HURRY,
        ..wish.settings
    };
    let postgres = Postgres::open(settings).await.unwrap();
    let user_header = wish.user_header.map(|name| name.parse().unwrap());
    let service = Service::over_postgres(postgres, None, user_header, BODY_LIMIT);
    let site = Site {
        test_controls: true,
        ..Site::default()
    };
    let router = router(service, &site);
    World {
        cluster,
        database,
        router,
        sql,
    }
}

/// A connection past the server.
pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(async move {
        // Its end is seen by whoever asks next.
        let _ = connection.await;
    });
    client
}

impl World {
    pub(crate) async fn connect(&self) -> Client {
        connect(&self.cluster.url(&self.database, "postgres")).await
    }

    pub(crate) async fn execute(&self, sql: &str) {
        self.sql.batch_execute(sql).await.unwrap();
    }

    /// The first column of the first row.
    pub(crate) async fn text(&self, sql: &str) -> Option<String> {
        let sql = format!("SELECT ({sql})::text");
        self.sql.query_one(&sql, &[]).await.unwrap().get(0)
    }

    pub(crate) async fn count(&self, what: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {what}");
        self.sql.query_one(&sql, &[]).await.unwrap().get(0)
    }

    pub(crate) async fn post(&self, body: &Value) -> (StatusCode, Value) {
        post(&self.router, body).await
    }

    /// A POST that goes on by itself.
    pub(crate) fn posting(&self, body: Value) -> tokio::task::JoinHandle<(StatusCode, Value)> {
        let router = self.router.clone();
        tokio::spawn(async move { post(&router, &body).await })
    }

    /// The verdicts on transactions that are all settled.
    pub(crate) async fn verdicts(&self, body: &Value) -> Vec<Value> {
        let (status, answer) = self.post(body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["transactions"].as_array().unwrap().clone()
    }

    /// The verdict on a single one.
    pub(crate) async fn verdict(&self, id: &str, changes: Value) -> Value {
        self.verdicts(&json!([transaction(id, changes)]))
            .await
            .remove(0)
    }

    /// Waits until so many of the server's sessions wait for a lock.
    pub(crate) async fn until_blocked(&self, sessions: i64) {
        self.until_waiting("Lock", sessions).await;
    }

    pub(crate) async fn until_waiting(&self, event: &str, sessions: i64) {
        let waiting = format!(
            "pg_stat_activity WHERE datname = current_database() AND (wait_event_type = '{event}' OR wait_event = '{event}')"
        );
        while self.count(&waiting).await < sessions {
            tokio::task::yield_now().await;
        }
    }
}

pub(crate) async fn post(router: &Router, body: &Value) -> (StatusCode, Value) {
    send(router, "POST", "/changes", &[], body.to_string()).await
}

pub(crate) async fn send(
    router: &Router,
    method: &str,
    uri: &str,
    headers: &[(&str, &str)],
    body: String,
) -> (StatusCode, Value) {
    let mut request = Request::builder()
        .method(method)
        .uri(uri)
        .header(header::HOST, "localhost:5173")
        .header(header::CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body)).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (
        parts.status,
        serde_json::from_slice(&body).unwrap_or_default(),
    )
}

pub(crate) fn transaction(id: &str, changes: Value) -> Value {
    json!({ "id": id, "changes": changes })
}

pub(crate) fn change(table: &str, operation: &str, value: Value) -> Value {
    json!({ "table": table, "operation": operation, "value": value })
}

pub(crate) fn insert(id: &str, title: &str) -> Value {
    change("todos", "insert", json!({ "id": id, "title": title }))
}

/// The verdict without what differs from run to run.
pub(crate) fn settled(mut verdict: Value) -> Value {
    let fields = verdict.as_object_mut().unwrap();
    fields.remove("txid");
    fields.remove("lsn");
    verdict
}
