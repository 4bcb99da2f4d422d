//! From one leader to the next.

use super::*;

const QUOTA: fn() -> Error = || Error::Quota("it is full".into());

fn held(tab: &mut One) -> Effects {
    tab.takes(Event::NotOpened(OpenTrouble::Held))
}

#[test]
fn a_follower_takes_over_and_asks_itself_what_is_unanswered_and_what_stands() {
    let mut second = One::following("b", "a");
    second.watches(1, "live");
    second.asks(2, "read");
    second.asks(3, "write");
    second.is_answered(1);
    second.is_answered(2);
    assert_eq!(
        second.takes(Event::LockGranted),
        [Effect::Broadcast(Greeting::Opening), Effect::Open]
    );
    for delay in [5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_000, 2_000] {
        assert_eq!(held(&mut second), []);
        assert_eq!(second.is_due_after(delay), [Effect::Open]);
    }
    assert_eq!(
        second.takes(Event::Opened { shared: true }),
        [
            Effect::Broadcast(Greeting::Leading),
            run(1, "live"),
            run(3, "write"),
        ]
    );
}

#[test]
fn the_next_leader_is_asked_again_by_the_others() {
    let mut third = One::following("c", "a");
    third.watches(1, "live");
    third.asks(2, "write");
    third.is_answered(1);
    let greets = [Effect::Broadcast(hello("build 1", true))];
    assert_eq!(third.hears("b", Greeting::Opening), greets);
    assert_eq!(third.asks(3, "read"), [], "nobody is there to be asked");
    assert_eq!(
        third.hears("b", Greeting::Leading),
        [Effect::Broadcast(hello("build 1", true))]
    );
    assert_eq!(
        third.hears("b", welcome("b.1", "build 1")),
        [
            forward("b.1", 1, "live"),
            forward("b.1", 2, "write"),
            forward("b.1", 3, "read"),
        ]
    );
}

#[test]
fn a_tab_that_opens_what_it_has_lost_takes_nobody_from_the_leader() {
    let mut third = One::following("c", "a");
    let greets = [Effect::Broadcast(hello("build 1", true))];
    assert_eq!(third.hears("b", Greeting::Opening), greets);
    third.hears("a", welcome("a.2", "build 1"));
    assert_eq!(third.asks(1, "read"), [forward("a.2", 1, "read")]);
}

#[test]
fn an_answer_that_comes_after_its_leader_still_counts() {
    let mut third = One::following("c", "a");
    third.asks(1, "write");
    third.hears("b", Greeting::Opening);
    assert!(third.election.follows(&"a.1".into()));
    third.is_answered(1);
    third.hears("b", Greeting::Leading);
    assert_eq!(third.hears("b", welcome("b.1", "build 1")), []);
    assert!(!third.election.follows(&"a.1".into()));
    third.takes(Event::LockGranted);
    third.takes(Event::Opened { shared: true });
    assert!(!third.election.follows(&"b.1".into()), "it leads itself");
}

#[test]
fn the_leader_learns_that_a_page_was_shown_while_it_greeted() {
    let mut second = One::waiting("b");
    assert_eq!(second.takes(Event::Visible(false)), []);
    let welcomed = second.hears("a", welcome("a.1", "build 1"));
    let hidden = Effect::Report(Greeting::Visible(false));
    assert_eq!(welcomed, [Effect::Ready, hidden]);
}

#[test]
fn a_first_opening_that_finds_the_file_held_for_ten_seconds_fails() {
    let mut first = One::opening("a");
    first.now = Millis(9_999);
    assert_eq!(held(&mut first), []);
    first.now = Millis(10_000);
    assert_eq!(
        held(&mut first),
        [
            Effect::End(Error::InUse("app".into())),
            Effect::Unlock,
            Effect::Quit
        ]
    );
}

#[test]
fn an_error_at_the_first_opening_ends() {
    let mut first = One::opening("a");
    assert_eq!(
        first.takes(Event::NotOpened(QUOTA().into())),
        [Effect::End(QUOTA()), Effect::Unlock, Effect::Quit]
    );
}

#[test]
fn a_tab_that_cannot_take_over_rests_ever_longer_and_tries_again() {
    let mut second = One::following("b", "a");
    second.asks(1, "write");
    for rest in [2_000, 4_000, 8_000, 16_000, 16_000] {
        second.takes(Event::LockGranted);
        assert_eq!(
            second.takes(Event::NotOpened(QUOTA().into())),
            [Effect::Unlock]
        );
        assert_eq!(
            second.is_due_after(rest),
            [Effect::QueueLock, Effect::Broadcast(hello("build 1", true))]
        );
    }
    let storage = || Error::Storage("it is broken".into());
    second.takes(Event::LockGranted);
    let ended = second.takes(Event::NotOpened(storage().into()));
    assert_eq!(ended[0], Effect::End(storage()), "nothing that passes");
}

#[test]
fn a_tab_with_other_options_takes_over_and_the_lock_with_it() {
    let mut new = One::waiting("b");
    assert_eq!(
        new.hears("a", welcome("a.1", "build 0")),
        [Effect::Report(Greeting::Claim)]
    );
    assert_eq!(new.hears("a", Greeting::Yours), [Effect::StealLock]);
    let opens = new.takes(Event::LockGranted);
    assert_eq!(opens, [Effect::Broadcast(Greeting::Opening), Effect::Open]);
}

#[test]
fn a_leader_that_steps_down_lets_its_own_transaction_end() {
    let mut old = One::leading("a");
    old.hears("b", hello("build 2", true));
    old.hears("b", Greeting::Claim);
    assert_eq!(old.asks(1, "commit"), [run(1, "commit")]);
    old.is_answered(1);
    old.asks(2, "too late");
    old.takes(Event::Closed);
    assert_eq!(old.asks(3, "later"), []);
    old.takes(Event::LockLost);
    assert_eq!(
        old.hears("b", welcome("b.1", "build 2")),
        [forward("b.1", 2, "too late"), forward("b.1", 3, "later")]
    );
}

#[test]
fn a_leader_that_steps_down_closes_the_engine_that_came_in_between() {
    let mut old = One::leading("a");
    old.hears("b", hello("build 2", true));
    old.hears("b", Greeting::Claim);
    assert_eq!(old.takes(Event::Restarted), [Effect::Close]);
    let handed_over = old.takes(Event::Closed);
    assert_eq!(handed_over[0], tell("b", Greeting::Yours));
    assert_eq!(old.takes(Event::Restarted), []);
}

#[test]
fn other_options_are_reason_to_take_over_once_and_only_when_opened() {
    let mut new = One::waiting("b");
    new.hears("a", welcome("a.1", "build 0"));
    let follows = new.hears("c", welcome("c.1", "build 0"));
    assert_eq!(follows, [Effect::Ready], "a leader that claimed, too");
    let mut open = One::following("b", "a");
    assert_eq!(open.hears("c", welcome("c.1", "build 2")), []);
}

#[test]
fn a_claim_that_nobody_hears_takes_the_lock() {
    let mut new = One::waiting("b");
    new.hears("a", welcome("a.1", "build 0"));
    assert_eq!(new.is_due_after(OPENING_MS), [Effect::StealLock]);
}

#[test]
fn a_leader_of_a_newer_version_is_not_followed() {
    let mut old = One::waiting("b");
    let ends = old.takes(Event::Heard(Envelope {
        version: VERSION + 1,
        from: "a".into(),
        greeting: welcome("a.1", "build 1"),
    }));
    let ahead = Error::SchemaAhead {
        found: VERSION + 1,
        known: VERSION,
    };
    assert_eq!(ends, [Effect::End(ahead), Effect::Unlock, Effect::Quit]);
}

#[test]
fn a_leader_of_an_older_version_is_asked_to_hand_over_and_then_made_to() {
    let mut new = One::waiting("b");
    let older = || {
        Event::Heard(Envelope {
            version: VERSION - 1,
            from: "a".into(),
            greeting: welcome("a.1", "build 1"),
        })
    };
    assert_eq!(new.takes(older()), [Effect::Report(Greeting::Claim)]);
    assert_eq!(new.takes(older()), [Effect::StealLock]);
}

#[test]
fn a_silent_leader_loses_the_lock_to_a_tab_that_cares() {
    let mut second = One::following("b", "a");
    assert_eq!(
        second.is_due_after(PING_MS),
        [Effect::Report(Greeting::Ping)]
    );
    assert_eq!(second.hears("a", Greeting::Pong("a.1".into())), []);
    assert_eq!(
        second.is_due_after(PING_MS),
        [Effect::Report(Greeting::Ping)]
    );
    second.takes(Event::HeardLeader);
    assert_eq!(
        second.is_due_after(PING_MS),
        [Effect::Report(Greeting::Ping)]
    );
    assert_eq!(
        second.is_due_after(SILENCE_MS - PING_MS),
        [Effect::StealLock]
    );
}

#[test]
fn a_tab_that_follows_one_that_leads_no_more_finds_the_leader_by_its_answer() {
    let mut third = One::following("c", "b");
    third.asks(1, "write");
    third.hears("a", welcome("a.7", "build 1"));
    third.is_due_after(PING_MS);
    assert_eq!(
        third.hears("b", Greeting::Pong("b.1".into())),
        [Effect::Broadcast(hello("build 1", true))]
    );
    assert_eq!(
        third.hears("b", welcome("b.2", "build 1")),
        [forward("b.2", 1, "write")]
    );
}

#[test]
fn a_hidden_tab_cares_only_for_what_it_waits_for() {
    let mut second = One::following("b", "a");
    second.takes(Event::Visible(false));
    second.idles(10 * SILENCE_MS);
    second.asks(1, "write");
    assert_eq!(
        second.takes(Event::Timer),
        [Effect::Report(Greeting::Ping)],
        "its last sign was long ago"
    );
    second.is_answered(1);
    second.idles(10 * SILENCE_MS);
    assert!(matches!(second.election.part, Part::Following(_)));
}

#[test]
fn who_loses_the_lock_closes_what_it_has_open_and_waits_for_it_again() {
    let mut leader = One::leading("a");
    leader.hears("b", hello("build 1", true));
    let lost = leader.takes(Event::LockLost);
    assert_eq!(lost[..2], [Effect::Dismiss(TabNumber(1)), Effect::CloseNow]);
    assert_eq!(lost[2..], joins(true));
    assert_eq!(leader.takes(Event::Closed), []);
    let mut stepping_down = One::leading("a");
    stepping_down.hears("b", Greeting::Claim);
    let lost = stepping_down.takes(Event::LockLost);
    assert_eq!(lost[0], Effect::CloseNow);
    assert_eq!(lost[1..], joins(true));
    let mut gone = One::waiting("a");
    gone.closes(1);
    assert_eq!(gone.takes(Event::LockLost), []);
}

#[test]
fn a_tab_that_rests_follows_one_that_fares_better() {
    let mut second = One::following("b", "a");
    second.takes(Event::LockGranted);
    second.takes(Event::NotOpened(QUOTA().into()));
    assert_eq!(
        second.hears("c", Greeting::Opening),
        [],
        "it may fare no better"
    );
    assert_eq!(second.hears("c", Greeting::Leading), joins(true));
}

#[test]
fn a_file_that_opens_when_the_lock_is_lost_is_closed() {
    let mut tab = One::opening("a");
    let lost = tab.takes(Event::LockLost);
    assert_eq!(lost[0], Effect::CloseNow);
    assert_eq!(
        tab.takes(Event::Opened { shared: true }),
        [Effect::CloseNow]
    );
    assert_eq!(tab.takes(Event::Closed), []);
}
