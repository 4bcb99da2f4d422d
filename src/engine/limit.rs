//! How long a statement of the app may run.

use super::Engine;
use crate::error::Result;
use crate::ids::Millis;
use crate::store::limit_statements;

impl Engine {
    /// Lets statements of the app be interrupted when they run too long, by this clock: that of the events stands still while one
    /// runs.
    ///
    /// # Errors
    /// [`crate::error::Error::Storage`], should SQLite refuse.
    pub fn limit_statements(&mut self, clock: fn() -> Millis) -> Result<()> {
        self.set_limit(None);
        limit_statements(&mut self.conn, self.session.clone(), clock)
    }

    /// The limit of the statements to come, in milliseconds, 0 for none; `None`: that of the options.
    pub(super) fn set_limit(&self, ms: Option<u64>) {
        let limit = ms.unwrap_or(self.config.statement_timeout);
        self.session.set_limit(limit);
    }
}
