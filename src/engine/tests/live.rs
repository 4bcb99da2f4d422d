//! What live queries cost, in runs and in what crosses.

use rusqlite::StatementStatus;

use super::*;
use crate::ids::{SubscriptionId, TabNumber};
use crate::tabs::{LiveDiff, LiveStep, Notification};

const TITLES: &str = "SELECT id, title FROM todos ORDER BY id";

impl App {
    fn of_tab(&mut self, tab: u32, request: Request) -> Result<Reply> {
        let mut asked = Asked::from(RequestId(1));
        asked.tab = TabNumber(tab);
        self.handle(Event::Request(asked, request)).unwrap()
    }

    fn live(&mut self, tab: u32, subscription: u32, key: &[&str]) {
        let request = Request::Live {
            subscription: SubscriptionId(subscription),
            statement: statement(TITLES),
            key: key.iter().map(ToString::to_string).collect(),
        };
        self.of_tab(tab, request).unwrap();
        self.take(tab, subscription);
    }

    fn take(&mut self, tab: u32, subscription: u32) {
        self.handle(Event::Took(TabNumber(tab), SubscriptionId(subscription)));
    }

    /// How often the query has run.
    fn runs(&self) -> i32 {
        let query = self.engine.conn.prepare_cached(TITLES).unwrap();
        query.get_status(StatementStatus::Run)
    }

    /// What was told since the last time.
    fn told(&mut self) -> Vec<(u32, u32, LiveDiff)> {
        let effects = std::mem::take(&mut self.effects);
        let live = effects.into_iter().filter_map(|effect| match effect {
            Effect::Tell(
                tab,
                Notification::Live {
                    subscription, diff, ..
                },
            ) => Some((tab.0, subscription.0, diff)),
            _ => None,
        });
        live.collect()
    }
}

fn with_todos(count: u32) -> App {
    let mut app = App::open("");
    let rows = format!(
        "INSERT INTO todos WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         SELECT i, 'todo ' || i FROM n"
    );
    app.execute(&rows).unwrap();
    app
}

#[test]
fn fifty_subscribers_in_several_tabs_cost_one_run_a_commit_and_one_row_each() {
    let mut app = with_todos(1_000);
    for subscription in 0..50 {
        app.live(subscription % 3, subscription, &["id"]);
    }
    app.told();
    for round in 0..3 {
        let runs = app.runs();
        let update = format!("UPDATE todos SET title = 'round {round}' WHERE id = 500");
        app.execute(&update).unwrap();
        assert_eq!(app.runs() - runs, 1);
        let told = app.told();
        assert_eq!(told.len(), 50);
        for (tab, subscription, diff) in told {
            let keep = |from, count| LiveStep::Keep { from, count };
            let steps = [
                keep(0, 499),
                LiveStep::Replace { from: 499 },
                keep(500, 500),
            ];
            assert_eq!(diff.steps, steps);
            assert_eq!(diff.rows.values().len(), 2, "one row crosses");
            app.take(tab, subscription);
        }
    }
}

#[test]
fn a_write_that_changes_no_result_runs_once_and_tells_nobody() {
    let mut app = with_todos(10);
    app.live(0, 1, &["id"]);
    app.live(1, 1, &["id"]);
    app.told();
    let runs = app.runs();
    app.execute("UPDATE todos SET title = 'todo 3' WHERE id = 3")
        .unwrap();
    assert_eq!((app.runs() - runs, app.told().len()), (1, 0));
    app.execute("CREATE TABLE notes (note)").unwrap();
    app.execute("INSERT INTO notes VALUES (1)").unwrap();
    assert_eq!(app.runs() - runs, 1, "it reads no such table");
}

#[test]
fn who_falls_behind_is_told_once_from_where_it_was_and_runs_with_the_others_again() {
    let mut app = with_todos(10);
    app.live(0, 1, &["id"]);
    app.live(1, 1, &["id"]);
    app.told();
    for round in 0..7 {
        let update = format!("UPDATE todos SET title = 'round {round}' WHERE id = 1 + {round}");
        app.execute(&update).unwrap();
        app.take(0, 1);
    }
    let told = app.told();
    let to = |told: &[(u32, u32, LiveDiff)], tab| told.iter().filter(|one| one.0 == tab).count();
    assert_eq!((to(&told, 0), to(&told, 1)), (7, 4));
    app.take(1, 1);
    let told = app.told();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].2.rows.values().len(), 3 * 2, "three rounds in one");
    for _ in 0..3 {
        app.take(1, 1);
    }
    let runs = app.runs();
    app.execute("DELETE FROM todos WHERE id = 5").unwrap();
    assert_eq!((app.runs() - runs, app.told().len()), (1, 2));
}

#[test]
fn the_same_query_by_another_key_runs_apart() {
    let mut app = with_todos(3);
    app.live(0, 1, &["id"]);
    app.live(0, 2, &[]);
    app.told();
    let runs = app.runs();
    app.execute("UPDATE todos SET title = 'new' WHERE id = 2")
        .unwrap();
    assert_eq!(app.runs() - runs, 2);
    let steps: Vec<_> = app
        .told()
        .into_iter()
        .map(|(.., diff)| diff.steps)
        .collect();
    assert_eq!(steps[0][1], LiveStep::Replace { from: 1 });
    assert_eq!(steps[1][1], LiveStep::Insert { count: 1 });
}
