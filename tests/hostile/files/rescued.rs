//! What a rescue takes over of a file that someone else had a hand in.

use super::*;

/// What a rescue makes of a file that is taken for broken.
fn rescued(sql: &str) -> (App, TempDir) {
    let attacker = Attacker::new();
    let folder = folder();
    let path = folder.path().join("broken");
    std::fs::write(&path, attacker.file("file", sql)).unwrap();
    let salvage = Salvage::read(&open_file(&path).unwrap(), "broken".into(), Vec::new());
    let place = Place {
        conn: open_file(folder.path().join("fresh")).unwrap(),
        persistence: Persistence::File,
        reason: None,
        salvage: Some(salvage),
    };
    let mut app = App::open(OPTIONS);
    let config = Config::parse(OPTIONS).unwrap();
    let (engine, _) = Engine::open_at(place, config, app.now, &mut app.rng).unwrap();
    app.engine = engine;
    (app, folder)
}

#[test]
fn a_definition_that_is_several_statements_is_run_as_none() {
    for more in [
        "UPDATE _throughline_settings SET value = ''''",
        "DELETE FROM _throughline_changes",
        "CREATE TRIGGER _throughline_spy AFTER INSERT ON _throughline_changes BEGIN DELETE FROM _throughline_changes; END",
    ] {
        let sql = format!(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = sql || '; {more}' WHERE name IN ('drafts', 'titles', 'honest')"
        );
        let (mut app, _folder) = rescued(&sql);
        assert_eq!(app.rows("SELECT title FROM todos"), ["mine"], "{more}");
        assert_eq!(app.pending().len(), 1, "{more}");
        let spies = app.rows("SELECT name FROM sqlite_schema WHERE name GLOB '*spy'");
        assert!(spies.is_empty(), "{spies:?}");
        app.run(&insert(2));
        assert_eq!(app.pending().len(), 2);
        app.assert_sound();
    }
}

#[test]
fn a_rescue_takes_over_nothing_that_the_app_could_not_have_made() {
    let (mut app, _folder) = rescued(&format!(
        "CREATE TRIGGER a AFTER INSERT ON _throughline_changes BEGIN {TODO}; END;
         CREATE TRIGGER b AFTER INSERT ON todos_synced BEGIN {TODO}; END;
         CREATE TRIGGER later__on_insert AFTER INSERT ON drafts BEGIN {TODO}; END;
         CREATE TRIGGER d AFTER DELETE ON drafts BEGIN {TODO}; END;
         CREATE VIEW e AS WITH todos__on_insert AS (SELECT throughline_key() AS x) SELECT x FROM todos__on_insert;
         CREATE VIEW _throughline_f AS SELECT 1;
         CREATE TABLE _throughline_g (x);
         INSERT INTO _throughline_g VALUES (1);
         CREATE INDEX _throughline_key_1_0 ON drafts (body);"
    ));
    let names = app.rows("SELECT name FROM sqlite_schema WHERE tbl_name IN ('drafts', 'a', 'b', 'e')
        OR name IN ('a', 'b', 'later__on_insert', 'e', '_throughline_f', '_throughline_g') ORDER BY name");
    assert_eq!(names, ["d", "drafts", "honest"]);
    let error = app.refused("DELETE FROM drafts");
    assert_eq!(error.code(), "FORBIDDEN");
    app.run(&insert(2));
    assert_eq!(app.pending().len(), 2);
    app.assert_sound();
}

#[test]
fn rows_of_a_broken_file_that_nobody_can_read_are_counted_and_hold_nothing_up() {
    for sql in [
        "UPDATE _throughline_transactions SET meta = '{'",
        "UPDATE _throughline_transactions SET error = '{'",
        "UPDATE _throughline_transactions SET txid = 'x', lsn = 'y', state = 'accepted'",
        "UPDATE _throughline_transactions SET created_at = 'x', attempts = -1, unanswered = 'y'",
        "UPDATE _throughline_transactions SET caused_by = 'x', replaced_by = id",
        "UPDATE _throughline_changes SET key = '['",
        "UPDATE _throughline_changes SET key = '[1,2,3]', value = '[]'",
        "UPDATE _throughline_changes SET value = 'x', base = '}'",
        "UPDATE _throughline_changes SET table_name = '_throughline_settings'",
        "UPDATE _throughline_changes SET transaction_id = 9223372036854775807",
        "UPDATE _throughline_changes SET heard_txids = '{', seen = 'x'",
        "UPDATE _throughline_settings SET value = '; --'",
        "UPDATE _throughline_tables SET schema = '{'",
        "INSERT INTO _throughline_requests VALUES ('x', 1, '{', 'y')",
        "UPDATE sqlite_sequence SET seq = 9223372036854775807",
    ] {
        let (mut app, _folder) = rescued(sql);
        let told = app.pending().len() + app.rejected().len();
        assert!(told <= 1, "{sql}");
        app.run(&insert(2));
        app.run("INSERT INTO drafts (body) VALUES ('x')");
        assert_eq!(
            app.pending().len() + app.rejected().len(),
            told + 1,
            "{sql}"
        );
        app.assert_sound();
        let connect = app.ask_for(Request::Connect);
        let post = connect.iter().find_map(|effect| match effect {
            Effect::Fetch(fetch) if fetch.url == "/changes" => fetch.body.clone(),
            _ => None,
        });
        assert!(post.is_some_and(|body| body.contains(&id(2))), "{sql}");
    }
}
