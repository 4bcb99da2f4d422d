//! All SQL that a table generates, held against `tests/fixtures/ddl`. `UPDATE_FIXTURES=1` writes it anew.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use throughline::ids::ShapeId;
use throughline::schema::{TableSchema, Tables, ddl, loading, membership, names};

fn table(declaration: &str) -> TableSchema {
    let tables: Tables = serde_json::from_str(declaration).unwrap();
    let (name, declaration) = tables.iter().next().unwrap();
    declaration.schema(name).unwrap().unwrap()
}

fn assert_generates(fixture: &str, table: &TableSchema) {
    let mut statements = vec![
        ddl::create_rows(table, &names::synced(&table.name)),
        ddl::create_local(table),
    ];
    statements.extend(ddl::create_indexes(table));
    statements.push(ddl::create_view(table));
    statements.push(ddl::create_writes(table));
    statements.extend(ddl::create_triggers(table));
    let staged = names::staged(ShapeId(7));
    statements.push(loading::create_staged(table, &staged));
    statements.push(loading::create_key(
        table,
        &staged,
        &names::key_index(ShapeId(7), false),
    ));
    statements.push(membership::create_members(table));
    statements.push(membership::create_slots(table));
    statements.push(ddl::drop_views(&table.name));
    let generated: String = statements.iter().map(|sql| format!("{sql};\n\n")).collect();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/ddl")
        .join(fixture);
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        generated, kept,
        "{fixture} differs; if that is meant, run with UPDATE_FIXTURES=1 and look at the change"
    );
}

#[test]
fn todos() {
    let todos = r#"{"todos": {
        "columns": {
            "id": "uuid", "title": {"type": "text", "notNull": true},
            "completed": {"type": "bool", "notNull": true},
            "created_at": {"type": "timestamptz", "notNull": true}, "write_id": "uuid"
        },
        "primaryKey": ["id"], "indexes": ["created_at"]
    }}"#;
    assert_generates("todos.sql", &table(todos));
}

/// Quotes in names, words of SQL, our own column names taken, a composite key, no write id.
#[test]
fn an_awkward_table() {
    let awkward = r#"{"Weird \"Tbl's": {
        "columns": {
            "Org Id": "int4", "na/me": "varchar(20)", "select": "numeric(10,2)", "it's": "bytea",
            "is_deleted": "bool", "changed_columns": "int4[]", "big": "int8", "doc": "jsonb"
        },
        "primaryKey": ["na/me", "Org Id"], "indexes": ["select", ["big", "it's"]]
    }}"#;
    assert_generates("awkward.sql", &table(awkward));
}

/// Nothing but a key: an update has no column to take over.
#[test]
fn a_table_of_keys() {
    let links = r#"{"links": {"columns": {"a": "int8", "b": "int8"}, "primaryKey": ["a", "b"]}}"#;
    assert_generates("links.sql", &table(links));
}
