//! The read path's machine, asked as a recording was and told its answer.

use throughline::error::Error;
use throughline::ids::{Lsn, Millis};
use throughline::shape::ShapeDefinition;
use throughline::shape::machine::{
    Attempt, Batch, Event, Generation, Machine, Position, Refetch, Step, Stored,
};

use crate::recording::{Query, Recording, assert_asks, query, recording};

/// A machine, and the request it has out.
pub(super) struct Replay {
    pub(super) shape: Machine,
    rng: fastrand::Rng,
    pub(super) now: Millis,
    pub(super) out: Option<(Attempt, Query)>,
}

/// What the engine was told by one recording.
pub(super) enum Told {
    Apply(Applied),
    Refetch(Refetch),
    Wait,
    Fail(Error),
}

/// A batch, freed from its body.
pub(super) struct Applied {
    pub(super) messages: usize,
    pub(super) position: Position,
    pub(super) generation: Generation,
    pub(super) swaps: bool,
    pub(super) schema: bool,
    pub(super) up_to_date: Option<Option<Lsn>>,
}

impl From<&Batch<'_>> for Applied {
    fn from(batch: &Batch<'_>) -> Self {
        Self {
            messages: batch.messages.len(),
            position: batch.stored.position.clone().unwrap(),
            generation: batch.generation,
            swaps: batch.swaps(),
            schema: batch.schema.is_some(),
            up_to_date: batch.up_to_date.map(|head| head.global_last_seen_lsn),
        }
    }
}

impl Replay {
    pub(super) fn cold(definition: ShapeDefinition) -> Self {
        Self::open(definition, None)
    }

    pub(super) fn at(definition: ShapeDefinition, handle: &str, offset: &str) -> Self {
        let position = serde_json::json!({"handle": handle, "offset": offset});
        let stored = serde_json::json!({"definition": definition.fingerprint(), "position": position, "syncedAt": 1});
        Self::open(definition, Some(serde_json::from_value(stored).unwrap()))
    }

    pub(super) fn open(definition: ShapeDefinition, stored: Option<Stored>) -> Self {
        let mut replay = Self {
            shape: Machine::open(definition, stored),
            rng: fastrand::Rng::with_seed(7),
            now: Millis(1_795_342_140_000),
            out: None,
        };
        replay.happens(Event::Start);
        replay
    }

    pub(super) fn happens(&mut self, event: Event<'_>) -> Option<Told> {
        let mut told = None;
        let mut out = None;
        for step in self.shape.handle(self.now, &mut self.rng, event) {
            match step {
                Step::Fetch(request) => {
                    let query = query(&request.url);
                    assert_eq!(query.get("live").is_some_and(|v| v == "true"), request.live);
                    out = Some((request.attempt, query));
                }
                Step::Apply(batch) => told = Some(Told::Apply(Applied::from(&batch))),
                Step::Refetch(refetch) => told = Some(Told::Refetch(refetch)),
                Step::Wait { .. } => told = Some(Told::Wait),
                Step::Fail(error) => told = Some(Told::Fail(error)),
                Step::Abort(_) | Step::Hold(_) | Step::Release(_) => {}
            }
        }
        if out.is_some() {
            self.out = out;
        }
        told
    }

    /// The machine asks what the recording was asked, and gets its answer.
    pub(super) fn replay(&mut self, number: &str) -> Told {
        let recording = recording(number);
        let asks_live = |replay: &Self| replay.out.as_ref().unwrap().1.contains_key("live");
        if asks_live(self) && !recording.asked.contains_key("live") {
            self.happens(Event::Refresh);
        }
        self.expect(number);
        self.answer(&recording)
    }

    /// The request that is out is the recorded one.
    pub(super) fn expect(&self, number: &str) {
        assert_asks(number, &self.out.as_ref().unwrap().1);
    }

    pub(super) fn answer(&mut self, recording: &Recording) -> Told {
        self.now = self.now.after(2_000);
        let (attempt, _) = self.out.take().unwrap();
        let told = self.happens(Event::Response {
            attempt,
            status: recording.status,
            headers: &recording.headers(),
            body: &recording.body,
        });
        self.happens(Event::Committed);
        told.unwrap()
    }

    pub(super) fn applies(&mut self, number: &str) -> Applied {
        match self.replay(number) {
            Told::Apply(applied) => {
                assert_eq!(self.shape.stored().position, Some(applied.position.clone()));
                applied
            }
            _ => panic!("{number} is no batch"),
        }
    }

    pub(super) fn refetches(&mut self, number: &str) -> Refetch {
        match self.replay(number) {
            Told::Refetch(refetch) => refetch,
            _ => panic!("{number} ends no log"),
        }
    }
}

impl Told {
    pub(super) fn is_next_generation(&self) -> bool {
        matches!(self, Self::Apply(applied) if applied.generation == Generation::Next)
    }
}
