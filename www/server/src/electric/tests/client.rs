//! A client that knows only the messages of a shape with tags.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// A row as a client keeps it.
pub(super) struct Kept {
    tags: Vec<Vec<String>>,
    active: Vec<bool>,
}

impl Kept {
    pub(super) fn holds(&self) -> bool {
        self.tags.iter().any(|slots| {
            let mut slots = slots.iter().zip(&self.active);
            slots.all(|(slot, active)| slot.is_empty() || *active)
        })
    }
}

/// A client that follows one shape.
pub(super) struct Client {
    shape: String,
    handle: String,
    offset: String,
    pub(super) rows: BTreeMap<String, Kept>,
    pub(super) events: Vec<Value>,
    pub(super) snapshot_ends: usize,
}

impl Client {
    pub(super) fn new(electric: &mut Electric, shape: &str) -> Self {
        let mut client = Self {
            shape: shape.to_owned(),
            handle: String::new(),
            offset: "-1".to_owned(),
            rows: BTreeMap::new(),
            events: Vec::new(),
            snapshot_ends: 0,
        };
        client.catch_up(electric);
        client.catch_up(electric);
        client
    }

    pub(super) fn url(&self) -> String {
        let Self {
            shape,
            handle,
            offset,
            ..
        } = self;
        format!("{shape}&offset={offset}&handle={handle}")
    }

    pub(super) fn catch_up(&mut self, electric: &mut Electric) {
        let response = get(electric, &self.url());
        assert_eq!(response.status, 200, "{}", response.body);
        let header = |name| response.header(name).unwrap().to_owned();
        self.handle = header(constants::header::HANDLE);
        self.offset = header(constants::header::OFFSET);
        messages(&response)
            .iter()
            .for_each(|message| self.apply(message));
    }

    pub(super) fn apply(&mut self, message: &Value) {
        let headers = &message["headers"];
        self.snapshot_ends += usize::from(headers["control"] == "snapshot-end");
        if let Some(event) = headers["event"].as_str() {
            self.events.push(headers.clone());
            for pattern in headers["patterns"].as_array().unwrap() {
                let position = pattern["pos"].as_u64().unwrap() as usize;
                for kept in self.rows.values_mut() {
                    if kept
                        .tags
                        .iter()
                        .any(|slots| slots[position] == pattern["value"])
                    {
                        kept.active[position] = event == "move-in";
                    }
                }
            }
            self.rows.retain(|_, kept| kept.holds());
        }
        let Some(id) = message["value"]["id"].as_str() else {
            return;
        };
        if headers["operation"] == "delete" {
            self.rows.remove(id);
            return;
        }
        assert!(headers["operation"] != "update" || self.rows.contains_key(id));
        assert!(headers["operation"] == "update" || headers.get("removed_tags").is_none());
        let tags = headers["tags"].as_array().unwrap().iter();
        let kept = Kept {
            tags: tags
                .map(|tag| {
                    tag.as_str()
                        .unwrap()
                        .split('/')
                        .map(str::to_owned)
                        .collect()
                })
                .collect(),
            active: serde_json::from_value(headers["active_conditions"].clone()).unwrap(),
        };
        assert!(kept.holds(), "{message}");
        self.rows.insert(id.to_owned(), kept);
    }

    pub(super) fn ids(&self) -> BTreeSet<String> {
        self.rows.keys().cloned().collect()
    }
}
