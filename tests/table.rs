//! One ordinary table: what the app may write through the view and what becomes of it.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

mod support;

use support::{App, TODOS, id};
use throughline::engine::Effect;
use throughline::tabs::{Cell, Reply, Request, Rows};
use throughline::value::Value;

fn with_milk() -> App {
    let mut app = App::open(TODOS);
    insert(&mut app, 1, "Buy milk");
    app
}

fn insert(app: &mut App, n: u32, title: &str) {
    app.execute(
        "INSERT INTO todos (id, title, completed, created_at) VALUES (?, ?, ?, ?)",
        &[
            Value::Text(id(n)),
            Value::Text(title.into()),
            Value::Integer(0),
            Value::Text("2026-01-02T03:04:05.600Z".into()),
        ],
    )
    .unwrap();
}

#[test]
fn an_insert_shows_at_once_and_is_logged_as_it_will_be_sent() {
    let mut app = with_milk();
    assert_eq!(
        app.rows("SELECT id, title, completed, created_at, note FROM todos"),
        [format!(
            "{}|Buy milk|0|2026-01-02 03:04:05.6+00|NULL",
            id(1)
        )]
    );
    assert_eq!(
        app.intents(),
        [format!(
            r#"insert|["{}"]|{{"title":"Buy milk","completed":false,"created_at":"2026-01-02 03:04:05.6+00","note":null}}|NULL"#,
            id(1)
        )]
    );
    app.assert_sound();
}

#[test]
fn a_not_null_column_left_out_is_left_to_the_servers_default() {
    let mut app = App::open(TODOS);
    app.run(&format!(
        "INSERT INTO todos (id, title) VALUES ('{}', 't')",
        id(1)
    ));
    assert_eq!(
        app.rows("SELECT value FROM _throughline_changes"),
        [r#"{"title":"t","note":null}"#]
    );
    app.assert_sound();
}

#[test]
fn an_update_logs_what_changed_and_what_it_was() {
    let mut app = with_milk();
    assert_eq!(
        app.run("UPDATE todos SET title = 'Buy bread', completed = false"),
        1
    );
    assert_eq!(
        app.intents()[1],
        format!(
            r#"update|["{}"]|{{"title":"Buy bread"}}|{{"title":"Buy milk"}}"#,
            id(1)
        )
    );
    app.run("UPDATE todos SET note = 'soon'");
    app.run("UPDATE todos SET note = NULL");
    assert_eq!(
        app.intents()[3],
        format!(r#"update|["{}"]|{{"note":null}}|{{"note":"soon"}}"#, id(1))
    );
    assert_eq!(app.rows("SELECT note FROM todos"), ["NULL"]);
    app.assert_sound();
}

#[test]
fn an_update_that_changes_nothing_leaves_nothing_to_send() {
    let mut app = with_milk();
    let log = app.intents();
    assert_eq!(
        app.run("UPDATE todos SET title = title, created_at = '2026-01-02 04:04:05.6+01'"),
        0
    );
    assert_eq!(app.intents(), log);
    assert_eq!(app.pending().len(), 1);
    app.assert_sound();
}

#[test]
fn a_key_that_exists_is_a_constraint_error_and_changes_nothing() {
    let mut app = with_milk();
    let before = app.intents();
    let error = app.refused(&format!(
        "INSERT INTO todos (id, title) VALUES ('{}', 'again')",
        id(1)
    ));
    assert_eq!(error.code(), "CONSTRAINT");
    assert_eq!(error.to_string(), "UNIQUE constraint failed: todos.id");
    // Also in another spelling of the same key, and whatever the statement's conflict clause.
    let shouted = id(1).to_uppercase();
    for clause in ["INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE"] {
        let error = app.refused(&format!(
            "{clause} INTO todos (id, title) VALUES ('{shouted}', 'x')"
        ));
        assert_eq!(error.code(), "CONSTRAINT", "{clause}");
    }
    assert_eq!(app.intents(), before);
    app.assert_sound();
}

#[test]
fn a_key_cannot_be_left_out_or_changed() {
    let mut app = with_milk();
    assert_eq!(
        app.refused("INSERT INTO todos (title) VALUES ('no id')")
            .to_string(),
        "NOT NULL constraint failed: todos.id"
    );
    let error = app.refused(&format!("UPDATE todos SET id = '{}'", id(2)));
    assert_eq!(error.code(), "CONSTRAINT");
    assert!(
        error.to_string().contains("part of the primary key"),
        "{error}"
    );
    app.assert_sound();
}

#[test]
fn deleting_and_inserting_the_same_key_are_two_ordered_intents() {
    let mut app = with_milk();
    assert_eq!(app.run("DELETE FROM todos"), 1);
    assert_eq!(app.rows("SELECT count(*) FROM todos"), ["0"]);
    app.assert_sound();
    insert(&mut app, 1, "Again");
    assert_eq!(app.rows("SELECT title FROM todos"), ["Again"]);
    assert_eq!(
        app.rows("SELECT operation FROM _throughline_changes ORDER BY id"),
        ["insert", "delete", "insert"]
    );
    assert_eq!(
        app.rows("SELECT changed_columns, is_deleted FROM todos_local"),
        [r#"["title","completed","created_at","note"]|0"#]
    );
    app.assert_sound();
}

#[test]
fn values_of_the_wrong_type_are_refused_with_the_column_named() {
    let mut app = with_milk();
    for (set, complaint) in [
        ("completed = 'maybe'", "todos.completed"),
        ("created_at = 'yesterday'", "todos.created_at"),
        ("title = x'00'", "todos.title"),
    ] {
        let error = app.refused(&format!("UPDATE todos SET {set}"));
        assert_eq!(error.code(), "CONSTRAINT", "{set}");
        assert!(error.to_string().contains(complaint), "{error}");
    }
    let error = app.refused("INSERT INTO todos (id, title) VALUES ('not a uuid', 't')");
    assert_eq!(error.code(), "CONSTRAINT", "{error}");
    app.assert_sound();
}

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

/// Which of the values reach the app as booleans.
fn booleans(rows: &Rows) -> Vec<bool> {
    let (_, cells) = rows.read();
    cells.map(|cell| matches!(cell, Cell::Boolean(_))).collect()
}

#[test]
fn booleans_are_known_as_such_through_the_view() {
    let mut app = with_milk();
    let rows = app
        .try_query("SELECT completed, title, completed = 0 FROM todos")
        .unwrap();
    assert_eq!(booleans(&rows), [true, false, false]);
}

#[test]
fn a_key_of_negative_zero_is_zero() {
    let mut app = App::open(
        r#"{"name": "test", "tables": {"t": {"columns": {"at": "float8", "note": "text"}, "primaryKey": ["at"]}}}"#,
    );
    app.run("INSERT INTO t VALUES (-0.0, 'here')");
    app.run("UPDATE t SET note = 'still' WHERE at = 0");
    app.assert_sound();
    let keys = app.rows("SELECT DISTINCT key FROM _throughline_changes");
    assert_eq!(keys, ["[0]"]);
}

#[test]
fn composite_keys_and_awkward_names() {
    let mut app = App::open(
        r#"{"name": "test", "tables": {"Weird \"Tbl": {
            "columns": {"Org Id": "int4", "flag": "bool", "na/me": "text", "select": "text", "is_deleted": "bool", "b": "bytea", "f": "float8"},
            "primaryKey": ["Org Id", "flag", "na/me"], "indexes": ["select"]}}}"#,
    );
    app.run(r#"INSERT INTO "Weird ""Tbl" VALUES (1, true, 'a"/b', 'x', false, x'00ff', 0.1)"#);
    app.run(r#"INSERT INTO "Weird ""Tbl" VALUES (1, false, 'a"/b', 'y', true, NULL, 0.30000000000000004)"#);
    assert_eq!(
        app.run(r#"UPDATE "Weird ""Tbl" SET "select" = 'z', f = f + 1e-17 WHERE flag"#),
        1
    );
    assert_eq!(
        app.intents(),
        [
            r#"insert|[1,true,"a\"/b"]|{"select":"x","is_deleted":false,"b":"\\x00ff","f":0.1}|NULL"#,
            r#"insert|[1,false,"a\"/b"]|{"select":"y","is_deleted":true,"b":null,"f":0.30000000000000004}|NULL"#,
            // Doubles keep all their digits: SQLite's own JSON functions would say 0.1 twice.
            r#"update|[1,true,"a\"/b"]|{"select":"z","f":0.10000000000000002}|{"select":"x","f":0.1}"#,
        ]
    );
    app.run(r#"DELETE FROM "Weird ""Tbl" WHERE NOT flag"#);
    assert_eq!(
        app.rows(r#"SELECT "select", _throughline_is_deleted FROM "Weird ""Tbl_local" ORDER BY 1"#),
        ["y|1", "z|0"]
    );
    app.assert_sound();
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
fn closing_waits_for_an_open_transaction_and_for_what_was_asked_before() {
    let mut app = with_milk();
    let transaction = app.begin();
    assert!(app.send(Request::Pending).is_none());
    assert!(app.send(Request::Close).is_none());
    app.ask(Request::Execute {
        statement: support::statement("DELETE FROM todos", &[]),
        transaction: Some(transaction),
    })
    .unwrap();
    app.ask(Request::Commit(transaction)).unwrap();
    let told: Vec<&Effect> = app
        .effects
        .iter()
        .filter(|effect| matches!(effect, Effect::Reply(..) | Effect::Close))
        .collect();
    assert!(
        matches!(
            told[..],
            [
                Effect::Reply(_, Ok(Reply::Transactions(_))),
                Effect::Close,
                Effect::Reply(_, Ok(Reply::Done)),
            ]
        ),
        "{told:?}"
    );
    assert_eq!(app.refused("DELETE FROM todos").code(), "CLOSED");
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

#[test]
fn opened_without_connecting_nothing_is_asked_of_a_server() {
    let options = r#"{"name": "test", "connect": false, "electric": {"url": "/v1/shape"}, "write": {"url": "/changes"},
        "tables": {"todos": {"columns": {"id": "int4", "title": "text"}, "primaryKey": ["id"]}}}"#;
    let mut app = App::open(options);
    app.run("INSERT INTO todos VALUES (1, 'later')");
    let fetches = |app: &App| {
        let asked = |effect: &&Effect| matches!(effect, Effect::Fetch(_));
        app.effects.iter().filter(asked).count()
    };
    assert_eq!(fetches(&app), 0);
    app.ask(Request::Connect).unwrap();
    assert_eq!(fetches(&app), 2, "the shape and the write");
}

#[test]
fn a_number_that_no_double_holds_is_listed_as_its_text() {
    let options = r#"{"name": "t", "tables": {"t": {"columns": {"id": "int4", "doc": "json", "note": "json"}, "primaryKey": ["id"]}}}"#;
    let mut app = App::open(options);
    app.run(r#"INSERT INTO t (id, doc, note) VALUES (1, '{"a":1e400}', '{"a":1}')"#);
    let pending = app.pending();
    let value = &pending[0].changes[0].value;
    assert_eq!(
        *value,
        serde_json::json!({"doc": r#"{"a":1e400}"#, "note": {"a": 1}})
    );
    app.assert_sound();
}
