//! [`Analyses`]: statements are checked once.

use std::sync::Arc;

use rusqlite::Connection;

use crate::error::Result;
use crate::schema::Ordered;
use crate::store::Session;
use crate::store::query::{self, Analysis};

/// Statements whose analysis is kept.
const ANALYSES: usize = 256;

/// What is known of the app's statements, by their text.
#[derive(Debug, Default)]
pub(super) struct Analyses(Ordered<Arc<Analysis>>);

impl Analyses {
    pub(super) fn of(
        &mut self,
        conn: &Connection,
        session: &Session,
        sql: &str,
    ) -> Result<Arc<Analysis>> {
        if let Some(known) = self.0.get(sql) {
            return Ok(known.clone());
        }
        let analysis = Arc::new(query::analyze(conn, session, sql)?);
        if sql.len() > query::LONGEST_KEPT {
            return Ok(analysis);
        }
        if self.0.len() >= ANALYSES {
            self.clear();
        }
        self.0.set(sql.to_owned(), analysis.clone());
        Ok(analysis)
    }

    /// In bytes.
    #[cfg(all(test, not(target_family = "wasm")))]
    pub(super) fn text_kept(&self) -> usize {
        self.0.iter().map(|(sql, _)| sql.len()).sum()
    }

    /// Forgets all: the schema changed.
    pub(super) fn clear(&mut self) {
        self.0 = Ordered::new();
    }
}
