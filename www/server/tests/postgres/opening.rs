//! What the operator is told at the start, and what is the operator's fault later.

use axum::http::StatusCode;
use serde_json::json;
use throughline_server::http::{Service, Site, router};
use throughline_server::postgres::{OpenError, Postgres, Settings};

use crate::cluster::Cluster;
use crate::support::*;

const SCHEMA: &str = "
    CREATE TABLE rows (id int PRIMARY KEY);
    CREATE TABLE keyless (id int);
    CREATE SCHEMA app;
    CREATE TABLE app.rows (id int PRIMARY KEY);
    CREATE VIEW seen AS SELECT 1 AS id;
";

/// Why a database cannot be opened with these tables.
async fn refused(world: &World, tables: &[&str]) -> OpenError {
    let settings = Settings {
        url: world.cluster.url(&world.database, "postgres"),
        tables: tables.iter().map(ToString::to_string).collect(),
        ..Settings::default()
    };
    Postgres::open(settings).await.err().unwrap()
}

#[tokio::test]
async fn what_cannot_be_offered_is_said_at_the_start() {
    let world = with(SCHEMA, &["rows"]).await;
    assert!(matches!(
        refused(&world, &["nope"]).await,
        OpenError::NoTable(_)
    ));
    assert!(matches!(
        refused(&world, &["seen"]).await,
        OpenError::NoTable(_)
    ));
    assert!(matches!(
        refused(&world, &["keyless"]).await,
        OpenError::NoKey(_)
    ));
    assert!(matches!(
        refused(&world, &["throughline_ledger"]).await,
        OpenError::Reserved(_)
    ));
    assert!(matches!(
        refused(&world, &["pg_catalog.pg_class"]).await,
        OpenError::Reserved(_)
    ));
    assert!(matches!(
        refused(&world, &["rows", "app.rows"]).await,
        OpenError::Ambiguous(_)
    ));
    // Nothing of the demo's was made beside the operator's own tables.
    assert_eq!(world.count("pg_class WHERE relname = 'todos'").await, 0);
}

#[tokio::test]
async fn a_table_of_another_schema_is_written_under_its_name() {
    let world = with(SCHEMA, &["app.rows"]).await;
    let row = json!([change("rows", "insert", json!({"id": 1}))]);
    assert_eq!(world.verdict("c:1", row).await["status"], "accepted");
    assert_eq!(
        (
            world.count("app.rows").await,
            world.count("public.rows").await
        ),
        (1, 0)
    );
}

#[tokio::test]
async fn a_ledger_of_another_form_is_not_written_to() {
    let world = with(SCHEMA, &["rows"]).await;
    world
        .execute("ALTER TABLE throughline_ledger DROP COLUMN noop")
        .await;
    let error = refused(&world, &["rows"]).await;
    assert!(matches!(error, OpenError::Ledger(_)));
    assert!(
        error
            .to_string()
            .contains("CREATE TABLE public.throughline_ledger")
    );
}

#[tokio::test]
async fn a_missing_grant_on_the_ledger_rejects_nothing() {
    let world = with(SCHEMA, &["rows"]).await;
    let role = format!("reader_{}", world.database);
    world
        .execute(&format!(
            "CREATE ROLE {role} LOGIN; GRANT ALL ON rows TO {role}; GRANT SELECT ON throughline_ledger TO {role};"
        ))
        .await;
    let settings = Settings {
        url: Cluster::url(&world.cluster, &world.database, &role),
        tables: vec!["rows".to_owned()],
        ..Settings::default()
    };
    let service = Service::over_postgres(
        Postgres::open(settings).await.unwrap(),
        None,
        None,
        BODY_LIMIT,
    );
    let router = router(service, &Site::default());
    let body = json!([transaction(
        "c:1",
        json!([change("rows", "insert", json!({"id": 1}))])
    )]);
    assert_eq!(
        post(&router, &body).await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    world
        .execute(&format!(
            "GRANT INSERT, UPDATE ON throughline_ledger TO {role}"
        ))
        .await;
    let (_, answer) = post(&router, &body).await;
    assert_eq!(answer["transactions"][0]["status"], "accepted", "{answer}");
}
