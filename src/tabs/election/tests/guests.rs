//! Tabs without options of their own.

use super::*;

fn guest(name: &str) -> One {
    let mut tab = One {
        election: Election::new("app".into(), name.into(), String::new(), true),
        now: Millis(0),
        timer: None,
    };
    tab.takes(Event::Start);
    let joined = tab.takes(Event::OwnLockHeld);
    let greets = Effect::Broadcast(hello("", false));
    assert_eq!(joined, [Effect::Listen, greets], "it is not in the queue");
    tab
}

fn leading() -> One {
    let mut tab = guest("guest");
    assert_eq!(tab.is_due_after(ALONE_MS), [Effect::QueueLock]);
    tab.takes(Event::LockGranted);
    tab.takes(Event::Opened { shared: true });
    assert_eq!(tab.election.part, Part::Leading);
    tab
}

#[test]
fn a_guest_follows_whoever_leads_and_claims_nothing() {
    let mut tab = guest("guest");
    let welcomed = tab.hears("a", welcome("a.1", "build 1"));
    assert_eq!(welcomed, [Effect::Unlock, Effect::Ready]);
    assert_eq!(tab.asks(1, "inspect"), [forward("a.1", 1, "inspect")]);
    let report = tab.takes(Event::Visible(true));
    assert_eq!(report, [Effect::Report(Greeting::Visible(false))]);
}

#[test]
fn a_leader_that_is_silent_loses_a_guest_and_not_the_lock() {
    let mut tab = guest("guest");
    tab.hears("a", welcome("a.1", "build 1"));
    let ping = [Effect::Report(Greeting::Ping)];
    assert_eq!(tab.is_due_after(PING_MS), ping);
    let greets = [Effect::Broadcast(hello("", false))];
    assert_eq!(tab.is_due_after(SILENCE_MS - PING_MS), greets);
}

#[test]
fn where_nobody_leads_it_asks_for_the_lock_as_the_last_in_the_queue_each_time() {
    let mut tab = guest("guest");
    assert_eq!(tab.is_due_after(ALONE_MS), [Effect::QueueLock]);
    assert_eq!(tab.is_due_after(ALONE_MS), [Effect::QueueLock]);
    let welcomed = tab.hears("a", welcome("a.1", "build 1"));
    assert_eq!(welcomed[0], Effect::Unlock, "there is a leader after all");
}

#[test]
fn it_gives_way_to_the_first_tab_with_options() {
    let mut tab = leading();
    tab.hears("other guest", hello("", false));
    assert_eq!(tab.hears("a", hello("build 1", false)), [Effect::Close]);
    let closed = tab.takes(Event::Closed);
    assert_eq!(closed[0], self::tell("a", Greeting::Yours));
}

#[test]
fn a_leader_tells_who_is_there_and_since_when() {
    let mut leader = One::leading("a");
    leader.now = Millis(2_000);
    leader.hears("b", hello("build 1", true));
    leader.hears("guest", hello("", false));
    let tabs = leader.election.tabs(Millis(5_000), TabNumber(2));
    let told: Vec<_> = tabs
        .iter()
        .map(|tab| {
            (
                &tab.id[..],
                tab.number.0,
                tab.asks,
                tab.visible,
                tab.since.0,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("a", 0, false, true, 5_000),
            ("b", 1, false, true, 3_000),
            ("guest", 2, true, false, 3_000),
        ]
    );
}
