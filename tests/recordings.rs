//! Real answers of an Electric service replayed through the engine: what it asks, stores and shows.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

#[path = "support/recording.rs"]
mod recording;
mod support;

use recording::{assert_asks, query, recording};
use support::App;
use tempfile::TempDir;
use throughline::engine::{Answer, Effect, Endpoint, Event, Fetch};
use throughline::ids::Millis;
use throughline::tabs::{Reply, Request, ShapePhase, ShapeStatus};

const LOG: &str = "98593601-1795342140699778";
const AFTER_TRUNCATE: &str = "98593601-1795342224122477";

const TODOS: &str = r#"{"name": "r", "electric": {"url": "/v1/shape"}, "tables": {"todos": {}}}"#;

/// An engine on a file, and the request it has out.
struct Replay {
    folder: TempDir,
    options: String,
    app: App,
    out: Option<Fetch>,
}

impl Replay {
    fn cold(options: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = App::open_at(&folder.path().join("r.db"), options).unwrap();
        let mut replay = Self {
            folder,
            options: options.into(),
            app,
            out: None,
        };
        let effects = std::mem::take(&mut replay.app.effects);
        replay.note(effects);
        replay
    }

    /// The same file, opened again.
    fn reopened(self) -> Self {
        self.edited("SELECT 1")
    }

    /// The same file, changed while it was closed and opened again.
    fn edited(self, sql: &str) -> Self {
        let Self {
            folder,
            options,
            app,
            ..
        } = self;
        drop(app);
        let path = folder.path().join("r.db");
        let conn = rusqlite::Connection::open(&path).unwrap();
        conn.query_row(sql, [], |_| Ok(())).ok();
        drop(conn);
        let app = App::open_at(&path, &options).unwrap();
        let mut replay = Self {
            folder,
            options,
            app,
            out: None,
        };
        let effects = std::mem::take(&mut replay.app.effects);
        replay.note(effects);
        replay
    }

    /// At a position of a log whose rows were read otherwise.
    fn at(self, handle: &str, offset: &str) -> Self {
        let position = format!(r#"{{"handle":"{handle}","offset":"{offset}"}}"#);
        self.edited(&format!(
            "UPDATE _throughline_shapes SET progress = json_set(progress, '$.position', json('{position}')) \
             RETURNING 1"
        ))
    }

    fn note(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Fetch(fetch) => self.out = Some(fetch),
                Effect::Abort(id) if self.out.as_ref().is_some_and(|out| out.id == id) => {
                    self.out = None;
                }
                _ => {}
            }
        }
    }

    fn happens(&mut self, event: Event) {
        let effects = self.app.handle(event);
        self.note(effects);
    }

    /// The engine asks what the recording was asked, and gets its answer.
    fn replay(&mut self, number: &str) -> &mut Self {
        let recorded_live = recording(number).asked.contains_key("live");
        if self.asks().contains_key("live") && !recorded_live {
            self.happens(Event::Wake);
        }
        assert_asks(number, &self.asks());
        self.answer(number)
    }

    fn asks(&self) -> recording::Query {
        query(&self.out.as_ref().expect("a request is out").url)
    }

    fn answer(&mut self, number: &str) -> &mut Self {
        let recording = recording(number);
        let fetch = self.out.take().expect("a request is out");
        assert_eq!(fetch.endpoint, Endpoint::Electric);
        self.app.now = self.app.now.after(2_000);
        self.happens(Event::Answered {
            fetch: fetch.id,
            answer: Answer {
                status: recording.status,
                headers: recording.fields,
                body: recording.body,
            },
        });
        self.app.assert_sound();
        self
    }

    fn status(&mut self) -> ShapeStatus {
        match self.app.ask(Request::Status).unwrap() {
            Reply::Status(status) => status.shapes[0].clone(),
            other => panic!("{other:?}"),
        }
    }

    fn phase(&mut self) -> ShapePhase {
        self.status().phase
    }

    /// The stored position: handle and offset.
    fn position(&mut self) -> String {
        let sql = "SELECT progress ->> '$.position.handle', progress ->> '$.position.offset'
                   FROM _throughline_shapes WHERE table_name = 'todos'";
        self.app.rows(sql).concat()
    }

    /// The rows of a log that is not complete, as its only shape has staged them.
    fn loaded(&mut self, expression: &str) -> Vec<String> {
        self.app.rows(&format!(
            "SELECT {expression} FROM _throughline_staged_1 ORDER BY id"
        ))
    }

    fn titles(&mut self) -> Vec<String> {
        self.app.rows(
            "SELECT substr(id, -1) || ' ' || completed || ' ' || title FROM todos ORDER BY id",
        )
    }
}

/// Recordings 01 to 08: up to date and on a poll.
fn session() -> Replay {
    let mut replay = Replay::cold(TODOS);
    for number in ["01", "02", "03", "04", "05", "06", "07", "08"] {
        replay.replay(number);
    }
    replay
}

const FINAL_ROWS: [&str; 3] = [
    "1 1 first",
    "3 0 inserted during the long poll",
    "7 0 tx a2",
];

#[test]
fn a_session_from_cold_start_to_a_held_poll() {
    let mut replay = Replay::cold(TODOS);
    assert_eq!(replay.phase(), ShapePhase::Loading);
    replay.replay("01");
    assert_eq!(replay.phase(), ShapePhase::Loading);
    assert_eq!(
        replay.titles(),
        Vec::<String>::new(),
        "a part of a log is never seen"
    );
    assert_eq!(replay.status().rows, 2);
    replay.replay("02");
    let quoted = "it's \"quoted\", ünïcode ✓ and a\\nliteral";
    assert_eq!(
        replay.app.rows("SELECT * FROM todos ORDER BY id"),
        [
            "0|2026-01-02 03:04:05.678901+00|00000000-0000-4000-8000-000000000001|first|\
             10000000-0000-4000-8000-000000000001",
            &format!("1|2026-01-02 03:04:06+00|00000000-0000-4000-8000-000000000002|{quoted}|NULL"),
        ]
    );
    let second = format!("2 1 {quoted}");
    let third = "3 0 inserted during the long poll";
    let steps: [(&str, &str, &[&str]); 6] = [
        ("03", "31224920_0", &["1 0 first", &second, third]),
        ("04", "31225136_0", &["1 1 first", &second, third]),
        ("05", "31225320_0", &["1 1 first", third]),
        ("06", "31225920_6", &["1 1 first", third, "5 0 tx a2"]),
        ("07", "31226176_1", &FINAL_ROWS),
        ("08", "31226176_1", &FINAL_ROWS),
    ];
    for (number, offset, rows) in steps {
        replay.replay(number);
        assert_eq!(replay.position(), format!("{LOG}|{offset}"), "{number}");
        assert_eq!(replay.titles(), rows, "{number}");
        assert_eq!(replay.phase(), ShapePhase::Live, "{number}");
        assert_eq!(replay.status().rows, rows.len() as u64, "{number}");
    }
    assert_eq!(replay.status().last_synced_at, Some(replay.app.now));
}

#[test]
fn reading_a_stretch_of_the_log_again_changes_nothing() {
    let mut replay = session().at(LOG, "31225320_0");
    replay.replay("09");
    assert_eq!(replay.titles(), FINAL_ROWS);
    assert_eq!(replay.position(), format!("{LOG}|31226176_1"));
}

#[test]
fn a_session_that_ends_anywhere_goes_on_there() {
    let mut replay = Replay::cold(TODOS);
    for number in ["01", "02", "06"] {
        replay.answer(number);
        replay = replay.reopened();
    }
    replay.replay("07");
    assert!(replay.titles().contains(&"7 0 tx a2".to_owned()));
}

#[test]
fn the_start_can_be_read_again_beside_what_is_there() {
    let mut replay = Replay::cold(TODOS);
    replay.replay("10");
    assert_eq!(replay.status().rows, 2);
}

#[test]
fn an_answer_about_another_position_is_no_progress() {
    // `offset=now` answers at the head without rows; taken for the start it would leave all rows out.
    let mut replay = session();
    replay.happens(Event::Wake);
    replay.answer("11");
    assert_eq!(replay.titles(), FINAL_ROWS);
    assert_eq!(replay.phase(), ShapePhase::Live);
}

#[test]
fn a_304_leaves_everything_as_it_is_and_is_asked_past() {
    let mut replay = Replay::cold(TODOS);
    replay.replay("12");
    assert_eq!(replay.phase(), ShapePhase::Waiting);
    let due = replay.status().retry_at.unwrap();
    replay.app.now = due;
    replay.happens(Event::Timer(throughline::ids::TimerId(16)));
    assert!(replay.asks().contains_key("cache-buster"));
    replay.replay("01").replay("02");
    assert_eq!(replay.phase(), ShapePhase::Live);
}

#[test]
fn an_unknown_handle_leads_to_the_log_that_the_409_names() {
    let mut replay = session().at("1234567-1234567890123", "31226176_1");
    replay.replay("15");
    assert_eq!(replay.titles(), FINAL_ROWS, "the old rows stay");
    assert_eq!(replay.phase(), ShapePhase::Loading);
    assert_eq!(replay.asks()["handle"], LOG);
    replay.answer("10");
    assert_eq!(replay.titles(), FINAL_ROWS, "still");
    for number in ["02", "06", "07"] {
        if number != "02" {
            replay.happens(Event::Wake);
        }
        replay.answer(number);
    }
    assert_eq!(replay.position(), format!("{LOG}|31226176_1"));
    let rows = replay.titles();
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert!(rows[0].starts_with("1 0 first"), "as the new log has it");
}

#[test]
fn a_refused_request_stops_the_shape_and_carries_the_servers_sentence() {
    for (number, sentence) in [
        ("16", "handle: can't be blank when offset != -1"),
        ("17", "table: can't be blank"),
        ("18", "table: Table \"public\".\"nope\" does not exist."),
    ] {
        let mut replay = Replay::cold(TODOS);
        replay.answer(number);
        let status = replay.status();
        assert_eq!(status.phase, ShapePhase::Failed);
        let error = status.error.unwrap();
        assert_eq!(error.code, "SHAPE_REJECTED");
        assert!(error.message.contains(sentence), "{}", error.message);
        assert!(replay.out.is_none(), "no more requests");
        let waiting = replay.app.try_query("SELECT * FROM todos").unwrap_err();
        assert_eq!(waiting.code(), "SHAPE_REJECTED", "and the app learns why");
    }
}

#[test]
fn where_and_columns_are_asked_as_recorded() {
    let filtered = TODOS.replace("{}}", r#"{"shape": {"where": "completed=false"}}}"#);
    let mut replay = Replay::cold(&filtered);
    replay.replay("19");
    assert_eq!(
        replay.loaded("completed || ' ' || title"),
        ["0 inserted during the long poll", "0 tx a2"]
    );
    let narrow = TODOS.replace("{}}", r#"{"shape": {"columns": ["id", "title"]}}}"#);
    let mut replay = Replay::cold(&narrow);
    replay.replay("20");
    let columns = "SELECT group_concat(name) FROM pragma_table_info('todos_synced')";
    assert_eq!(replay.app.rows(columns), ["id,title"]);
    assert_eq!(replay.loaded("title").len(), 3);
}

#[test]
fn a_truncate_keeps_the_old_rows_until_the_new_log_is_complete() {
    for ended_by in ["29", "30"] {
        let mut replay = session();
        replay.replay("27");
        let before = replay.titles();
        assert_eq!(before.len(), 3);
        assert!(before[0].ends_with("renamed"), "{before:?}");
        if ended_by == "29" {
            replay.happens(Event::Wake);
        }
        replay.replay(ended_by);
        assert_eq!(replay.phase(), ShapePhase::Loading);
        assert_eq!(replay.titles(), before);
        assert!(replay.asks().contains_key("cache-buster"));
        replay.replay("31");
        assert_eq!(replay.titles(), before);
        replay.replay("32");
        assert_eq!(replay.titles(), ["9 0 after truncate"]);
        assert_eq!(replay.position(), format!("{AFTER_TRUNCATE}|31232800_0"));
        assert_eq!(replay.phase(), ShapePhase::Live);
        let leftovers = "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%staged%'";
        assert_eq!(replay.app.rows(leftovers), ["0"]);
    }
}

#[test]
fn a_refetch_goes_on_after_the_process_ended() {
    let mut replay = session();
    replay.replay("27").replay("30").replay("31");
    let mut replay = replay.reopened();
    assert_eq!(replay.titles().len(), 3, "the old rows");
    replay.replay("32");
    assert_eq!(replay.titles(), ["9 0 after truncate"]);
}

#[test]
fn a_409_that_names_nothing_starts_over_past_all_caches() {
    let mut replay = session();
    replay.replay("27").replay("28");
    let asks = replay.asks();
    assert_eq!(asks["offset"], "-1");
    assert_eq!(asks["expired_handle"], LOG);
    assert!(!asks.contains_key("handle") && asks.contains_key("cache-buster"));
}

#[test]
fn an_alter_and_a_restart_rotate_the_log() {
    let mut replay = Replay::cold(TODOS);
    replay.replay("34").replay("35");
    assert_eq!(replay.asks()["handle"], "21635225-1795342228701364");
    let mut replay = Replay::cold(TODOS);
    replay.answer("34");
    let mut replay = replay.at("21635225-1795342228701364", "0_0");
    replay.replay("38");
    assert_eq!(replay.asks()["handle"], "98593601-1795342234150290");
    let mut replay = Replay::cold(TODOS);
    replay.answer("34");
    let mut replay = replay.at("98593601-1795342234150290", "0_0");
    replay.replay("37");
    assert_eq!(replay.phase(), ShapePhase::Live);
    assert_eq!(
        replay.titles(),
        ["c 0 before restart", "d 0 written while electric was down"]
    );
}

#[test]
fn an_answer_that_is_no_log_is_surfaced_and_changes_nothing() {
    let mut replay = session();
    replay.happens(Event::Wake);
    replay.answer("36");
    assert_eq!(replay.phase(), ShapePhase::Failed);
    assert_eq!(replay.status().error.unwrap().code, "PROTOCOL");
    assert_eq!(replay.titles(), FINAL_ROWS);
    replay.app.now = Millis(replay.app.now.0 + 60_000);
    replay.happens(Event::Wake);
    replay.answer("07");
    assert_eq!(replay.phase(), ShapePhase::Live, "another try can succeed");
}
