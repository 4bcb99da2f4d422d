//! Controls of the sync service: how well it is, what it forgets, what it allows.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Deserializer};

use super::done;
use crate::electric::{Condition, Lag, Loss, Options};
use crate::http::state::{Core, Service};

pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route("/test/restart", post(restart))
        .route("/test/reconcile", post(reconcile))
        .route("/test/rotate", post(rotate))
        .route("/test/compact", post(compact))
        .route("/test/condition", post(condition))
        .route("/test/lag", post(lag))
        .route("/test/options", post(options))
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

async fn reconcile(State(service): State<Service>) -> StatusCode {
    service.write(|core| core.backend.electric_mut().reconcile());
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Rotate {
    table: Option<String>,
}

async fn rotate(State(service): State<Service>, Json(wanted): Json<Rotate>) -> Response {
    done(service.write(|Core { backend, journal }| {
        backend.end_shapes(journal.as_mut(), wanted.table.as_deref())
    }))
}

#[derive(Deserialize)]
struct Compact {
    table: String,
}

async fn compact(State(service): State<Service>, Json(wanted): Json<Compact>) -> StatusCode {
    service.read(|core| core.backend.electric_mut().compact(&wanted.table));
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Becomes {
    condition: Condition,
}

async fn condition(State(service): State<Service>, Json(wanted): Json<Becomes>) -> StatusCode {
    service.write(|core| core.backend.electric_mut().set_condition(wanted.condition));
    StatusCode::NO_CONTENT
}

async fn lag(State(service): State<Service>, Json(lag): Json<Lag>) -> StatusCode {
    service.write(|core| core.backend.electric_mut().set_lag(lag));
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Changed {
    chunk_bytes: Option<usize>,
    long_poll_ms: Option<u64>,
    /// `null` takes the limit away.
    #[serde(default, deserialize_with = "given")]
    max_shapes: Option<Option<usize>>,
    allow_delete: Option<bool>,
    max_initial_requests: Option<usize>,
    max_existing_requests: Option<usize>,
    subquery_buffer_transactions: Option<usize>,
    empty_last_chunk: Option<bool>,
}

fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<usize>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

async fn options(State(service): State<Service>, Json(wanted): Json<Changed>) -> StatusCode {
    fn set<T>(option: &mut T, wanted: Option<T>) {
        if let Some(wanted) = wanted {
            *option = wanted;
        }
    }
    service.write(|core| {
        let Options {
            chunk_bytes,
            long_poll_ms,
            max_shapes,
            allow_delete,
            max_initial_requests,
            max_existing_requests,
            subquery_buffer_transactions,
            empty_last_chunk,
            ..
        } = core.backend.electric_mut().options_mut();
        set(chunk_bytes, wanted.chunk_bytes);
        set(long_poll_ms, wanted.long_poll_ms);
        set(max_shapes, wanted.max_shapes);
        set(allow_delete, wanted.allow_delete);
        set(max_initial_requests, wanted.max_initial_requests);
        set(max_existing_requests, wanted.max_existing_requests);
        set(
            subquery_buffer_transactions,
            wanted.subquery_buffer_transactions,
        );
        set(empty_last_chunk, wanted.empty_last_chunk);
    });
    StatusCode::NO_CONTENT
}
