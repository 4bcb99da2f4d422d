//! Tabs that close, leave, or delete the database.

use super::*;

const QUITS: [Effect<&str>; 2] = [Effect::Unlock, Effect::Quit];

fn with_followers(names: &[&str]) -> One {
    let mut leader = One::leading("a");
    for name in names {
        leader.hears(name, hello("build 1", true));
    }
    leader
}

#[test]
fn a_leader_closes_its_engine_and_then_gives_the_lock_back() {
    let mut leader = One::leading("a");
    assert_eq!(leader.closes(1), [run(1, "close")]);
    assert_eq!(leader.is_answered(1), QUITS);
    assert_eq!(leader.takes(Event::Closed), []);
    assert_eq!(leader.takes(Event::LockGranted), [Effect::Unlock]);
    assert!(leader.is_over());
}

#[test]
fn a_follower_closes_when_the_leader_has_let_it_go() {
    let mut follower = One::following("b", "a");
    assert_eq!(follower.closes(1), [forward("a.1", 1, "close")]);
    let left = follower.is_answered(1);
    assert_eq!(left[0], Effect::Report(Greeting::Left));
    assert_eq!(left[1..], QUITS);
}

#[test]
fn a_tab_that_nobody_serves_closes_at_once() {
    let mut resting = One::following("a", "b");
    resting.takes(Event::LockGranted);
    resting.takes(Event::NotOpened(Error::Quota(String::new()).into()));
    for mut tab in [One::waiting("a"), One::opening("a"), resting] {
        let closed = tab.closes(1);
        assert_eq!(closed[0], Effect::End(Error::Closed));
        assert_eq!(closed[1..], QUITS);
        assert_eq!(
            tab.takes(Event::Opened { shared: true }),
            [Effect::CloseNow],
            "what opens too late is closed"
        );
    }
}

#[test]
fn a_tab_that_is_closed_while_it_hands_over_lets_the_file_go_first() {
    let mut leader = One::leading("a");
    leader.hears("b", Greeting::Claim);
    let closed = leader.closes(1);
    assert_eq!(closed[..2], [Effect::End(Error::Closed), Effect::CloseNow]);
    assert_eq!(closed[2..], QUITS);
    assert_eq!(leader.takes(Event::Closed), []);
}

#[test]
fn a_page_that_goes_waits_for_nothing() {
    let mut leader = One::leading("a");
    assert_eq!(leader.takes(Event::Leave), [Effect::CloseNow]);
    leader.takes(Event::Closed);
    assert!(leader.is_over());
    let mut follower = One::following("b", "a");
    let left = follower.takes(Event::Leave);
    assert_eq!(left[0], Effect::Report(Greeting::Left));
    assert_eq!(left[1..], QUITS);
    assert_eq!(One::waiting("c").takes(Event::Leave), QUITS);
}

#[test]
fn a_wipe_waits_for_the_others_to_leave() {
    let mut leader = with_followers(&["b", "c"]);
    assert_eq!(
        leader.takes(Event::Wipe(TabNumber(1))),
        [Effect::Broadcast(Greeting::End)]
    );
    assert_eq!(leader.hears("d", hello("build 1", true)), []);
    assert_eq!(
        leader.hears("c", Greeting::Left),
        [Effect::Dismiss(TabNumber(2)), Effect::Delete]
    );
}

#[test]
fn a_wipe_waits_for_two_seconds_at_most() {
    let mut leader = with_followers(&["b", "c"]);
    leader.takes(Event::Wipe(TabNumber(0)));
    assert_eq!(leader.is_due_after(HANDING_MS), [Effect::Delete]);
    assert_eq!(
        leader.takes(Event::Wipe(TabNumber(2))),
        [],
        "it is under way"
    );
}

#[test]
fn a_tab_whose_database_is_deleted_is_over() {
    let mut follower = One::following("b", "a");
    let ends = follower.hears("a", Greeting::End);
    assert_eq!(ends[0], Effect::End(Error::Closed));
    assert!(follower.is_over());
    let mut opens = One::waiting("c");
    assert_eq!(opens.hears("a", Greeting::End), [], "it had nothing yet");
}

#[test]
fn a_leader_whose_database_another_tab_deletes_is_told_too() {
    let mut leader = with_followers(&["b"]);
    leader.takes(Event::Wipe(TabNumber(1)));
    assert_eq!(
        leader.takes(Event::Closed),
        [Effect::End(Error::Closed), Effect::Unlock, Effect::Quit]
    );
}

#[test]
fn a_wipe_outlives_the_leader_that_was_to_do_it() {
    let mut follower = One::following("b", "a");
    assert_eq!(follower.wipes(1), [forward("a.1", 1, "wipe")]);
    follower.takes(Event::LockGranted);
    let leads = follower.takes(Event::Opened { shared: true });
    assert_eq!(leads.last(), Some(&run(1, "wipe")));
    assert_eq!(
        follower.takes(Event::Wipe(TabNumber(0))),
        [Effect::Broadcast(Greeting::End), Effect::Delete]
    );
    assert_eq!(follower.is_answered(1), QUITS);
}

#[test]
fn a_wipe_is_done_though_nobody_leads_when_it_is_asked_for() {
    let mut tab = One::following("b", "a");
    tab.hears("c", Greeting::Opening);
    assert_eq!(tab.wipes(1), []);
    assert_eq!(tab.hears("d", Greeting::End), [], "it has to do it itself");
    tab.hears("c", Greeting::Leading);
    assert_eq!(
        tab.hears("c", welcome("c.1", "build 1")),
        [forward("c.1", 1, "wipe")]
    );
}

#[test]
fn a_leader_that_lost_the_lock_within_a_wipe_serves_again_when_it_leads_again() {
    let mut leader = with_followers(&["b"]);
    leader.takes(Event::Wipe(TabNumber(0)));
    leader.takes(Event::LockLost);
    leader.takes(Event::Closed);
    leader.takes(Event::LockGranted);
    leader.takes(Event::Opened { shared: true });
    let admitted = leader.hears("b", hello("build 1", true));
    assert!(matches!(admitted[0], Effect::Admit(..)), "{admitted:?}");
}

#[test]
fn a_wipe_that_was_asked_of_an_engine_that_is_gone_is_asked_for_again() {
    let mut leader = with_followers(&["b"]);
    leader.takes(Event::Wipe(TabNumber(1)));
    leader.takes(Event::Restarted);
    let admitted = leader.hears("b", hello("build 1", true));
    assert!(matches!(admitted[0], Effect::Admit(..)), "{admitted:?}");
    assert_eq!(
        leader.takes(Event::Wipe(TabNumber(2))),
        [Effect::Broadcast(Greeting::End), Effect::Delete]
    );
}

#[test]
fn a_close_that_outlives_its_leader_still_ends_the_tab() {
    let mut leader = One::leading("a");
    leader.closes(1);
    leader.takes(Event::LockLost);
    leader.takes(Event::Closed);
    leader.hears("b", Greeting::Leading);
    assert_eq!(
        leader.hears("b", welcome("b.1", "build 1")),
        [forward("b.1", 1, "close")]
    );
    leader.is_answered(1);
    assert!(leader.is_over());
}

#[test]
fn a_wipe_that_nobody_waits_for_any_more_leaves_the_tab_as_it_is() {
    let mut follower = One::following("b", "a");
    follower.wipes(1);
    assert_eq!(follower.takes(Event::Cancelled(AskNumber(1))), []);
    assert_eq!(follower.asks(2, "read"), [forward("a.1", 2, "read")]);
    assert_eq!(follower.is_answered(1), [], "too late");
    assert!(!follower.is_over());
}

#[test]
fn a_leader_whose_files_refuse_to_be_deleted_or_closed_is_over_by_its_own_answer() {
    let fails = Event::Answered {
        number: AskNumber(1),
        succeeded: false,
    };
    let mut wiping = One::leading("a");
    wiping.wipes(1);
    wiping.takes(Event::Wipe(TabNumber(0)));
    let mut closing = One::leading("a");
    closing.closes(1);
    for mut leader in [wiping, closing] {
        assert_eq!(leader.takes(fails.clone()), QUITS);
        assert_eq!(leader.takes(Event::Closed), []);
    }
    let mut follower = One::following("b", "a");
    follower.wipes(1);
    assert_eq!(follower.takes(fails), [], "there is another leader");
    assert_eq!(follower.asks(2, "read"), [forward("a.1", 2, "read")]);
}
