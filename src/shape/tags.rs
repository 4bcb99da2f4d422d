//! Why a row is in a subquery shape, and when it no longer is (protocol section 11).
//!
//! The server brings the shape's condition into disjunctive form over numbered *positions*. A row has one tag a
//! disjunct: its slots, joined by `/`, one a position. A slot is empty where the disjunct does not use the position,
//! `1` for a plain condition, a hash for a subquery. The row is in the shape while all used positions of some
//! disjunct are active.

/// What the shape knows of one row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowTags {
    /// One a disjunct.
    pub tags: Vec<String>,
    /// By position; a position beyond the end is active.
    pub active: Vec<bool>,
}

const PLAIN: &str = "1";

/// So many tags, and slots in use, a row may have: they are compared each with each. A server has a tag for each disjunct of a
/// condition that somebody wrote.
const MAX_SLOTS: usize = 1_000;
/// All of a row's tags, in bytes: they are read at each change of it.
const MAX_TAG_BYTES: usize = 1 << 16;

impl RowTags {
    /// Whether these tags, and what a change says of them, are few enough to look at.
    pub fn are_few<T: AsRef<str>>(&self, tags: &[T], removed: &[T]) -> bool {
        let (mut bytes, mut slots) = (0, self.tags.len() + tags.len() + removed.len());
        let old = self.tags.iter().map(String::as_str);
        for tag in old.chain(tags.iter().map(AsRef::as_ref)) {
            bytes += tag.len();
            // A tag counts for its slots, and for one at least.
            slots = slots.max(used_slots(tag).count() + slots - 1);
        }
        bytes <= MAX_TAG_BYTES && slots <= MAX_SLOTS
    }

    /// Takes over what a change says. A tag both new and removed stays: slots may be shared (trap 28).
    pub fn change<T: AsRef<str>>(&mut self, tags: &[T], removed: &[T], active: Option<&[bool]>) {
        let new = |tag: &str| tags.iter().any(|new| new.as_ref() == tag);
        self.tags
            .retain(|tag| !new(tag) && !removed.iter().any(|gone| gone.as_ref() == tag));
        self.tags
            .extend(tags.iter().map(|tag| tag.as_ref().to_owned()));
        if let Some(active) = active {
            self.active = active.to_vec();
        }
    }

    /// Sets one position.
    pub fn set(&mut self, position: usize, active: bool) {
        if self.active.len() <= position {
            self.active.resize(position + 1, true);
        }
        self.active[position] = active;
    }

    /// Whether some disjunct holds.
    pub fn hold(&self) -> bool {
        self.tags.iter().any(|tag| {
            used_slots(tag).all(|(position, _)| self.active.get(position).copied().unwrap_or(true))
        })
    }

    /// The slots by which a move event can name the row, each once.
    pub fn slots(&self) -> Vec<(usize, &str)> {
        let mut slots = Vec::new();
        for slot in self.tags.iter().flat_map(|tag| used_slots(tag)) {
            if slot.1 != PLAIN && !slots.contains(&slot) {
                slots.push(slot);
            }
        }
        slots
    }

    /// The active positions as the store keeps them: `0` and `1`.
    pub fn active_text(&self) -> String {
        self.active
            .iter()
            .map(|active| if *active { '1' } else { '0' })
            .collect()
    }

    /// The inverse of [`RowTags::active_text`].
    pub fn parse_active(text: &str) -> Vec<bool> {
        text.bytes().map(|digit| digit == b'1').collect()
    }
}

fn used_slots(tag: &str) -> impl Iterator<Item = (usize, &str)> {
    tag.split('/')
        .enumerate()
        .filter(|(_, value)| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(tags: &[&str], active: &[bool]) -> RowTags {
        let mut row = RowTags::default();
        row.change(tags, &[], Some(active));
        row
    }

    #[test]
    fn a_row_stays_while_one_disjunct_holds() {
        let mut row = row(&["aa//", "/bb/1"], &[true, true, true]);
        assert_eq!(row.slots(), [(0, "aa"), (1, "bb")]);
        row.set(0, false);
        assert!(row.hold(), "the second disjunct");
        row.set(2, false);
        assert!(!row.hold(), "its plain condition is gone");
        row.set(0, true);
        assert!(row.hold());
    }

    /// Trap 28: removed tags go by set difference, not after the new ones came.
    #[test]
    fn a_tag_that_is_new_and_removed_stays() {
        let mut row = row(&["aa/"], &[true, true]);
        row.change(&["bb/", "aa/"], &["aa/", "cc/"], None);
        assert_eq!(row.tags, ["bb/", "aa/"]);
        row.change(&["bb/"], &["aa/"], Some(&[false, true]));
        assert_eq!(row.slots(), [(0, "bb")]);
        assert!(!row.hold());
    }

    #[test]
    fn a_tag_stays_until_it_is_removed_and_is_there_once() {
        let mut row = row(&["aa/", "bb/"], &[true, true]);
        row.change(&["cc/", "bb/"], &["none/"], None);
        assert_eq!(row.tags, ["aa/", "cc/", "bb/"]);
    }

    #[test]
    fn positions_up_to_one_that_is_set_are_active() {
        let mut row = RowTags::default();
        row.set(2, false);
        assert_eq!(row.active, [true, true, false]);
        row.set(0, false);
        assert_eq!(row.active, [false, true, false]);
    }

    /// Old, new and removed ones count, by their slots, and by one at least.
    #[test]
    fn tags_are_few_up_to_a_thousand_slots() {
        let many = |count: usize| vec!["a"; count];
        let are_few =
            |old: &[&str], new: &[&str], removed: &[&str]| row(old, &[]).are_few(new, removed);
        assert!(are_few(&many(400), &many(500), &many(100)));
        assert!(!are_few(&many(401), &many(500), &many(100)));
        assert!(!are_few(&many(400), &many(501), &many(100)));
        assert!(!are_few(&many(400), &many(500), &many(101)));
        let of_slots = |count: usize| vec!["a"; count].join("/");
        assert!(are_few(&[&of_slots(400)], &[&of_slots(600)], &[]));
        assert!(!are_few(&[&of_slots(400)], &[&of_slots(601)], &[]));
        assert!(
            are_few(&[&"/".repeat(5_000)], &many(999), &[]),
            "slots that are not used"
        );
    }

    #[test]
    fn tags_are_few_up_to_64_kib() {
        let half = "a".repeat(MAX_TAG_BYTES / 2);
        assert_eq!(MAX_TAG_BYTES, 65_536);
        let are_few = |old: &str, new: &str| row(&[old], &[]).are_few(&[new], &[]);
        assert!(are_few(&half, &half));
        assert!(!are_few(&half, &format!("{half}a")));
        assert!(!are_few(&format!("{half}a"), &half));
    }

    #[test]
    fn active_positions_are_kept_as_text() {
        let row = row(&["aa/bb"], &[true, false]);
        assert_eq!(RowTags::parse_active(&row.active_text()), row.active);
    }
}
