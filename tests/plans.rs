//! Query plans through the view: the promise that it costs no index.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

mod support;

use support::{App, TODOS, id, text};

/// Two tables with rows, synced and pending.
fn app() -> App {
    let mut app = App::open(TODOS);
    for n in 1..=3 {
        app.run(&format!(
            "INSERT INTO todos (id, title) VALUES ('{}', 'todo {n}')",
            id(n)
        ));
    }
    app.run("CREATE TABLE drafts (todo TEXT, body TEXT)");
    app
}

/// Each access to a table of the view is by an index.
fn assert_indexed(plan: &[String]) {
    let mut accesses = 0;
    for line in plan {
        let mut words = line.split(' ');
        let (verb, table) = (words.next(), words.next());
        if matches!(verb, Some("SCAN" | "SEARCH")) && matches!(table, Some("s" | "l")) {
            accesses += 1;
            let indexed = ["USING INDEX", "USING COVERING INDEX"];
            assert!(
                indexed.iter().any(|words| line.contains(words)),
                "{line} in {plan:#?}"
            );
        }
    }
    assert!(accesses >= 2, "both arms: {plan:#?}");
}

fn assert_searches(plan: &[String], tables: &[&str], index: &str) {
    assert_indexed(plan);
    for table in tables {
        let wanted =
            |line: &String| line.starts_with(&format!("SEARCH {table} ")) && line.contains(index);
        assert!(plan.iter().any(wanted), "{table} by {index}: {plan:#?}");
    }
}

fn assert_nothing_is_sorted(plan: &[String]) {
    let sorts = |line: &String| line.contains("TEMP B-TREE");
    assert!(!plan.iter().any(sorts), "{plan:#?}");
}

#[test]
fn a_point_lookup_searches_both_arms_by_the_primary_key() {
    let plan = app().plan(&format!("SELECT * FROM todos WHERE id = '{}'", id(1)));
    assert_searches(&plan, &["s", "l"], "_autoindex_");
}

#[test]
fn ordered_pages_merge_two_ordered_arms() {
    for order in ["created_at", "completed, created_at"] {
        let plan = app().plan(&format!("SELECT * FROM todos ORDER BY {order} LIMIT 50"));
        assert!(
            plan.iter().any(|line| line.contains("MERGE (UNION ALL)")),
            "{plan:#?}"
        );
        assert_indexed(&plan);
        assert_nothing_is_sorted(&plan);
    }
}

#[test]
fn the_newest_come_first_by_the_same_index() {
    let plan = app().plan("SELECT created_at, title FROM todos ORDER BY created_at DESC LIMIT 50");
    assert_indexed(&plan);
    assert_nothing_is_sorted(&plan);
}

/// A limit of SQLite, not of ours: a compound is flattened only if the outer query selects what it orders by
/// (<https://sqlite.org/optoverview.html>, section 11, condition 18). When this fails the limit is gone.
#[test]
fn an_order_by_a_column_that_is_not_selected_is_sorted() {
    let plan = app().plan("SELECT title FROM todos ORDER BY created_at LIMIT 50");
    assert!(
        plan.iter().any(|line| line.contains("TEMP B-TREE")),
        "{plan:#?}"
    );
}

#[test]
fn a_range_searches_both_arms_by_the_declared_index() {
    let plan = app()
        .plan("SELECT * FROM todos WHERE created_at > '2026-01-01' AND created_at < '2026-02-01'");
    assert_searches(&plan, &["s", "l"], "__index_0");
}

#[test]
fn an_equality_and_an_order_use_one_index() {
    let plan = app().plan("SELECT * FROM todos WHERE completed = 0 ORDER BY created_at LIMIT 50");
    assert_searches(&plan, &["s", "l"], "__index_1");
    assert_nothing_is_sorted(&plan);
}

#[test]
fn a_join_looks_each_row_up_by_its_key() {
    let plan =
        app().plan("SELECT d.body, t.title FROM drafts AS d JOIN todos AS t ON t.id = d.todo");
    assert_searches(&plan, &["s", "l"], "_autoindex_");
}

#[test]
fn an_update_finds_its_row_by_the_key() {
    let update = format!(
        "EXPLAIN QUERY PLAN UPDATE todos SET title = 'x' WHERE id = '{}'",
        id(1)
    );
    let rows = app().execute(&update, &[]).unwrap().rows;
    let plan: Vec<String> = rows.values().chunks(4).map(|row| text(&row[3])).collect();
    assert_searches(&plan, &["s", "l"], "_autoindex_");
}

#[test]
fn what_hides_a_synced_row_is_looked_up_by_the_key() {
    let plan = app().plan("SELECT count(*) FROM todos");
    let hidden = |line: &String| line.starts_with("SEARCH l ") && line.contains("_autoindex_");
    assert!(plan.iter().any(hidden), "{plan:#?}");
}
