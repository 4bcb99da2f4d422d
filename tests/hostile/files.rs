//! Files from elsewhere: what is imported, and what a rescue reads.

mod rescued;

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use throughline::engine::{Config, Effect, Engine, Event, Place, Salvage, files};
use throughline::error::Result;
use throughline::ids::{ClientId, RequestId};
use throughline::store::connection::open_file;
use throughline::store::{imported, transfer};
use throughline::tabs::{Persistence, Request};

use super::support::{App, id};
use super::victim::{Victim, insert as insert_row};

const OPTIONS: &str = r#"{"name": "files", "connect": false, "write": {"url": "/changes"}, "tables": {"todos": {
    "columns": {"id": "uuid", "title": "text"}, "primaryKey": ["id"], "indexes": ["title"]}}}"#;

fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

fn insert(n: u32) -> String {
    format!("INSERT INTO todos (id, title) VALUES ('{}', 'mine')", id(n))
}

/// A database with a pending write and a table of the app's own, at that path.
fn written(path: &Path) -> App {
    let mut app = App::open_at(path, OPTIONS).unwrap();
    app.run("CREATE TABLE drafts (id INTEGER PRIMARY KEY, body TEXT)");
    app.run("INSERT INTO drafts (body) VALUES ('kept')");
    app.run(&insert(1));
    app
}

/// Another device's database, as a file that was exported and then changed by whoever has it.
struct Attacker {
    folder: TempDir,
    bytes: Vec<u8>,
}

impl Attacker {
    fn new() -> Self {
        let folder = folder();
        let mut app = written(&folder.path().join("theirs"));
        app.run("CREATE TRIGGER honest AFTER INSERT ON drafts BEGIN UPDATE drafts SET body = body || '!' WHERE id = NEW.id; END");
        app.run("CREATE VIEW titles AS SELECT title FROM todos");
        app.run("CREATE VIEW honest__on_view AS SELECT body AS _throughline_body FROM drafts");
        app.ask_for(Request::Export);
        let bytes = std::fs::read(folder.path().join(files::EXPORT)).unwrap();
        Self { folder, bytes }
    }

    fn file(&self, name: &str, sql: &str) -> Vec<u8> {
        let path: PathBuf = self.folder.path().join(name);
        std::fs::write(&path, &self.bytes).unwrap();
        let conn = rusqlite::Connection::open(&path).unwrap();
        conn.execute_batch(sql).unwrap();
        drop(conn);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        bytes
    }
}

impl App {
    fn ask_for(&mut self, request: Request) -> Vec<Effect> {
        self.handle(Event::Request(RequestId(1_000).into(), request))
    }
}

/// Imports into a database at `path`; the one that is open afterwards.
fn import(mut app: App, path: &Path, bytes: &[u8]) -> (App, Result<()>) {
    let mut effects = app.ask_for(Request::Import(bytes.to_vec()));
    if let [Effect::Import(request, bytes)] = &effects[..] {
        let copy = path.with_extension("import");
        std::fs::write(&copy, bytes).unwrap();
        let file = open_file(&copy);
        effects = app.engine.imported(app.now, &mut app.rng, *request, file);
        std::fs::remove_file(copy).unwrap();
    }
    let restarts = effects
        .iter()
        .any(|effect| matches!(effect, Effect::Restart(_)));
    let reply = effects.into_iter().find_map(|effect| match effect {
        Effect::Reply(_, reply) => Some(reply.map(drop)),
        _ => None,
    });
    let reply = reply.expect("an answer");
    assert_eq!(restarts, reply.is_ok());
    let app = match restarts {
        true => app.reopened(path, OPTIONS).unwrap(),
        false => app,
    };
    (app, reply)
}

const TODO: &str = "INSERT INTO todos_synced (id, title) VALUES ('x', 'theirs')";

/// The import is refused and all is as it was.
fn assert_refused(attacker: &Attacker, what: &str, bytes: &[u8]) {
    let folder = folder();
    let path = folder.path().join("mine");
    let mut app = written(&path);
    app.run(&insert(2));
    let before = app.rows("SELECT id, title FROM todos");
    let (mut app, reply) = import(app, &path, bytes);
    let error = reply.expect_err(what);
    assert_eq!(error.code(), "ARGUMENT", "{what}: {error}");
    assert_eq!(app.rows("SELECT id, title FROM todos"), before, "{what}");
    assert_eq!(app.pending().len(), 2);
    app.assert_sound();
    // And an honest file is still taken.
    let (mut app, reply) = import(app, &path, &attacker.bytes);
    reply.unwrap();
    assert_eq!(app.rows("SELECT title FROM titles"), ["mine"]);
    app.run("INSERT INTO drafts (body) VALUES ('new')");
    assert_eq!(app.rows("SELECT body FROM drafts"), ["kept", "new!"]);
    app.assert_sound();
}

#[test]
fn what_is_no_database_is_refused() {
    let attacker = Attacker::new();
    let honest = &attacker.bytes;
    let changed = |at: usize, bytes: &[u8]| {
        let mut file = honest.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    };
    let mut noise = honest.clone();
    fastrand::Rng::with_seed(7).fill(&mut noise[100..]);
    for (what, file) in [
        ("nothing", Vec::new()),
        ("another magic", changed(0, b"SQLite format 4")),
        ("a header alone", honest[..100].to_vec()),
        ("half", honest[..honest.len() / 2].to_vec()),
        ("pages of no size", changed(16, &[0, 0])),
        ("pages of an odd size", changed(16, &[0x30, 0x39])),
        ("all pages", changed(28, &[0xff; 4])),
        ("noise", noise),
        ("megabytes of zeros", vec![0; 10_000_000]),
    ] {
        assert_refused(&attacker, what, &file);
    }
}

#[test]
fn a_database_that_only_looks_like_ours_is_refused() {
    let attacker = Attacker::new();
    for (what, sql) in [
        ("another app's", "DROP TABLE _throughline_settings"),
        (
            "a table of the app in the way",
            "DELETE FROM _throughline_tables; DROP VIEW todos; DROP VIEW todos_writes; DROP TABLE todos_synced;
             DROP TABLE todos_local; CREATE TABLE todos_local (x)",
        ),
        ("no transactions", "DROP TABLE _throughline_transactions"),
        ("no shapes", "DROP TABLE _throughline_shapes"),
        (
            "other columns",
            "ALTER TABLE _throughline_changes RENAME COLUMN value TO x",
        ),
        ("no synced table", "DROP TABLE todos_synced"),
        ("no shadow table", "DROP TABLE todos_local"),
        (
            "a view in place of a table",
            "DROP TABLE todos_synced; CREATE VIEW todos_synced AS SELECT 'x' AS id, 'y' AS title",
        ),
        (
            "a table in place of the view",
            "DROP VIEW todos; CREATE TABLE todos (id, title)",
        ),
        (
            "a view in place of the change log",
            "ALTER TABLE _throughline_changes RENAME TO hidden; CREATE VIEW _throughline_changes AS SELECT * FROM hidden",
        ),
        (
            "a virtual table",
            "DROP TABLE todos_synced; CREATE VIRTUAL TABLE todos_synced USING fts5(id, title)",
        ),
        (
            "a schema that is none",
            "UPDATE _throughline_tables SET schema = '{'",
        ),
        (
            "a schema of another table",
            "UPDATE _throughline_tables SET schema = replace(schema, 'todos', '_throughline_changes')",
        ),
        (
            "a position that is none",
            "UPDATE _throughline_shapes SET progress = '[]'",
        ),
        (
            "a write to a table that nobody has",
            "UPDATE _throughline_changes SET table_name = 'drafts'",
        ),
        (
            "a key that is none",
            "UPDATE _throughline_changes SET key = '['",
        ),
        (
            "a value that is none",
            "UPDATE _throughline_changes SET value = '}'",
        ),
        (
            "a client that is none",
            "UPDATE _throughline_settings SET value = '; --' WHERE name = 'client_id'",
        ),
        (
            "a base that is none",
            "UPDATE _throughline_changes SET base = 'x'",
        ),
    ] {
        assert_refused(&attacker, what, &attacker.file(what, sql));
    }
}

#[test]
fn what_nobody_can_read_of_an_imported_transaction_holds_nothing_up() {
    let attacker = Attacker::new();
    for what in [
        "meta = '{', error = '{'",
        "error = '{\"code\":1}'",
        "state = 'accepted', lsn = 'x', txid = 'y'",
        "state = 'accepted', lsn = '99999999999999999999999', txid = -1",
        "state = 'replaced', replaced_by = id",
        "attempts = -1, created_at = 'x', unanswered = 'y', caused_by = 'z'",
    ] {
        let sql = format!("UPDATE _throughline_transactions SET {what}");
        let folder = folder();
        let path = folder.path().join("mine");
        let (mut app, reply) = import(written(&path), &path, &attacker.file("file", &sql));
        reply.unwrap();
        app.run(&insert(2));
        let told = app.pending();
        assert!(!told.is_empty() && app.rejected().is_empty(), "{what}");
        let client = told[0].id.rsplit_once(':').unwrap().0.to_owned();
        app.ask_for(Request::Settled(format!("{client}:1")));
        let connect = app.ask_for(Request::Connect);
        let posts = |effect: &Effect| matches!(effect, Effect::Fetch(post) if post.body.as_ref().unwrap().contains(&id(2)));
        assert!(connect.iter().any(posts), "{what}");
        app.assert_sound();
    }
}

/// They would run inside of our own statements, for which nobody asks the authorizer.
#[test]
fn a_trigger_or_a_view_that_hangs_on_ours_is_refused() {
    let attacker = Attacker::new();
    for sql in [
        format!("CREATE TRIGGER spy AFTER INSERT ON _throughline_changes BEGIN {TODO}; END"),
        format!("CREATE TRIGGER spy AFTER INSERT ON todos_synced BEGIN {TODO}; END"),
        format!("CREATE TRIGGER spy AFTER DELETE ON TODOS_LOCAL BEGIN {TODO}; END"),
        format!("CREATE TRIGGER spy BEFORE UPDATE ON _throughline_transactions BEGIN {TODO}; END"),
        format!("DROP TRIGGER todos__on_insert; CREATE TRIGGER todos__on_insert AFTER INSERT ON drafts BEGIN {TODO}; END"),
        format!("CREATE TRIGGER later__on_insert AFTER INSERT ON drafts BEGIN {TODO}; END"),
        "CREATE VIEW spy AS WITH todos__on_insert AS (SELECT throughline_write_id() AS x) SELECT x FROM todos__on_insert".into(),
        "CREATE VIEW _throughline_spy AS SELECT 1".into(),
        "CREATE TABLE _throughline_members_todos (x)".into(),
        "DROP VIEW _throughline_outbox; CREATE VIEW _throughline_outbox AS SELECT 'evil' AS id".into(),
    ] {
        assert_refused(&attacker, &sql, &attacker.file("file", &sql));
    }
}

/// Of the app's own, and of the views that are made anew: no harm is in these.
#[test]
fn a_trigger_on_a_view_of_ours_is_gone_and_one_on_a_table_of_the_app_has_no_rights() {
    let attacker = Attacker::new();
    let sql = format!(
        "DROP TRIGGER todos__on_insert;
         CREATE TRIGGER spy INSTEAD OF INSERT ON todos BEGIN {TODO}; END;
         CREATE TRIGGER theirs AFTER INSERT ON drafts BEGIN {TODO}; END;
         PRAGMA writable_schema = ON;
         INSERT INTO sqlite_schema VALUES ('table', 'evil', 'evil', 0, 'CREATE VIRTUAL TABLE evil USING shell(x)');"
    );
    let folder = folder();
    let path = folder.path().join("mine");
    let (mut app, reply) = import(written(&path), &path, &attacker.file("file", &sql));
    reply.unwrap();
    assert_eq!(
        app.rows("SELECT name FROM sqlite_schema WHERE name = 'spy'")
            .len(),
        0
    );
    let error = app.try_query("SELECT * FROM evil").unwrap_err();
    assert_eq!(error.code(), "SQL", "a module that nobody has");
    app.run(&insert(5));
    let error = app.refused("INSERT INTO drafts (body) VALUES ('x')");
    assert_eq!(error.code(), "FORBIDDEN");
    assert_eq!(app.rows("SELECT count(*) FROM todos_synced"), ["0"]);
    assert_eq!(app.pending().len(), 2);
    app.assert_sound();
}

/// In the middle of whatever it was in.
#[test]
fn an_honest_file_is_taken() {
    let folder = folder();
    let path = folder.path().join("theirs");
    let mut victim = Victim::at(&path);
    let row = insert_row(1, "one").replace(r#""operation""#, r#""tags":["x/"],"operation""#);
    victim.log("0_0", &format!("[{row}]"));
    victim
        .app
        .run("CREATE VIRTUAL TABLE search USING fts5(body)");
    victim.app.run("ANALYZE drafts");
    victim.app.ask_for(Request::Export);
    let conn = open_file(folder.path().join(files::EXPORT)).unwrap();
    let names = "SELECT group_concat(name) FROM sqlite_schema";
    let names: String = conn.query_row(names, [], |row| row.get(0)).unwrap();
    for kept in [
        "_throughline_members_t",
        "_throughline_slots_t",
        "_throughline_staged_",
        "sqlite_stat1",
    ] {
        assert!(names.contains(kept), "{kept} is not in {names}");
    }
    transfer::prepare(&conn, 1).unwrap();
    imported::check(&conn, &ClientId("x".into())).unwrap();
}
