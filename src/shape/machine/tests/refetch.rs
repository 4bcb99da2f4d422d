//! A log ends and another one is read (protocol section 9).

use super::*;

#[test]
fn a_409_gives_up_the_log_and_asks_for_the_one_it_names() {
    let mut world = World::live("H", "10_0");
    let steps = world.answer(409, &[("electric-handle", "N")], MUST_REFETCH);
    let refetch = refetch(&steps);
    assert_eq!(refetch.reason, RefetchReason::MustRefetch);
    assert_eq!(refetch.expired, Some("H".into()));
    assert_eq!(refetch.stored.position, None);
    assert_eq!(refetch.stored.generation, Generation::Next);
    assert_eq!(refetch.stored.expired, [Handle::from("H")]);
    assert_eq!(
        refetch.stored.synced_at, world.shape.stored.synced_at,
        "the old rows stay visible"
    );
    let query = query(&world.on(Event::Committed));
    assert_eq!(query["offset"], "-1");
    assert_eq!(query["handle"], "N");
    assert_eq!(query["expired_handle"], "H");
    assert!(query.contains_key("cache-buster"));
    assert!(!query.contains_key("cursor") && !query.contains_key("live"));
    assert_eq!(world.shape.phase(), Phase::Loading);
}

/// Trap 22: a TRUNCATE during a long poll gives a 409 without a handle, and none is made up.
#[test]
fn a_409_without_a_handle_asks_with_none() {
    let mut world = World::live("H", "10_0");
    world.answer(409, &[], MUST_REFETCH);
    let query = query(&world.on(Event::Committed));
    assert!(!query.contains_key("handle"));
    assert_eq!(query["expired_handle"], "H");
}

/// Trap 20.
#[test]
fn the_new_log_loads_beside_the_old_rows_and_swaps_at_its_first_up_to_date() {
    let mut world = World::live("H", "10_0");
    world.answer(409, &[("electric-handle", "N")], MUST_REFETCH);
    world.on(Event::Committed);
    let first = world.log("N", "0_0", ROW);
    assert_eq!(batch(&first).generation, Generation::Next);
    assert!(!batch(&first).swaps());
    let next = query(&world.on(Event::Committed));
    assert_eq!(
        (next["handle"].as_str(), next["offset"].as_str()),
        ("N", "0_0")
    );
    assert_eq!(next["expired_handle"], "H", "from now on");
    assert!(!next.contains_key("cache-buster"), "an answer was accepted");
    let last = world.log("N", "0_inf", HEAD);
    assert!(batch(&last).swaps());
    assert_eq!(batch(&last).stored.generation, Generation::Current);
    assert!(request(&world.on(Event::Committed)).live);
    let third = world.log("N", "20_0", ROW_AND_HEAD);
    assert_eq!(batch(&third).generation, Generation::Current);
    assert!(!batch(&third).swaps());
}

/// Trap 41: what must survive a reload is stored with the rows.
#[test]
fn a_crash_in_the_middle_of_a_refetch_resumes_it() {
    let mut world = World::live("H", "10_0");
    world.answer(409, &[("electric-handle", "N")], MUST_REFETCH);
    world.on(Event::Committed);
    world.store("N", "0_0", ROW);
    let json = serde_json::to_string(world.shape.stored()).unwrap();
    let mut world = World::open(Some(serde_json::from_str(&json).unwrap()));
    let again = query(&world.on(Event::Start));
    assert_eq!(
        (again["handle"].as_str(), again["offset"].as_str()),
        ("N", "0_0")
    );
    assert_eq!(world.shape.phase(), Phase::Loading);
    assert!(batch(&world.log("N", "0_inf", HEAD)).swaps());
}

#[test]
fn a_second_409_discards_the_half_built_generation() {
    let mut world = World::live("H", "10_0");
    world.answer(409, &[("electric-handle", "N")], MUST_REFETCH);
    world.on(Event::Committed);
    world.store("N", "0_0", ROW);
    let steps = world.answer(409, &[("electric-handle", "M")], MUST_REFETCH);
    assert_eq!(refetch(&steps).expired, Some("N".into()));
    assert_eq!(
        refetch(&steps).stored.expired,
        [Handle::from("H"), "N".into()]
    );
    let query = query(&world.on(Event::Committed));
    assert_eq!(
        (query["offset"].as_str(), query["handle"].as_str()),
        ("-1", "M")
    );
}

/// Trap 23: a handle beside `offset=-1` only tells caches apart, so the log that answers is taken as it is named.
#[test]
fn the_start_of_another_log_than_the_suggested_one_is_that_log() {
    let mut world = World::live("H", "10_0");
    world.answer(409, &[("electric-handle", "N")], MUST_REFETCH);
    assert_eq!(query(&world.on(Event::Committed))["handle"], "N");
    let next = world.store("M", "0_0", ROW);
    assert_eq!(
        (&*query(&next)["handle"], &*query(&next)["offset"]),
        ("M", "0_0")
    );
    assert_eq!(world.position().as_deref(), Some("M@0_0"));
}

/// Trap 47: a handle that looks older may name the newer log.
#[test]
fn handles_are_equal_or_not_and_nothing_else() {
    let mut world = World::live("9-1795342140699778", "10_0");
    let older = [("electric-handle", "1-1000000000000000")];
    let steps = world.answer(409, &older, MUST_REFETCH);
    assert_eq!(refetch(&steps).suggested, Some("1-1000000000000000".into()));
    world.on(Event::Committed);
    world.store("1-1000000000000000", "0_0", ROW);
    assert!(request(&world.store("1-1000000000000000", "0_inf", HEAD)).live);
}

/// Trap 21.
#[test]
fn no_two_requests_after_409s_have_the_same_url() {
    let mut world = World::new();
    let mut urls = vec![request(&world.on(Event::Start)).url.clone()];
    for _ in 0..6 {
        world.later(600);
        let mut steps = world.answer(409, &[("electric-handle", "N")], MUST_REFETCH);
        if world.shape.phase() == Phase::Waiting {
            steps = world.ring();
        }
        let url = request(&steps).url.clone();
        assert!(!urls.contains(&url), "{url}");
        urls.push(url);
    }
}

#[test]
fn a_409_that_names_our_own_log_is_a_cached_one() {
    let mut world = World::live("H", "10_0");
    let ours = [("electric-handle", "H")];
    for _ in 0..3 {
        let steps = world.answer(409, &ours, MUST_REFETCH);
        let query = query(&steps);
        assert_eq!(
            (query["offset"].as_str(), query["handle"].as_str()),
            ("10_0", "H")
        );
        assert!(query.contains_key("cache-buster") && !query.contains_key("live"));
        world.later(600);
    }
    let steps = world.answer(409, &ours, MUST_REFETCH);
    assert_eq!(refetch(&steps).expired, Some("H".into()));
    assert_eq!(refetch(&steps).suggested, None);
}

/// Trap 24: the server has the log, only shorter, so its handle stays good.
#[test]
fn an_offset_out_of_bounds_reads_the_log_anew() {
    let mut world = World::catching_up("H", "10_0");
    let steps = world.answer(400, &[], OUT_OF_BOUNDS);
    assert_eq!(refetch(&steps).reason, RefetchReason::OutOfBounds);
    assert_eq!(refetch(&steps).expired, None);
    let query = query(&world.on(Event::Committed));
    assert_eq!(query["offset"], "-1");
    assert!(query.contains_key("cache-buster") && !query.contains_key("handle"));
    assert_eq!(
        batch(&world.log("H", "0_0", ROW)).generation,
        Generation::Next
    );
}

#[test]
fn out_of_bounds_at_the_very_start_is_a_fault() {
    let mut world = World::new();
    world.on(Event::Start);
    assert_eq!(
        failure(&world.answer(400, &[], OUT_OF_BOUNDS)).code(),
        "SHAPE_REJECTED"
    );
}

/// Trap 23.
#[test]
fn another_log_under_our_request_is_never_mixed_in() {
    let mut world = World::catching_up("H", "10_0");
    let steps = world.log("N", "12_0", ROW_AND_HEAD);
    let refetch = refetch(&steps);
    assert_eq!(refetch.reason, RefetchReason::HandleChanged);
    assert_eq!(refetch.expired, Some("H".into()));
    assert_eq!(refetch.suggested, Some("N".into()));
}

#[test]
fn an_ended_log_from_a_cache_is_refused_three_times_then_forgiven_once_then_a_fault() {
    let mut stored = World::new().shape.stored;
    stored.expired = vec!["E".into()];
    let mut world = World::open(Some(stored));
    let mut busters = vec![];
    world.on(Event::Start);
    for _ in 0..3 {
        world.later(600);
        let query = query(&world.log("E", "0_0", ROW));
        assert_eq!(query["expired_handle"], "E");
        assert!(!busters.contains(&query["cache-buster"]));
        busters.push(query["cache-buster"].clone());
    }
    world.later(600);
    let forgiven = query(&world.log("E", "0_0", ROW));
    assert!(!forgiven.contains_key("expired_handle"));
    let mut healed = world.clone();
    healed.store("E", "0_0", ROW);
    assert_eq!(healed.position().as_deref(), Some("E@0_0"));
    world.shape.stored.expire("F".into());
    assert_eq!(failure(&world.log("F", "0_0", ROW)).code(), "PROTOCOL");
    assert_eq!(world.shape.phase(), Phase::Failed);
}

#[test]
fn a_fresh_answer_ends_the_suspicion() {
    let mut world = World::catching_up("H", "10_0");
    world.shape.stored.expire("E".into());
    for _ in 0..4 {
        for _ in 0..3 {
            world.later(600);
            request(&world.log("E", "12_0", ROW));
            assert_eq!(
                world.position().as_deref(),
                Some("H@10_0"),
                "our place is kept"
            );
        }
        world.later(600);
        let steps = world.store("H", "10_0", EMPTY);
        assert!(!query(&steps).contains_key("cache-buster"));
    }
}

/// Trap 50.
#[test]
fn a_changed_definition_does_not_continue_the_old_position() {
    let mut old = World::at("H", "10_0").shape.stored;
    old.expired.push("E".into());
    let mut definition = ShapeDefinition::of_table("/v1/shape", "todos");
    definition.where_clause = Some("owner = 7".into());
    let mut world = World::new();
    world.shape = Machine::open(definition.clone(), Some(old));
    let steps = world.on(Event::Start);
    assert_eq!(refetch(&steps).reason, RefetchReason::DefinitionChanged);
    assert_eq!(refetch(&steps).stored.definition, definition.fingerprint());
    let query = query(&world.on(Event::Committed));
    assert_eq!(query["offset"], "-1");
    assert!(!query.contains_key("handle") && !query.contains_key("expired_handle"));
}

#[test]
fn a_refetch_that_could_not_be_stored_is_tried_again() {
    let mut world = World::live("H", "10_0");
    world.answer(409, &[("electric-handle", "N")], MUST_REFETCH);
    world.on(Event::CommitFailed(Error::Quota("full".into())));
    assert_eq!(world.position().as_deref(), Some("H@10_0"));
    let steps = world.ring();
    assert_eq!(refetch(&steps).expired, Some("H".into()));
    assert_eq!(query(&world.on(Event::Committed))["handle"], "N");
}

#[test]
fn the_app_can_ask_for_everything_anew_in_any_state() {
    let mut paused = World::at("H", "10_0");
    paused.on(Event::Pause);
    paused.on(Event::Refetch);
    assert_eq!(
        refetch(&paused.on(Event::Resume)).reason,
        RefetchReason::Requested
    );
    let mut applying = World::catching_up("H", "10_0");
    applying.log("H", "12_0", HEAD);
    let steps = applying.on(Event::Refetch);
    assert_eq!(refetch(&steps).expired, None);
    applying.on(Event::Committed);
    assert_eq!(
        applying.position(),
        None,
        "the batch before was not committed"
    );
    assert_eq!(
        batch(&applying.log("H", "0_0", ROW)).generation,
        Generation::Next
    );
}

#[test]
fn logs_that_end_one_after_the_other_slow_down() {
    let mut world = World::live("H0", "10_0");
    let mut delays = vec![];
    for i in 1..7 {
        let (old, new) = (format!("H{}", i - 1), format!("H{i}"));
        assert_eq!(world.position().map(|p| p.starts_with(&old)), Some(true));
        world.answer(409, &[("electric-handle", &new)], MUST_REFETCH);
        world.on(Event::Committed);
        let wait = world
            .shape
            .retry_at()
            .map_or(0, |until| until.0 - world.now.0);
        delays.push(wait);
        if wait > 0 {
            assert!(world.shape.last_error().is_some());
            assert!(
                matches!(world.on(Event::Refresh)[..], [Step::Wait { .. }]),
                "not even a refresh"
            );
            world.ring();
        }
        world.store(&new, "0_0", ROW);
    }
    assert_eq!(delays, [0, 0, 100, 200, 400, 800]);
}

#[test]
fn only_the_latest_ended_logs_are_remembered() {
    let mut stored = World::new().shape.stored;
    for i in 0..40 {
        stored.expire(Handle(format!("{i}")));
    }
    stored.expire("30".into());
    assert_eq!(stored.expired.len(), 16);
    assert_eq!(stored.expired.last(), Some(&"30".into()));
}

#[test]
fn the_new_log_begins_without_the_old_cursor() {
    let mut world = World::live("H", "10_0");
    world.answer(409, &[("electric-handle", "N")], MUST_REFETCH);
    world.on(Event::Committed);
    let [handle, offset, schema, _] = of_log("N", "0_inf");
    world.answer(200, &[handle, offset, schema], HEAD);
    let query = query(&world.on(Event::Committed));
    assert_eq!(query["live"], "true");
    assert!(!query.contains_key("cursor"));
}

/// A cached 409 may name a log that has ended since.
#[test]
fn a_409_that_names_an_ended_log_names_none() {
    let mut world = World::catching_up("H", "10_0");
    world.shape.stored.expire("E".into());
    let steps = world.answer(409, &[("electric-handle", "E")], MUST_REFETCH);
    assert_eq!(refetch(&steps).suggested, None);
    assert!(!query(&world.on(Event::Committed)).contains_key("handle"));
}

#[test]
fn once_up_to_date_an_ended_log_can_be_forgiven_again() {
    let mut world = World::new();
    world.on(Event::Start);
    for ended in ["E", "F"] {
        world.shape.stored.position = None;
        world.shape.stored.expire(ended.into());
        world.later(600);
        world.on(Event::Pause);
        world.on(Event::Resume);
        for _ in 0..4 {
            world.later(600);
            request(&world.log(ended, "0_0", ROW));
        }
        assert!(
            !world.shape.stored.expired.contains(&ended.into()),
            "forgiven"
        );
        world.store(ended, "0_inf", HEAD);
    }
}
