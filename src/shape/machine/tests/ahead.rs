//! The next chunk is asked for before this one is in.

use super::*;

fn head(world: &mut World, offset: &str) -> Steps {
    head_with(world, ResponseHeaders::new(of_log("H", offset)))
}

fn head_with(world: &mut World, headers: ResponseHeaders) -> Steps {
    let attempt = world.shape.last_attempt();
    head_of(world, attempt, 200, headers)
}

fn head_of(world: &mut World, attempt: Attempt, status: u16, headers: ResponseHeaders) -> Steps {
    world.on(Event::ResponseHead {
        attempt,
        status,
        headers: Box::leak(Box::new(headers)),
    })
}

#[test]
fn the_next_chunk_is_asked_for_while_this_one_loads() {
    let mut world = World::new();
    world.on(Event::Start);
    let first = world.shape.last_attempt();
    let ahead = head(&mut world, "0_0");
    assert_eq!(query(&ahead)["offset"], "0_0");
    let second = request(&ahead).attempt;
    assert_eq!(
        world.answer_to(second, 200, &of_log("H", "0_inf"), HEAD),
        [Step::Hold(second)],
        "it came first"
    );
    let again = world.answer_to(second, 200, &of_log("H", "0_inf"), HEAD);
    assert_eq!(again, [], "it is held");
    let unknown = Attempt(second.0 + 1);
    assert_eq!(
        world.answer_to(unknown, 200, &of_log("H", "0_inf"), HEAD),
        []
    );
    let steps = world.answer_to(first, 200, &of_log("H", "0_0"), ROW);
    assert_eq!(batch(&steps).attempt, first);
    assert_eq!(world.on(Event::Committed), [Step::Release(second)]);
    let steps = world.answer_to(second, 200, &of_log("H", "0_inf"), HEAD);
    assert_eq!(batch(&steps).attempt, second);
    assert!(request(&world.on(Event::Committed)).live);
    assert_eq!(world.position().as_deref(), Some("H@0_inf"));
}

#[test]
fn a_chunk_ahead_is_dropped_with_the_chunk_before_it() {
    let endings: [fn(&mut World, Attempt) -> Steps; 4] = [
        |world, first| world.answer_to(first, 200, &of_log("H", "0_0"), "{}"),
        |world, first| {
            world.on(Event::Failed {
                attempt: first,
                failure: FetchFailure::Network,
            })
        },
        |world, first| {
            world.answer_to(first, 200, &of_log("H", "0_0"), ROW);
            world.on(Event::CommitFailed(Error::Quota("full".into())))
        },
        |world, _| world.on(Event::Pause),
    ];
    for end in endings {
        let mut world = World::new();
        world.on(Event::Start);
        let first = world.shape.last_attempt();
        let second = request(&head(&mut world, "0_0")).attempt;
        let steps = end(&mut world, first);
        assert!(steps.contains(&Step::Abort(second)), "{steps:?}");
        assert_eq!(
            world.answer_to(second, 200, &of_log("H", "0_inf"), HEAD),
            []
        );
    }
}

#[test]
fn nothing_is_asked_ahead_of_the_head_or_of_a_foreign_log() {
    let mut world = World::catching_up("H", "10_0");
    assert_eq!(head(&mut world, "10_0"), [], "the same place again");
    assert_eq!(head(&mut world, "9_0"), [], "backwards");
    let mut live = World::live("H", "10_0");
    assert_eq!(head(&mut live, "12_0"), []);
    let with = |world: &mut World, more| {
        let headers = of_log("H", "12_0").into_iter().chain([more]);
        head_with(world, ResponseHeaders::new(headers))
    };
    assert_eq!(with(&mut world, ("electric-up-to-date", "")), []);
    assert_eq!(with(&mut world, ("content-type", "text/html")), []);
    let current = world.shape.last_attempt();
    for (attempt, status) in [(current, 404), (Attempt(current.0 - 1), 200)] {
        let headers = ResponseHeaders::new(of_log("H", "12_0"));
        assert_eq!(head_of(&mut world, attempt, status, headers), []);
    }
    assert_eq!(
        head(&mut world.clone(), "12_0").len(),
        1,
        "but otherwise it is"
    );
    world.shape.stored.expire("H".into());
    assert_eq!(head(&mut world, "12_0"), []);
}

/// Headers that came twice, by whatever is between: only the place that was stored counts.
#[test]
fn a_chunk_ahead_of_another_place_is_asked_for_anew() {
    let mut world = World::new();
    world.on(Event::Start);
    let first = world.shape.last_attempt();
    let second = request(&head(&mut world, "0_0")).attempt;
    world.answer_to(first, 200, &of_log("H", "0_1"), ROW);
    let steps = world.on(Event::Committed);
    assert!(steps.contains(&Step::Abort(second)), "{steps:?}");
    assert_eq!(query(&steps)["offset"], "0_1");
}
