//! Whether a file from elsewhere is a database that this build would have made, and nothing hangs on what is ours in it.
//!
//! Our own statements run unasked, so a trigger on the change log or on synced rows would run with them; and a file that cannot be
//! opened must not take the place of one that can. The questions are put in SQL: as code they would be kilobytes to download.

use rusqlite::Connection;

use super::bookkeeping::first;
use super::{migrations, shapes, transactions};
use crate::error::{Error, Result};
use crate::ids::ClientId;

/// Looks through all definitions, and reads what is kept of tables, shapes and writes.
///
/// # Errors
/// [`Error::Argument`] with the first object that is not as it should be; what reading it says.
pub fn check(conn: &Connection, client: &ClientId) -> Result<()> {
    // First: the question takes it for granted that these are JSON.
    shapes::load_tables(conn)?;
    shapes::load(conn)?;
    // The first object that is not as it should be. Bookkeeping is there word by word; of the tables `t`, what is `shown` (views and
    // their triggers) is made anew where it differs, and what is `kept` has the columns of its rows.
    let question = include_str!("imported.sql");
    let wrong = first(conn, question, &[&migrations::BOOKKEEPING], |row| {
        Ok(row.get::<_, String>(0)?)
    })?;
    if let Some(name) = wrong {
        return Err(Error::Argument(format!(
            "import: {name:?} is not as this package makes it"
        )));
    }
    transactions::pending(conn, client)?;
    transactions::rejected(conn, client)?;
    Ok(())
}
