//! Answers that are no log, and no answer: what they say to the app, and how long they are remembered.

use super::*;

#[test]
fn a_refusal_says_what_is_to_be_done() {
    let cases = [
        (0, "", "redirects"),
        (302, "<html>", "redirects"),
        (
            414,
            "",
            "414; the URL is too long: shorten where or columns",
        ),
        (404, "no such path", "404, no such path"),
        (404, "", "404"),
        (401, "<html>", "401 with HTML"),
        (403, r#"{"error":"not yours"}"#, "403, not yours"),
        (
            400,
            r#"{"message":"Invalid request","errors":{"table":["no","none"]}}"#,
            "400, table: no, none",
        ),
        (
            400,
            r#"{"message":"Invalid request","errors":{"table":7}}"#,
            "400, table: 7",
        ),
    ];
    for (status, body, says) in cases {
        let mut world = World::catching_up("H", "10_0");
        let steps = world.answer(status, &[], body);
        let error = failure(&steps).to_string();
        assert!(error.contains(says), "{status}: {error}");
    }
}

/// A poll that no connection holds would be tried again at once after each request that is answered at once.
#[test]
fn a_poll_that_failed_counts_until_one_is_answered() {
    let failures = |world: &World| world.shape.session.backoff.failures();
    let mut world = World::live("H", "10_0");
    for count in 1..5 {
        world.fail(FetchFailure::Network);
        assert_eq!(failures(&world), count);
        assert!(!request(&world.ring()).live);
        assert!(request(&world.store("H", "10_0", HEAD)).live);
        assert_eq!(failures(&world), count, "what is not held can be answered");
    }
    world.later(20_000);
    world.store("H", "10_0", HEAD);
    assert_eq!(failures(&world), 0);
}

#[test]
fn a_poll_that_nobody_answered_is_asked_without_waiting_and_other_requests_are_tried_again() {
    let mut world = World::live("H", "10_0");
    assert!(!request(&world.fail(FetchFailure::Timeout)).live);
    let steps = world.fail(FetchFailure::Timeout);
    assert!(matches!(steps[..], [Step::Wait { .. }]), "{steps:?}");
    request(&world.ring());
    world.store("H", "10_0", HEAD);
    assert_eq!(
        world.shape.session.backoff.failures(),
        0,
        "the poll did not fail"
    );
}
