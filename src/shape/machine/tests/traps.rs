//! The protocol's traps that are the machine's to avoid, and the rest of its promises.

use super::*;

/// Traps 1 and 48.
#[test]
fn the_position_moves_with_the_commit_and_not_before() {
    let mut world = World::catching_up("H", "10_0");
    let steps = world.log("H", "12_0", ROW);
    assert_eq!(
        batch(&steps).stored.position.as_ref().unwrap().offset,
        Offset::at(12, 0)
    );
    assert_eq!(world.position().as_deref(), Some("H@10_0"));
    let mut failed = world.clone();
    failed.on(Event::CommitFailed(Error::Quota("full".into())));
    assert_eq!(query(&failed.ring())["offset"], "10_0");
    world.on(Event::Pause);
    assert_eq!(
        world.position().as_deref(),
        Some("H@10_0"),
        "paused between body and commit"
    );
    let mut late = world.clone();
    late.on(Event::Committed);
    assert_eq!(late.position().as_deref(), Some("H@12_0"));
    assert_eq!(query(&late.on(Event::Resume))["offset"], "12_0");
    world.on(Event::CommitFailed(Error::Quota("full".into())));
    assert_eq!(query(&world.on(Event::Resume))["offset"], "10_0");
}

#[test]
fn a_store_that_fails_for_good_stops_the_machine_and_says_so() {
    let mut world = World::catching_up("H", "10_0");
    world.log("H", "12_0", ROW);
    let steps = world.on(Event::CommitFailed(Error::schema(
        "todos",
        "no such column",
    )));
    assert_eq!(failure(&steps).code(), "SCHEMA");
}

/// Traps 4 and 5.
#[test]
fn a_cold_start_reads_on_until_a_body_ends_up_to_date() {
    let mut world = World::new();
    let first = world.on(Event::Start);
    assert_eq!(
        request(&first).url,
        "/v1/shape?log=full&offset=-1&table=todos"
    );
    assert_eq!(world.shape.phase(), Phase::Loading);
    for offset in ["0_0", "0_1", "0_1"] {
        let steps = world.store("H", offset, EMPTY);
        assert!(!request(&steps).live);
        assert_eq!(query(&steps)["offset"], offset);
        assert_eq!(world.shape.phase(), Phase::Loading);
    }
    let steps = world.log("H", "0_inf", HEAD);
    let lsn = Some(Lsn(40));
    assert_eq!(
        batch(&steps).up_to_date,
        Some(UpToDate {
            global_last_seen_lsn: lsn
        })
    );
    let steps = world.on(Event::Committed);
    assert!(request(&steps).live);
    assert_eq!(request(&steps).timeout_ms, 45_000);
    assert_eq!(world.shape.phase(), Phase::Live);
    assert_eq!(world.shape.stored().synced_at, Some(world.now));
}

#[test]
fn up_to_date_counts_only_as_the_last_message() {
    let mut world = World::catching_up("H", "10_0");
    let body = r#"[{"headers":{"control":"up-to-date","global_last_seen_lsn":"40"}},
        {"key":"k","value":{"id":"1"},"headers":{"operation":"insert"}}]"#;
    let steps = world.log("H", "12_0", body);
    assert_eq!(batch(&steps).up_to_date, None);
    assert!(!request(&world.on(Event::Committed)).live);
}

/// Trap 46.
#[test]
fn a_live_answer_may_be_one_chunk_of_many() {
    let mut world = World::live("H", "10_0");
    let steps = world.store("H", "12_0", ROW);
    assert!(!request(&steps).live);
    assert!(request(&world.store("H", "14_0", HEAD)).live);
}

#[test]
fn the_cursor_travels_on_live_requests_and_is_never_stored() {
    let mut world = World::live("H", "10_0");
    let steps = world.store("H", "12_0", HEAD);
    assert_eq!(query(&steps)["cursor"], "77");
    assert!(!query(&world.on(Event::Refresh)).contains_key("cursor"));
    assert_eq!(query(&world.store("H", "12_0", HEAD))["cursor"], "77");
    assert!(
        !serde_json::to_string(world.shape.stored())
            .unwrap()
            .contains("77")
    );
}

/// Traps 30 and 31.
#[test]
fn a_silent_poll_and_every_interruption_lead_to_a_catch_up() {
    let interruptions: [fn(&mut World) -> Steps; 4] = [
        |world| world.fail(FetchFailure::Timeout),
        |world| world.on(Event::Refresh),
        |world| {
            world.on(Event::Pause);
            world.on(Event::Resume)
        },
        |world| {
            world.fail(FetchFailure::Network);
            world.ring()
        },
    ];
    for interrupt in interruptions {
        let mut world = World::live("H", "10_0");
        world.later(45_000);
        let steps = interrupt(&mut world);
        assert!(!request(&steps).live);
        assert_eq!(query(&steps)["offset"], "10_0");
        assert_eq!(world.shape.phase(), Phase::CatchingUp);
        assert!(request(&world.store("H", "10_0", HEAD)).live);
    }
}

#[test]
fn a_refresh_aborts_the_poll_and_its_answer_comes_too_late() {
    let mut world = World::live("H", "10_0");
    let poll = world.shape.last_attempt();
    let steps = world.on(Event::Refresh);
    assert_eq!(steps[0], Step::Abort(poll));
    assert_eq!(world.answer_to(poll, 200, &of_log("H", "12_0"), HEAD), []);
    let failure = FetchFailure::Aborted;
    assert_eq!(
        world.on(Event::Failed {
            attempt: poll,
            failure
        }),
        []
    );
    assert_eq!(world.position().as_deref(), Some("H@10_0"));
}

/// A write that was accepted while a catch-up was out is confirmed only by a request begun after it.
#[test]
fn a_refresh_during_a_catch_up_asks_once_more_before_going_live() {
    let mut world = World::catching_up("H", "10_0");
    let accepted = world.shape.last_attempt();
    world.on(Event::Refresh);
    let steps = world.store("H", "12_0", HEAD);
    assert!(!request(&steps).live && request(&steps).attempt > accepted);
    world.log("H", "12_0", HEAD);
    world.on(Event::Refresh);
    assert!(!request(&world.on(Event::Committed)).live);
    assert!(request(&world.store("H", "12_0", HEAD)).live);
}

#[test]
fn a_204_is_the_head() {
    let mut world = World::live("H", "10_0");
    world.later(9);
    let steps = world.answer(204, &[("electric-cursor", "78")], "");
    assert_eq!(
        batch(&steps).up_to_date,
        Some(UpToDate {
            global_last_seen_lsn: None
        })
    );
    let steps = world.on(Event::Committed);
    assert!(request(&steps).live);
    assert_eq!(
        (&*query(&steps)["cursor"], &*query(&steps)["offset"]),
        ("78", "10_0")
    );
    assert_eq!(world.shape.stored().synced_at, Some(world.now));
}

/// Trap 44, and protocol section 14.
#[test]
fn server_errors_are_retried_forever_and_shown() {
    let mut world = World::catching_up("H", "10_0");
    for i in 1..200 {
        let steps = world.answer(503, &[], r#"{"message":"snapshot failed"}"#);
        assert!(matches!(steps[..], [Step::Wait { .. }]));
        let error = world.shape.last_error().unwrap();
        assert_eq!((error.code(), error.retryable()), ("NETWORK", true));
        assert!(error.to_string().contains("503, snapshot failed"));
        assert_eq!(error.to_string().contains("attention"), i > 5, "{i}");
        assert!(world.shape.retry_at().unwrap().0 - world.now.0 <= 32_000);
        world.ring();
    }
    world.store("H", "10_0", HEAD);
    assert_eq!(world.shape.last_error(), None);
    assert_eq!(world.position().as_deref(), Some("H@10_0"));
}

#[test]
fn retry_after_is_a_floor_that_no_refresh_undercuts() {
    let mut world = World::catching_up("H", "10_0");
    let until = world.now.after(60_000);
    assert_eq!(
        world.answer(429, &[("retry-after", "60")], "")[..],
        [Step::Wait { until }]
    );
    world.later(10_000);
    assert_eq!(world.on(Event::Refresh)[..], [Step::Wait { until }]);
    assert_eq!(
        world.on(Event::Timer)[..],
        [Step::Wait { until }],
        "too early"
    );
    world.now = until;
    request(&world.on(Event::Refresh));
}

#[test]
fn coming_online_ends_a_wait_at_once() {
    let mut world = World::catching_up("H", "10_0");
    world.fail(FetchFailure::Network);
    request(&world.on(Event::Refresh));
}

/// The app's functions say what a request carries.
#[test]
fn a_request_that_could_not_be_made_is_told_with_its_reason() {
    let mut world = World::live("H", "10_0");
    let signed_out = Error::Network("no headers for the request: signed out".into());
    world.fail(FetchFailure::Unsent(signed_out.clone()));
    assert_eq!(world.shape.phase(), Phase::Waiting);
    assert_eq!(world.shape.last_error(), Some(&signed_out));
    request(&world.ring());

    let wrong = Error::Argument("electric.params: offset".into());
    let steps = world.fail(FetchFailure::Unsent(wrong.clone()));
    assert_eq!(steps, [Step::Fail(wrong)]);
    assert_eq!(world.shape.phase(), Phase::Failed);
    request(&world.on(Event::Start));
}

#[test]
fn a_clock_that_was_set_back_does_not_prolong_a_wait() {
    let mut world = World::catching_up("H", "10_0");
    world.answer(503, &[("retry-after", "60")], "");
    world.now = Millis(0);
    request(&world.on(Event::Timer));
}

#[test]
fn a_live_poll_that_always_fails_backs_off_although_catch_ups_succeed() {
    let mut world = World::live("H", "10_0");
    for failures in 1..8 {
        world.later(600);
        world.answer(502, &[], "");
        assert_eq!(world.shape.session.backoff.failures(), failures);
        world.ring();
        world.later(600);
        assert!(request(&world.store("H", "10_0", HEAD)).live);
    }
    world.later(20_000);
    world.store("H", "10_0", HEAD);
    assert_eq!(world.shape.session.backoff.failures(), 0);
}

#[test]
fn credentials_are_asked_for_and_a_loop_of_stale_ones_slows_down() {
    let mut world = World::catching_up("H", "10_0");
    let steps = world.answer(
        401,
        &[],
        r#"{"message":"Unauthorized - Invalid API secret"}"#,
    );
    assert_eq!(
        failure(&steps).to_string(),
        "not authorized: 401, Unauthorized - Invalid API secret"
    );
    assert_eq!(query(&world.on(Event::HeadersChanged))["offset"], "10_0");
    world.answer(403, &[], "");
    assert!(matches!(
        world.on(Event::HeadersChanged)[..],
        [Step::Wait { .. }]
    ));
    world.ring();
    world.store("H", "10_0", HEAD);
    world.answer(401, &[], "");
    request(&world.on(Event::HeadersChanged));
}

#[test]
fn a_refused_definition_carries_the_servers_sentence() {
    let mut world = World::new();
    world.on(Event::Start);
    let body = r#"{"message":"Invalid request","errors":{"where":["At location 0: unknown reference nope"]}}"#;
    let steps = world.answer(400, &[], body);
    let expected = Error::ShapeRejected("400, where: At location 0: unknown reference nope".into());
    assert_eq!(failure(&steps), &expected);
    assert_eq!(world.shape.last_error(), Some(&expected));
}

/// Trap 37: what CORS hides looks like a missing header.
#[test]
fn a_hidden_header_is_named_and_not_retried() {
    let mut world = World::live("H", "10_0");
    let headers = [("electric-handle", "H"), ("electric-offset", "12_0")];
    let steps = world.answer(200, &headers, HEAD);
    assert_eq!(failure(&steps).code(), "PROTOCOL");
    assert!(failure(&steps).to_string().contains("electric-cursor"));
}

/// A captive portal goes away by itself, and so does the failure.
#[test]
fn html_is_an_endpoint_fault_that_a_refresh_tries_again() {
    let mut world = World::live("H", "10_0");
    let steps = world.answer(200, &of_log("H", "12_0"), "<!doctype html>");
    assert_eq!(failure(&steps).code(), "ENDPOINT");
    assert_eq!(query(&world.on(Event::Refresh))["offset"], "10_0");
}

#[test]
fn answers_without_progress_are_slowed_down_and_the_position_stays() {
    let mut world = World::catching_up("H", "10_0");
    let mut requests = 1;
    let mut delays = vec![];
    while delays.len() < 4 {
        world.later(10);
        let steps = world.store("H", "10_0", EMPTY);
        if let [Step::Wait { until }] = steps[..] {
            delays.push(until.0 - world.now.0);
            assert_eq!(world.shape.last_error().unwrap().code(), "PROTOCOL");
            world.ring();
        }
        requests += 1;
    }
    assert_eq!(delays, [100, 200, 400, 800]);
    assert_eq!(requests, 8);
    assert_eq!(world.position().as_deref(), Some("H@10_0"));
    request(&world.store("H", "12_0", EMPTY));
    request(&world.store("H", "12_0", EMPTY));
}

#[test]
fn a_poll_that_is_never_held_is_slowed_down_too() {
    let mut world = World::live("H", "10_0");
    for _ in 0..3 {
        world.later(10);
        assert!(request(&world.store("H", "10_0", HEAD)).live);
    }
    let until = world.now.after(100);
    assert_eq!(world.store("H", "10_0", HEAD), [Step::Wait { until }]);
}

#[test]
fn many_refreshes_in_a_row_are_no_loop() {
    let mut world = World::live("H", "10_0");
    for _ in 0..20 {
        world.later(10);
        request(&world.on(Event::Refresh));
        assert!(request(&world.store("H", "10_0", HEAD)).live);
    }
}
