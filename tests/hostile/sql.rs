//! SQL of the app that goes around the authorizer.

use super::support::{App, TODOS};

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
