//! The invariants of `SPEC.md` under any order of events.

use super::*;

const HANDLES: [&str; 4] = ["H", "N", "M", "E"];
const OFFSETS: [&str; 5] = ["0_0", "0_inf", "10_0", "10_4", "12_0"];
const BODIES: [&str; 6] = [EMPTY, ROW, HEAD, ROW_AND_HEAD, MUST_REFETCH, "<html>"];
const STATUSES: [u16; 16] = [
    200, 200, 200, 200, 200, 200, 204, 304, 400, 401, 404, 409, 409, 429, 503, 0,
];

/// What an engine and a server could do next, drawn by chance.
fn any_event(draw: &mut fastrand::Rng, last: Attempt) -> Event<'static> {
    let attempt = Attempt(last.0.saturating_sub(draw.u64(0..2)));
    let mut headers = of_log(HANDLES[draw.usize(..4)], OFFSETS[draw.usize(..5)]).to_vec();
    if draw.u8(..8) == 0 {
        headers.remove(draw.usize(..headers.len()));
    }
    let status = STATUSES[draw.usize(..STATUSES.len())];
    let headers = Box::leak(Box::new(ResponseHeaders::new(headers)));
    match draw.u8(..24) {
        0..8 => Event::Response {
            attempt,
            status,
            headers,
            body: BODIES[draw.usize(..BODIES.len())],
        },
        8..14 => Event::Committed,
        14 => Event::ResponseHead {
            attempt,
            status,
            headers,
        },
        15 => Event::Failed {
            attempt,
            failure: match draw.u8(..4) {
                0 => FetchFailure::Network,
                1 => FetchFailure::Timeout,
                2 => FetchFailure::Aborted,
                _ => FetchFailure::Unsent(Error::Network("signed out".into())),
            },
        },
        16 => Event::CommitFailed(Error::Quota("full".into())),
        17 => Event::Refresh,
        18 => Event::Refetch,
        19 => Event::Pause,
        20 => Event::Resume,
        21 => Event::HeadersChanged,
        22 => Event::Start,
        _ => Event::Timer,
    }
}

/// The engine's side: what it was asked to store, and whether the head was reached since the last interruption.
#[derive(Default)]
struct Engine {
    asked: Option<Stored>,
    asked_head: bool,
    at_head: bool,
    /// Requests that neither ended nor were aborted.
    out: Vec<Attempt>,
    held: Vec<Attempt>,
}

#[test]
fn the_invariants_hold_under_any_order_of_events() {
    let mut polls = 0;
    let mut swaps = 0;
    for seed in 0..1_000 {
        let mut draw = fastrand::Rng::with_seed(seed);
        let mut world = World::new();
        let mut engine = Engine::default();
        for _ in 0..120 {
            world.later([0, 20, 700, 40_000][draw.usize(..4)]);
            let before = world.shape.stored.clone();
            let event = any_event(&mut draw, world.shape.last_attempt());
            let committed = matches!(event, Event::Committed);
            let interrupted = matches!(
                event,
                Event::Refresh | Event::Pause | Event::Refetch | Event::Failed { .. }
            );
            let ended = match event {
                Event::Response { attempt, .. } | Event::Failed { attempt, .. } => Some(attempt),
                _ => None,
            };
            let steps = world.on(event);
            engine.hears_end(ended, &steps);

            if committed && let Some(stored) = engine.asked.take() {
                assert_eq!(world.shape.stored, stored, "I1, seed {seed}");
                engine.at_head = engine.asked_head;
            } else {
                assert_eq!(
                    world.shape.stored.position, before.position,
                    "I1, seed {seed}"
                );
            }
            engine.at_head &= !interrupted;
            engine.obey(&world, &before, &steps, seed);
            polls += steps
                .iter()
                .filter(|s| matches!(s, Step::Fetch(r) if r.live))
                .count();
            swaps += steps
                .iter()
                .filter(|s| matches!(s, Step::Apply(b) if b.swaps()))
                .count();
        }
    }
    assert!(polls > 100 && swaps > 100, "{polls} polls, {swaps} swaps");
}

impl Engine {
    fn hears_end(&mut self, ended: Option<Attempt>, steps: &Steps) {
        let Some(attempt) = ended else { return };
        if steps.contains(&Step::Hold(attempt)) {
            self.held.push(attempt);
        }
        if !self.held.contains(&attempt) {
            self.out.retain(|out| *out != attempt);
        }
    }

    fn obey(&mut self, world: &World, before: &Stored, steps: &Steps, seed: u64) {
        for step in steps {
            match step {
                Step::Fetch(request) => {
                    let (_, query) = request.url.split_once('?').unwrap();
                    let query: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes())
                        .into_owned()
                        .collect();
                    assert!(!request.live || self.at_head, "I3, seed {seed}");
                    assert!(
                        request.live || !query.contains_key("cursor"),
                        "I5, seed {seed}"
                    );
                    assert!(
                        query["offset"] == "-1" || query.contains_key("handle"),
                        "I5, seed {seed}"
                    );
                    self.out.push(request.attempt);
                }
                Step::Apply(batch) => {
                    let position = batch.stored.position.as_ref().unwrap();
                    assert!(
                        !before.expired.contains(&position.handle),
                        "I8, seed {seed}"
                    );
                    if let Some(old) = &before.position {
                        assert_eq!(old.handle, position.handle, "I6, seed {seed}");
                        assert!(old.offset <= position.offset, "seed {seed}");
                    }
                    self.asked = Some(batch.stored.clone());
                    self.asked_head = batch.up_to_date.is_some();
                }
                Step::Refetch(refetch) => {
                    assert_eq!(refetch.stored.position, None, "seed {seed}");
                    self.asked = Some(refetch.stored.clone());
                    self.asked_head = false;
                }
                Step::Abort(attempt) => self.out.retain(|out| out != attempt),
                Step::Wait { .. } | Step::Fail(_) => self.at_head = false,
                Step::Release(attempt) => self.held.retain(|held| held != attempt),
                Step::Hold(_) => {}
            }
        }
        let (out, storing): (Vec<_>, _) = match &world.shape.state {
            State::Requesting { current, ahead, .. } => {
                let ahead = ahead.iter().map(|ahead| ahead.flight.attempt);
                ([current.attempt].into_iter().chain(ahead).collect(), false)
            }
            State::Applying { ahead, .. } => {
                (ahead.iter().map(|a| a.flight.attempt).collect(), true)
            }
            State::Idle | State::Waiting(_) | State::Failed => (vec![], false),
            State::Paused { pending } => (vec![], pending.is_some()),
        };
        assert_eq!(
            self.out, out,
            "every other request ended or was aborted, seed {seed}"
        );
        if !storing {
            self.asked = None;
        }
    }
}
