#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use super::*;
use crate::ids::Lsn;

mod ahead;
mod answers;
mod invariants;
mod refetch;
mod spec;
mod traps;

pub(super) const EMPTY: &str = "[]";
pub(super) const HEAD: &str =
    r#"[{"headers":{"control":"up-to-date","global_last_seen_lsn":"40"}}]"#;
pub(super) const ROW: &str = r#"[{"key":"k","value":{"id":"1"},"headers":{"operation":"insert"}}]"#;
pub(super) const ROW_AND_HEAD: &str = r#"[{"key":"k","value":{"id":"1"},"headers":{"operation":"insert"}},
    {"headers":{"control":"up-to-date","global_last_seen_lsn":"40"}}]"#;
pub(super) const MUST_REFETCH: &str = r#"[{"headers":{"control":"must-refetch"}}]"#;
pub(super) const OUT_OF_BOUNDS: &str =
    r#"{"message":"Invalid request","errors":{"offset":["out of bounds for this shape"]}}"#;

/// A machine with its engine and its clock.
#[derive(Clone)]
pub(super) struct World {
    pub(super) shape: Machine,
    pub(super) now: Millis,
    rng: fastrand::Rng,
}

pub(super) type Steps = Vec<Step<'static>>;

impl World {
    pub(super) fn new() -> Self {
        Self::open(None)
    }

    pub(super) fn open(stored: Option<Stored>) -> Self {
        Self {
            shape: Machine::open(ShapeDefinition::of_table("/v1/shape", "todos"), stored),
            now: Millis(1_000_000),
            rng: fastrand::Rng::with_seed(1),
        }
    }

    /// Continues at this position after a restart.
    pub(super) fn at(handle: &str, offset: &str) -> Self {
        let mut stored = Self::new().shape.stored;
        stored.position = Some(Position {
            handle: handle.into(),
            offset: offset.parse().unwrap(),
        });
        stored.synced_at = Some(Millis(5));
        Self::open(Some(stored))
    }

    /// Started at this position, the first catch-up is out.
    pub(super) fn catching_up(handle: &str, offset: &str) -> Self {
        let mut world = Self::at(handle, offset);
        world.on(Event::Start);
        world
    }

    /// A long poll is out at this position.
    pub(super) fn live(handle: &str, offset: &str) -> Self {
        let mut world = Self::catching_up(handle, offset);
        world.log(handle, offset, HEAD);
        world.later(600);
        assert!(request(&world.on(Event::Committed)).live);
        world
    }

    pub(super) fn on(&mut self, event: Event<'static>) -> Steps {
        self.shape.handle(self.now, &mut self.rng, event)
    }

    pub(super) fn later(&mut self, ms: u64) {
        self.now = self.now.after(ms);
    }

    pub(super) fn answer(
        &mut self,
        status: u16,
        headers: &[(&str, &str)],
        body: &'static str,
    ) -> Steps {
        let attempt = self.shape.last_attempt();
        self.answer_to(attempt, status, headers, body)
    }

    pub(super) fn answer_to(
        &mut self,
        attempt: Attempt,
        status: u16,
        headers: &[(&str, &str)],
        body: &'static str,
    ) -> Steps {
        let headers = Box::leak(Box::new(ResponseHeaders::new(headers.iter().copied())));
        self.on(Event::Response {
            attempt,
            status,
            headers,
            body,
        })
    }

    /// A 200 with all its headers.
    pub(super) fn log(&mut self, handle: &str, offset: &str, body: &'static str) -> Steps {
        self.answer(200, &of_log(handle, offset), body)
    }

    /// A 200, stored.
    pub(super) fn store(&mut self, handle: &str, offset: &str, body: &'static str) -> Steps {
        let steps = self.log(handle, offset, body);
        assert!(matches!(steps[..], [Step::Apply(_)]), "{steps:?}");
        self.on(Event::Committed)
    }

    pub(super) fn fail(&mut self, failure: FetchFailure) -> Steps {
        let attempt = self.shape.last_attempt();
        self.on(Event::Failed { attempt, failure })
    }

    /// Lets the timer ring when it is due.
    pub(super) fn ring(&mut self) -> Steps {
        self.now = self.shape.retry_at().unwrap();
        self.on(Event::Timer)
    }

    pub(super) fn position(&self) -> Option<String> {
        let position = self.shape.stored().position.as_ref()?;
        Some(format!("{}@{}", position.handle, position.offset))
    }
}

pub(super) fn of_log<'a>(handle: &'a str, offset: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("electric-handle", handle),
        ("electric-offset", offset),
        ("electric-schema", "{}"),
        ("electric-cursor", "77"),
    ]
}

/// The one request among the steps.
pub(super) fn request(steps: &Steps) -> &ShapeRequest {
    let mut requests = steps.iter().filter_map(|step| match step {
        Step::Fetch(request) => Some(request),
        _ => None,
    });
    let request = requests.next().expect("a request");
    assert_eq!(requests.next(), None);
    request
}

pub(super) fn query(steps: &Steps) -> BTreeMap<String, String> {
    let (_, query) = request(steps).url.split_once('?').unwrap();
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

pub(super) fn batch(steps: &Steps) -> &Batch<'static> {
    match &steps[..] {
        [Step::Apply(batch)] => batch,
        other => panic!("{other:?}"),
    }
}

pub(super) fn refetch(steps: &Steps) -> &Refetch {
    match steps.last() {
        Some(Step::Refetch(refetch)) => refetch,
        other => panic!("{other:?}"),
    }
}

pub(super) fn failure(steps: &Steps) -> &Error {
    match &steps[..] {
        [Step::Fail(error)] => error,
        other => panic!("{other:?}"),
    }
}
