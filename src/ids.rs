//! Newtypes for everything that names or orders something.
//!
//! A handle next to a cursor next to a write id must not be three `String`s: the compiler keeps them apart.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The text as it travels.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

text_id! {
    /// Names one log of a shape (protocol section 1). Only equality has a meaning.
    Handle
}
text_id! {
    /// The opaque `electric-cursor` of a live response, sent back on the next live request.
    Cursor
}
text_id! {
    /// The UUID v7 of one intent; the server stores it so that the synced row tells which write it holds.
    WriteId
}
text_id! {
    /// The UUID of this database, minted once; the first half of a transaction's idempotency key.
    ClientId
}
text_id! {
    /// One tab's opening of the database.
    TabId
}
text_id! {
    /// As long as one leader serves one tab without a break: another one begins when the database is taken over, its file is replaced, or
    /// the tab greets again.
    Term
}
number_id! {
    /// A request of one tab, in the order of its calls.
    AskNumber(i64)
}
number_id! {
    /// A local transaction: counts up from 1 and is never reused within a database.
    TransactionId(i64)
}
number_id! {
    /// One row of the change log, in the order the writes were made.
    ChangeId(i64)
}
number_id! {
    /// One shape of one table, as long as the database knows it.
    ShapeId(i64)
}
number_id! {
    /// A position in the Postgres write-ahead log.
    Lsn(u64)
}
number_id! {
    /// A Postgres transaction id as it appears in `txids`: 32 bits, it wraps.
    Xid(u32)
}
number_id! {
    /// One HTTP request asked of the shell; its answer comes back under the same number.
    FetchId(u64)
}
number_id! {
    /// One timer asked of the shell.
    TimerId(u32)
}
number_id! {
    /// One live query; chosen by the side that subscribes.
    SubscriptionId(u32)
}
number_id! {
    /// One request of the app; its reply carries the same number.
    RequestId(u32)
}
number_id! {
    /// One tab that this database answers; 0 is the tab that it lives in.
    TabNumber(u32)
}
number_id! {
    /// Milliseconds since the Unix epoch. Always an argument, never read in pure code.
    Millis(i64)
}

impl Millis {
    /// The moment `ms` milliseconds later.
    pub fn after(self, ms: u64) -> Self {
        Self(self.0.saturating_add_unsigned(ms))
    }
}

impl Lsn {
    /// Reads the decimal text of the wire.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_serialize_as_their_bare_value() {
        let text = serde_json::to_string(&(Handle::from("h-1"), Lsn(u64::MAX))).ok();
        assert_eq!(text.as_deref(), Some(r#"["h-1",18446744073709551615]"#));
    }
}
