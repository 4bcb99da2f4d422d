//! `/test/…`: what browser tests need to play the rest of the world. Open only with `--open-test-controls`.
//!
//! | request | does |
//! |---|---|
//! | `POST /test/transaction` `{"changes":[…]}` | writes as another user, in the format of `/changes`; the app's rules hold |
//! | `POST /test/truncate?table=t` | TRUNCATE |
//! | `POST /test/alter` `{"table","add":{"name","type"}}` or `{"table","drop":"name"}` | ALTER TABLE |
//! | `POST /test/restart` `{"lose_shapes":bool}` | restarts the sync service |
//! | `POST /test/outage` `{"path","status","count"?,"after"?,"headers"?,"body"?}` | answers a path with a status |
//! | `POST /test/clear` | ends outages and latency |
//! | `POST /test/latency` `{"path","ms"}` | delays a path |
//! | `POST /test/reset` | first rows, no faults, empty log |
//! | `GET /test/rows?table=t` | the rows |
//! | `GET /test/log` | requests answered, oldest first, and how many polls are held |

use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::changes::is_cross_origin;
use super::faults::Outage;
use super::state::{Core, Service, now};
use crate::demo;
use crate::electric::{Alter, Column, Loss, PgType};
use crate::write::{Change, LocalTransaction, code, refused};

pub(crate) fn routes() -> Router<Service> {
    Router::new()
        .route("/test/transaction", post(transaction))
        .route("/test/truncate", post(truncate))
        .route("/test/alter", post(alter))
        .route("/test/restart", post(restart))
        .route("/test/outage", post(outage))
        .route("/test/clear", post(clear))
        .route("/test/latency", post(latency))
        .route("/test/reset", post(reset))
        .route("/test/rows", get(rows))
        .route("/test/log", get(log))
        .layer(middleware::from_fn(same_origin))
}

async fn same_origin(request: Request, next: Next) -> Response {
    match is_cross_origin(request.headers()) {
        true => {
            let message = "test controls obey this server's own pages only";
            super::shape::send(refused(403, code::CROSS_ORIGIN, message))
        }
        false => next.run(request).await,
    }
}

/// 204, or 503 when the journal cannot be written.
fn done<E: std::fmt::Display>(result: Result<(), E>) -> Response {
    match result {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}

fn bad(message: impl Into<String>) -> Response {
    (StatusCode::BAD_REQUEST, message.into()).into_response()
}

#[derive(Deserialize)]
struct OtherUser {
    changes: Vec<Change>,
}

/// The body is parsed from its text, since embedded JSON values keep their digits only so.
async fn transaction(State(service): State<Service>, body: String) -> Response {
    let transaction = match serde_json::from_str(&body) {
        Ok(OtherUser { changes }) => LocalTransaction {
            id: format!("test:{:032x}", fastrand::u128(..)),
            changes,
        },
        Err(error) => return bad(error.to_string()),
    };
    let verdict = service
        .write(|Core { backend, journal }| backend.write(journal.as_mut(), now(), &transaction));
    match verdict {
        Ok(verdict) => Json(verdict).into_response(),
        Err(error) => done(Err(error)),
    }
}

#[derive(Deserialize)]
struct OfTable {
    table: String,
}

async fn truncate(State(service): State<Service>, Query(of): Query<OfTable>) -> Response {
    done(service.write(|Core { backend, journal }| backend.truncate(journal.as_mut(), &of.table)))
}

#[derive(Deserialize)]
struct NewColumn {
    name: String,
    /// As Postgres names it; types with modifiers stand without.
    #[serde(rename = "type")]
    pg_type: String,
}

#[derive(Deserialize)]
struct AlterTable {
    table: String,
    add: Option<NewColumn>,
    drop: Option<String>,
}

async fn alter(State(service): State<Service>, Json(wanted): Json<AlterTable>) -> Response {
    let alter = match (wanted.add, wanted.drop) {
        (Some(column), None) => match PgType::named(&column.pg_type) {
            Some(pg_type) => Alter::AddColumn(Column::new(&column.name, pg_type)),
            None => return bad(format!("unknown type {}", column.pg_type)),
        },
        (None, Some(name)) => Alter::DropColumn(name),
        _ => return bad("expected either add or drop"),
    };
    done(service.write(|Core { backend, journal }| {
        backend.alter_table(journal.as_mut(), &wanted.table, alter)
    }))
}

#[derive(Deserialize)]
struct Restart {
    #[serde(default)]
    lose_shapes: bool,
}

async fn restart(State(service): State<Service>, Json(wanted): Json<Restart>) -> Response {
    let loss = match wanted.lose_shapes {
        true => Loss::Shapes,
        false => Loss::Nothing,
    };
    done(service.write(|Core { backend, journal }| backend.restart(journal.as_mut(), loss)))
}

async fn outage(State(service): State<Service>, Json(outage): Json<Outage>) -> StatusCode {
    service.faults().outages.push(outage);
    StatusCode::NO_CONTENT
}

async fn clear(State(service): State<Service>) -> StatusCode {
    let mut faults = service.faults();
    faults.outages.clear();
    faults.latency_ms.clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Latency {
    path: String,
    ms: u64,
}

async fn latency(State(service): State<Service>, Json(latency): Json<Latency>) -> StatusCode {
    service.faults().latency_ms.insert(latency.path, latency.ms);
    StatusCode::NO_CONTENT
}

async fn reset(State(service): State<Service>) -> Response {
    {
        let mut faults = service.faults();
        faults.outages.clear();
        faults.latency_ms.clear();
        faults.seen.clear();
    }
    done(service.write(|Core { backend, journal }| {
        let journal = journal.as_mut();
        // The table itself may have been altered.
        demo::start(backend, journal, now())
    }))
}

async fn rows(State(service): State<Service>, Query(of): Query<OfTable>) -> Response {
    let rows = service.read(|core| {
        core.backend
            .electric()
            .rows(&of.table)
            .cloned()
            .collect::<Vec<_>>()
    });
    Json(rows).into_response()
}

async fn log(State(service): State<Service>) -> Json<Value> {
    let held = service.held();
    let faults = service.faults();
    Json(json!({ "requests": faults.seen, "held": held }))
}
