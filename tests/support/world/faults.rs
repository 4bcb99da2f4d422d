//! What can go wrong with a request, and how chance chooses.

use throughline::engine::{Endpoint, Fetch};

use super::World;

/// What can befall one request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It never arrives.
    DropRequest,
    /// It arrives and takes effect; the answer does not.
    DropAnswer,
    /// Something before the server answers in its place.
    Status {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
    },
    /// Each way takes so long.
    Delay(u64),
    /// The answer arrives twice.
    Duplicate,
    /// Nothing is heard until the client gives up.
    Silence,
    /// The server has answered, and the answer stays on its way for so long.
    LateAnswer(u64),
    /// The connection breaks between the headers and the end of the body.
    Cut,
    /// The body ends early, and nothing says so.
    Truncated,
    /// A cache gives an older answer to the same URL, if it has one.
    Stale,
}

impl Fault {
    /// As a report counts it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::DropRequest => "fault: request lost",
            Self::DropAnswer => "fault: answer lost",
            Self::Status { status: 401, .. } => "fault: 401",
            Self::Status { status: 409, .. } => "fault: 409",
            Self::Status { status: 413, .. } => "fault: 413",
            Self::Status { status: 429, .. } => "fault: 429",
            Self::Status { .. } => "fault: 5xx",
            Self::Delay(_) => "fault: slow both ways",
            Self::Duplicate => "fault: answer twice",
            Self::Silence => "fault: silence",
            Self::LateAnswer(_) => "fault: answer late",
            Self::Cut => "fault: body cut",
            Self::Truncated => "fault: body ends early",
            Self::Stale => "fault: stale answer",
        }
    }

    pub fn status(status: u16) -> Self {
        Self::Status {
            status,
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub fn retry_after(status: u16, seconds: u64) -> Self {
        Self::Status {
            status,
            headers: vec![("Retry-After".into(), seconds.to_string())],
            body: String::new(),
        }
    }
}

/// How likely each request is to meet something, in percent, and how slow the network is.
#[derive(Debug, Clone, Copy)]
pub struct Chaos {
    pub faults: u32,
    pub latency_ms: u64,
    /// With what proxies and caches do, too.
    pub harsh: bool,
}

impl World {
    pub(super) fn fault_of(&mut self, name: &str, fetch: &Fetch) -> Option<Fault> {
        let scripted = self
            .scripted
            .iter()
            .position(|(client, endpoint, _)| client == name && *endpoint == fetch.endpoint);
        if let Some(at) = scripted {
            return Some(self.scripted.remove(at).2);
        }
        let chaos = self.chaos?;
        if self.rng.u32(0..100) >= chaos.faults {
            return None;
        }
        let refusals = [429, 500, 502, 503];
        if chaos.harsh && self.rng.bool() {
            let is_read = fetch.endpoint == Endpoint::Electric;
            return Some(match self.rng.u32(0..8) {
                0 | 1 => Fault::Cut,
                2 => Fault::Truncated,
                3 | 4 if is_read => Fault::Stale,
                5 => Fault::status(401),
                // To a write this would be a verdict.
                6 if is_read => Fault::status(409),
                // So would this be to one transaction alone, which the server may have taken already.
                6 if is_batch(fetch) => Fault::status(413),
                7 => Fault::Silence,
                _ => Fault::DropAnswer,
            });
        }
        Some(match self.rng.u32(0..8) {
            0 => Fault::DropRequest,
            1 | 2 => Fault::DropAnswer,
            3 => Fault::status(*self.rng.choice(&refusals)?),
            4 => Fault::retry_after(*self.rng.choice(&refusals)?, self.rng.u64(1..5)),
            5 => Fault::Delay(self.rng.u64(100..5_000)),
            6 => Fault::LateAnswer(self.rng.u64(100..5_000)),
            _ => Fault::Duplicate,
        })
    }
}

/// Whether it carries more than one transaction.
fn is_batch(fetch: &Fetch) -> bool {
    let body = fetch.body.as_deref().unwrap_or_default();
    body.matches("\"changes\":").count() > 1
}
