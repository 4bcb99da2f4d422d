//! Ours and theirs side by side: numbers that may differ are paired, everything else must be equal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use serde_json::Value;
use throughline_server::electric::{
    Answer, Electric, Offset, Options, Position, Response, ShapeRequest, WaitState,
};

use crate::recording::Recording;

/// Headers of the transport and of the request's trace.
const NOT_COMPARED: [&str; 5] = [
    "transfer-encoding",
    "content-length",
    "date",
    "x-request-id",
    "connection",
];

/// Theirs ↔ ours, one to one.
struct Pairs<T> {
    kind: &'static str,
    ours: BTreeMap<T, T>,
    theirs: BTreeMap<T, T>,
}

impl<T: Ord + Clone + Debug> Pairs<T> {
    fn new(kind: &'static str) -> Self {
        Self {
            kind,
            ours: BTreeMap::new(),
            theirs: BTreeMap::new(),
        }
    }

    fn pair(&mut self, theirs: T, ours: T, context: &str) {
        let kind = self.kind;
        let known = self
            .ours
            .entry(theirs.clone())
            .or_insert_with(|| ours.clone());
        assert_eq!(
            *known, ours,
            "{context}: {kind} {theirs:?} was paired otherwise"
        );
        let known = self
            .theirs
            .entry(ours.clone())
            .or_insert_with(|| theirs.clone());
        assert_eq!(
            *known, theirs,
            "{context}: our {kind} {ours:?} was paired otherwise"
        );
    }

    fn assert_same_order(&self) {
        let ours: Vec<&T> = self.ours.values().collect();
        assert!(
            ours.is_sorted(),
            "{}s are ordered otherwise: {:?}",
            self.kind,
            self.ours
        );
    }
}

/// The model under test and what is known of its correspondence with the recorded service.
pub(crate) struct Twin {
    pub(crate) electric: Electric,
    handles: Pairs<String>,
    hashes: Pairs<String>,
    lsns: Pairs<u64>,
    xids: Pairs<u64>,
    /// Hashes in tags and patterns.
    slots: Pairs<String>,
    /// Random numbers of subset snapshots.
    snapshot_marks: Pairs<u64>,
    now_shift: u64,
}

impl Twin {
    pub(crate) fn new() -> Self {
        Self {
            electric: Electric::new(Options::default()),
            handles: Pairs::new("handle"),
            hashes: Pairs::new("hash"),
            lsns: Pairs::new("LSN"),
            xids: Pairs::new("transaction id"),
            slots: Pairs::new("tag slot"),
            snapshot_marks: Pairs::new("snapshot mark"),
            now_shift: 0,
        }
    }

    /// Asks for what was recorded and compares; the answer must be immediate.
    pub(crate) fn same(&mut self, number: &str) {
        let recording = Recording::read(number);
        match self.ask(&recording, WaitState::Arrived) {
            Answer::Respond(response) => self.compare(&recording, &response),
            hold => panic!("{}: {hold:?}", recording.name),
        }
    }

    /// Asks for what was recorded, is held, lets `meanwhile` happen, and compares.
    pub(crate) fn same_after(&mut self, number: &str, meanwhile: impl FnOnce(&mut Electric)) {
        let recording = Recording::read(number);
        let hold = self.ask(&recording, WaitState::Arrived);
        assert_eq!(
            hold,
            Answer::Hold { until_ms: 20_000 },
            "{}",
            recording.name
        );
        meanwhile(&mut self.electric);
        match self.ask(&recording, WaitState::Held) {
            Answer::Respond(response) => self.compare(&recording, &response),
            hold => panic!("{}: {hold:?}", recording.name),
        }
    }

    /// Asks for what was recorded, is held for `until_ms`, and compares.
    pub(crate) fn same_when_timed_out(&mut self, number: &str, until_ms: u64) {
        let recording = Recording::read(number);
        let hold = self.ask(&recording, WaitState::Arrived);
        assert_eq!(hold, Answer::Hold { until_ms }, "{}", recording.name);
        match self.ask(&recording, WaitState::TimedOut) {
            Answer::Respond(response) => self.compare(&recording, &response),
            hold => panic!("{}: {hold:?}", recording.name),
        }
    }

    /// Compares the answer to a request outside `/v1/shape`.
    pub(crate) fn same_as(&mut self, number: &str, response: &Response) {
        self.compare(&Recording::read(number), response);
    }

    /// What is only known at the end: positions and ids grow alike.
    pub(crate) fn finish(self) {
        self.lsns.assert_same_order();
        self.xids.assert_same_order();
        assert!(!self.handles.ours.is_empty());
    }

    fn ask(&mut self, recording: &Recording, wait: WaitState) -> Answer {
        let request = self.translate(&recording.request);
        self.now_shift += 1;
        let now = throughline_server::electric::Micros(recording.time().0 + self.now_shift);
        self.electric
            .respond(now, recording.entropy(), &request, wait)
    }

    /// The request with our handles and positions in place of theirs.
    fn translate(&self, request: &ShapeRequest) -> ShapeRequest {
        let mut request = request.clone();
        if let Some(handle) = request.query.get_mut("handle")
            && let Some(ours) = self.handles.ours.get(handle)
        {
            *handle = ours.clone();
        }
        if let Some(offset) = request.query.get_mut("offset")
            && let Ok(Position::After(theirs)) = offset.parse()
            && let Some(&ours) = self.lsns.ours.get(&theirs.lsn)
        {
            *offset = Offset::new(ours, theirs.position).to_string();
        }
        if let Some(etag) = &mut request.if_none_match {
            for (theirs, ours) in &self.handles.ours {
                *etag = etag.replace(theirs, ours);
            }
        }
        request
    }

    fn compare(&mut self, recording: &Recording, response: &Response) {
        let name = recording.name.as_str();
        assert_eq!(response.status, recording.status, "{name}");
        let compared = |header: &&str| !NOT_COMPARED.contains(header);
        let theirs: BTreeSet<&str> = recording
            .headers
            .keys()
            .map(String::as_str)
            .filter(compared)
            .collect();
        let ours: BTreeSet<&str> = response.headers.iter().map(|(name, _)| *name).collect();
        assert_eq!(ours, theirs, "{name}");
        for header in theirs {
            let (theirs, ours) = (&recording.headers[header], response.header(header).unwrap());
            self.compare_header(&format!("{name} {header}"), header, theirs, ours);
        }
        if recording.body.is_empty() || response.body.is_empty() {
            assert_eq!(response.body, recording.body, "{name}");
            return;
        }
        let theirs: Value = serde_json::from_str(&recording.body).unwrap();
        let ours: Value = serde_json::from_str(&response.body).unwrap();
        self.compare_json(&format!("{name} body"), "", &theirs, &ours);
    }

    fn compare_header(&mut self, context: &str, header: &str, theirs: &str, ours: &str) {
        match header {
            "electric-handle" => self.pair_handles(context, theirs, ours),
            "electric-offset" => self.pair_positions(context, theirs, ours),
            "electric-schema" => {
                let theirs: Value = serde_json::from_str(theirs).unwrap();
                assert_eq!(
                    serde_json::from_str::<Value>(ours).unwrap(),
                    theirs,
                    "{context}"
                );
            }
            "etag" => {
                let parts = |tag: &str| -> Vec<String> {
                    let tag = tag.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
                    tag.split(':').map(str::to_owned).collect()
                };
                let (theirs, ours) = (parts(theirs), parts(ours));
                assert_eq!(ours.len(), theirs.len(), "{context}");
                self.pair_handles(context, &theirs[0], &ours[0]);
                self.pair_positions(context, &theirs[1], &ours[1]);
                self.pair_positions(context, &theirs[2], &ours[2]);
                // A fourth part only makes the tag unique.
            }
            _ => assert_eq!(ours, theirs, "{context}"),
        }
    }

    fn compare_json(&mut self, context: &str, field: &str, theirs: &Value, ours: &Value) {
        let text_number = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
        match (field, theirs, ours) {
            ("lsn" | "global_last_seen_lsn" | "database_lsn", _, _) => {
                self.lsns
                    .pair(text_number(theirs), text_number(ours), context);
            }
            ("xmin" | "xmax", _, _) => {
                self.xids
                    .pair(text_number(theirs), text_number(ours), context);
            }
            ("snapshot_mark", _, _) => {
                let number = |value: &Value| value.as_u64().unwrap();
                self.snapshot_marks
                    .pair(number(theirs), number(ours), context);
            }
            ("tags" | "removed_tags", Value::Array(theirs), Value::Array(ours)) => {
                assert_eq!(ours.len(), theirs.len(), "{context}");
                for (theirs, ours) in theirs.iter().zip(ours) {
                    let slots = |tag: &Value| -> Vec<String> {
                        let slots = tag.as_str().unwrap().split('/');
                        slots.map(str::to_owned).collect()
                    };
                    let (theirs, ours) = (slots(theirs), slots(ours));
                    assert_eq!(ours.len(), theirs.len(), "{context}");
                    for (theirs, ours) in theirs.into_iter().zip(ours) {
                        self.pair_slots(context, theirs, ours);
                    }
                }
            }
            ("patterns", Value::Object(theirs), Value::Object(ours)) => {
                assert_eq!(ours.len(), theirs.len(), "{context}");
                assert_eq!(ours["pos"], theirs["pos"], "{context}");
                let hash = |pattern: &serde_json::Map<String, Value>| {
                    pattern["value"].as_str().unwrap().to_owned()
                };
                self.pair_slots(context, hash(theirs), hash(ours));
            }
            ("txids", Value::Array(theirs), Value::Array(ours)) => {
                assert_eq!(ours.len(), theirs.len(), "{context}");
                for (theirs, ours) in theirs.iter().zip(ours) {
                    self.xids
                        .pair(theirs.as_u64().unwrap(), ours.as_u64().unwrap(), context);
                }
            }
            (_, Value::Object(theirs), Value::Object(ours)) => {
                let keys = |object: &serde_json::Map<String, Value>| {
                    object.keys().cloned().collect::<BTreeSet<_>>()
                };
                assert_eq!(keys(ours), keys(theirs), "{context}");
                // Row values may hold any column name, so only message headers are looked into.
                for (key, value) in theirs {
                    let context = format!("{context}.{key}");
                    match key.as_str() {
                        "value" | "old_value" => assert_eq!(&ours[key], value, "{context}"),
                        _ => self.compare_json(&context, key, value, &ours[key]),
                    }
                }
            }
            (_, Value::Array(theirs), Value::Array(ours)) => {
                assert_eq!(ours.len(), theirs.len(), "{context}: {ours:#?}");
                for (index, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
                    self.compare_json(&format!("{context}[{index}]"), field, theirs, ours);
                }
            }
            _ => assert_eq!(ours, theirs, "{context}"),
        }
    }

    fn pair_handles(&mut self, context: &str, theirs: &str, ours: &str) {
        self.handles
            .pair(theirs.to_owned(), ours.to_owned(), context);
        // One definition keeps its hash from handle to handle.
        let hash = |handle: &str| handle.split_once('-').unwrap().0.to_owned();
        self.hashes.pair(hash(theirs), hash(ours), context);
        let digits =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        assert!(ours.split('-').all(digits), "{context}: {ours}");
    }

    fn pair_slots(&mut self, context: &str, theirs: String, ours: String) {
        // Empty slots and those of plain conditions are the same everywhere; hashes are 32 hex digits.
        if theirs.len() < 32 {
            assert_eq!(ours, theirs, "{context}");
            return;
        }
        let hex =
            |text: &str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(hex(&theirs) && hex(&ours), "{context}: {ours}");
        self.slots.pair(theirs, ours, context);
    }

    fn pair_positions(&mut self, context: &str, theirs: &str, ours: &str) {
        match (theirs.parse(), ours.parse()) {
            (Ok(Position::After(theirs)), Ok(Position::After(ours))) if theirs.lsn > 0 => {
                self.lsns.pair(theirs.lsn, ours.lsn, context);
                assert_eq!(ours.position, theirs.position, "{context}");
            }
            _ => assert_eq!(ours, theirs, "{context}"),
        }
    }
}
