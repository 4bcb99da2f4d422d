//! References and policies as they are declared: which count, and which cannot be.

use super::*;

/// Without a server: what is refused is all there is.
fn local(tables: &str) -> World {
    let mut world = World::new(1);
    let options =
        format!(r#"{{"name": "app", "write": {{"url": "/changes"}}, "tables": {tables}}}"#);
    world.open("a", &options);
    world.fault("a", Endpoint::Write, Fault::status(422));
    world.fault("a", Endpoint::Write, Fault::Silence);
    world
}

fn rejected_after(world: &mut World, writes: &[&str]) -> Vec<i64> {
    for sql in writes {
        world.client("a").run(sql);
    }
    world.run_for(100);
    world.client("a").assert_sound();
    let rejected = world.client("a").rejected();
    rejected.iter().map(|record| record.number.0).collect()
}

#[test]
fn references_are_compared_by_value_whatever_the_columns_types() {
    let world = &mut local(
        r#"{"lists": {"columns": {"id": "int8", "name": "text"}, "primaryKey": ["id"]},
            "items": {"columns": {"id": "text", "list": "int4", "at": "text"}, "primaryKey": ["id"],
                      "references": [{"columns": ["list"], "table": "lists"}, {"columns": ["at"], "table": "days"}]},
            "days": {"columns": {"day": "timestamptz"}, "primaryKey": ["day"]}}"#,
    );
    let writes = [
        "INSERT INTO lists VALUES (7, 'refused')",
        "INSERT INTO items VALUES ('goes', 7, NULL)",
        "INSERT INTO items VALUES ('stays', 8, NULL)",
        "INSERT INTO items VALUES ('no list', NULL, 'no day')",
    ];
    assert_eq!(rejected_after(world, &writes), [1, 2]);
}

#[test]
fn a_reference_over_several_columns_is_known_by_the_whole_row() {
    let world = &mut local(
        r#"{"lists": {"columns": {"team": "text", "n": "int4"}, "primaryKey": ["team", "n"]},
            "items": {"columns": {"team": "text", "id": "text", "list": "int4", "up": "text"}, "primaryKey": ["team", "id"],
                      "references": [{"columns": ["team", "list"], "table": "lists"},
                                     {"columns": ["team", "up"], "table": "items"}]}}"#,
    );
    let writes = [
        "INSERT INTO lists VALUES ('red', 1), ('red', 2)",
        "INSERT INTO items VALUES ('red', 'a', 3, 'a'), ('blue', 'a', 1, NULL)",
        "UPDATE items SET list = 1 WHERE team = 'red'",
        "UPDATE items SET list = 2 WHERE team = 'blue'",
        "UPDATE items SET up = 'a' WHERE team = 'blue'",
    ];
    assert_eq!(rejected_after(world, &writes), [1, 3]);
}

#[test]
fn a_reference_in_the_key_and_one_to_the_own_table_count_too() {
    let world = &mut local(
        r#"{"nodes": {"columns": {"id": "text", "up": "text"}, "primaryKey": ["id"],
                      "references": [{"columns": ["up"], "table": "nodes"}]},
            "links": {"columns": {"a": "text", "b": "text"}, "primaryKey": ["a", "b"],
                      "references": [{"columns": ["a"], "table": "nodes"}, {"columns": ["b"], "table": "nodes"}]}}"#,
    );
    let writes = [
        "INSERT INTO nodes VALUES ('root', 'root')",
        "INSERT INTO nodes VALUES ('own', 'own')",
        "INSERT INTO nodes VALUES ('leaf', 'root')",
        "INSERT INTO links VALUES ('own', 'leaf')",
        "INSERT INTO links VALUES ('own', 'own')",
    ];
    assert_eq!(rejected_after(world, &writes), [1, 3, 4]);
}

fn opening(tables: &str, write: &str) -> Result<(), (String, String)> {
    let options =
        format!(r#"{{"name": "app", "write": {{"url": "/changes" {write}}}, "tables": {tables}}}"#);
    let fail = |error: throughline::error::Error| (error.code().to_owned(), error.to_string());
    let config = Config::parse(&options).map_err(fail)?;
    let mut rng = fastrand::Rng::with_seed(1);
    let conn = open_memory().unwrap();
    Engine::open(conn, config, Persistence::Memory, None, Millis(0), &mut rng).map_err(fail)?;
    Ok(())
}

#[test]
fn a_reference_that_cannot_be_is_an_error_at_open() {
    let with = |reference: &str| {
        format!(
            r#"{{"lists": {{"columns": {{"id": "int8"}}, "primaryKey": ["id"]}},
                "items": {{"columns": {{"id": "int8", "list": "int8"}}, "primaryKey": ["id"], "references": [{reference}]}}}}"#
        )
    };
    assert_eq!(
        opening(&with(r#"{"columns": ["list"], "table": "lists"}"#), ""),
        Ok(())
    );
    for (reference, reason) in [
        (
            r#"{"columns": ["list"], "table": "Lists"}"#,
            r#"table items: it refers to "Lists", which is not declared"#,
        ),
        (
            r#"{"columns": ["List"], "table": "lists"}"#,
            r#"table items: there is no column "List""#,
        ),
        (
            r#"{"columns": ["list", "id"], "table": "lists"}"#,
            r#"table items: the primary key of "lists" has 1 columns, the reference to it 2"#,
        ),
        (
            r#"{"columns": [], "table": "lists"}"#,
            r#"table items: the primary key of "lists" has 1 columns, the reference to it 0"#,
        ),
    ] {
        let found = opening(&with(reference), "").unwrap_err();
        assert_eq!((found.0.as_str(), found.1.as_str()), ("SCHEMA", reason));
    }
    for wrong in [
        r#"{"columns": "list", "table": "lists"}"#,
        r#"{"column": ["list"], "table": "lists"}"#,
    ] {
        assert_eq!(opening(&with(wrong), "").unwrap_err().0, "ARGUMENT");
    }
}

#[test]
fn a_reference_of_a_table_that_the_server_describes_is_checked_when_it_does() {
    let mut world = World::new(1);
    let wrong = OPTIONS
        .replace("POLICY", "")
        .replace(r#"["todo"]"#, r#"["todos_id"]"#);
    let columns =
        [("id", PgType::Uuid), ("todo", PgType::Uuid)].map(|(name, ty)| Column::new(name, ty));
    world
        .server()
        .create_table(Table::new("items", &["id"], columns));
    world.open("a", &wrong);
    world.settle();
    let status = world.client("a").status();
    let error = status.shapes[1].error.as_ref().unwrap();
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("SCHEMA", r#"table items: there is no column "todos_id""#)
    );
    assert_eq!(status.shapes[0].error, None);
}

#[test]
fn a_policy_that_does_not_exist_is_a_wrong_argument() {
    for policy in POLICIES {
        assert_eq!(
            opening("{}", &format!(r#", "onRejection": "{policy}""#)),
            Ok(())
        );
    }
    for wrong in [r#""ALL""#, r#""none""#, "true", "null"] {
        let (code, message) = opening("{}", &format!(r#", "onRejection": {wrong}"#)).unwrap_err();
        assert_eq!(code, "ARGUMENT", "{wrong}: {message}");
    }
}
