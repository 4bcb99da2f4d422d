//! SQL of the app that goes around the authorizer.

use throughline::value::Value;

use super::support::{App, TODOS, id};

fn with_drafts() -> App {
    let mut app = App::open(TODOS);
    app.run("CREATE TABLE drafts (id INTEGER PRIMARY KEY, body TEXT)");
    app
}

#[test]
fn no_other_file_and_no_other_code_is_reached() {
    let mut app = with_drafts();
    for sql in [
        "ATTACH 'other.sqlite' AS other",
        "PRAGMA writable_schema = ON",
        "PRAGMA trusted_schema = ON",
        "PRAGMA temp_store_directory = '/'",
    ] {
        let error = app.refused(sql);
        assert_eq!(error.code(), "FORBIDDEN", "{sql}: {error}");
    }
    for sql in ["VACUUM", "VACUUM INTO 'copy.sqlite'"] {
        let error = app.refused(sql);
        assert!(
            error.to_string().contains("cannot VACUUM"),
            "{sql}: {error}"
        );
    }
    assert!(app.try_query("SELECT load_extension('x')").is_err());
    app.refused("UPDATE sqlite_schema SET sql = '' WHERE name = 'todos'");
    app.assert_sound();
}

#[test]
fn a_temporary_object_does_not_shadow_a_name_of_sync() {
    let mut app = with_drafts();
    for sql in [
        "CREATE TEMP TABLE todos (id)",
        "CREATE TEMP TABLE todos_synced (id)",
        "CREATE TEMP TABLE TODOS_LOCAL (id)",
        "CREATE TEMP VIEW todos AS SELECT 1 AS id",
        "CREATE TEMP TABLE _throughline_changes (id)",
        "CREATE TEMP TRIGGER spy INSTEAD OF INSERT ON todos BEGIN SELECT 1; END",
    ] {
        let error = app.refused(sql);
        assert_eq!(error.code(), "FORBIDDEN", "{sql}: {error}");
    }
    app.assert_sound();
}

#[test]
fn a_trigger_of_the_app_writes_nothing_that_belongs_to_sync() {
    // The last one would be ours once such a table is declared.
    for name in ["spy", "todos__on_insert", "later__ON_insert"] {
        let mut app = with_drafts();
        let made = app.execute(
            &format!(
                "CREATE TEMP TRIGGER {name} AFTER INSERT ON drafts
                 BEGIN INSERT INTO todos_synced (id) VALUES ('x'); END"
            ),
            &[],
        );
        let ran = app.execute("INSERT INTO drafts (body) VALUES ('a')", &[]);
        let error = made.and(ran).unwrap_err();
        assert_eq!(error.code(), "FORBIDDEN", "{name}: {error}");
        assert_eq!(app.rows("SELECT count(*) FROM todos_synced"), ["0"]);
        app.assert_sound();
    }
}

#[test]
fn a_table_is_not_renamed_into_one_of_ours() {
    for name in [
        "_throughline_x",
        "\"_Throughline_members_todos\"",
        "[_throughline_staged_1]",
        "`_throughline_outdated_todos`",
        "'_throughline_staged_2'",
        "/* x */ _throughline_x -- y",
    ] {
        let mut app = with_drafts();
        let error = app.refused(&format!("ALTER TABLE drafts RENAME TO {name}"));
        assert_eq!(error.code(), "FORBIDDEN", "{name}: {error}");
        assert_eq!(app.rows("SELECT count(*) FROM drafts"), ["0"]);
        app.assert_sound();
    }
    let mut app = with_drafts();
    app.run("ALTER TABLE drafts RENAME TO sketches");
    app.run("ALTER TABLE sketches RENAME COLUMN body TO content");
    app.run("ALTER TABLE sketches ADD COLUMN note TEXT");
    app.run("ALTER TABLE sketches DROP COLUMN note");
    assert_eq!(app.rows("SELECT content FROM sketches").len(), 0);
}

#[test]
fn an_index_is_not_made_under_a_name_that_sync_will_want() {
    let mut app = with_drafts();
    for name in ["_throughline_key_1_0", "\"_THROUGHLINE_x\""] {
        for temp in ["", "UNIQUE"] {
            let error = app.refused(&format!("CREATE {temp} INDEX {name} ON drafts (body)"));
            assert_eq!(error.code(), "FORBIDDEN", "{name}: {error}");
        }
    }
    app.run("CREATE INDEX by_body ON drafts (body)");
    app.run("REINDEX by_body");
    app.run("DROP INDEX by_body");
    app.assert_sound();
}

/// For the names in a WITH clause SQLite asks as it does inside of a trigger of that name.
#[test]
fn a_common_table_named_like_a_trigger_of_ours_has_none_of_its_rights() {
    let calls = [
        "throughline_insert('todos', 'x', 'x', 1, 'x', 'x', 'x')",
        "throughline_transaction()",
        "throughline_write_id()",
        "throughline_key()",
        "throughline_column(0)",
    ];
    for call in calls {
        for name in [
            "todos__on_insert",
            "TODOS__ON_Update",
            "\"todos__on_delete\"",
        ] {
            let with = format!("WITH {name} AS (SELECT {call} AS x)");
            for sql in [
                format!("{with} SELECT x FROM {name}"),
                format!("{with} SELECT a.x FROM {name} AS a, {name} AS b"),
                format!("SELECT (SELECT x FROM ({with} SELECT x FROM {name}))"),
                format!("{with} INSERT INTO drafts (body) SELECT x FROM {name}"),
                format!("{with} INSERT INTO todos (id, title) SELECT x, x FROM {name}"),
                format!("{with} UPDATE todos SET title = (SELECT x FROM {name})"),
                format!("{with} DELETE FROM todos WHERE id = (SELECT x FROM {name})"),
                format!("CREATE TABLE made AS {with} SELECT x FROM {name}"),
                format!("CREATE VIEW made AS {with} SELECT x FROM {name}"),
                format!("CREATE TEMP VIEW made AS {with} SELECT x FROM {name}"),
                format!(
                    "CREATE TRIGGER made AFTER INSERT ON drafts BEGIN INSERT INTO drafts (body) {with} SELECT x FROM {name}; END"
                ),
            ] {
                let mut app = with_drafts();
                let error = app.refused(&sql);
                assert_eq!(error.code(), "FORBIDDEN", "{sql}: {error}");
                assert!(app.pending().is_empty());
                app.assert_sound();
            }
        }
    }
}

#[test]
fn a_common_table_named_like_ours_is_only_read() {
    let mut app = with_drafts();
    for name in [
        "todos",
        "todos_synced",
        "todos_local",
        "_throughline_changes",
        "drafts",
    ] {
        let rows = app.rows(&format!(
            "WITH {name} (x) AS (VALUES ('mine')) SELECT x FROM {name}"
        ));
        assert_eq!(rows, ["mine"], "{name}");
    }
    // What is written is the table of that name all the same.
    let error = app.refused("WITH todos_synced (id) AS (VALUES ('x')) INSERT INTO todos_synced (id) SELECT id FROM todos_synced");
    assert_eq!(error.code(), "FORBIDDEN");
    app.assert_sound();
}

#[test]
fn the_text_of_a_statement_may_name_a_trigger_where_it_asks_for_nothing() {
    let mut app = with_drafts();
    app.run("INSERT INTO drafts (body) VALUES ('todos__on_insert')");
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'todos__on_insert'";
    assert_eq!(app.rows(sql), ["1"]);
    let insert =
        "INSERT INTO todos (id, title, completed, created_at) VALUES (?, ?, false, '2026-01-01')";
    let params = [id(1), "todos__on_insert".into()].map(Value::Text);
    app.execute(insert, &params).unwrap();
    app.run(&format!(
        "INSERT INTO todos (id, title, completed, created_at) VALUES ('{}', 'notes__on_insertion', false, '2026-01-01')",
        id(2)
    ));
    assert_eq!(app.pending().len(), 2);
    app.assert_sound();
}

#[test]
fn what_sqlite_numbers_rows_by_is_not_written() {
    let mut app = with_drafts();
    app.run("CREATE TABLE numbered (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT)");
    app.run("INSERT INTO numbered (body) VALUES ('a')");
    for sql in [
        "UPDATE sqlite_sequence SET seq = 0",
        "UPDATE sqlite_sequence SET seq = 9223372036854775807 WHERE name = '_throughline_shapes'",
        "DELETE FROM sqlite_sequence",
        "INSERT INTO sqlite_sequence VALUES ('_throughline_held', 9223372036854775807)",
        "REPLACE INTO SQLITE_SEQUENCE (rowid, name, seq) VALUES (1, 'x', 1)",
        "UPDATE main.sqlite_sequence SET name = 'x'",
    ] {
        let error = app.refused(sql);
        assert_eq!(error.code(), "FORBIDDEN", "{sql}: {error}");
    }
    app.run("CREATE TRIGGER reset AFTER INSERT ON drafts BEGIN DELETE FROM sqlite_sequence; END");
    let error = app.refused("INSERT INTO drafts (body) VALUES ('a')");
    assert_eq!(error.code(), "FORBIDDEN");
    // SQLite itself does, for a table of the app's own.
    app.run("ALTER TABLE numbered RENAME TO counted");
    app.run("INSERT INTO counted (body) VALUES ('b')");
    assert_eq!(app.rows("SELECT id FROM counted"), ["1", "2"]);
    app.run("DROP TABLE counted");
    assert_eq!(
        app.rows("SELECT name FROM sqlite_sequence WHERE name IN ('numbered', 'counted')")
            .len(),
        0
    );
    app.assert_sound();
}

#[test]
fn a_view_of_the_app_lets_nothing_through() {
    let mut app = with_drafts();
    app.run("CREATE VIEW mine AS SELECT * FROM todos_synced");
    for (operation, sql) in [
        ("INSERT", "INSERT INTO todos_synced (id) VALUES ('x')"),
        (
            "UPDATE",
            "UPDATE _throughline_transactions SET state = 'confirmed'",
        ),
        ("DELETE", "DELETE FROM todos_local"),
    ] {
        app.run(&format!(
            "CREATE TRIGGER do_{operation} INSTEAD OF {operation} ON mine BEGIN {sql}; END"
        ));
    }
    for sql in [
        "INSERT INTO mine (id) VALUES ('x')",
        "UPDATE mine SET title = 'x'",
        "DELETE FROM mine",
        "INSERT INTO todos_synced (id) VALUES ('x') RETURNING id",
        "INSERT INTO todos_synced (id) VALUES ('x') ON CONFLICT DO UPDATE SET title = 'x'",
        "UPDATE OR REPLACE todos_local SET title = 'x'",
        "REPLACE INTO _throughline_settings VALUES ('client_id', 'x')",
        "DELETE FROM main._throughline_changes",
        "DELETE FROM \"todos_synced\" WHERE true",
    ] {
        let error = app.refused(sql);
        assert_eq!(error.code(), "FORBIDDEN", "{sql}: {error}");
    }
    app.assert_sound();
}

#[test]
fn a_foreign_key_of_the_app_takes_nothing_of_sync_along() {
    let mut app = with_drafts();
    app.run("CREATE TABLE child (id INTEGER PRIMARY KEY, of TEXT REFERENCES todos_synced (id) ON DELETE CASCADE)");
    app.run("INSERT INTO child VALUES (1, 'x')");
    let error = app.refused("PRAGMA foreign_keys = ON");
    assert_eq!(error.code(), "FORBIDDEN");
    app.assert_sound();
}

#[test]
fn no_table_of_a_module_is_a_way_around() {
    let mut app = with_drafts();
    for sql in [
        "UPDATE sqlite_dbpage SET data = zeroblob(4096)",
        "INSERT INTO sqlite_dbpage VALUES (1, zeroblob(4096), 'main')",
        "CREATE VIRTUAL TABLE _throughline_x USING fts5(a)",
        "CREATE VIRTUAL TABLE todos_synced USING fts5(a)",
        "CREATE VIRTUAL TABLE _throughline USING fts5(a)",
        "CREATE VIRTUAL TABLE temp._throughline USING fts5(a)",
        "SELECT writefile('x', 'y')",
        "SELECT edit('x')",
        "SELECT readfile('/etc/passwd')",
    ] {
        let error = app.refused(sql);
        assert!(
            ["FORBIDDEN", "SQL"].contains(&error.code()),
            "{sql}: {error}"
        );
    }
    assert!(app.rows("SELECT name FROM sqlite_schema WHERE name GLOB '_throughline*' AND name NOT GLOB '_throughline_*'").is_empty());
    app.assert_sound();
}

#[test]
fn several_statements_in_one_run_none_of_them() {
    let mut app = with_drafts();
    for sql in [
        "SELECT 1; DROP TABLE drafts",
        "INSERT INTO drafts (body) VALUES ('a'); DELETE FROM drafts",
        "BEGIN; DELETE FROM drafts; COMMIT",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT x",
        "RELEASE x",
        "DETACH main",
        "ANALYZE _throughline_changes",
        "DROP TRIGGER todos__on_insert",
        "DROP VIEW todos",
        "DROP TABLE todos_local",
        "DROP INDEX todos_synced__index_0",
        "ALTER TABLE todos_synced ADD COLUMN x",
        "CREATE INDEX x ON todos_synced (title)",
        "CREATE TABLE sqlite_x (a)",
    ] {
        let error = app.refused(sql);
        assert!(
            ["FORBIDDEN", "SQL", "ARGUMENT"].contains(&error.code()),
            "{sql}: {error}"
        );
    }
    assert_eq!(app.rows("SELECT count(*) FROM drafts"), ["0"]);
    app.assert_sound();
}
