//! Real answers of an Electric service, replayed through the read path; `COMMANDS.txt` says which request each answered.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

#[path = "../support/recording.rs"]
mod recording;
mod replay;

use recording::{query, recording};
use replay::{Replay, Told};
use throughline::error::Error;
use throughline::ids::{Handle, Lsn};
use throughline::shape::definition::RequestParams;
use throughline::shape::machine::{Event, Generation, Phase, Position, RefetchReason};
use throughline::shape::message::{self, Control, EventKind, Message, Operation};
use throughline::shape::{Offset, RequestOffset, ShapeDefinition};

const URL: &str = "/v1/shape";
const LOG: &str = "98593601-1795342140699778";
const AFTER_TRUNCATE: &str = "98593601-1795342224122477";

fn shape(table: &str) -> ShapeDefinition {
    ShapeDefinition::of_table(URL, table)
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
