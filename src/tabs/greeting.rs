//! [`Greeting`]: what the workers of several tabs tell each other about who leads.

use crate::ids::{TabId, Term};

/// Counts up when tabs of the version before would misunderstand.
pub const VERSION: u32 = 1;

/// A greeting with its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The [`VERSION`] that the sender speaks.
    pub version: u32,
    /// Who sends it.
    pub from: TabId,
    /// What it says.
    pub greeting: Greeting,
}

/// The first three and the last go to all tabs, the others between the leader and one tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Greeting {
    /// I am here: whoever leads, answer me.
    Hello {
        /// What was passed to `open`, as a fingerprint.
        build: String,
        /// Whether the page can be seen.
        visible: bool,
    },
    /// I have the lock and open the file.
    Opening,
    /// The file is open: greet me.
    Leading,
    /// Ask me from now on.
    Welcome {
        /// What every message between us names.
        term: Term,
        /// As in [`Greeting::Hello`].
        build: String,
    },
    /// Hand over to me: I was opened later, with other options.
    Claim,
    /// The file is closed: take the lock.
    Yours,
    /// Are you there?
    Ping,
    /// I am, and serve you in this term.
    Pong(Term),
    /// My page is shown, or hidden.
    Visible(bool),
    /// I leave.
    Left,
    /// The database is deleted: leave.
    End,
}
