//! Controls of the network between the clients and the service.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::faults::{Effect, Fault};
use crate::http::state::Service;

pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route("/test/outage", post(outage))
        .route("/test/fault", post(fault))
        .route("/test/clear", post(clear))
        .route("/test/latency", post(latency))
        .route("/test/log", get(log))
}

#[derive(Deserialize)]
struct Outage {
    path: String,
    status: u16,
    count: Option<usize>,
    #[serde(default)]
    after: bool,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
}

async fn outage(State(service): State<Service>, Json(outage): Json<Outage>) -> StatusCode {
    let effect = Effect::Status {
        status: outage.status,
        headers: outage.headers,
        body: outage.body,
        after: outage.after,
    };
    let mut fault = Fault::new(&outage.path, effect);
    fault.count = outage.count;
    service.faults().script.add(fault);
    StatusCode::NO_CONTENT
}

async fn fault(State(service): State<Service>, Json(fault): Json<Fault>) -> StatusCode {
    service.faults().script.add(fault);
    StatusCode::NO_CONTENT
}

async fn clear(State(service): State<Service>) -> StatusCode {
    service.faults().clear();
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

async fn log(State(service): State<Service>) -> Json<Value> {
    let held = service.held();
    let faults = service.faults();
    Json(json!({ "requests": faults.seen, "held": held }))
}
