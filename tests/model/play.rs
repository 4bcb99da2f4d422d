//! What happens, by chance, to the device and to the model alike; and the comparison after each step.

mod comparing;
mod posting;

use throughline::change::Operation::{Delete, Insert, Update};
use throughline::engine::{Answer, Event};
use throughline::ids::{FetchId, TransactionId};
use throughline::tabs::Request;

use crate::device::Device;
use crate::model::{Columns, Model, Policy, WRITE_ID};
use crate::server::{Server, columns_of};

/// Steps of a history.
const STEPS: usize = 90;
/// Few rows, so that everyone meets.
const KEYS: [&str; 3] = ["k1", "k2", "k3"];

const OPTIONS: &str = r#"{"name": "model", "electric": {"url": "/v1/shape"},
    "write": {"url": "/changes", "coalesce": false, "onRejection": "POLICY"},
    "tables": {"notes": {}, "items": {"references": [{"columns": ["note"], "table": "notes"}]}}}"#;

pub(crate) struct Play {
    rng: fastrand::Rng,
    device: Device,
    model: Model,
    server: Server,
    is_traced: bool,
}

impl Play {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let policies = [
            (Policy::Dependents, "dependents"),
            (Policy::Row, "row"),
            (Policy::All, "all"),
        ];
        let (policy, name) = policies[rng.usize(0..3)];
        Self {
            device: Device::open(OPTIONS.replace("POLICY", name)),
            model: Model::new(policy),
            server: Server::new(&mut rng),
            is_traced: std::env::var("MODEL_SEED").is_ok(),
            rng,
        }
    }

    pub(crate) fn run(mut self) {
        for table in ["notes", "items"] {
            for _ in 0..self.rng.u32(0..4) {
                self.someone_writes();
            }
            while self.model.tables[table].loading.is_some() || !self.server.shapes[table].begun {
                self.answer_shape(table);
            }
        }
        for _ in 0..STEPS {
            self.step();
            self.compare();
        }
    }

    fn step(&mut self) {
        let table = ["notes", "items"][self.rng.usize(0..2)];
        match self.rng.u32(0..100) {
            0..30 => self.write(),
            30..55 => self.answer_post(),
            55..80 => self.answer_shape(table),
            80..88 => self.someone_writes(),
            88..90 => self.server.heartbeat(),
            90..92 => self.refetch(table),
            92..94 => self.restart(),
            94..97 => self.deal_with_a_refusal(),
            _ => self.pass(20_000),
        }
        self.pass(2_000);
    }

    fn say(&self, what: impl FnOnce() -> String) {
        if self.is_traced {
            eprintln!("{}", what());
        }
    }

    fn key(&mut self) -> String {
        KEYS[self.rng.usize(0..KEYS.len())].to_owned()
    }

    fn word(&mut self) -> Option<String> {
        let n = self.rng.u32(0..5);
        (n > 0).then(|| format!("w{n}"))
    }

    /// A value for a column.
    fn value(&mut self, column: &str) -> Option<String> {
        match column {
            "note" => Some(self.key()),
            _ => self.word(),
        }
    }

    fn column(&mut self, table: &str) -> &'static str {
        columns_of(table)[self.rng.usize(0..2)]
    }

    /// A local transaction of a few statements, which may fail as a whole.
    fn write(&mut self) {
        self.model.begin();
        let mut fits = true;
        let statements: Vec<String> = (0..self.rng.usize(1..=3))
            .map(|_| {
                let (sql, fitting) = self.statement();
                fits &= fitting;
                sql
            })
            .collect();
        self.model.end(fits);
        self.say(|| format!("write {fits} {statements:?}"));
        let sql: Vec<&str> = statements.iter().map(String::as_str).collect();
        let done = self.device.with(|app| app.batch(&sql));
        assert_eq!(done.is_ok(), fits, "{statements:?}: {done:?}");
        self.send();
    }

    /// A statement, told to the model, and whether it can be carried out.
    fn statement(&mut self) -> (String, bool) {
        let table = ["notes", "items"][self.rng.usize(0..2)];
        let key = self.key();
        let row = (table, key.clone());
        match self.rng.u32(0..6) {
            0 | 1 => {
                let names = &columns_of(table)[..2];
                let value: Columns = names.iter().map(|name| (*name, self.value(name))).collect();
                let fits = self.model.shown(&row).is_none();
                let texts: Vec<String> = value.values().map(literal).collect();
                let sql = format!(
                    "INSERT INTO {table} (id, {}) VALUES ('{key}', {})",
                    value.keys().copied().collect::<Vec<_>>().join(", "),
                    texts.join(", ")
                );
                if fits {
                    self.model.write(row, Insert, value);
                }
                (sql, fits)
            }
            2 => {
                if self.model.shown(&row).is_some() {
                    self.model.write(row, Delete, Columns::new());
                }
                (format!("DELETE FROM {table} WHERE id = '{key}'"), true)
            }
            choice => {
                let is_one = choice < 5;
                let column = self.column(table);
                let value = self.value(column);
                for (found, columns) in self.model.view(table) {
                    if (!is_one || found == key) && columns[column] != value {
                        let value = Columns::from([(column, value.clone())]);
                        self.model.write((table, found), Update, value);
                    }
                }
                let condition = if is_one {
                    format!(" WHERE id = '{key}'")
                } else {
                    String::new()
                };
                let value = literal(&value);
                (
                    format!("UPDATE {table} SET {column} = {value}{condition}"),
                    true,
                )
            }
        }
    }

    fn someone_writes(&mut self) {
        let table = ["notes", "items"][self.rng.usize(0..2)];
        let key = self.key();
        let column = self.column(table);
        let mut value = Columns::from([(column, self.value(column))]);
        let operation = [Insert, Update, Update, Delete][self.rng.usize(0..4)];
        if table == "notes" && self.rng.bool() {
            let other = "00000000-0000-4000-8000-0000000000ff";
            value.insert(WRITE_ID, Some(other.into()));
        }
        self.say(|| format!("someone: {operation:?} {table} {key} {value:?}"));
        self.server.someone_writes(table, &key, operation, value);
    }

    fn answer_shape(&mut self, table: &'static str) {
        let Some(fetch) = self.device.shapes.remove(table) else {
            return;
        };
        let id = fetch.id.0;
        let answer = if fetch.url.contains("offset=-1") {
            let (rows, snapshot, answer) = self.server.snapshot(table, &mut self.rng);
            self.say(|| format!("{table} begins: {rows:?} {snapshot:?}"));
            self.model.load(table, rows, snapshot);
            answer
        } else {
            let (changes, head, answer) = self.server.next(table, &mut self.rng);
            self.say(|| format!("{table} goes on: {changes:?} {head:?}"));
            self.model.deliver(table, &changes, head, id);
            answer
        };
        self.answer(fetch.id, answer);
        self.send();
        self.pass(2_000);
    }

    /// An answer arrives, and now and then once more.
    fn answer(&mut self, fetch: FetchId, answer: Answer) {
        let event = Event::Answered { fetch, answer };
        self.device.handle(event.clone());
        self.send();
        if self.rng.u32(0..8) == 0 {
            self.say(|| "the answer comes again".into());
            self.device.handle(event);
        }
    }

    fn refetch(&mut self, table: &'static str) {
        let Some(fetch) = self.device.shapes.get(table) else {
            return;
        };
        if fetch.url.contains("offset=-1") {
            return;
        }
        self.say(|| format!("{table}: must-refetch"));
        let fetch = self.device.shapes.remove(table).unwrap().id;
        let answer = self.server.must_refetch(table);
        self.model.refetch(table);
        self.device.handle(Event::Answered { fetch, answer });
        self.send();
    }

    fn restart(&mut self) {
        self.say(|| "restart".into());
        self.model.send_again();
        self.model.restart();
        self.device.restart();
        self.send();
    }

    fn deal_with_a_refusal(&mut self) {
        let Some(refused) = self.rng.choice(&self.model.refused) else {
            return;
        };
        let (number, dependents) = (refused.number, self.rng.bool());
        let again = self.rng.u32(0..3) > 0;
        self.say(|| {
            format!(
                "{} {number} {dependents}",
                if again { "retry" } else { "discard" }
            )
        });
        let request = if again {
            self.model.retry(number, dependents);
            let number = TransactionId(number);
            Request::Retry { number, dependents }
        } else {
            self.model.take_refused(number, dependents);
            let number = TransactionId(number);
            Request::Discard { number, dependents }
        };
        self.device.with(|app| app.ask(request)).unwrap();
        self.send();
    }

    fn pass(&mut self, ms: u64) {
        self.device.pass(ms);
        self.send();
    }
}

fn literal(value: &Option<String>) -> String {
    match value {
        Some(text) => format!("'{text}'"),
        None => "NULL".into(),
    }
}
