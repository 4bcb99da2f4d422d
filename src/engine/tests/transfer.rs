//! Databases out and in.

use rusqlite::backup::Backup;

use super::*;
use crate::store::transfer::{prepare, replace};
use crate::tabs::TransactionRecord;

impl App {
    /// What the shell does with the copy.
    fn export(&mut self) -> Vec<u8> {
        let effects = self.engine.handle(
            self.now,
            &mut self.rng,
            Event::Request(RequestId(7).into(), Request::Export),
        );
        assert_eq!(effects, [Effect::Export(RequestId(7))]);
        let path = self.folder.path().join(files::EXPORT);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        bytes
    }

    /// What the shell does with the bytes.
    fn import(&mut self, bytes: &[u8]) -> Result<()> {
        let request = Event::Request(RequestId(8).into(), Request::Import(bytes.to_vec()));
        let mut effects = self.engine.handle(self.now, &mut self.rng, request);
        if let [Effect::Import(id, bytes)] = &effects[..] {
            let path = self.folder.path().join(files::IMPORT);
            std::fs::write(&path, bytes).unwrap();
            let file = open_file(&path);
            effects = self.engine.imported(self.now, &mut self.rng, *id, file);
            std::fs::remove_file(path).unwrap();
        }
        let restarts = effects.contains(&SAME_FILE);
        let reply = self.keep(effects).unwrap();
        assert_eq!(restarts, reply.is_ok());
        if restarts {
            self.reopen();
        }
        reply.map(|_| ())
    }

    fn pending(&mut self) -> Vec<TransactionRecord> {
        match self.ask(Request::Pending) {
            Ok(Reply::Transactions(records)) => records,
            other => panic!("{other:?}"),
        }
    }

    fn keys(&mut self) -> Vec<String> {
        self.pending().into_iter().map(|one| one.id).collect()
    }
}

/// What an engine that is offline says when its database has become another one.
const SAME_FILE: Effect = Effect::Restart(Successor {
    salvage: None,
    connect: false,
    record: false,
});

pub(super) const OFFLINE: &str = r#""connect": false,"#;

/// Two rows of one's own, pending.
fn written() -> App {
    let mut app = App::open(OFFLINE);
    app.execute("CREATE TABLE notes (text TEXT)").unwrap();
    app.execute("INSERT INTO notes VALUES ('own')").unwrap();
    app.execute("INSERT INTO todos VALUES (1, 'one')").unwrap();
    app.execute("INSERT INTO todos VALUES (2, 'two')").unwrap();
    app
}

fn number(key: &str) -> u64 {
    key.rsplit(':').next().unwrap().parse().unwrap()
}

#[test]
fn what_was_exported_is_there_after_the_import_and_what_was_there_is_gone() {
    let mut one = written();
    let (bytes, keys) = (one.export(), one.keys());
    assert_eq!(one.titles(), ["one", "two"], "an export changes nothing");
    let mut other = App::open(OFFLINE);
    other
        .execute("INSERT INTO todos VALUES (9, 'gone')")
        .unwrap();
    other.import(&bytes).unwrap();
    assert_eq!((other.titles(), other.keys()), (one.titles(), keys));
    assert_eq!(
        other.rows("SELECT text FROM notes"),
        one.rows("SELECT text FROM notes")
    );
    let Ok(Reply::Verified(report)) = other.ask(Request::Verify) else {
        panic!()
    };
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(other.engine.storage.journal_mode, "wal");
    other.import(&bytes).unwrap();
    assert_eq!(other.titles(), ["one", "two"], "again");
}

#[test]
fn a_copy_that_cannot_be_made_is_taken_away() {
    let mut app = written();
    let path = app.folder.path().join(files::EXPORT);
    std::fs::write(&path, b"half a copy").unwrap();
    let request = Event::Request(RequestId(7).into(), Request::Export);
    let effects = app.engine.handle(app.now, &mut app.rng, request);
    let [
        Effect::Remove(name),
        Effect::SetTimer(timer::CHECK, _),
        Effect::Reply(_, Err(_)),
    ] = &effects[..]
    else {
        panic!("{effects:?}")
    };
    std::fs::remove_file(app.folder.path().join(name)).unwrap();
    assert!(!app.export().is_empty());
}

#[test]
fn devices_with_the_same_client_id_never_make_the_same_key() {
    let mut one = written();
    let bytes = one.export();
    let mut keys = Vec::new();
    for seed in 0..20 {
        let mut device = App::open(OFFLINE);
        device.rng = fastrand::Rng::with_seed(seed);
        device.import(&bytes).unwrap();
        device
            .execute("INSERT INTO todos VALUES (3, 'three')")
            .unwrap();
        keys.extend(device.keys().pop());
    }
    one.execute("INSERT INTO todos VALUES (3, 'three')")
        .unwrap();
    keys.extend(one.keys().pop());
    keys.sort();
    assert!(keys.windows(2).all(|pair| pair[0] != pair[1]));
    let mut numbers: Vec<u64> = keys.iter().map(|key| number(key)).collect();
    numbers.sort_unstable();
    assert_eq!(numbers[0], 3);
    let apart = numbers.windows(2).all(|pair| pair[1] - pair[0] > 1_000_000);
    assert!(apart && numbers[20] < 1 << 53, "{numbers:?}");
}

#[test]
fn files_that_are_none_of_ours_change_nothing() {
    let mut app = written();
    let bytes = app.export();
    let folder = tempfile::tempdir().unwrap();
    let made = |name: &str, sql: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        let conn = rusqlite::Connection::open(&path).unwrap();
        conn.execute_batch(sql).unwrap();
        drop(conn);
        std::fs::read(path).unwrap()
    };
    let foreign = {
        let path = folder.path().join("foreign");
        let conn = rusqlite::Connection::open(&path).unwrap();
        conn.execute_batch("CREATE TABLE t (a); PRAGMA user_version = 1")
            .unwrap();
        drop(conn);
        std::fs::read(path).unwrap()
    };
    let mut scribbled = bytes.clone();
    scribbled[5 * 16_384..7 * 16_384].fill(0x5a);
    let mut short = bytes.clone();
    short.truncate(bytes.len() / 2);
    for (file, code) in [
        (&b"no database"[..], "ARGUMENT"),
        (&[], "ARGUMENT"),
        (&short, "ARGUMENT"),
        (&bytes[..200], "ARGUMENT"),
        (&scribbled, "ARGUMENT"),
        (&foreign, "ARGUMENT"),
        (&made("half", "PRAGMA user_version = 0"), "ARGUMENT"),
        (&made("newer", "PRAGMA user_version = 9"), "SCHEMA_AHEAD"),
        (
            &made(
                "full",
                "INSERT INTO _throughline_transactions (id, state, created_at) VALUES (9007199254740000, 'confirmed', 0)",
            ),
            "ARGUMENT",
        ),
    ] {
        let error = app.import(file).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert_eq!(app.engine.storage.error, None, "{error}");
        assert_eq!(app.titles(), ["one", "two"]);
    }
    assert!(app.execute("INSERT INTO todos VALUES (3, 'three')").is_ok());
}

#[test]
fn pages_of_another_size_and_a_log_are_no_hindrance() {
    let mut app = written();
    let bytes = app.export();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small");
    std::fs::write(&path, &bytes).unwrap();
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch("PRAGMA page_size = 1024; VACUUM; PRAGMA journal_mode = WAL")
        .unwrap_or_default();
    drop(conn);
    let file = std::fs::read(&path).unwrap();
    assert_eq!((file[16], file[18]), (4, 2));
    app.execute("DELETE FROM todos").unwrap();
    app.import(&file).unwrap();
    assert_eq!(app.titles(), ["one", "two"]);
}

#[test]
fn an_interactive_transaction_ends_first() {
    let mut app = written();
    let bytes = app.export();
    let request = Event::Request(RequestId(8).into(), Request::Import(bytes.clone()));
    let effects = app.engine.handle(app.now, &mut app.rng, request);
    assert!(matches!(&effects[..], [Effect::Import(..)]));
    let path = app.folder.path().join(files::IMPORT);
    std::fs::write(&path, bytes).unwrap();
    let Ok(Reply::Begun(open)) = app.ask(Request::Begin { meta: None }) else {
        panic!()
    };
    let file = open_file(&path);
    assert_eq!(
        app.engine
            .imported(app.now, &mut app.rng, RequestId(8), file),
        []
    );
    assert_eq!(
        app.handle(Event::Request(RequestId(9).into(), Request::Export)),
        None
    );
    let commit = Event::Request(RequestId(1).into(), Request::Commit(open));
    let effects = app.engine.handle(app.now, &mut app.rng, commit);
    let replies = effects
        .iter()
        .filter(|effect| matches!(effect, Effect::Reply(_, Ok(_))));
    assert_eq!(replies.count(), 2, "{effects:?}");
    assert_eq!(effects.last(), Some(&SAME_FILE));
}

#[test]
fn a_crash_in_the_middle_leaves_the_one_or_the_other() {
    let mut one = App::open(OFFLINE);
    for n in 0..50 {
        one.execute(&format!(
            "INSERT INTO todos VALUES ({n}, '{}')",
            "x".repeat(5_000)
        ))
        .unwrap();
    }
    let bytes = one.export();
    for steps in [0, 1, 2, 10, 1_000] {
        let mut app = written();
        let path = app.folder.path().join(files::IMPORT);
        std::fs::write(&path, &bytes).unwrap();
        let file = open_file(&path).unwrap();
        prepare(&file, 1).unwrap();
        let done = match steps {
            1_000 => replace(&mut app.engine.conn, &file).is_ok(),
            steps => {
                app.engine.conn.flush_prepared_statement_cache();
                let backup = Backup::new(&file, &mut app.engine.conn).unwrap();
                for _ in 0..steps {
                    backup.step(1).unwrap();
                }
                // The process dies here: what is on the disk now is what there is.
                let copy = tempfile::tempdir().unwrap();
                for name in files::with_companions("app.db") {
                    let from = app.folder.path().join(&name);
                    if from.exists() {
                        std::fs::copy(from, copy.path().join(&name)).unwrap();
                    }
                }
                drop(backup);
                app.folder = copy;
                false
            }
        };
        app.reopen();
        assert_eq!(app.titles().len(), if done { 50 } else { 2 }, "{steps}");
        assert_eq!(app.pending().len(), if done { 50 } else { 2 });
    }
}

#[test]
fn a_database_that_was_disconnected_stays_so_when_another_file_takes_its_place() {
    let offline = |app: &mut App| {
        app.ask(Request::Disconnect).unwrap();
        app.effects.clear();
    };
    let connects = |effect: Option<&Effect>| match effect {
        Some(Effect::Restart(successor)) => successor.connect,
        other => panic!("{other:?}"),
    };
    let bytes = written().export();
    for disconnects in [false, true] {
        let mut app = App::open("");
        if disconnects {
            offline(&mut app);
        }
        let request = Event::Request(RequestId(8).into(), Request::Import(bytes.clone()));
        app.engine.handle(app.now, &mut app.rng, request);
        let path = app.folder.path().join(files::IMPORT);
        std::fs::write(&path, &bytes).unwrap();
        let effects = app
            .engine
            .imported(app.now, &mut app.rng, RequestId(8), open_file(&path));
        assert_eq!(connects(effects.last()), !disconnects);

        let mut app = App::open("");
        if disconnects {
            offline(&mut app);
        }
        app.engine.note_failure(&Error::Corrupt("a page".into()));
        let effects = app.engine.handle(app.now, &mut app.rng, Event::Wake);
        assert_eq!(connects(effects.last()), !disconnects);
    }
}
