//! What an inspector is told of the engine.

use super::Engine;
use crate::tabs::{Inspection, LiveRecord, ShapePosition};

/// The runs of one live query, those for others that have the same included. Microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Runs {
    count: u32,
    last: u64,
    total: u64,
    rows: u32,
}

impl Runs {
    pub(super) fn add(&mut self, took: u64, rows: usize) {
        self.count += 1;
        self.last = took;
        self.total += took;
        self.rows = rows as u32;
    }
}

impl Engine {
    /// Lets runs of live queries be timed by this clock, in microseconds from anywhere: that of the events stands still while one
    /// runs.
    pub fn time_runs(&mut self, clock: fn() -> u64) {
        self.clock = clock;
    }

    pub(super) fn inspect(&self, from: u32) -> Inspection {
        let shapes = self.shapes.iter().filter(|shape| !shape.removed);
        Inspection {
            shapes: shapes
                .map(|shape| {
                    let stored = shape.machine.as_ref().map(|machine| machine.stored());
                    let position = stored.and_then(|stored| stored.position.as_ref());
                    ShapePosition {
                        table: shape.table.clone(),
                        name: shape.name.clone(),
                        handle: position.map(|position| position.handle.to_string()),
                        offset: position.map(|position| position.offset.to_string()),
                        beside: shape.is_loading(),
                        group: shape.group.clone(),
                    }
                })
                .collect(),
            live: self
                .live
                .iter()
                .map(|live| LiveRecord {
                    tab: live.tab,
                    subscription: live.subscription,
                    sql: live.statement.sql.clone(),
                    params: live.statement.params.len() as u32,
                    reads: live.reads.iter().map(|(name, ())| name.into()).collect(),
                    runs: live.runs.count,
                    last: live.runs.last,
                    total: live.runs.total,
                    rows: live.runs.rows,
                    untaken: live.untaken,
                })
                .collect(),
            trace: self.trace.as_ref().map(|trace| trace.excerpt(from)),
        }
    }
}
