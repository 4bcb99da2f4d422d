//! The server's word on local transactions: what is accepted, what is rolled back with what, what leaves.

use std::collections::{BTreeMap, BTreeSet};

use super::{Local, Model, Policy, Refused, RowName, State, Verdict, Write};

impl Model {
    /// Nobody knows what became of the POST, or the server did not look at these: they go again.
    pub(crate) fn send_again(&mut self) {
        for local in &mut self.pending {
            if local.state == State::Sending {
                local.state = State::Queued;
            }
        }
    }

    /// The server refused the whole of a POST, and has nothing of it.
    pub(crate) fn withdraw(&mut self) {
        for local in &mut self.pending {
            local.unanswered -= u32::from(local.state == State::Sending);
        }
        self.send_again();
    }

    /// The answer to a POST. `newest` is the last request to each shape.
    pub(crate) fn settle(
        &mut self,
        verdicts: &[(i64, Verdict)],
        newest: &BTreeMap<&'static str, u64>,
    ) {
        let mut decided: BTreeSet<i64> = verdicts.iter().map(|(number, _)| *number).collect();
        let mut noops = BTreeSet::new();
        for (number, verdict) in verdicts {
            if matches!(verdict, Verdict::Accepted { noop: true, .. }) {
                noops.insert(*number);
                decided.remove(number);
            }
        }
        let everyone = self.pending.clone();
        let mut out: BTreeMap<i64, Option<i64>> = BTreeMap::new();
        for (number, verdict) in verdicts {
            if out.contains_key(number) {
                continue;
            }
            if *verdict == Verdict::Rejected {
                let along = self.taken_along(*number, &everyone, &decided, &noops, &out);
                out.insert(*number, None);
                out.extend(along.into_iter().map(|taken| (taken, Some(*number))));
                continue;
            }
            self.accept(*number, verdict, newest);
        }
        for (number, caused_by) in out {
            let at = self.pending.iter().position(|local| local.number == number);
            let writes = self.pending.remove(at.unwrap()).writes;
            self.refused.push(Refused {
                number,
                caused_by,
                writes,
            });
        }
        self.refused.sort_by_key(|refused| refused.number);
        self.send_again();
        self.confirm();
    }

    fn accept(&mut self, number: i64, verdict: &Verdict, newest: &BTreeMap<&'static str, u64>) {
        let Verdict::Accepted { txid, lsn, noop } = *verdict else {
            return;
        };
        let local = self.local(number);
        local.state = State::Accepted;
        (local.txid, local.lsn, local.noop) = (txid, lsn, noop);
        local.older.clone_from(newest);
        let rows: Vec<RowName> = local.writes.iter().map(|write| write.row.clone()).collect();
        for row in rows {
            self.recognize(&row);
        }
        for table in ["notes", "items"] {
            if txid.is_some_and(|txid| self.tables[table].snapshot.shows(txid)) {
                self.see_all(number, table);
            }
        }
    }

    /// The other transactions that go with a rejected one. Those that are `out` already went with an earlier rejection
    /// of the same answer, and no longer count as gone because of this one.
    fn taken_along(
        &self,
        culprit: i64,
        everyone: &[Local],
        decided: &BTreeSet<i64>,
        noops: &BTreeSet<i64>,
        out: &BTreeMap<i64, Option<i64>>,
    ) -> Vec<i64> {
        let mut gone = vec![culprit];
        for (at, local) in everyone.iter().enumerate() {
            let before = &everyone[..at];
            let is_gone = |other: &&Local| gone.contains(&other.number);
            let lacks = |row: &RowName| {
                let maker = before.iter().rev().find(|other| other.makes(row));
                !local.makes(row) && maker.as_ref().is_some_and(is_gone)
            };
            let lacks_reference = |write: &Write| {
                let to = write.refers();
                to.is_some_and(|to| lacks(&to) && !self.tables[to.0].rows.contains_key(&to.1))
            };
            let needs = |write: &Write| lacks(&write.row) || lacks_reference(write);
            let depends = local.writes.iter().any(needs);
            let mut undone = before.iter().filter(is_gone);
            let overlaps =
                undone.any(|other| other.writes.iter().any(|w| local.writes_row(&w.row)));
            let number = local.number;
            let goes = if number == culprit || out.contains_key(&number) {
                false
            } else if noops.contains(&number) {
                depends
            } else if decided.contains(&number) || local.state == State::Accepted {
                false
            } else if local.unanswered > 0 {
                local.writes.iter().all(|write| lacks(&write.row))
            } else {
                match self.policy {
                    Policy::Dependents => depends,
                    Policy::Row => depends || overlaps,
                    Policy::All => true,
                }
            };
            if goes {
                gone.push(number);
            }
        }
        gone.split_off(1)
    }

    /// What leaves: accepted, all of it back, and nothing older left on its rows.
    pub(super) fn confirm(&mut self) {
        let mut at = 0;
        while let Some(local) = self.pending.get(at) {
            let older = &self.pending[..at];
            let is_back = local.writes.iter().all(|write| write.seen);
            let waits = |write: &Write| older.iter().any(|one| one.writes_row(&write.row));
            if local.state == State::Accepted && is_back && !local.writes.iter().any(waits) {
                self.confirmed.push(local.number);
                self.pending.remove(at);
            } else {
                at += 1;
            }
        }
    }

    /// Puts a refused transaction back into the queue, with those that went with it if they are to go along.
    pub(crate) fn retry(&mut self, number: i64, dependents: bool) {
        for refused in self.take_refused(number, dependents) {
            self.begin();
            for write in refused.writes {
                self.write(write.row, write.operation, write.value);
            }
            self.end(true);
            for other in &mut self.refused {
                if other.caused_by == Some(refused.number) {
                    other.caused_by = Some(self.last_number);
                }
            }
        }
    }

    /// Takes it off the list, with those that went with it.
    pub(crate) fn take_refused(&mut self, number: i64, dependents: bool) -> Vec<Refused> {
        let goes =
            |one: &Refused| one.number == number || (dependents && one.caused_by == Some(number));
        let (taken, left) = self.refused.drain(..).partition(goes);
        self.refused = left;
        taken
    }
}
