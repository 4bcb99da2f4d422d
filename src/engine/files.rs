//! The files of a database, by name: which one to open, which ones to delete.
//!
//! A broken file stays as it is, and what could be read of it goes into the next one: `database.sqlite3`, `database-2.sqlite3`
//! and so on. The next one counts as soon as its first transaction is committed, which holds all that was taken over; before that the
//! broken one is still the one to open. So a crash at any moment loses nothing.

use std::collections::BinaryHeap;

use rusqlite::Connection;

use crate::error::{Error, Result};
use crate::store::{check, migrations};

/// Where [`super::Effect::Export`] finds the copy, beside the database.
pub const EXPORT: &str = "export.sqlite3";

/// Where [`super::Effect::Import`] puts the bytes, beside the database.
pub const IMPORT: &str = "import.sqlite3";

/// No database is as small as the first page: it has a dozen tables.
const ONE_PAGE: u64 = 16_384;

/// The file of a generation; the first one is 1.
pub fn name(generation: u32) -> String {
    match generation {
        0 | 1 => "database.sqlite3".into(),
        later => format!("database-{later}.sqlite3"),
    }
}

/// A file with those that SQLite keeps beside it.
pub fn with_companions(name: &str) -> [String; 3] {
    ["", "-wal", "-journal"].map(|suffix| format!("{name}{suffix}"))
}

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Its first transaction was never committed.
    HalfMade,
    /// It has all the bookkeeping tables.
    Whole,
    /// It cannot be read as a database.
    Broken,
}

/// Looks into a file that is opened and not used yet; `bytes`: its size with that of its companions.
///
/// # Errors
/// [`Error::Storage`] when the file cannot be read at all.
pub fn condition(conn: &Connection, bytes: u64) -> Result<Condition> {
    // A write-ahead log can be read without shared memory only so.
    conn.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
    match check::is_complete(conn) {
        Ok(true) => Ok(Condition::Whole),
        Ok(false) => Ok(Condition::HalfMade),
        Err(Error::Corrupt(_)) if bytes <= ONE_PAGE => Ok(Condition::HalfMade),
        Err(Error::Corrupt(_)) => Ok(Condition::Broken),
        Err(error) => Err(error),
    }
}

/// What to do with the files that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The generation to open.
    pub open: u32,
    /// Files that are of no use any more, companions included; to be deleted before that.
    pub delete: Vec<String>,
    /// The generation that a rescue makes.
    pub next: u32,
}

/// Decides by the names of all files that are there. `condition` is asked only where there are several generations.
///
/// # Errors
/// Those of `condition`.
pub fn plan(
    names: &[String],
    condition: &mut dyn FnMut(&str) -> Result<Condition>,
) -> Result<Plan> {
    let mut found = generations(names);
    let mut plan = Plan {
        open: 1,
        delete: Vec::new(),
        next: 2,
    };
    let is_leftover = |name: &&String| [EXPORT, IMPORT].iter().any(|one| name.starts_with(one));
    plan.delete
        .extend(names.iter().filter(is_leftover).cloned());
    while let Some(highest) = found.pop() {
        if !found.is_empty() && condition(&name(highest))? == Condition::HalfMade {
            plan.delete.extend(with_companions(&name(highest)));
            continue;
        }
        plan.open = highest;
        plan.next = highest + 1;
        break;
    }
    // The one before it is kept for whoever wants to look what happened to it.
    found.pop();
    for older in found {
        plan.delete.extend(with_companions(&name(older)));
    }
    plan.delete.retain(|name| names.contains(name));
    Ok(plan)
}

/// Writes a new header over that of a copy of a broken file, if the list of its tables follows it: whether there is something to be
/// read in it now. For a file of which [`crate::store::Salvage::unreadable`] is said.
///
/// The header is the one place where a single broken byte hides all (<https://sqlite.org/fileformat2.html#the_database_header>), and
/// nothing in it is worth more than what is the same in all our files.
pub fn mend(file: &mut [u8]) -> bool {
    const TABLE_LEAF: u8 = 13;
    const TABLE_INTERIOR: u8 = 5;
    let pages = file.len() as u64 / ONE_PAGE;
    let Some(header) = file.get_mut(..101) else {
        return false;
    };
    if pages == 0 || ![TABLE_LEAF, TABLE_INTERIOR].contains(&header[100]) {
        return false;
    }
    header[..100].fill(0);
    header[..16].copy_from_slice(b"SQLite format 3\0");
    let mut number = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    number(16, &(ONE_PAGE as u16).to_be_bytes());
    // Without a write-ahead log; then what is fixed; then two counters that have to be equal.
    number(18, &[1, 1, 0, 64, 32, 32]);
    number(24, &1_u32.to_be_bytes());
    number(28, &(pages as u32).to_be_bytes());
    number(40, &1_u32.to_be_bytes());
    // The newest schema format, UTF-8, our version.
    number(44, &4_u32.to_be_bytes());
    number(56, &1_u32.to_be_bytes());
    number(60, &migrations::VERSION.to_be_bytes());
    number(92, &1_u32.to_be_bytes());
    number(96, &3_051_000_u32.to_be_bytes());
    true
}

/// The generations among the names, in order.
fn generations(names: &[String]) -> Vec<u32> {
    // A slice's own sort is larger than what it would put in order here.
    let found: BinaryHeap<u32> = names
        .iter()
        .filter_map(|file| {
            if *file == name(1) {
                return Some(1);
            }
            let number = file.strip_prefix("database-")?.strip_suffix(".sqlite3")?;
            number.parse().ok().filter(|number| name(*number) == *file)
        })
        .collect();
    found.into_sorted_vec()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Which one is opened and what is deleted, of generations in these conditions.
    fn plan_of(found: &[(u32, Condition)]) -> (u32, Vec<String>, u32) {
        let names: Vec<String> = found.iter().map(|(n, _)| name(*n)).collect();
        let plan = plan(&names, &mut |asked| {
            let at = names.iter().position(|name| name == asked).unwrap();
            Ok(found[at].1)
        });
        let plan = plan.unwrap();
        (plan.open, plan.delete, plan.next)
    }

    use Condition::{Broken, HalfMade, Whole};

    #[test]
    fn a_single_file_is_opened_whatever_it_is() {
        assert_eq!(plan_of(&[]), (1, vec![], 2));
        for condition in [HalfMade, Whole, Broken] {
            assert_eq!(plan_of(&[(1, condition)]), (1, vec![], 2));
            assert_eq!(plan_of(&[(3, condition)]), (3, vec![], 4));
        }
    }

    #[test]
    fn a_rescue_counts_once_it_is_committed() {
        let half = vec![name(2)];
        assert_eq!(plan_of(&[(1, Broken), (2, HalfMade)]), (1, half, 2));
        assert_eq!(plan_of(&[(1, Broken), (2, Whole)]), (2, vec![], 3));
        assert_eq!(plan_of(&[(1, Broken), (2, Broken)]), (2, vec![], 3));
    }

    #[test]
    fn one_older_file_is_kept() {
        let files = [(9, Whole), (10, Whole), (2, Broken)];
        assert_eq!(plan_of(&files), (10, vec![name(2)], 11));
    }

    #[test]
    fn companions_and_leftovers_go_with_their_file_and_strangers_stay() {
        let names = [
            "database.sqlite3",
            "database-2.sqlite3",
            "database-2.sqlite3-wal",
            "import.sqlite3-journal",
            "export.sqlite3",
            "database-x.sqlite3",
            "database-02.sqlite3",
        ]
        .map(String::from);
        let plan = plan(&names, &mut |_| Ok(HalfMade)).unwrap();
        assert_eq!(plan.open, 1);
        let expected = [
            "import.sqlite3-journal",
            "export.sqlite3",
            "database-2.sqlite3",
            "database-2.sqlite3-wal",
        ];
        assert_eq!(plan.delete, expected);
    }
}
