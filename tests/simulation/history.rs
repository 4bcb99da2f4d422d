//! All states that the server was ever in, and what a shape holds in each.

use std::collections::BTreeMap;

use throughline::schema::{Log, Ordered, ShapeDeclaration};
use throughline::shape::ShapeDefinition;
use throughline_server::backend::Backend;
use throughline_server::demo;
use throughline_server::electric::{Electric, Options};
use throughline_server::journal::Event;

use crate::support::world::World;

/// Rows by key, columns joined by `|`.
pub(crate) type Rows = BTreeMap<String, String>;

/// One server table as the checks look at it, the key first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) table: &'static str,
    pub(crate) names: &'static [&'static str],
}

pub(crate) const TODOS: Columns = Columns {
    table: "todos",
    names: &["id", "title", "completed"],
};
pub(crate) const LISTS: Columns = Columns {
    table: "lists",
    names: &["id", "open"],
};
pub(crate) const ITEMS: Columns = Columns {
    table: "items",
    names: &["id", "list_id", "starred", "body"],
};
pub(crate) const TABLES: [Columns; 3] = [TODOS, LISTS, ITEMS];

/// One shape: what it asks for, and which rows of the server that is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) of: Columns,
    pub(crate) condition: Option<&'static str>,
    pub(crate) log: Log,
    /// Whether the row, by column, is in it.
    pub(crate) holds: fn(&State, &[&str]) -> bool,
}

const fn shape(of: Columns, condition: &'static str, holds: fn(&State, &[&str]) -> bool) -> Shape {
    Shape {
        of,
        condition: Some(condition),
        log: Log::Full,
        holds,
    }
}

const fn whole(of: Columns, log: Log) -> Shape {
    Shape {
        of,
        condition: None,
        log,
        holds: |_, _| true,
    }
}

pub(crate) const ALL_TODOS: Shape = whole(TODOS, Log::Full);
pub(crate) const CHANGED_TODOS: Shape = whole(TODOS, Log::ChangesOnly);
pub(crate) const OPEN_TODOS: Shape = shape(TODOS, "completed = false", |_, row| row[2] == "0");
pub(crate) const SOME_TODOS: Shape = shape(TODOS, "title >= 'w1' AND title < 'w3'", |_, row| {
    row[1] >= "w1" && row[1] < "w3"
});
pub(crate) const ALL_LISTS: Shape = whole(LISTS, Log::Full);
pub(crate) const STARRED_ITEMS: Shape = shape(ITEMS, "starred = true", |_, row| row[2] == "1");
pub(crate) const ITEMS_OF_OPEN_LISTS: Shape = shape(
    ITEMS,
    "list_id IN (SELECT id FROM lists WHERE open = true)",
    |state, row| state.is_open(row[1]),
);
pub(crate) const ITEMS_OPEN_OR_STARRED: Shape = shape(
    ITEMS,
    "list_id IN (SELECT id FROM lists WHERE open = true) OR starred = true",
    |state, row| state.is_open(row[1]) || row[2] == "1",
);
pub(crate) const ITEMS_OF_NO_CLOSED_LIST: Shape = shape(
    ITEMS,
    "list_id NOT IN (SELECT id FROM lists WHERE open = false) AND starred = false",
    |state, row| !state.is_closed(row[1]) && row[2] == "0",
);

impl Shape {
    pub(crate) fn declaration(&self) -> ShapeDeclaration {
        ShapeDeclaration {
            where_clause: self.condition.map(Into::into),
            log: self.log,
            ..ShapeDeclaration::default()
        }
    }

    /// As the store names the definition of its rows.
    pub(crate) fn fingerprint(&self) -> String {
        let declaration = self.declaration();
        let shared = Ordered::new();
        let definition =
            ShapeDefinition::declared("/v1/shape", &shared, self.of.table, &declaration);
        let json = serde_json::to_value(definition.fingerprint()).unwrap();
        json.as_str().unwrap().to_owned()
    }

    /// Rows of another table decide, too: such rows come as they are at the time of the question.
    pub(crate) fn has_subquery(&self) -> bool {
        self.condition.is_some_and(|text| text.contains("SELECT"))
    }

    pub(crate) fn rows(&self, state: &State) -> Rows {
        let all = state.table(self.of.table).iter();
        all.filter(|(_, line)| {
            let row: Vec<&str> = line.split('|').collect();
            (self.holds)(state, &row)
        })
        .map(|(key, line)| (key.clone(), line.clone()))
        .collect()
    }
}

/// What the tables held after one transaction.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct State {
    tables: BTreeMap<&'static str, Rows>,
}

impl State {
    fn of(electric: &Electric) -> Self {
        let rows = |columns: &Columns| -> Rows {
            let lines = electric.rows(columns.table).map(|row| {
                let text = |name: &&str| match row[*name].as_deref() {
                    Some("t" | "true") => "1".to_owned(),
                    Some("f" | "false") => "0".to_owned(),
                    Some(text) => text.to_owned(),
                    None => "NULL".to_owned(),
                };
                let texts: Vec<String> = columns.names.iter().map(text).collect();
                (texts[0].clone(), texts.join("|"))
            });
            lines.collect()
        };
        Self {
            tables: TABLES.iter().map(|one| (one.table, rows(one))).collect(),
        }
    }

    pub(crate) fn table(&self, table: &str) -> &Rows {
        &self.tables[table]
    }

    fn is_open(&self, list: &str) -> bool {
        self.table("lists")
            .get(list)
            .is_some_and(|line| line.ends_with("|1"))
    }

    fn is_closed(&self, list: &str) -> bool {
        self.table("lists")
            .get(list)
            .is_some_and(|line| line.ends_with("|0"))
    }
}

/// The server's past, kept up from what it wrote down.
pub(crate) struct History {
    mirror: Backend,
    read: usize,
    pub(crate) states: Vec<State>,
}

impl History {
    pub(crate) fn new() -> Self {
        let mirror = Backend::new(Electric::new(Options::default()), demo::rules());
        Self {
            mirror,
            read: 0,
            states: Vec::new(),
        }
    }

    pub(crate) fn go_on(&mut self, world: &World) {
        for event in world.ledger.since(self.read) {
            self.read += 1;
            if matches!(event, Event::Opened(_) | Event::Dropped(_)) {
                continue;
            }
            self.mirror.replay(event.clone());
            let state = State::of(self.mirror.electric());
            if self.states.last() != Some(&state) {
                self.states.push(state);
            }
        }
    }

    pub(crate) fn now(&self) -> &State {
        self.states.last().unwrap()
    }
}
