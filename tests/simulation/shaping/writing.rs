//! What is written and altered: by the apps, and by others at the server.

use super::*;

impl Simulation {
    pub(super) fn write(&mut self, name: &str) {
        let sql = self.sql();
        let table = if sql.contains("todos") {
            "todos"
        } else {
            "items"
        };
        if self.world.client(name).knows(table) {
            let statement = statement(&sql, &[]);
            let transaction = None;
            self.ask(
                name,
                Request::Execute {
                    statement,
                    transaction,
                },
            );
        }
    }

    fn sql(&mut self) -> String {
        let (todo, item, list) = (self.todo(), self.rng.u32(0..ROWS), self.rng.u32(0..LISTS));
        let word = self.word();
        match self.rng.u32(0..8) {
            0 => format!("INSERT INTO todos (id, title) VALUES ('{todo}', '{word}')"),
            1 => format!("UPDATE todos SET title = '{word}' WHERE id = '{todo}'"),
            2 => format!("UPDATE todos SET completed = NOT completed WHERE id = '{todo}'"),
            3 => format!("DELETE FROM todos WHERE id = '{todo}'"),
            4 => format!("INSERT INTO items VALUES ({item}, {list}, false, '{word}')"),
            5 => format!("UPDATE items SET list_id = {list}, body = '{word}' WHERE id = {item}"),
            6 => format!("UPDATE items SET starred = NOT starred WHERE id = {item}"),
            _ => format!("DELETE FROM items WHERE id = {item}"),
        }
    }

    fn todo(&mut self) -> String {
        format!("00000000-0000-4000-8000-{:012}", self.rng.u32(0..ROWS))
    }

    fn word(&mut self) -> String {
        format!("w{}", self.rng.u32(0..5))
    }

    /// One transaction of one to three changes.
    pub(super) fn someone_else_writes(&mut self) {
        let changes: Vec<(u32, String, String, String, String, bool)> = (0..self.rng.u32(1..=3))
            .map(|_| {
                (
                    self.rng.u32(0..10),
                    self.todo(),
                    self.rng.u32(0..ROWS).to_string(),
                    self.rng.u32(0..LISTS).to_string(),
                    self.word(),
                    self.rng.bool(),
                )
            })
            .collect();
        if self.trace {
            eprintln!("{} server {changes:?}", self.world.now);
        }
        self.world.server().transaction(|tx| {
            for (kind, todo, item, list, word, flag) in &changes {
                let flag = if *flag { "true" } else { "false" };
                let (todo, item) = (row([("id", todo.as_str())]), row([("id", item.as_str())]));
                let list_key = row([("id", list.as_str())]);
                match kind {
                    0 | 1 => {
                        let values = [("title", word.as_str()), ("completed", flag)];
                        if !tx.update("todos", &todo, row(values))? {
                            let mut values = row(values);
                            values.extend(todo);
                            tx.insert("todos", values)?;
                        }
                    }
                    2 => drop(tx.delete("todos", &todo)?),
                    3 | 4 => {
                        let values = row([("open", flag)]);
                        if !tx.update("lists", &list_key, values.clone())? {
                            let mut values = values;
                            values.extend(list_key);
                            tx.insert("lists", values)?;
                        }
                    }
                    5 => drop(tx.delete("lists", &list_key)?),
                    6 => drop(tx.delete("items", &item)?),
                    7 => drop(tx.update(
                        "items",
                        &item,
                        row([("starred", flag), ("body", word.as_str())]),
                    )?),
                    _ => {
                        let values = [
                            ("list_id", list.as_str()),
                            ("starred", flag),
                            ("body", word.as_str()),
                        ];
                        if !tx.update("items", &item, row(values))? {
                            let mut values = row(values);
                            values.extend(item);
                            tx.insert("items", values)?;
                        }
                    }
                }
            }
            Ok(())
        });
    }

    /// A column comes or goes.
    pub(super) fn alter(&mut self) {
        let table = if self.rng.bool() { "todos" } else { "items" };
        let note = Column::new("note", PgType::Text);
        let definition = self.world.backend.electric().table(table).unwrap();
        let alter = match definition.column(&note.name) {
            None => Alter::AddColumn(note),
            Some(_) => Alter::DropColumn(note.name),
        };
        self.world.server().alter(table, alter);
    }
}
