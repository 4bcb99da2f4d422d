//! Looks into a client that do not stir the world.

use throughline::engine::{Effect, Event};
use throughline::ids::RequestId;
use throughline::shape::Stored;
use throughline::tabs::{Reply, Request, Statement};
use throughline::value::Value;

use super::App;
use crate::support::{lines, statement};

impl App<'_> {
    /// A look that does not stir the world: no time passes and nothing is sent.
    pub fn peek(&mut self, request: Request) -> Reply {
        let now = self.world.now;
        let client = self.client();
        let asked = Event::Request(RequestId(u32::MAX).into(), request.clone());
        let mut effects = client.handle(now, asked);
        if let [.., Effect::Restart(_)] = &effects[..] {
            let name = self.name.clone();
            self.world.perform(&name, effects);
            return self.peek(request);
        }
        match (effects.pop(), effects.is_empty()) {
            (Some(Effect::Reply(_, Ok(reply))), true) => reply,
            other => panic!("{}: a look caused {other:?}", client.name),
        }
    }

    /// What a query gives now, as text, without stirring the world.
    pub fn peek_rows(&mut self, sql: &str) -> Vec<String> {
        let query = Request::Query {
            statement: statement(sql, &[]),
            transaction: None,
        };
        match self.peek(query) {
            Reply::Rows(rows) => lines(&rows),
            other => panic!("{sql}: {other:?}"),
        }
    }

    /// Whether the table is there.
    pub fn knows(&mut self, table: &str) -> bool {
        let sql = format!("SELECT 1 FROM sqlite_schema WHERE name = '{table}'");
        !self.peek_rows(&sql).is_empty()
    }

    /// Nothing is asked that waits for an answer, and no transaction is open.
    pub fn may_look(&mut self) -> bool {
        self.client().may_verify()
    }

    /// Shadow tables are the fold of their intents, and no position has gone back.
    pub fn assert_sound(&mut self) {
        let problems = self.problems();
        assert!(problems.is_empty(), "{}: {problems:#?}", self.name);
        let gone_back = self.positions_gone_back();
        assert!(gone_back.is_empty(), "{}: {gone_back:#?}", self.name);
    }

    /// Where shadow tables are not the fold of their intents.
    pub fn problems(&mut self) -> Vec<String> {
        match self.peek(Request::Verify) {
            Reply::Verified(report) => report.problems,
            other => panic!("no verification: {other:?}"),
        }
    }

    /// The table's log is asked for from its start: its position may go back.
    pub fn log_begins_anew(&mut self, table: &str) {
        let positions = &mut self.client().positions;
        positions.retain(|shape, _| !shape.ends_with(&format!(" {table}")));
    }

    /// Positions in logs that are before those of the last look.
    pub fn positions_gone_back(&mut self) -> Vec<String> {
        let mut gone_back = Vec::new();
        let sql = "SELECT id || ' ' || table_name, progress FROM _throughline_shapes WHERE progress IS NOT NULL";
        let Reply::Rows(rows) = self.peek(Request::Query {
            statement: statement(sql, &[]),
            transaction: None,
        }) else {
            panic!("no rows");
        };
        for row in rows.values().chunks(2) {
            let [Value::Text(table), Value::Text(progress)] = row else {
                panic!("{row:?}");
            };
            let progress: Stored = serde_json::from_str(progress).unwrap();
            let positions = &mut self.client().positions;
            let Some(position) = progress.position else {
                positions.remove(table);
                continue;
            };
            if let Some(last) = positions.get(table)
                && last.handle == position.handle
                && last.offset > position.offset
            {
                gone_back.push(format!("{table} went back from {last:?} to {position:?}"));
            }
            positions.insert(table.clone(), position);
        }
        gone_back
    }

    /// Live results that are not what their query gives now.
    pub fn outdated_live_results(&mut self) -> Vec<String> {
        let live = self.client().live.values();
        let live: Vec<(String, Vec<String>)> = live
            .map(|live| (live.query.sql.clone(), live.lines()))
            .collect();
        let mut outdated = Vec::new();
        for (sql, shown) in live {
            let given = self.peek_rows(&sql);
            if shown != given {
                outdated.push(format!("{sql}: {shown:?} is shown, {given:?} is given"));
            }
        }
        outdated
    }

    /// Diffs alone lead to what the query gives now.
    pub fn assert_live_results(&mut self) {
        let live: Vec<(Statement, Vec<String>)> = self
            .client()
            .live
            .values()
            .map(|live| (live.query.clone(), live.lines()))
            .collect();
        for (query, shown) in live {
            assert_eq!(shown, self.rows(&query.sql), "live: {}", query.sql);
        }
    }
}
