//! What a local write costs, in instructions of SQLite's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

/// How many instructions the next write takes.
fn instructions(app: &mut App, sql: &str) -> u64 {
    let count = Arc::new(AtomicU64::new(0));
    let counting = count.clone();
    let step = move || {
        counting.fetch_add(1, Ordering::Relaxed);
        false
    };
    app.engine.conn.progress_handler(1, Some(step)).unwrap();
    app.execute(sql).unwrap();
    app.engine
        .conn
        .progress_handler(1, None::<fn() -> bool>)
        .unwrap();
    count.load(Ordering::Relaxed)
}

fn insert(id: u32) -> String {
    format!("INSERT INTO todos VALUES ({id}, 'some')")
}

#[test]
fn a_write_costs_the_same_however_many_wait_to_be_sent() {
    let mut app = App::open("");
    for id in 0..10 {
        app.execute(&insert(id)).unwrap();
    }
    let few = instructions(&mut app, &insert(10));
    for id in 11..2000 {
        app.execute(&insert(id)).unwrap();
    }
    let many = instructions(&mut app, &insert(2000));
    assert!(
        many <= few + few / 10,
        "{many} instructions instead of {few}"
    );
    let update = "UPDATE todos SET title = 'other' WHERE id = 7";
    let few = instructions(&mut app, update);
    assert!(few < 1000, "{few} instructions");
    let Ok(Reply::Status(status)) = app.ask(Request::Status) else {
        panic!("no status");
    };
    assert_eq!((status.pending, status.rejected), (2002, 0));
}
