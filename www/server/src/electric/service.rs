//! The sync service itself: its restarts, its health, and the shapes it gives up (protocol sections 6, 7.4 and 9).

use serde::Deserialize;

use super::constants::retry_after;
use super::database::Electric;
use super::options::{Lag, Options};
use super::request::ShapeRequest;
use super::response::Response;
use super::shape::Shape;

/// What a restart of the service loses. Rows are Postgres's and stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Nothing: handles and offsets stay valid, but for shapes with subqueries, which never survive a restart.
    Nothing,
    /// All shapes: every client gets a 409.
    Shapes,
}

/// How well the service is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It answers.
    #[default]
    Active,
    /// It is starting: 503 for every read, and 202 for the health check.
    Starting,
    /// Snapshots fail for a known reason: 503 for shapes that would have to be opened, and for subsets.
    SnapshotsFail,
    /// Snapshots fail for an unknown reason: 500 for the same.
    SnapshotsCrash,
    /// Postgres cannot be reached: 503 for the same.
    DatabaseUnreachable,
    /// A node that is being replaced: 503 for shapes that would have to be opened.
    ReadOnly,
}

impl Condition {
    /// The failure of any read.
    pub(crate) fn refuses(self, request: &ShapeRequest) -> Option<Response> {
        (self == Condition::Starting).then(|| {
            let body = r#"{"message":"Stack not ready"}"#;
            Response::known_failure(request, body, retry_after::NOT_READY)
        })
    }

    /// The failure of a read that needs Postgres; `opens` when it would open a shape.
    pub(crate) fn refuses_query(self, request: &ShapeRequest, opens: bool) -> Option<Response> {
        let known = |body, seconds| Some(Response::known_failure(request, body, seconds));
        match self {
            Condition::Active | Condition::Starting => None,
            Condition::SnapshotsFail => known(
                r#"{"message":"Snapshot could not be created"}"#,
                retry_after::SNAPSHOT,
            ),
            Condition::SnapshotsCrash => Some(Response::internal_error(request)),
            Condition::DatabaseUnreachable => known(
                r#"{"code":"database_unreachable","error":"Cannot connect to the database"}"#,
                retry_after::DATABASE,
            ),
            Condition::ReadOnly if opens => known(
                r#"{"message":"Shapes cannot be created in read-only mode"}"#,
                retry_after::READ_ONLY,
            ),
            Condition::ReadOnly => None,
        }
    }
}

impl Electric {
    /// Restarts the service. The global LSN starts again from an earlier position (section 7.4, hole 5).
    pub fn restart(&mut self, loss: Loss) {
        self.set_lag(Lag::default());
        self.reconcile();
        self.end_shapes(|shape| loss == Loss::Shapes || shape.definition.plan.is_some());
        self.global_last_seen_lsn = self.previous_commit_lsn;
    }

    /// The replication slot or the timeline is lost: all shapes end.
    pub fn lose_slot(&mut self) {
        self.end_shapes(|_| true);
    }

    /// Ends one shape, as eviction does. Clients get a 409.
    pub fn drop_shape(&mut self, handle: &str) {
        self.end_shapes(|shape| shape.handle == handle);
    }

    /// Sets how well the service is. What is held stays held.
    pub fn set_condition(&mut self, condition: Condition) {
        self.condition = condition;
    }

    /// How well the service is.
    pub fn condition(&self) -> Condition {
        self.condition
    }

    /// How the model is set up.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The same to change; what is there already stays as it is.
    pub fn options_mut(&mut self) -> &mut Options {
        &mut self.options
    }

    /// The answer to `GET /v1/health`.
    pub fn health(&self) -> Response {
        Response::health_of(self.condition)
    }

    /// What the service is behind with.
    pub fn lag(&self) -> Lag {
        self.lag
    }

    /// Handles of the living shapes.
    pub fn handles(&self) -> impl Iterator<Item = &str> {
        self.shapes.iter().map(|shape| shape.handle.as_str())
    }

    /// Handles of the living shapes of a table.
    pub fn handles_of(&self, table: &str) -> impl Iterator<Item = &str> {
        let shapes = self.shapes.iter();
        let of_table = shapes.filter(move |shape| shape.definition.table == table);
        of_table.map(|shape| shape.handle.as_str())
    }

    /// Grows whenever a shape ends: then held requests must be asked again.
    pub fn endings(&self) -> u64 {
        self.endings
    }

    /// Handles of the shapes that [`Electric::respond`] ended since the last call, by eviction or DELETE. Whoever
    /// keeps a journal must record them.
    pub fn take_evicted(&mut self) -> Vec<String> {
        std::mem::take(&mut self.evicted)
    }

    pub(crate) fn end_shapes(&mut self, ended: impl Fn(&Shape) -> bool) {
        let before = self.shapes.len();
        self.shapes.retain(|shape| !ended(shape));
        self.endings += (before - self.shapes.len()) as u64;
    }

    /// Ends the least recently used shapes beyond the limit.
    pub(crate) fn evict(&mut self) {
        let limit = self.options.max_shapes.unwrap_or(usize::MAX).max(1);
        while self.shapes.len() > limit {
            let oldest = self.shapes.iter().min_by_key(|shape| shape.used);
            let Some(handle) = oldest.map(|shape| shape.handle.clone()) else {
                return;
            };
            self.drop_shape(&handle);
            self.evicted.push(handle);
        }
    }
}
