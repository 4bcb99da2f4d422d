//! The server's log: the rows that come of it, and the writes that are seen in them.

use std::collections::BTreeSet;

use throughline::change::Operation::{Delete, Insert, Update};

use super::{Change, Local, Model, RowName, Rows, Snapshot, State, WRITE_ID, Write, apply};

impl Model {
    /// The server begins a new log.
    pub(crate) fn refetch(&mut self, table: &str) {
        let synced = self.tables.get_mut(table).unwrap();
        synced.loading = None;
    }

    /// The new log's first rows.
    pub(crate) fn load(&mut self, table: &str, rows: Rows, snapshot: Snapshot) {
        let synced = self.tables.get_mut(table).unwrap();
        synced.loading = Some(rows);
        synced.loading_snapshot = snapshot;
    }

    /// Changes of the log that request number `fetch` brought, and where the server was if they are all.
    pub(crate) fn deliver(
        &mut self,
        table: &'static str,
        changes: &[Change],
        head: Option<u64>,
        fetch: u64,
    ) {
        let synced = self.tables.get_mut(table).unwrap();
        let mut contained = None;
        if let Some(loading) = &mut synced.loading {
            for change in changes {
                apply(loading, change);
                synced.loading_snapshot.since.insert(change.txid);
            }
            if head.is_none() {
                return;
            }
            synced.rows = synced.loading.take().unwrap();
            synced.snapshot = std::mem::take(&mut synced.loading_snapshot);
            contained = Some(synced.snapshot.clone());
            self.look_at_rows(table);
        } else {
            for change in changes {
                apply(&mut self.tables.get_mut(table).unwrap().rows, change);
                self.look_at(table, change);
            }
        }
        let accepted = self
            .pending
            .iter()
            .filter(|local| local.state == State::Accepted);
        let accepted: Vec<Local> = accepted.cloned().collect();
        for local in accepted {
            let shows = |snapshot: &Snapshot| local.txid.is_some_and(|txid| snapshot.shows(txid));
            let lsn = if local.noop { Some(0) } else { local.lsn };
            let is_past = lsn.zip(head).is_some_and(|(lsn, head)| lsn <= head);
            let is_asked_later = local.older.get(table).is_none_or(|older| fetch > *older);
            if contained.as_ref().is_some_and(shows) || (is_past && is_asked_later) {
                self.see_all(local.number, table);
            }
        }
        self.confirm();
    }

    /// One change came: whose write does the row hold?
    fn look_at(&mut self, table: &'static str, change: &Change) {
        let row = (table, change.key.clone());
        match change.operation {
            Delete => self.see_delete(&row),
            Insert | Update => {
                if let Some(Some(id)) = change.value.get(WRITE_ID) {
                    self.see_up_to(&row, |_, write| write.write_id == *id);
                }
            }
        }
        self.hear(&row, change.txid);
    }

    /// Another log took the place of the rows.
    fn look_at_rows(&mut self, table: &'static str) {
        let written = self.pending.iter().flat_map(|local| &local.writes);
        let rows: BTreeSet<RowName> = written
            .map(|write| write.row.clone())
            .filter(|row| row.0 == table)
            .collect();
        for row in rows {
            match self.tables[table].rows.get(&row.1) {
                None => self.see_delete(&row),
                Some(columns) => {
                    if let Some(Some(id)) = columns.get(WRITE_ID).cloned() {
                        self.see_up_to(&row, |_, write| write.write_id == id);
                    }
                }
            }
        }
    }

    fn see_delete(&mut self, row: &RowName) {
        let has_left = |local: &Local| local.state != State::Queued;
        self.see_up_to(row, |local, write| {
            write.operation == Delete && has_left(local)
        });
    }

    fn hear(&mut self, row: &RowName, txid: u64) {
        for local in self.pending.iter_mut().filter(|local| local.attempts > 0) {
            let writes = local.writes.iter_mut().filter(|write| write.row == *row);
            for write in writes.filter(|write| !write.seen) {
                write.heard.insert(txid);
            }
        }
        self.recognize(row);
    }

    /// Is any transaction that was heard on the row one of ours?
    pub(super) fn recognize(&mut self, row: &RowName) {
        self.see_up_to(row, |local, write| {
            let txid = local.txid.filter(|_| local.state == State::Accepted);
            txid.is_some_and(|txid| write.heard.contains(&txid))
        });
    }

    /// The row holds its last write that fits, and so what was written to it before.
    fn see_up_to(&mut self, row: &RowName, fits: impl Fn(&Local, &Write) -> bool) {
        let mut last = None;
        let mut place = 0;
        for local in &self.pending {
            for write in local.writes.iter().filter(|write| write.row == *row) {
                place += 1;
                if fits(local, write) {
                    last = Some(place);
                }
            }
        }
        let writes = self.pending.iter_mut().flat_map(|local| &mut local.writes);
        let writes = writes.filter(|write| write.row == *row);
        for write in writes.take(last.unwrap_or(0)) {
            write.seen = true;
        }
    }

    pub(super) fn see_all(&mut self, number: i64, table: &str) {
        for write in &mut self.local(number).writes {
            write.seen |= write.row.0 == table;
        }
    }
}
