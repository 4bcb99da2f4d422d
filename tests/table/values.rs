//! What a column holds, and how it comes back.

use super::*;

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
