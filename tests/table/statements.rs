//! Statements that write: of many rows, from other tables, with RETURNING, in batches, and those that are refused.

use super::*;

#[test]
fn one_statement_may_write_many_rows() {
    let mut app = App::open(TODOS);
    let n = app.run(&format!(
        "INSERT INTO todos (id, title) VALUES ('{}', 'a'), ('{}', 'b'), ('{}', 'c')",
        id(1),
        id(2),
        id(3)
    ));
    assert_eq!(n, 3);
    assert_eq!(
        app.run(
            "INSERT INTO todos (id, title)
             SELECT replace(id, '-8000-', '-9000-'), title || '2' FROM todos"
        ),
        3
    );
    assert_eq!(
        app.run("UPDATE todos SET title = upper(title) WHERE title LIKE '%2'"),
        3
    );
    assert_eq!(
        app.rows("SELECT title FROM todos ORDER BY title"),
        ["A2", "B2", "C2", "a", "b", "c"]
    );
    // One statement is one local transaction.
    let changes: Vec<usize> = app.pending().iter().map(|one| one.changes.len()).collect();
    assert_eq!(changes, [3, 3, 3]);
    assert_eq!(app.run("DELETE FROM todos WHERE title LIKE '%2'"), 3);
    app.assert_sound();
}

#[test]
fn update_from_reads_another_table() {
    let mut app = with_milk();
    app.run("CREATE TABLE renames (id TEXT PRIMARY KEY, title TEXT)");
    app.run(&format!(
        "INSERT INTO renames VALUES ('{}', 'From renames')",
        id(1)
    ));
    assert_eq!(
        app.run("UPDATE todos SET title = r.title FROM renames AS r WHERE r.id = todos.id"),
        1
    );
    assert_eq!(app.rows("SELECT title FROM todos"), ["From renames"]);
    app.assert_sound();
}

/// SQLite returns what the statement proposed, before a trigger put it into its final spelling
/// (<https://sqlite.org/lang_returning.html>, section 3).
#[test]
fn returning_gives_the_proposed_row() {
    let mut app = with_milk();
    let done = app
        .execute("UPDATE todos SET title = 'T' RETURNING id, title", &[])
        .unwrap();
    assert_eq!(support::lines(&done.rows), [format!("{}|T", id(1))]);
    let done = app
        .execute(
            &format!(
                "INSERT INTO todos (id, title, created_at)
                 VALUES ('{}', 'n', '2026-01-02T00:00:00Z') RETURNING created_at",
                id(2)
            ),
            &[],
        )
        .unwrap();
    assert_eq!(support::lines(&done.rows), ["2026-01-02T00:00:00Z"]);
    assert_eq!(
        app.rows(&format!(
            "SELECT created_at FROM todos WHERE id = '{}'",
            id(2)
        )),
        ["2026-01-02 00:00:00+00"]
    );
}

/// `ON CONFLICT DO UPDATE` needs a real table: <https://sqlite.org/lang_upsert.html>, section 2.
#[test]
fn upsert_is_beyond_sqlites_views() {
    let mut app = with_milk();
    let error = app.refused(&format!(
        "INSERT INTO todos (id, title) VALUES ('{}', 'x') ON CONFLICT (id) DO UPDATE SET title = 'x'",
        id(1)
    ));
    assert_eq!(error.code(), "SQL");
    assert!(error.to_string().contains("UPSERT"), "{error}");
}

#[test]
fn what_belongs_to_sync_is_read_only() {
    let mut app = with_milk();
    for sql in [
        "INSERT INTO todos_synced (id) VALUES ('x')",
        "UPDATE todos_local SET title = 'x'",
        "DELETE FROM _throughline_changes",
        "DELETE FROM _throughline_changes WHERE table_name = ?1 AND key = ?2",
        "DROP TABLE todos_synced",
        "DROP VIEW todos",
        "DROP TRIGGER todos__on_insert",
        "ALTER TABLE todos_local ADD COLUMN x",
        "CREATE INDEX mine ON todos_synced (title)",
        "CREATE TRIGGER spy AFTER INSERT ON todos_synced BEGIN SELECT 1; END",
        "CREATE TABLE _throughline_x (a)",
        "ATTACH ':memory:' AS other",
        "BEGIN",
        "SAVEPOINT s",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA user_version = 9",
        "SELECT throughline_write_id()",
    ] {
        let error = app.refused(sql);
        assert_eq!(error.code(), "FORBIDDEN", "{sql}: {error}");
    }
    assert_eq!(app.rows("SELECT count(*) FROM todos_local"), ["1"]);
    app.assert_sound();
}

#[test]
fn the_apps_own_tables_are_ordinary() {
    let mut app = with_milk();
    app.run("CREATE TABLE drafts (id INTEGER PRIMARY KEY, todo TEXT, body TEXT)");
    app.run("CREATE INDEX drafts_by_todo ON drafts (todo)");
    let done = app
        .execute(
            "INSERT INTO drafts (todo, body) VALUES (?, ?), (?, ?)",
            &[
                Value::Text(id(1)),
                Value::Text("a".into()),
                Value::Text(id(1)),
                Value::Text("b".into()),
            ],
        )
        .unwrap();
    assert_eq!((done.rows_affected, done.transaction), (2, None));
    assert_eq!(
        app.rows(
            "SELECT t.title, d.body FROM todos t JOIN drafts d ON d.todo = t.id ORDER BY d.id"
        ),
        ["Buy milk|a", "Buy milk|b"]
    );
    assert_eq!(app.pending().len(), 1, "only synced tables have intents");
    app.run("DROP TABLE drafts");
}

#[test]
fn misuse_is_told_as_such() {
    let mut app = with_milk();
    for (sql, code) in [
        ("", "ARGUMENT"),
        ("SELECT 1; SELECT 2", "ARGUMENT"),
        ("SELECT ?", "ARGUMENT"),
        ("SELEC 1", "SQL"),
        ("SELECT * FROM nowhere", "SQL"),
    ] {
        assert_eq!(app.refused(sql).code(), code, "{sql}");
    }
    assert_eq!(
        app.try_query("DELETE FROM todos").unwrap_err().code(),
        "ARGUMENT"
    );
    assert_eq!(app.rows("SELECT count(*) FROM todos"), ["1"]);
}

#[test]
fn a_batch_is_all_or_nothing_and_may_use_what_it_makes() {
    let mut app = with_milk();
    app.batch(&[
        "CREATE TABLE lists (id INTEGER PRIMARY KEY, name TEXT)",
        "CREATE INDEX lists_by_name ON lists (name)",
        "INSERT INTO lists (name) VALUES ('home')",
        "UPDATE todos SET note = 'home'",
    ])
    .unwrap();
    assert_eq!(
        app.rows("SELECT l.name FROM lists l JOIN todos t ON t.note = l.name"),
        ["home"]
    );

    let error = app
        .batch(&[
            "CREATE TABLE gone (id INTEGER)",
            "INSERT INTO gone VALUES (1)",
            "UPDATE todos SET note = 'gone'",
            "UPDATE todos SET id = 'x'",
        ])
        .unwrap_err();
    assert_eq!(error.code(), "CONSTRAINT");
    assert_eq!(app.refused("SELECT * FROM gone").code(), "SQL");
    assert_eq!(app.rows("SELECT note FROM todos"), ["home"]);
    assert_eq!(app.pending().len(), 2);
    app.assert_sound();
}

#[test]
fn a_statement_that_ran_before_sees_the_table_as_it_is_now() {
    let mut app = with_milk();
    app.run("CREATE TABLE drafts (a, done BOOLEAN)");
    app.run("INSERT INTO drafts VALUES (1, true)");
    let all = "SELECT * FROM drafts";
    assert_eq!(booleans(&app.try_query(all).unwrap()), [false, true]);
    app.run("ALTER TABLE drafts ADD COLUMN b DEFAULT 2");
    let rows = app.try_query(all).unwrap();
    assert_eq!(rows.columns().names, ["a", "done", "b"]);
    assert_eq!(booleans(&rows), [false, true, false]);
    app.run("ALTER TABLE drafts DROP COLUMN done");
    assert_eq!(app.rows(all), ["1|2"]);
    app.run("DELETE FROM drafts");
    assert_eq!(app.try_query(all).unwrap().columns().names, ["a", "b"]);
}
