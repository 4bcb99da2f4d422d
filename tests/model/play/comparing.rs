//! The device beside the model: all that an app can see of its rows and writes.

use std::collections::BTreeSet;

use throughline::change::TransactionState;

use super::Play;
use crate::model::{Columns, State};
use crate::server::columns_of;

impl Play {
    /// The device chooses the ids of its writes; all else of the change log is as the model has it.
    pub(super) fn learn_write_ids(&mut self) {
        let sql = "SELECT transaction_id, table_name, key ->> 0, write_id FROM _throughline_changes ORDER BY id";
        let log = self.device.with(|app| app.rows(sql));
        for local in &mut self.model.pending {
            let mut left: BTreeSet<usize> = (0..log.len()).collect();
            for write in &mut local.writes {
                let begins = format!("{}|{}|{}|", local.number, write.row.0, write.row.1);
                let at = left
                    .iter()
                    .copied()
                    .find(|at| log[*at].starts_with(&begins));
                let at = at.unwrap_or_else(|| panic!("no {begins} in {log:#?}"));
                left.remove(&at);
                let id = &log[at][begins.len()..];
                assert!(write.write_id.is_empty() || write.write_id == id);
                write.write_id = id.to_owned();
            }
        }
    }

    pub(super) fn compare(&mut self) {
        self.learn_write_ids();
        for table in ["notes", "items"] {
            let names = columns_of(table);
            let sql = format!("SELECT id, {} FROM {table} ORDER BY id", names.join(", "));
            let expected: Vec<String> = self
                .model
                .view(table)
                .iter()
                .map(|(key, row)| line(key, names, row))
                .collect();
            assert_eq!(self.device.with(|app| app.rows(&sql)), expected, "{table}");
        }
        let log = "SELECT transaction_id, table_name, operation, key ->> 0, value FROM _throughline_changes";
        let mut log = self.device.with(|app| app.rows(log));
        let mut expected: Vec<String> = Vec::new();
        for local in &self.model.pending {
            expected.extend(local.writes.iter().map(|write| {
                let (table, key) = &write.row;
                let value = columns_of(table).iter().filter_map(|name| {
                    let value = write.value.get(name)?;
                    Some(format!("{:?}:{}", name, serde_json::json!(value)))
                });
                let value: Vec<String> = value.collect();
                let operation = write.operation.as_str();
                format!(
                    "{}|{table}|{operation}|{key}|{{{}}}",
                    local.number,
                    value.join(",")
                )
            }));
        }
        log.sort();
        expected.sort();
        assert_eq!(log, expected, "the change log");
        let pending = self.device.with(|app| app.pending());
        let pending: Vec<_> = pending
            .iter()
            .map(|one| (one.number.0, one.state, one.attempts))
            .collect();
        let expected: Vec<_> = self
            .model
            .pending
            .iter()
            .map(|local| (local.number, state(local.state), local.attempts))
            .collect();
        assert_eq!(pending, expected, "what is pending");
        let rejected = self.device.with(|app| app.rejected());
        let rejected: Vec<_> = rejected
            .iter()
            .map(|one| (one.number.0, one.caused_by.map(|by| by.0)))
            .collect();
        let expected: Vec<_> = self
            .model
            .refused
            .iter()
            .map(|one| (one.number, one.caused_by))
            .collect();
        assert_eq!(rejected, expected, "what is rejected");
        let told = std::mem::take(&mut self.device.confirmed);
        assert_eq!(
            told,
            std::mem::take(&mut self.model.confirmed),
            "what is confirmed"
        );
        self.device.with(|app| app.assert_sound());
    }
}

fn state(state: State) -> TransactionState {
    match state {
        State::Queued => TransactionState::Queued,
        State::Sending => TransactionState::Sending,
        State::Accepted => TransactionState::Accepted,
    }
}

fn line(key: &str, names: &[&str], row: &Columns) -> String {
    let mut parts = vec![key.to_owned()];
    parts.extend(names.iter().map(|name| match row.get(name) {
        Some(Some(text)) => text.clone(),
        _ => "NULL".into(),
    }));
    parts.join("|")
}
