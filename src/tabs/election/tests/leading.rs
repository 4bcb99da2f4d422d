//! The tab that has the file, and those that it serves.

use super::*;

#[test]
fn the_first_tab_leads_and_runs_what_it_was_asked_meanwhile() {
    let mut first = One::opening("a");
    assert_eq!(first.asks(1, "read"), []);
    assert_eq!(
        first.takes(Event::Opened { shared: true }),
        [
            Effect::Ready,
            Effect::Broadcast(Greeting::Leading),
            run(1, "read"),
        ]
    );
    assert_eq!(first.asks(2, "write"), [run(2, "write")]);
}

#[test]
fn the_second_follows_and_what_it_asks_goes_to_the_leader() {
    let mut first = One::leading("a");
    assert_eq!(
        first.hears("b", hello("build 1", true)),
        [
            Effect::Admit("b".into(), TabNumber(1), "a.1".into()),
            tell("b", welcome("a.1", "build 1")),
        ]
    );
    let mut second = One::waiting("b");
    assert_eq!(second.asks(1, "read"), []);
    assert_eq!(
        second.hears("a", welcome("a.1", "build 1")),
        [Effect::Ready, forward("a.1", 1, "read")]
    );
    assert_eq!(second.asks(2, "write"), [forward("a.1", 2, "write")]);
}

#[test]
fn a_tab_in_which_nothing_can_be_shared_gives_the_lock_back_and_serves_nobody() {
    let mut first = One::opening("a");
    assert_eq!(
        first.takes(Event::Opened { shared: false }),
        [Effect::Unlock, Effect::Ready,]
    );
    assert_eq!(first.asks(1, "read"), [run(1, "read")]);
    assert_eq!(first.hears("b", hello("build 1", true)), []);
    let closed = [Effect::Unlock, Effect::Quit];
    first.closes(2);
    assert_eq!(first.is_answered(2), closed);
}

#[test]
fn without_locks_a_tab_opens_the_file_for_itself() {
    let mut alone = One::waiting("a");
    let opens = alone.takes(Event::NoLocks);
    assert_eq!(opens, [Effect::Broadcast(Greeting::Opening), Effect::Open]);
}

#[test]
fn a_tab_that_is_gone_is_dismissed() {
    for goes in [
        Event::TabGone("b".into()),
        Event::Heard(Envelope {
            version: VERSION,
            from: "b".into(),
            greeting: Greeting::Left,
        }),
    ] {
        let mut first = One::leading("a");
        first.hears("b", hello("build 1", true));
        assert_eq!(first.takes(goes), [Effect::Dismiss(TabNumber(1))]);
    }
}

#[test]
fn a_tab_that_greets_again_is_a_new_one() {
    let mut first = One::leading("a");
    first.hears("b", hello("build 1", true));
    let again = first.hears("b", hello("build 1", true));
    assert_eq!(
        again,
        [
            Effect::Dismiss(TabNumber(1)),
            Effect::Admit("b".into(), TabNumber(2), "a.2".into()),
            tell("b", welcome("a.2", "build 1")),
        ]
    );
}

#[test]
fn another_file_in_the_place_of_the_first_is_asked_anew_by_all() {
    let mut first = One::leading("a");
    first.hears("b", hello("build 1", true));
    first.asks(1, "import");
    first.watches(2, "live");
    first.is_answered(1);
    first.is_answered(2);
    assert_eq!(
        first.takes(Event::Restarted),
        [
            Effect::Dismiss(TabNumber(1)),
            Effect::Broadcast(Greeting::Leading),
            run(2, "live"),
        ]
    );
    let mut second = One::following("b", "a");
    assert_eq!(
        second.hears("a", Greeting::Leading),
        [Effect::Broadcast(hello("build 1", true))]
    );
}

#[test]
fn whoever_asks_whether_the_leader_is_there_hears_that_it_is() {
    let mut first = One::leading("a");
    first.hears("b", hello("build 1", true));
    assert_eq!(
        first.hears("b", Greeting::Ping),
        [tell("b", Greeting::Pong("a.1".into()))]
    );
}

#[test]
fn a_hidden_leader_hands_over_to_the_tab_that_was_shown_last() {
    let mut first = One::leading("a");
    first.hears("b", hello("build 1", true));
    first.hears("c", hello("build 1", false));
    first.now = Millis(10);
    first.hears("c", Greeting::Visible(true));
    first.hears("d", hello("build 1", false));
    assert_eq!(first.takes(Event::Visible(false)), []);
    assert_eq!(first.is_due_after(HIDDEN_MS), [Effect::Close]);
    assert_eq!(
        first.takes(Event::Closed),
        [
            tell("c", Greeting::Yours),
            Effect::Dismiss(TabNumber(1)),
            Effect::Dismiss(TabNumber(2)),
            Effect::Dismiss(TabNumber(3)),
        ]
    );
    assert_eq!(first.takes(Event::LockLost), joins(false));
}

#[test]
fn a_hidden_leader_stays_while_nobody_else_can_be_seen() {
    let mut first = One::leading("a");
    first.hears("b", hello("build 1", false));
    first.takes(Event::Visible(false));
    first.idles(10 * HIDDEN_MS);
    assert_eq!(first.election.part, Part::Leading);
    first.hears("b", Greeting::Visible(true));
    assert_eq!(
        first.takes(Event::Timer),
        [Effect::Close],
        "its time was long up"
    );
}

#[test]
fn a_hidden_leader_that_closes_hands_over_to_nobody() {
    let mut first = One::leading("a");
    first.hears("b", hello("build 1", true));
    first.takes(Event::Visible(false));
    first.closes(1);
    first.now = Millis(0).after(HIDDEN_MS);
    first.timer = None;
    assert_eq!(first.takes(Event::Timer), []);
    assert_eq!(first.timer, None, "there is nothing to wait for");
    assert_eq!(first.hears("b", Greeting::Claim), []);
}

#[test]
fn a_leader_that_is_shown_again_in_time_stays() {
    let mut first = One::leading("a");
    first.hears("b", hello("build 1", true));
    first.takes(Event::Visible(false));
    first.idles(HIDDEN_MS - 1);
    first.takes(Event::Visible(true));
    first.idles(HIDDEN_MS);
    assert_eq!(first.election.part, Part::Leading);
}

#[test]
fn a_lock_that_the_chosen_tab_does_not_take_goes_to_who_waited_longest() {
    let mut first = One::leading("a");
    first.hears("b", hello("build 1", true));
    assert_eq!(first.hears("b", Greeting::Claim), [Effect::Close]);
    first.takes(Event::Closed);
    let goes_on = first.is_due_after(HANDING_MS);
    assert_eq!(goes_on[0], Effect::Unlock);
    assert_eq!(goes_on[1..], joins(true));
}
