//! Real answers of an Electric service, replayed through the read path; `COMMANDS.txt` says which request each answered.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

#[path = "support/recording.rs"]
mod recording;

use recording::{Query, Recording, assert_asks, query, recording};
use throughline::error::Error;
use throughline::ids::{Handle, Lsn, Millis};
use throughline::shape::definition::RequestParams;
use throughline::shape::machine::{
    Attempt, Batch, Event, Generation, Machine, Phase, Position, Refetch, RefetchReason, Step,
    Stored,
};
use throughline::shape::message::{self, Control, EventKind, Message, Operation};
use throughline::shape::{Offset, RequestOffset, ShapeDefinition};

const URL: &str = "/v1/shape";
const LOG: &str = "98593601-1795342140699778";
const AFTER_TRUNCATE: &str = "98593601-1795342224122477";

fn shape(table: &str) -> ShapeDefinition {
    ShapeDefinition::of_table(URL, table)
}

/// A machine, and the request it has out.
struct Replay {
    shape: Machine,
    rng: fastrand::Rng,
    now: Millis,
    out: Option<(Attempt, Query)>,
}

/// What the engine was told by one recording.
enum Told {
    Apply(Applied),
    Refetch(Refetch),
    Wait,
    Fail(Error),
}

/// A batch, freed from its body.
struct Applied {
    messages: usize,
    position: Position,
    generation: Generation,
    swaps: bool,
    schema: bool,
    up_to_date: Option<Option<Lsn>>,
}

impl From<&Batch<'_>> for Applied {
    fn from(batch: &Batch<'_>) -> Self {
        Self {
            messages: batch.messages.len(),
            position: batch.stored.position.clone().unwrap(),
            generation: batch.generation,
            swaps: batch.swaps(),
            schema: batch.schema.is_some(),
            up_to_date: batch.up_to_date.map(|head| head.global_last_seen_lsn),
        }
    }
}

impl Replay {
    fn cold(definition: ShapeDefinition) -> Self {
        Self::open(definition, None)
    }

    fn at(definition: ShapeDefinition, handle: &str, offset: &str) -> Self {
        let position = serde_json::json!({"handle": handle, "offset": offset});
        let stored = serde_json::json!({"definition": definition.fingerprint(), "position": position, "syncedAt": 1});
        Self::open(definition, Some(serde_json::from_value(stored).unwrap()))
    }

    fn open(definition: ShapeDefinition, stored: Option<Stored>) -> Self {
        let mut replay = Self {
            shape: Machine::open(definition, stored),
            rng: fastrand::Rng::with_seed(7),
            now: Millis(1_795_342_140_000),
            out: None,
        };
        replay.happens(Event::Start);
        replay
    }

    fn happens(&mut self, event: Event<'_>) -> Option<Told> {
        let mut told = None;
        let mut out = None;
        for step in self.shape.handle(self.now, &mut self.rng, event) {
            match step {
                Step::Fetch(request) => {
                    let query = query(&request.url);
                    assert_eq!(query.get("live").is_some_and(|v| v == "true"), request.live);
                    out = Some((request.attempt, query));
                }
                Step::Apply(batch) => told = Some(Told::Apply(Applied::from(&batch))),
                Step::Refetch(refetch) => told = Some(Told::Refetch(refetch)),
                Step::Wait { .. } => told = Some(Told::Wait),
                Step::Fail(error) => told = Some(Told::Fail(error)),
                Step::Abort(_) | Step::Hold(_) | Step::Release(_) => {}
            }
        }
        if out.is_some() {
            self.out = out;
        }
        told
    }

    /// The machine asks what the recording was asked, and gets its answer.
    fn replay(&mut self, number: &str) -> Told {
        let recording = recording(number);
        let asks_live = |replay: &Self| replay.out.as_ref().unwrap().1.contains_key("live");
        if asks_live(self) && !recording.asked.contains_key("live") {
            self.happens(Event::Refresh);
        }
        self.expect(number);
        self.answer(&recording)
    }

    /// The request that is out is the recorded one.
    fn expect(&self, number: &str) {
        assert_asks(number, &self.out.as_ref().unwrap().1);
    }

    fn answer(&mut self, recording: &Recording) -> Told {
        self.now = self.now.after(2_000);
        let (attempt, _) = self.out.take().unwrap();
        let told = self.happens(Event::Response {
            attempt,
            status: recording.status,
            headers: &recording.headers(),
            body: &recording.body,
        });
        self.happens(Event::Committed);
        told.unwrap()
    }

    fn applies(&mut self, number: &str) -> Applied {
        match self.replay(number) {
            Told::Apply(applied) => {
                assert_eq!(self.shape.stored().position, Some(applied.position.clone()));
                applied
            }
            _ => panic!("{number} is no batch"),
        }
    }

    fn refetches(&mut self, number: &str) -> Refetch {
        match self.replay(number) {
            Told::Refetch(refetch) => refetch,
            _ => panic!("{number} ends no log"),
        }
    }
}

fn at(handle: &str, offset: &str) -> Position {
    Position {
        handle: handle.into(),
        offset: offset.parse().unwrap(),
    }
}

/// Trap 2.
#[test]
fn a_session_from_cold_start_to_a_held_poll() {
    let mut todos = Replay::cold(shape("todos"));
    let expected = [
        ("01", "0_0", 3, None),
        ("02", "0_inf", 1, Some(31_201_776)),
        ("03", "31224920_0", 2, Some(31_224_920)),
        ("04", "31225136_0", 2, Some(31_225_136)),
        ("05", "31225320_0", 2, Some(31_225_320)),
        ("06", "31225920_6", 5, Some(31_225_920)),
        ("07", "31226176_1", 3, Some(31_226_176)),
        ("08", "31226176_1", 1, Some(31_226_176)),
    ];
    for (number, offset, messages, head) in expected {
        let live = ["03", "04", "05", "08"].contains(&number);
        let applied = todos.applies(number);
        assert_eq!(applied.position, at(LOG, offset), "{number}");
        assert_eq!(applied.messages, messages, "{number}");
        assert_eq!(
            applied.up_to_date,
            head.map(|lsn| Some(Lsn(lsn))),
            "{number}"
        );
        assert_eq!(applied.schema, !live, "{number}");
        let generation = match number {
            "01" | "02" => Generation::Next,
            _ => Generation::Current,
        };
        assert_eq!(applied.generation, generation, "{number}");
        let phase = if head.is_some() {
            Phase::Live
        } else {
            Phase::Loading
        };
        assert_eq!(todos.shape.phase(), phase, "{number}");
    }
    assert_eq!(todos.out.as_ref().unwrap().1["cursor"], "66917479");
}

#[test]
fn old_positions_and_the_start_can_be_read_again() {
    let mut resumed = Replay::at(shape("todos"), LOG, "31225320_0");
    let applied = resumed.applies("09");
    assert_eq!(
        (applied.position, applied.messages),
        (at(LOG, "31226176_1"), 7)
    );
    assert_eq!(Replay::cold(shape("todos")).applies("10").messages, 3);
}

#[test]
fn the_head_can_be_asked_for_without_rows() {
    let now = recording("11");
    let url = shape("todos").request_url(&RequestParams {
        offset: RequestOffset::Now,
        handle: None,
        live: false,
        cursor: None,
        expired: None,
        cache_buster: None,
    });
    let mut asked = now.asked.clone();
    asked.insert("log".into(), "full".into());
    assert_eq!(query(&url), asked);
    assert_eq!(
        now.headers().of_log(false).unwrap().offset,
        Offset::at(31_226_176, 1)
    );
    assert!(message::parse(&now.body).unwrap()[0].is_up_to_date());
}

#[test]
fn a_304_to_an_unconditional_request_goes_past_the_cache() {
    let mut todos = Replay::cold(shape("todos"));
    assert!(matches!(todos.replay("12"), Told::Wait));
    assert_eq!(todos.shape.last_error().unwrap().code(), "PROTOCOL");
    todos.now = todos.shape.retry_at().unwrap();
    todos.happens(Event::Timer);
    todos.expect("01");
    assert!(todos.out.unwrap().1.contains_key("cache-buster"));
}

#[test]
fn an_unknown_handle_leads_to_the_log_that_the_409_names() {
    let mut todos = Replay::at(shape("todos"), "1234567-1234567890123", "31226176_1");
    let refetch = todos.refetches("15");
    assert_eq!(refetch.expired, Some("1234567-1234567890123".into()));
    assert_eq!(refetch.suggested, Some(LOG.into()));
    let (_, asks) = todos.out.clone().unwrap();
    assert_eq!(
        (asks["offset"].as_str(), asks["handle"].as_str()),
        ("-1", LOG)
    );
    assert_eq!(asks["expired_handle"], "1234567-1234567890123");
    assert!(todos.answer(&recording("10")).is_next_generation());
}

#[test]
fn a_refused_request_carries_the_servers_sentence() {
    for (number, sentence) in [
        ("16", "handle: can't be blank when offset != -1"),
        ("17", "table: can't be blank"),
        ("18", "table: Table \"public\".\"nope\" does not exist."),
        ("71", "where: At location 0: unknown reference nope"),
    ] {
        let mut todos = Replay::cold(shape("todos"));
        match todos.answer(&recording(number)) {
            Told::Fail(Error::ShapeRejected(text)) => assert!(text.contains(sentence), "{text}"),
            _ => panic!("{number}"),
        }
        assert_eq!(todos.shape.phase(), Phase::Failed);
    }
}

#[test]
fn where_and_columns_are_asked_as_recorded() {
    let mut open = shape("todos");
    open.where_clause = Some("completed=false".into());
    assert_eq!(Replay::cold(open).applies("19").messages, 3);
    let mut titles = shape("todos");
    titles.columns = Some(vec!["id".into(), "title".into()]);
    assert_eq!(Replay::cold(titles).applies("20").messages, 4);
}

#[test]
fn a_truncate_during_a_poll_ends_the_log_without_naming_another() {
    let mut todos = Replay::at(shape("todos"), LOG, "31226176_1");
    assert_eq!(todos.applies("27").position, at(LOG, "31227264_0"));
    let refetch = todos.refetches("28");
    assert_eq!(
        (refetch.expired, refetch.suggested),
        (Some(LOG.into()), None)
    );
    let (_, asks) = todos.out.unwrap();
    assert_eq!(asks["offset"], "-1");
    assert!(!asks.contains_key("handle") && asks.contains_key("cache-buster"));
}

#[test]
fn a_truncate_between_polls_names_the_new_log_which_is_then_read_beside_the_old() {
    for live in [false, true] {
        let mut todos = Replay::at(
            shape("todos"),
            LOG,
            if live { "31226176_1" } else { "31227264_0" },
        );
        let ended = if live {
            todos.applies("27");
            todos.refetches("30")
        } else {
            todos.refetches("29")
        };
        assert_eq!(ended.suggested, Some(AFTER_TRUNCATE.into()));
        assert_eq!(ended.stored.expired, [Handle::from(LOG)]);
        let snapshot = todos.applies("31");
        assert_eq!(
            (snapshot.generation, snapshot.swaps),
            (Generation::Next, false)
        );
        let rest = todos.applies("32");
        assert_eq!((rest.generation, rest.swaps), (Generation::Next, true));
        assert_eq!(
            todos.shape.stored().position,
            Some(at(AFTER_TRUNCATE, "31232800_0"))
        );
        assert_eq!(todos.shape.phase(), Phase::Live);
    }
}

#[test]
fn an_alter_and_a_restart_rotate_the_log() {
    let mut todos = Replay::cold(shape("todos"));
    todos.applies("34");
    assert_eq!(
        todos.refetches("35").suggested,
        Some("21635225-1795342228701364".into())
    );
    let mut todos = Replay::at(shape("todos"), "21635225-1795342228701364", "0_0");
    let refetch = todos.refetches("38");
    assert_eq!(refetch.suggested, Some("98593601-1795342234150290".into()));
    let mut todos = Replay::at(shape("todos"), "98593601-1795342234150290", "0_0");
    assert_eq!(todos.applies("37").up_to_date, Some(Some(Lsn(31_244_272))));
}

#[test]
fn an_answer_that_is_no_log_is_a_protocol_fault() {
    let mut todos = Replay::cold(shape("todos"));
    match todos.answer(&recording("36")) {
        Told::Fail(error) => assert!(error.to_string().contains("electric-offset"), "{error}"),
        _ => panic!("health is no shape"),
    }
}

#[test]
fn an_offset_out_of_bounds_reads_the_log_anew() {
    let mut items = Replay::at(
        shape("items"),
        "108631759-1795342668967473",
        "99999999999_0",
    );
    let refetch = items.refetches("68");
    assert_eq!(
        (refetch.reason, refetch.expired),
        (RefetchReason::OutOfBounds, None)
    );
    assert!(items.out.as_ref().unwrap().1.contains_key("cache-buster"));
    assert_eq!(items.applies("63").generation, Generation::Next);
    assert!(items.applies("64").swaps);
}

#[test]
fn every_recorded_session_is_asked_and_read_as_it_was() {
    let filtered = |condition: &str| {
        let mut items = shape("items");
        items.where_clause = Some(condition.into());
        items
    };
    let shared = "list_id in (select id from lists where shared = true)";
    let mut full = shape("zoo");
    full.replica = throughline::shape::definition::Replica::Full;
    let sessions: [(ShapeDefinition, &[&str]); 8] = [
        (shape("zoo"), &["40", "41", "42", "43"]),
        (full, &["44"]),
        (shape("Weird Tbl"), &["45", "46", "47"]),
        (filtered("done = false"), &["48", "49", "50", "51"]),
        (
            filtered(shared),
            &["52", "53", "54", "55", "56", "57", "58", "59", "60"],
        ),
        (shape("lists"), &["61", "62", "65"]),
        (shape("items"), &["63", "64", "66"]),
        (shape("items"), &["63", "64", "67"]),
    ];
    for (definition, numbers) in sessions {
        let mut session = Replay::cold(definition);
        for (i, number) in numbers.iter().enumerate() {
            let applied = session.applies(number);
            assert_eq!(applied.up_to_date.is_some(), i > 0, "{number}");
        }
    }
}

#[test]
fn every_recorded_message_is_of_a_known_kind() {
    let mut counts = [0; 3];
    for number in (40..=67).map(|n| n.to_string()) {
        let recording = recording(&number);
        recording
            .headers()
            .of_log(recording.asked.contains_key("live"))
            .unwrap();
        let messages = message::parse(&recording.body).unwrap();
        for message in &messages {
            match message {
                Message::Change(change) => {
                    counts[0] += 1;
                    assert!(change.relation.is_some() && !change.value.0.is_empty());
                }
                Message::Control(Control::Unknown(_)) | Message::Unknown => panic!("{number}"),
                Message::Control(_) => counts[1] += 1,
                Message::Event(event) => {
                    counts[2] += 1;
                    assert!(!matches!(event.kind, EventKind::Unknown(_)), "{number}");
                    assert_eq!(
                        (event.patterns.len(), event.txids.len()),
                        (1, 1),
                        "{number}"
                    );
                }
            }
        }
        let head = messages.last().unwrap().is_up_to_date();
        assert_eq!(head, recording.headers().up_to_date(), "{number}");
    }
    assert_eq!(counts, [393, 29, 3], "changes, controls, events");
}

#[test]
fn the_details_of_recorded_messages_arrive() {
    let moved = recording("07");
    let messages = message::parse(&moved.body).unwrap();
    let [Message::Change(gone), Message::Change(come), _] = &messages[..] else {
        panic!("delete, insert, up-to-date")
    };
    assert_eq!(
        (gone.operation, come.operation),
        (Operation::Delete, Operation::Insert)
    );
    assert_eq!(gone.key_change_to.as_deref(), Some(&*come.key));
    assert_eq!(come.key_change_from.as_deref(), Some(&*gone.key));
    assert_eq!((gone.op_position, come.op_position), (Some(0), Some(1)));

    let nulled = recording("43");
    let messages = message::parse(&nulled.body).unwrap();
    let Message::Change(update) = &messages[0] else {
        panic!("an update")
    };
    assert_eq!(update.operation, Operation::Update);
    assert_eq!(update.value.get("t"), Some(None), "set to NULL");
    assert_eq!(update.value.get("no such column"), None);

    let entered = recording("55");
    let messages = message::parse(&entered.body).unwrap();
    let rows = messages.iter().filter_map(|message| match message {
        Message::Change(change) => Some(change),
        _ => None,
    });
    for row in rows {
        assert!(row.is_move_in && row.lsn.is_none() && row.txids.is_empty());
        assert_eq!(row.tags.as_ref().map(Vec::len), Some(1));
        assert_eq!(row.active_conditions.as_deref(), Some(&[true][..]));
    }
}

impl Told {
    fn is_next_generation(&self) -> bool {
        matches!(self, Self::Apply(applied) if applied.generation == Generation::Next)
    }
}
