//! What an error of Postgres means for a client's transaction
//! (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).

use tokio_postgres::Error;

use crate::write::code;

/// See [`meaning`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The changes are refused, under this code.
    Rejected(&'static str),
    /// The moment was wrong.
    Again,
    /// The database, or how it is set up, is wrong.
    Unsettled,
}

use Meaning::{Again, Rejected, Unsettled};

/// States and classes; the first that a state begins with counts.
const STATES: [(&str, Meaning); 34] = [
    ("23505", Rejected(code::UNIQUE_VIOLATION)),
    ("23503", Rejected(code::FOREIGN_KEY_VIOLATION)),
    ("23001", Rejected(code::FOREIGN_KEY_VIOLATION)),
    ("23514", Rejected(code::CHECK_VIOLATION)),
    ("23502", Rejected(code::NOT_NULL_VIOLATION)),
    ("23P01", Rejected(code::EXCLUSION_VIOLATION)),
    ("23", Rejected(code::CONSTRAINT_VIOLATION)),
    ("22", Rejected(code::INVALID_VALUE)),
    ("42501", Rejected(code::FORBIDDEN)),
    // A view's WITH CHECK OPTION.
    ("44", Rejected(code::FORBIDDEN)),
    ("54", Rejected(code::TOO_LARGE)),
    // The table is not what it was when the catalogue was read.
    ("42P01", Again),
    ("42703", Again),
    ("42804", Again),
    ("42", Rejected(code::UNSUPPORTED)),
    ("0A", Rejected(code::UNSUPPORTED)),
    // Serialization failures, deadlocks, locks that were not waited for.
    ("40", Again),
    ("55P03", Again),
    // Too many connections, disk or memory full; shutting down, starting up; a standby.
    ("53", Again),
    ("57P", Again),
    ("25006", Again),
    ("08", Again),
    ("25", Unsettled),
    ("28", Unsettled),
    ("3D", Unsettled),
    ("3F", Unsettled),
    ("55", Unsettled),
    ("57", Unsettled),
    ("58", Unsettled),
    ("72", Unsettled),
    ("F0", Unsettled),
    ("HV", Unsettled),
    ("XX", Unsettled),
    // Triggers raise P0001 and states of their own making.
    ("", Rejected(code::RAISED)),
];

/// By its SQLSTATE; without one the connection is gone, or the error is ours.
pub(super) fn meaning(error: &Error) -> Meaning {
    match error.code() {
        Some(state) => of_state(state.code()),
        None if error.is_closed() || has_io_cause(error) => Again,
        None => Unsettled,
    }
}

fn of_state(state: &str) -> Meaning {
    let mut states = STATES.iter();
    let found = states.find(|(prefix, _)| state.starts_with(prefix));
    found.map_or(Unsettled, |(_, meaning)| *meaning)
}

fn has_io_cause(error: &Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.is::<std::io::Error>() {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_meanings() {
        for (state, expected) in [
            ("23505", Rejected("UNIQUE_VIOLATION")),
            ("23000", Rejected("CONSTRAINT_VIOLATION")),
            ("22P02", Rejected("INVALID_VALUE")),
            ("42501", Rejected("FORBIDDEN")),
            ("42883", Rejected("UNSUPPORTED")),
            ("P0001", Rejected("RAISED")),
            ("TL001", Rejected("RAISED")),
            ("40001", Again),
            ("40P01", Again),
            ("57P03", Again),
            ("53300", Again),
            ("57014", Unsettled),
            ("55000", Unsettled),
            ("28P01", Unsettled),
        ] {
            assert_eq!(of_state(state), expected, "{state}");
        }
    }
}
