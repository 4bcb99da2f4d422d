//! Which transactions a snapshot contains, and a log that was loaded.

use super::message::{Control, Message};
use crate::ids::Xid;

/// A Postgres snapshot as `snapshot-end` carries it (64-bit transaction ids).
///
/// With it a refetch can tell whether a write of ours is in the rows it just loaded, although rows of a snapshot name
/// no transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Everything below is visible.
    pub xmin: u64,
    /// Nothing from here on is visible.
    pub xmax: u64,
    /// In progress when the snapshot was taken, so not visible.
    pub xip: Vec<u64>,
}

impl Snapshot {
    /// Whether the transaction is visible in this snapshot, given that it committed.
    ///
    /// `xid` has 32 bits and wraps: it is widened to the 64-bit id nearest to `xmax`.
    pub fn contains(&self, xid: Xid) -> bool {
        let distance = xid.0.wrapping_sub(self.xmax as u32) as i32;
        let Some(xid) = self.xmax.checked_add_signed(i64::from(distance)) else {
            return false;
        };
        xid < self.xmin || (xid < self.xmax && !self.xip.contains(&xid))
    }
}

/// What a log that was loaded is known to contain: the snapshot that it begins with, and what came after it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    snapshot: Option<Snapshot>,
    /// Each once as long as its changes follow each other.
    since: Vec<Xid>,
}

impl Contents {
    /// What a body begins with.
    pub fn of_snapshot(messages: &[Message<'_>]) -> Option<Self> {
        messages.iter().find_map(|message| match message {
            Message::Control(Control::SnapshotEnd(snapshot)) => Some(Self {
                snapshot: Some(snapshot.clone()),
                since: Vec::new(),
            }),
            _ => None,
        })
    }

    /// The log goes on with these.
    pub fn extend(&mut self, messages: &[Message<'_>]) {
        for message in messages {
            let txids = match message {
                Message::Change(change) => &change.txids,
                Message::Event(event) => &event.txids,
                Message::Control(_) | Message::Unknown => continue,
            };
            for txid in txids {
                if self.since.last() != Some(txid) {
                    self.since.push(*txid);
                }
            }
        }
    }

    /// Whether the transaction is in it, given that it committed.
    pub fn contains(&self, xid: Xid) -> bool {
        let snapshot = self.snapshot.as_ref();
        snapshot.is_some_and(|snapshot| snapshot.contains(xid)) || self.since.contains(&xid)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_in_progress_is_not_contained() {
        let snapshot = Snapshot {
            xmin: 780,
            xmax: 790,
            xip: vec![780, 785],
        };
        let contained = [779, 780, 784, 785, 789, 790, 791].map(|x| snapshot.contains(Xid(x)));
        assert_eq!(contained, [true, false, true, false, true, false, false]);
    }

    #[test]
    fn an_id_with_fewer_digits_is_smaller() {
        let snapshot = Snapshot {
            xmin: 1_000,
            xmax: 1_001,
            xip: vec![],
        };
        assert!(
            [999, 1_000]
                .map(Xid)
                .iter()
                .all(|xid| snapshot.contains(*xid))
        );
        assert!(!snapshot.contains(Xid(1_001)));
    }

    #[test]
    fn a_log_contains_its_snapshot_and_what_came_after_it() {
        let begins = r#"[{"headers":{"control":"snapshot-end","xmin":"780","xmax":"790","xip_list":["785"]}}]"#;
        let goes_on = r#"[{"key":"k","value":{"id":"1"},"headers":{"operation":"insert","txids":[785,800]}},
            {"key":"k","value":{"id":"1"},"headers":{"operation":"update","txids":[800]}},
            {"headers":{"event":"move-out","patterns":[{"pos":0,"value":"t"}],"txids":[805]}},
            {"headers":{"control":"up-to-date","global_last_seen_lsn":"9"}}]"#;
        let goes_on = crate::shape::message::parse(goes_on).unwrap();
        assert_eq!(Contents::of_snapshot(&goes_on), None);
        let begins = crate::shape::message::parse(begins).unwrap();
        let mut contents = Contents::of_snapshot(&begins).unwrap();
        let contained = |contents: &Contents| {
            let of = [779, 784, 785, 790, 800, 804, 805];
            of.into_iter()
                .filter(|xid| contents.contains(Xid(*xid)))
                .collect::<Vec<_>>()
        };
        assert_eq!(contained(&contents), [779, 784]);
        contents.extend(&goes_on);
        assert_eq!(contained(&contents), [779, 784, 785, 800, 805]);
        assert_eq!(contents.since, [785, 800, 805].map(Xid), "each once");
    }

    /// Trap 17: the ids of a log wrap.
    #[test]
    fn a_wrapped_transaction_id_is_read_near_xmax() {
        let epoch = 1 << 32;
        let snapshot = Snapshot {
            xmin: epoch + 5,
            xmax: epoch + 5,
            xip: vec![],
        };
        assert!(snapshot.contains(Xid(u32::MAX)), "just before the wrap");
        assert!(snapshot.contains(Xid(4)));
        assert!(!snapshot.contains(Xid(5)));
    }
}
