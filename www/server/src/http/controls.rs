//! `/test/…`: what browser tests need to play the rest of the world. Open only with `--open-test-controls`.
//!
//! The database (`controls/database.rs`):
//!
//! | request | does |
//! |---|---|
//! | `POST /test/transaction` `{"changes":[…]}` | writes as another user, in the format of `/changes`; the app's rules hold |
//! | `POST /test/table` `{"name","primary_key":[…],"columns":[{"name","type","not_null"?}]}` | CREATE TABLE, replacing one of that name |
//! | `POST /test/truncate?table=t` | TRUNCATE |
//! | `POST /test/fill` `{"table","rows","bytes"}` | replaces a table's rows by so many of about so many bytes each, which take no memory; makes the table (`id int8`, `title`, `completed`, `number`, `created_at`) if there is none |
//! | `POST /test/alter` `{"table","add":{"name","type"},"unseen"?}` or `{"table","drop":"name","unseen"?}` | ALTER TABLE; `unseen` until the table's next change, `/test/reconcile` or a restart |
//! | `GET /test/rows?table=t&limit=n` | the rows, or the first of them |
//! | `GET /test/count?table=t` | how many there are |
//! | `POST /test/reset` | first rows, no faults, empty log, a healthy service as it was started |
//!
//! The sync service (`controls/service.rs`):
//!
//! | request | does |
//! |---|---|
//! | `POST /test/restart` `{"lose_shapes":bool}` | restarts it: what lagged has caught up, shapes with subqueries end in any case |
//! | `POST /test/reconcile` | it looks for unseen ALTERs, as every 60 s |
//! | `POST /test/rotate` `{"table"?}` | ends the shapes of a table and keeps its rows; without a table all, as a lost replication slot does |
//! | `POST /test/compact` `{"table"}` | merges the updates in the logs of its shapes |
//! | `POST /test/condition` `{"condition"}` | `active`, `starting`, `snapshots_fail`, `snapshots_crash`, `database_unreachable`, `read_only` |
//! | `POST /test/lag` `{"fragments"?,"moves"?}` | what it is behind with: large transactions, move-ins; absent flags are taken back |
//! | `POST /test/options` `{"chunk_bytes"?,"long_poll_ms"?,"max_shapes"?,"allow_delete"?,"max_initial_requests"?,"max_existing_requests"?,"subquery_buffer_transactions"?,"empty_last_chunk"?}` | changes what is named, for shapes and requests to come |
//!
//! The network (`controls/network.rs`); a fault meets requests to `path` whose query contains `query`, after `skip` of
//! them passed, `count` times or until cleared:
//!
//! | request | does |
//! |---|---|
//! | `POST /test/outage` `{"path","status","count"?,"after"?,"headers"?,"body"?}` | answers a path with a status; `after` the request took effect |
//! | `POST /test/fault` `{"path","query"?,"skip"?,"count"?,"effect",…}` | one of the effects below |
//! | … `"effect":"delay","ms"` | the request is late |
//! | … `"effect":"drop","bytes"?` | the connection breaks after so many bytes of the body |
//! | … `"effect":"truncate","bytes"` | the body is cut and looks whole: broken JSON with a 200 |
//! | … `"effect":"status","status","headers"?,"body"?,"after"?` | as `/test/outage` |
//! | … `"effect":"retry_later","status","seconds","date"?` | 429 or 503 with `retry-after` in seconds or as an HTTP date |
//! | … `"effect":"must_refetch","handle"?` | a 409; `handle` is `"none"`, `"sent"` or `{"is":"…"}` |
//! | … `"effect":"stale","ignoring"?` | the oldest answer, whatever its status, to a URL that differs only in the ignored parameters |
//! | … `"effect":"hide_headers","prefix"?` | a proxy hides headers, all `electric-…` ones by default |
//! | … `"effect":"login_page"` | an HTML page with a 200 |
//! | `POST /test/latency` `{"path","ms"}` | delays a path |
//! | `POST /test/clear` | ends faults and latency |
//! | `GET /test/log` | requests answered, oldest first, and how many polls are held |

mod database;
mod network;
mod service;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

use super::changes::is_cross_origin;
use super::state::Service;
use crate::write::{code, refused};

/// The controls over a service: of a real database and a real Electric, those of the network alone.
pub(crate) fn routes(service: &Service) -> Router<Service> {
    let controls = match service.is_embedded() {
        true => database::routes().merge(service::routes()),
        false => Router::new(),
    };
    controls
        .merge(network::routes())
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
