//! What must hold, by name.

use std::fmt;

/// A promise of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Property {
    Durable,
    Once,
    Folded,
    Advancing,
    Ordered,
    Atomic,
    Live,
    Converging,
    Trying,
    Bounded,
    Told,
    Settling,
    Running,
}

impl Property {
    /// As reports and the file of regressions say it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Durable => "no acknowledged write is lost",
            Self::Once => "no write is applied twice, and none that failed",
            Self::Folded => "view = server ⊕ pending, shadow rows exactly for pending keys",
            Self::Advancing => "an offset never goes back within a handle",
            Self::Ordered => "a client's writes to a row are applied in their order",
            Self::Atomic => "a transaction is seen whole or not at all",
            Self::Live => "a live result is what its query gives",
            Self::Converging => "all clients end with what the server has",
            Self::Trying => "a queue that is not empty is tried within the backoff's cap",
            Self::Bounded => "what is kept does not grow with the run",
            Self::Told => "what the server refused is listed",
            Self::Settling => "a world in which nothing happens comes to rest",
            Self::Running => "nothing panics",
        }
    }
}

/// A property that did not hold.
#[derive(Debug, Clone)]
pub(super) struct Violation {
    pub(super) property: Property,
    pub(super) seed: u64,
    /// Events that an engine or the backend had handled by then.
    pub(super) step: u64,
    pub(super) detail: String,
    /// Which actions lead to it, by their place in the seed's history.
    pub(super) actions: Vec<usize>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, seed, step) = (self.property.name(), self.seed, self.step);
        let actions: Vec<String> = self.actions.iter().map(ToString::to_string).collect();
        writeln!(f, "violated: {name}; seed {seed}, step {step}")?;
        writeln!(f, "{}", self.detail)?;
        write!(
            f,
            "replay: ./dev soak --seed {seed} --actions {}",
            actions.join(",")
        )
    }
}

/// What a check says: which property does not hold, and how it shows.
pub(super) type Check = Result<(), (Property, String)>;

/// Fails a check unless the condition holds.
pub(super) fn hold(property: Property, holds: bool, detail: impl FnOnce() -> String) -> Check {
    if holds {
        Ok(())
    } else {
        Err((property, detail()))
    }
}
