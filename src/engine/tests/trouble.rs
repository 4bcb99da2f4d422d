//! A storage that is full.

use super::transfer::OFFLINE;
use super::*;
use crate::shape::Phase;

impl App {
    /// The file cannot grow any more.
    fn fill(&mut self) {
        let conn = &self.engine.conn;
        conn.execute_batch("PRAGMA max_page_count = 1").unwrap();
    }

    fn make_room(&mut self) {
        let conn = &self.engine.conn;
        conn.execute_batch("PRAGMA max_page_count = 1000000")
            .unwrap();
    }

    fn error(&self) -> Option<String> {
        self.engine
            .storage
            .error
            .as_ref()
            .map(|error| error.code.clone())
    }

    fn measures(&mut self) -> usize {
        let before = self.effects.len();
        self.effects
            .retain(|effect| *effect != Effect::MeasureStorage);
        before - self.effects.len()
    }
}

/// Rows that do not fit into the pages that are there.
fn many() -> Vec<String> {
    (0..300)
        .map(|n| format!("{n}{}", "x".repeat(500)))
        .collect()
}

#[test]
fn rows_that_find_no_room_come_again_and_none_is_skipped() {
    let mut app = App::open("");
    assert_eq!(app.measures(), 1, "at the opening");
    let titles = many();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    app.fill();
    app.now = app.now.after(1);
    let mut waited = 0;
    for _ in 0..6 {
        app.shape_answers(&titles);
        assert_eq!(app.error().as_deref(), Some("QUOTA"));
        assert_eq!(app.engine.shapes[0].phase(), Phase::Waiting);
        assert!(!app.asked("/shape"), "not at once");
        assert_eq!(app.measures(), 1);
        assert!(app.titles().is_empty(), "reading goes on");
        let before = app.now;
        app.now = app.now.after(1);
        assert!(app.pass(TimerId(timer::SHAPES)));
        waited += app.now.0 - before.0;
    }
    assert!(waited > 2_000, "longer and longer: {waited}");
    app.make_room();
    app.shape_answers(&titles);
    assert_eq!((app.error(), app.titles().len()), (None, 300));
    assert_eq!(app.engine.storage.reason, None);
}

#[test]
fn a_write_that_finds_no_room_fails_whole_and_the_next_success_clears_the_status() {
    let mut app = App::open(r#""connect": false,"#);
    app.fill();
    let large = format!("INSERT INTO todos VALUES (1, '{}')", "x".repeat(60_000));
    let error = app.execute(&large).unwrap_err();
    assert_eq!((error.code(), error.retryable()), ("QUOTA", true));
    assert_eq!(app.error().as_deref(), Some("QUOTA"));
    assert!(app.titles().is_empty());
    app.make_room();
    assert_eq!(
        app.error().as_deref(),
        Some("QUOTA"),
        "nobody has tried yet"
    );
    app.execute("INSERT INTO todos VALUES (1, 'small')")
        .unwrap();
    assert_eq!((app.error(), app.titles().len()), (None, 1));
}

#[test]
fn a_verdict_that_finds_no_room_is_asked_for_again_under_the_same_key() {
    let mut app = App::open("");
    app.shape_answers(&[]);
    // It moves to the journal before it leaves the change log.
    let title = "x".repeat(60_000);
    app.execute(&format!("INSERT INTO todos VALUES (1, '{title}')"))
        .unwrap();
    let key = |app: &App| {
        let fetch = app.fetches.iter().find(|fetch| fetch.url == "/changes");
        let body = fetch.unwrap().body.clone().unwrap();
        body[..60].to_owned()
    };
    let first = key(&app);
    let id = first.split('"').nth(3).unwrap().to_owned();
    let verdict = format!(r#"{{"transactions":[{{"id":"{id}","status":"rejected"}}]}}"#);
    app.fill();
    app.answer("/changes", &[], &verdict);
    assert_eq!(app.error().as_deref(), Some("QUOTA"));
    assert!(!app.asked("/changes"), "not at once");
    assert_eq!(app.titles().len(), 1, "nothing of it is done");
    app.make_room();
    app.now = app.now.after(1);
    assert!(app.pass(timer::UPLOAD));
    assert_eq!(key(&app), first);
    app.answer("/changes", &[], &verdict);
    assert_eq!((app.error(), app.titles().len()), (None, 0));
}

/// Neither the verdict can be written down, nor that it could not.
#[test]
fn a_post_goes_again_though_the_storage_did_not_take_its_failure() {
    let mut app = App::open("");
    app.shape_answers(&[]);
    app.execute("INSERT INTO todos VALUES (1, 'mine')").unwrap();
    app.engine
        .conn
        .execute_batch("PRAGMA query_only = 1")
        .unwrap();
    app.answer("/changes", &[], "");
    app.engine
        .conn
        .execute_batch("PRAGMA query_only = 0")
        .unwrap();
    assert!(!app.asked("/changes"), "not at once");
    app.now = app.now.after(1);
    assert!(app.pass(timer::UPLOAD));
    let fetch = app.fetches.iter().find(|fetch| fetch.url == "/changes");
    assert!(fetch.unwrap().body.as_ref().unwrap().contains("mine"));
}

#[test]
fn the_first_write_asks_to_keep_the_data_once() {
    let asks = |app: &App| {
        app.effects
            .iter()
            .filter(|effect| **effect == Effect::Persist)
            .count()
    };
    let mut app = App::open("");
    app.shape_answers(&["theirs"]);
    assert_eq!(asks(&app), 0, "rows can be fetched again");
    app.execute("INSERT INTO todos VALUES (10, 'mine')")
        .unwrap();
    app.execute("INSERT INTO todos VALUES (11, 'mine')")
        .unwrap();
    assert_eq!(asks(&app), 1);
    let mut app = App::open(r#""persist": false,"#);
    app.execute("INSERT INTO todos VALUES (10, 'mine')")
        .unwrap();
    assert_eq!(asks(&app), 0);
    let mut app = App::open("");
    let facts = StorageFacts {
        persisted: Some(true),
        quota: Some(100),
        usage: Some(10),
        present: true,
    };
    app.handle(Event::Storage(facts));
    app.execute("INSERT INTO todos VALUES (10, 'mine')")
        .unwrap();
    assert_eq!(asks(&app), 0, "it is kept");
    let status = &app.engine.told.status.as_ref().unwrap().storage;
    assert_eq!(
        (status.persisted, status.quota, status.usage),
        (Some(true), Some(100), Some(10))
    );
}

#[test]
fn a_page_that_remembers_writes_of_an_empty_storage_is_told_so() {
    let seen = r#""seen": {"pending": 3, "at": 1767322000000},"#;
    let mut app = App::open(seen);
    let evicted = crate::tabs::Seen {
        pending: 3,
        at: Millis(1_767_322_000_000),
    };
    assert_eq!(
        app.engine.told.status.as_ref().unwrap().storage.evicted,
        Some(evicted)
    );
    app.reopen();
    assert_eq!(app.engine.storage.evicted, None, "it is not empty any more");
}

#[test]
fn the_storage_is_measured_when_nothing_goes_on_and_the_last_measure_is_old() {
    let mut app = App::open(OFFLINE);
    app.measures();
    app.execute("INSERT INTO todos VALUES (1, 'one')").unwrap();
    assert!(app.pass(timer::CHECKPOINT));
    assert_eq!(app.measures(), 0, "it was, at the opening");
    app.now = app.now.after(60_000);
    app.execute("INSERT INTO todos VALUES (2, 'two')").unwrap();
    assert!(app.pass(timer::CHECKPOINT));
    assert_eq!(app.measures(), 1);
}

#[test]
fn a_file_that_breaks_under_an_interactive_transaction_takes_nothing_uncommitted_along() {
    let mut app = App::open(OFFLINE);
    app.execute("INSERT INTO todos VALUES (1, 'kept')").unwrap();
    let Ok(Reply::Begun(id)) = app.ask(Request::Begin { meta: None }) else {
        panic!()
    };
    let insert = Request::Execute {
        statement: statement("INSERT INTO todos VALUES (2, 'never committed')"),
        transaction: Some(id),
    };
    app.ask(insert).unwrap();
    app.engine.note_failure(&Error::Corrupt("a page".into()));
    let query = Request::Query {
        statement: statement("SELECT 1"),
        transaction: Some(id),
    };
    app.handle(Event::Request(RequestId(1).into(), query));
    let Some(Effect::Restart(Successor {
        salvage: Some(salvage),
        ..
    })) = app.effects.pop()
    else {
        panic!("{:?}", app.effects)
    };
    assert_eq!((salvage.reason.as_str(), salvage.lost), ("a page", 0));
    assert_eq!(
        app.handle(Event::Request(RequestId(2).into(), Request::Status)),
        None
    );
    let place = Place {
        conn: open_file(app.folder.path().join("next.db")).unwrap(),
        persistence: Persistence::File,
        reason: None,
        salvage: Some(salvage),
    };
    let config = Config::parse(&app.options).unwrap();
    let (engine, _) = Engine::open_at(place, config, app.now, &mut app.rng).unwrap();
    app.engine = engine;
    assert_eq!(app.titles(), ["kept"]);
}

#[test]
fn a_broken_file_can_be_closed() {
    let mut app = App::open(OFFLINE);
    app.engine.note_failure(&Error::Corrupt("a page".into()));
    app.ask(Request::Close).unwrap();
    assert_eq!(app.effects.pop(), Some(Effect::Close));
}
