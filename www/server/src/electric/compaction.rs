//! Compaction: several updates of a row become one (protocol section 7.1).
//!
//! The service does not do it by default; clients must understand it. A merged update stands where the last of them
//! stood, has the newest value of every column they changed, and tells operation and relation alone. Inserts and
//! deletes stay, and all offsets stay valid. Shapes with subqueries are left as they are.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::database::Electric;
use super::shape::{Entry, Shape};

impl Electric {
    /// Compacts the logs of a table's shapes.
    pub fn compact(&mut self, table: &str) {
        let of_table = |shape: &&mut Shape| shape.definition.table == table;
        let without_tags = |shape: &&mut Shape| shape.definition.plan.is_none();
        let shapes = self.shapes.iter_mut();
        shapes
            .filter(of_table)
            .filter(without_tags)
            .for_each(|shape| merge_updates(&mut shape.log));
    }
}

/// The updates of a row since its last insert or delete.
#[derive(Default)]
struct Run {
    /// Where the last of them is.
    last: usize,
    count: usize,
    value: Map<String, Value>,
    old_value: Option<Map<String, Value>>,
}

fn merge_updates(log: &mut Vec<Entry>) {
    let mut runs: BTreeMap<String, Run> = BTreeMap::new();
    let mut finished: Vec<(String, Run)> = Vec::new();
    let mut superseded = vec![false; log.len()];
    for (index, entry) in log.iter().enumerate() {
        let Ok(Value::Object(mut message)) = serde_json::from_str(&entry.message) else {
            continue;
        };
        let Some(key) = message
            .get("key")
            .and_then(Value::as_str)
            .map(str::to_owned)
        else {
            continue;
        };
        if message["headers"]["operation"] != "update" {
            finished.extend(runs.remove_entry(&key));
            continue;
        }
        let mut object = |name: &str| match message.remove(name) {
            Some(Value::Object(object)) => Some(object),
            _ => None,
        };
        let (value, old_value) = (object("value"), object("old_value"));
        let run = runs.entry(key).or_default();
        if run.count > 0 {
            superseded[run.last] = true;
        }
        run.last = index;
        run.count += 1;
        run.value.extend(value.unwrap_or_default());
        for (name, old) in old_value.into_iter().flatten() {
            // The oldest value of a column is the one before all of them.
            let oldest = run.old_value.get_or_insert_default();
            oldest.entry(name).or_insert(old);
        }
    }
    finished.extend(runs);
    for (key, run) in finished.into_iter().filter(|(_, run)| run.count > 1) {
        let entry = &mut log[run.last];
        let headers = serde_json::from_str::<Value>(&entry.message).unwrap_or_default();
        let relation = headers["headers"]["relation"].clone();
        let mut message = json!({
            "key": key,
            "value": run.value,
            "headers": { "operation": "update", "relation": relation },
        });
        if let Some(old_value) = run.old_value {
            message["old_value"] = Value::Object(old_value);
        }
        entry.message = message.to_string();
    }
    let mut superseded = superseded.into_iter();
    log.retain(|_| !superseded.next().unwrap_or(false));
}
