//! What can befall a request on its way to the service and back, as a script: pure, so that a simulation can play it
//! with its own clock and the server over HTTP.
//!
//! ```
//! use throughline_server::electric::Micros;
//! use throughline_server::faults::{Delivery, Effect, Fault, Reply, Script};
//!
//! let mut script = Script::default();
//! script.add(Fault::new("/v1/shape", Effect::Truncate { bytes: 5 }).times(1));
//! let effect = script.take("/v1/shape", "table=t&offset=-1").expect("a fault for the path");
//! let reply = Reply::new(200, "[{\"headers\":{}}]");
//! assert_eq!(effect.in_place("", Micros(0), &script.shelf), None);
//! assert_eq!(effect.alter(reply), Delivery::Whole(Reply::new(200, "[{\"he")));
//! assert!(script.take("/v1/shape", "table=t&offset=-1").is_none());
//! ```

mod effect;
mod shelf;

use serde::Deserialize;

pub use effect::{Delivery, Effect, NamedHandle};
pub use shelf::Shelf;

use crate::electric::Response;

/// An answer as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Headers; names are lower case.
    pub headers: Vec<(String, String)>,
    /// Body text.
    pub body: String,
}

impl Reply {
    /// An answer without headers.
    pub fn new(status: u16, body: &str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_owned(),
        }
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        let headers = response.headers.into_iter();
        Self {
            status: response.status,
            headers: headers
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            body: response.body,
        }
    }
}

/// An effect and the requests it meets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Fault {
    /// The path of the requests.
    pub path: String,
    /// What their query must contain, decoded or not; absent, anything.
    #[serde(default)]
    pub query: Option<String>,
    /// How many such requests pass before the first is met.
    #[serde(default)]
    pub skip: usize,
    /// How many are met; absent, all until it is cleared.
    #[serde(default)]
    pub count: Option<usize>,
    /// What happens to them.
    #[serde(flatten)]
    pub effect: Effect,
}

impl Fault {
    /// A fault of all requests to a path.
    pub fn new(path: &str, effect: Effect) -> Self {
        Self {
            path: path.to_owned(),
            query: None,
            skip: 0,
            count: None,
            effect,
        }
    }

    /// The same, `count` times.
    #[must_use]
    pub fn times(mut self, count: usize) -> Self {
        self.count = Some(count);
        self
    }

    fn meets(&self, path: &str, query: &str) -> bool {
        let decoded = || {
            form_urlencoded::parse(query.as_bytes()).map(|(name, value)| format!("{name}={value}"))
        };
        let wanted = self.query.as_ref();
        self.path == path
            && wanted.is_none_or(|wanted| {
                query.contains(wanted) || decoded().any(|pair| pair.contains(wanted))
            })
    }
}

/// The faults that are set, and the answers that a stale cache could give.
#[derive(Clone, Debug, Default)]
pub struct Script {
    faults: Vec<Fault>,
    /// Answers given so far.
    pub shelf: Shelf,
}

impl Script {
    /// Adds a fault after those that are set.
    pub fn add(&mut self, fault: Fault) {
        if fault.count != Some(0) {
            self.faults.push(fault);
        }
    }

    /// Ends all faults. The shelf stays.
    pub fn clear(&mut self) {
        self.faults.clear();
    }

    /// What the request meets: the first fault that is due, counted down. Faults that are not due count it as passed.
    pub fn take(&mut self, path: &str, query: &str) -> Option<Effect> {
        let mut met = None;
        for (index, fault) in self.faults.iter_mut().enumerate() {
            if !fault.meets(path, query) {
                continue;
            }
            match fault.skip.checked_sub(1) {
                Some(skip) => fault.skip = skip,
                None => {
                    met = Some(index);
                    break;
                }
            }
        }
        let index = met?;
        let effect = self.faults[index].effect.clone();
        match &mut self.faults[index].count {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) => {
                self.faults.remove(index);
            }
            None => {}
        }
        Some(effect)
    }
}

#[cfg(test)]
mod tests;
