//! [`Places`]: where the rows of a result are, by key.

use super::steps::RowHash;

/// No row.
const NONE: u32 = u32::MAX;

/// A chain of rows for each bucket, first to last. Made for one comparison, so it holds no keys and grows no more.
#[derive(Debug)]
pub(super) struct Places {
    /// The first row of each bucket.
    buckets: Vec<u32>,
    /// The row after each row in its bucket.
    after: Vec<u32>,
}

impl Places {
    pub(super) fn of(rows: &[RowHash]) -> Self {
        let mut places = Self {
            buckets: vec![NONE; rows.len().next_power_of_two()],
            after: vec![NONE; rows.len()],
        };
        for (at, row) in rows.iter().enumerate().rev() {
            let bucket = places.bucket(row.key);
            places.after[at] = std::mem::replace(&mut places.buckets[bucket], at as u32);
        }
        places
    }

    fn bucket(&self, key: u64) -> usize {
        key as usize & (self.buckets.len() - 1)
    }

    /// The first row of that key that is not `used`. Rows that are come off their chain, so that none is met twice.
    pub(super) fn take(&mut self, rows: &[RowHash], used: &[bool], key: u64) -> Option<usize> {
        let bucket = self.bucket(key);
        let mut before = None;
        let mut at = self.buckets[bucket];
        while at != NONE {
            let place = at as usize;
            let after = self.after[place];
            let found = rows[place].key == key;
            if found || used[place] {
                match before {
                    Some(before) => self.after[before] = after,
                    None => self.buckets[bucket] = after,
                }
                if !used[place] {
                    return Some(place);
                }
            } else {
                before = Some(place);
            }
            at = after;
        }
        None
    }
}
