use super::*;
use crate::upload::{BATCH_TRANSACTIONS, Verdict};

/// Bytes of a transaction.
const SIZE: usize = 100;

/// An uploader, a queue behind it and a server before it.
struct World {
    uploader: Uploader,
    rng: fastrand::Rng,
    now: Millis,
    queue: Vec<String>,
    /// The transactions of each POST.
    posts: Vec<Vec<String>>,
    /// What became of each transaction, in order: `+` accepted, `-` refused.
    settled: Vec<String>,
    /// The last step that waits.
    timer: Option<Millis>,
    sending: Vec<String>,
}

impl World {
    fn with(count: usize) -> Self {
        let mut world = Self {
            uploader: Uploader::new(false, Batch::default()),
            rng: fastrand::Rng::with_seed(1),
            now: Millis(1_000_000),
            queue: (1..=count).map(|n| format!("c:{n}")).collect(),
            posts: Vec::new(),
            settled: Vec::new(),
            timer: None,
            sending: Vec::new(),
        };
        world.on(Event::Queued);
        world
    }

    /// One event and all that it leads to here.
    fn on(&mut self, event: Event<'_>) -> Vec<&'static str> {
        let mut names = Vec::new();
        for step in self.uploader.handle(self.now, &mut self.rng, event) {
            match step {
                Step::Send(take) => {
                    names.push("send");
                    self.send(&take);
                }
                Step::Settle(verdicts) => {
                    names.push("settle");
                    for one in verdicts {
                        let sign = match one.verdict {
                            Verdict::Accepted { .. } => '+',
                            Verdict::Rejected(_) => '-',
                        };
                        self.settle(&one.id, sign);
                    }
                }
                Step::Refuse(_) => {
                    names.push("refuse");
                    let id = self.sending[0].clone();
                    self.settle(&id, '-');
                }
                Step::Requeue(_) => names.push("requeue"),
                Step::Withdraw => names.push("withdraw"),
                Step::Wait { until } => {
                    names.push("wait");
                    self.timer = Some(until);
                }
                Step::Abort => names.push("abort"),
            }
        }
        names
    }

    fn settle(&mut self, id: &str, sign: char) {
        self.queue.retain(|queued| queued != id);
        self.settled.push(format!("{sign}{id}"));
    }

    fn send(&mut self, take: &Take) {
        let fits = |id: &&String| match &take.alone {
            Some(alone) => *id == alone,
            None => !take.parked.contains(id),
        };
        let ids: Vec<String> = self.queue.iter().filter(fits).cloned().collect();
        let fit = take.batch.transactions.min(take.batch.bytes / SIZE).max(1);
        let ids: Vec<String> = ids.into_iter().take(fit).collect();
        self.sending.clone_from(&ids);
        if !ids.is_empty() {
            self.posts.push(ids.clone());
        }
        let bytes = SIZE * ids.len();
        self.on(Event::Sent { ids, bytes });
    }

    fn answer(&mut self, status: u16, body: &str) -> Vec<&'static str> {
        self.on(Event::Answered {
            status,
            is_html: false,
            retry_after: None,
            body,
        })
    }

    fn timer_fires(&mut self) -> Vec<&'static str> {
        self.now = self.timer.take().unwrap_or(self.now);
        self.on(Event::Timer)
    }

    /// Answers by the transactions of the POST until nothing is queued, or for so many POSTs.
    fn serve(&mut self, posts: usize, status: impl Fn(&[String]) -> u16) {
        for _ in 0..posts {
            while !self.uploader.is_sending() && self.timer.is_some() {
                self.timer_fires();
            }
            if !self.uploader.is_sending() {
                return;
            }
            let status = status(&self.sending);
            self.answer(status, "");
        }
    }

    fn sent_alone(&self, id: &str) -> usize {
        let alone = |post: &&Vec<String>| post.as_slice() == [id];
        self.posts.iter().filter(alone).count()
    }
}

fn holds(sent: &[String], id: &str) -> bool {
    sent.iter().any(|one| one == id)
}

#[test]
fn one_post_at_a_time() {
    let mut world = World::with(1);
    assert_eq!(world.on(Event::Queued), [""; 0]);
    assert_eq!(world.answer(200, ""), ["settle", "send"]);
    assert_eq!(world.posts.len(), 1);
}

#[test]
fn a_culprit_is_found_by_halves_and_nobody_is_sent_alone_for_it() {
    for culprit in 1..=BATCH_TRANSACTIONS {
        let culprit = format!("c:{culprit}");
        let mut world = World::with(1_000);
        world.serve(1_000, |sent| if holds(sent, &culprit) { 422 } else { 200 });
        let others = world.settled.iter().filter(|one| one.starts_with('+'));
        assert_eq!(others.count(), 999);
        assert!(world.settled.contains(&format!("-{culprit}")));
        // 20 batches, one of them in halves.
        let halves = BATCH_TRANSACTIONS.ilog2() as usize + 2;
        let posts = world.posts.len();
        assert!(posts <= 20 + halves + 1, "{posts} for {culprit}");
        assert!(world.queue.is_empty());
    }
}

#[test]
fn a_body_too_large_is_halved_in_bytes_and_the_server_is_not_asked_again() {
    let mut world = World::with(200);
    // Twenty fit: after 50 and 25 it is sent what fits, and never more.
    world.serve(1_000, |sent| if sent.len() > 20 { 413 } else { 200 });
    let sizes: Vec<usize> = world.posts.iter().map(Vec::len).collect();
    assert_eq!(sizes[..3], [50, 25, 12]);
    assert!(sizes[2..].iter().all(|size| *size <= 12));
    assert_eq!(world.posts.len(), 2 + 200_usize.div_ceil(12));
    assert!(world.queue.is_empty());
    let mut world = World::with(1);
    assert_eq!(world.answer(413, ""), ["refuse", "send"]);
}

/// What an hour would end is over when the clock shows an earlier one.
fn set_back(world: &mut World) {
    world.timer = Some(Millis(world.timer.unwrap().0 - 24 * 60 * 60 * 1000));
}

#[test]
fn a_clock_that_was_set_back_ends_a_wait_and_the_servers_wish() {
    let events: [fn() -> Event<'static>; 2] = [|| Event::Timer, || Event::Resume];
    for event in events {
        let mut world = World::with(1);
        let unavailable = Event::Answered {
            status: 503,
            is_html: false,
            retry_after: Some(60_000),
            body: "",
        };
        assert_eq!(world.on(unavailable), ["requeue", "wait"]);
        assert_eq!(world.on(event()), ["wait"]);
        set_back(&mut world);
        world.now = world.timer.unwrap();
        assert_eq!(world.on(event()), ["send"]);
    }
}

#[test]
fn a_clock_that_was_set_back_lets_a_parked_transaction_go() {
    let mut world = World::with(2);
    // The first one is passed over.
    world.on(Event::Answered {
        status: 200,
        is_html: false,
        retry_after: None,
        body: r#"{"transactions": [{"id": "c:2", "status": "accepted"}]}"#,
    });
    assert_eq!(world.sent_alone("c:1"), 0);
    set_back(&mut world);
    world.timer_fires();
    assert_eq!(world.sent_alone("c:1"), 1);
}

#[test]
fn a_403_asks_for_fresh_headers_once_and_a_401_for_ever() {
    let mut world = World::with(1);
    for _ in 0..20 {
        assert_eq!(world.answer(401, ""), ["requeue", "wait"]);
        assert_eq!(world.uploader.error().map(Error::code), Some("AUTH"));
        assert_eq!(world.timer_fires(), ["send"]);
    }
    assert_eq!(world.answer(403, ""), ["requeue", "wait"]);
    assert_eq!(world.uploader.error().map(Error::code), Some("AUTH"));
    assert_eq!(world.timer_fires(), ["send"]);
    assert_eq!(world.answer(403, ""), ["refuse", "send"]);
}

#[test]
fn a_403_that_stays_is_split_down_to_whom_it_concerns() {
    let mut world = World::with(50);
    world.serve(100, |sent| if holds(sent, "c:25") { 403 } else { 200 });
    assert!(world.queue.is_empty());
    assert!(world.settled.contains(&"-c:25".to_owned()));
    assert_eq!(world.settled.len(), 50);
    assert!(world.posts.len() <= 2 + 7 + 1, "{}", world.posts.len());
}

#[test]
fn a_403_that_fresh_headers_heal_rejects_nothing() {
    let mut world = World::with(3);
    world.answer(403, "");
    world.timer_fires();
    world.answer(200, "");
    assert_eq!(world.settled, ["+c:1", "+c:2", "+c:3"]);
    // And the next one is asked about anew.
    world.queue.push("c:4".into());
    world.on(Event::Queued);
    assert_eq!(world.answer(403, ""), ["requeue", "wait"]);
}

#[test]
fn a_transaction_that_the_server_fails_at_is_parked_and_the_rest_flows_around_it() {
    let mut world = World::with(1_000);
    world.serve(60, |sent| if holds(sent, "c:500") { 500 } else { 200 });
    assert_eq!(world.queue, ["c:500"]);
    assert_eq!(world.settled.len(), 999);
    let expected: Vec<String> = (1..=1_000)
        .filter(|n| *n != 500)
        .map(|n| format!("+c:{n}"))
        .collect();
    assert_eq!(world.settled, expected, "in order");
    assert!(world.sent_alone("c:500") > 1, "and it is tried again");
    // Once the server can deal with it, it goes through.
    world.serve(10, |_| 200);
    assert!(world.queue.is_empty());
}

#[test]
fn a_server_that_fails_at_everything_is_down_and_nothing_is_parked() {
    let mut world = World::with(100);
    world.serve(60, |_| 500);
    assert_eq!(world.settled, [""; 0]);
    assert_eq!(world.uploader.parked.next_due(), None);
    assert!(world.uploader.failures() > 10, "most of them after a wait");
    world.serve(60, |_| 200);
    let expected: Vec<String> = (1..=100).map(|n| format!("+c:{n}")).collect();
    assert_eq!(world.settled, expected, "in order");
}

#[test]
fn a_lone_failure_waits_and_is_parked_when_company_comes() {
    let mut world = World::with(1);
    world.serve(10, |_| 500);
    assert_eq!(world.uploader.parked.next_due(), None);
    world.queue.push("c:2".into());
    world.on(Event::Queued);
    world.serve(4, |sent| if holds(sent, "c:1") { 500 } else { 200 });
    assert_eq!(world.settled, ["+c:2"]);
}

#[test]
fn several_culprits_side_by_side_are_parked_together() {
    let mut world = World::with(100);
    let bad = |sent: &[String]| holds(sent, "c:7") || holds(sent, "c:8") || holds(sent, "c:9");
    world.serve(60, |sent| if bad(sent) { 500 } else { 200 });
    assert_eq!(world.queue, ["c:7", "c:8", "c:9"]);
}

#[test]
fn unavailable_and_unreachable_is_the_servers_state_and_no_ones_fault() {
    let mut world = World::with(100);
    for status in [503, 429, 504, 408].into_iter().cycle().take(20) {
        assert_eq!(world.answer(status, ""), ["requeue", "wait"]);
        world.timer_fires();
        assert_eq!(
            world.sending.len(),
            BATCH_TRANSACTIONS,
            "nothing is searched for"
        );
    }
    for _ in 0..20 {
        let failed = world.on(Event::Failed("no route".into()));
        assert_eq!(failed, ["requeue", "wait"]);
        world.timer_fires();
        assert_eq!(world.sending.len(), BATCH_TRANSACTIONS);
    }
}

#[test]
fn what_the_server_passes_over_waits_beside_the_queue_and_what_it_did_not_reach_does_not() {
    let mut world = World::with(4);
    let named =
        r#"{"transactions":[{"id":"c:1","status":"accepted"},{"id":"c:3","status":"accepted"}]}"#;
    assert_eq!(world.answer(200, named), ["settle", "wait", "send"]);
    assert_eq!(world.sending, ["c:4"]);
    world.answer(200, "");
    assert_eq!(world.queue, ["c:2"]);
    assert!(!world.uploader.is_sending());
    assert!(world.uploader.retry_at().is_some());
    world.timer_fires();
    assert_eq!(world.sending, ["c:2"]);
}

#[test]
fn a_timer_of_a_wait_that_is_over_asks_for_nothing() {
    let mut world = World::with(1);
    world.answer(200, "");
    assert_eq!(world.uploader.retry_at(), None);
    assert_eq!(world.on(Event::Timer), [""; 0]);
}

#[test]
fn an_answer_that_names_nothing_neither_spins_nor_blocks_for_ever() {
    let mut world = World::with(60);
    let nothing = r#"{"transactions":[]}"#;
    assert_eq!(world.answer(200, nothing), ["requeue", "wait"]);
    world.timer_fires();
    for _ in 0..100 {
        while !world.uploader.is_sending() && world.timer.is_some() {
            world.timer_fires();
        }
        let body = if holds(&world.sending, "c:30") {
            nothing
        } else {
            ""
        };
        world.answer(200, body);
    }
    assert_eq!(world.queue, ["c:30"]);
}

#[test]
fn a_failure_waits_and_the_queue_is_never_forgotten() {
    let mut world = World::with(1);
    assert_eq!(world.answer(503, ""), ["requeue", "wait"]);
    assert_eq!(world.on(Event::Queued), [""; 0]);
    assert_eq!(world.uploader.error().map(Error::code), Some("NETWORK"));
    assert_eq!(world.timer_fires(), ["send"]);
}

#[test]
fn disconnecting_aborts_and_requeues() {
    let mut world = World::with(1);
    assert_eq!(world.on(Event::Pause), ["abort", "requeue"]);
    assert_eq!(world.answer(200, ""), [""; 0]);
    assert_eq!(world.on(Event::Queued), [""; 0]);
    assert_eq!(world.on(Event::Resume), ["send"]);
}

#[test]
fn the_apps_own_limits_hold() {
    let batch = Batch {
        transactions: 7,
        bytes: 1_000,
    };
    let mut uploader = Uploader::new(false, batch);
    let mut rng = fastrand::Rng::with_seed(1);
    let steps = uploader.handle(Millis(0), &mut rng, Event::Queued);
    assert!(matches!(&steps[..], [Step::Send(take)] if take.batch == batch));
}
