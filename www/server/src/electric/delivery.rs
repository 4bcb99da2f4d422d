//! How committed transactions reach the shapes, and what holds them back (protocol sections 7.4 and 7.5).

use super::database::Electric;
use super::moves::MoveRules;
use super::options::Lag;
use super::shape::Shape;
use super::transaction::Logged;

impl Electric {
    /// Makes a transaction readable.
    pub(crate) fn deliver(&mut self, logged: &Logged) {
        let rules = MoveRules {
            holds: self.lag.moves,
            buffer: self.options.subquery_buffer_transactions,
            next_xid: self.next_xid,
        };
        let (tables, chunk_bytes) = (&self.tables, self.options.chunk_bytes);
        let mut overflowed = Vec::new();
        // What a snapshot contains is not repeated after it.
        let behind = |shape: &&mut Shape| shape.opened_xid <= logged.xid;
        for shape in self.shapes.iter_mut().filter(behind) {
            if !shape.follow(tables, logged, rules) {
                overflowed.push(shape.handle.clone());
            }
            shape.end_chunk(chunk_bytes);
        }
        self.end_shapes(|shape| overflowed.contains(&shape.handle));
    }

    /// Sets what the service is behind with; what is no longer held back becomes readable.
    pub fn set_lag(&mut self, lag: Lag) {
        self.lag = lag;
        if !lag.fragments {
            for logged in std::mem::take(&mut self.withheld) {
                self.deliver(&logged);
            }
        }
        if !lag.moves {
            let (tables, next_xid) = (&self.tables, self.next_xid);
            for shape in &mut self.shapes {
                shape.release_moves(tables, next_xid);
                shape.end_chunk(self.options.chunk_bytes);
            }
        }
    }
}
