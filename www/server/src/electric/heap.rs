//! The rows of a table.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::fill::Fill;
use super::table::{Key, Row};

/// Rows in the order a sequential scan meets them: those of a fill, then the written ones; an updated row moves to the
/// end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heap {
    fill: Option<Arc<Fill>>,
    /// Rows of the fill that were updated or deleted since.
    removed: BTreeSet<u64>,
    rows: BTreeMap<u64, Row>,
    place_of: BTreeMap<Key, u64>,
    next_place: u64,
}

impl Heap {
    /// The rows of a fill.
    pub(crate) fn filled(fill: Fill) -> Self {
        Self {
            fill: Some(Arc::new(fill)),
            ..Self::default()
        }
    }

    /// The fill and the numbers of its rows that are gone.
    pub(crate) fn fill(&self) -> Option<(&Arc<Fill>, &BTreeSet<u64>)> {
        self.fill.as_ref().map(|fill| (fill, &self.removed))
    }

    /// The row of a fill that has the key.
    fn filled_number(&self, key: &Key) -> Option<(&Fill, u64)> {
        let fill = self.fill.as_deref()?;
        let number = fill.number_of(key)?;
        (!self.removed.contains(&number)).then_some((fill, number))
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Cow<'_, Row>> {
        if let Some(place) = self.place_of.get(key) {
            return self.rows.get(place).map(Cow::Borrowed);
        }
        let (fill, number) = self.filled_number(key)?;
        Some(Cow::Owned(fill.row(number)))
    }

    /// The rows that were written.
    pub(crate) fn scan(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    /// All rows.
    pub(crate) fn scan_all(&self) -> impl Iterator<Item = Cow<'_, Row>> {
        let filled = self.fill.iter().flat_map(|fill| {
            let numbers = (0..fill.len()).filter(|number| !self.removed.contains(number));
            numbers.map(|number| Cow::Owned(fill.row(number)))
        });
        filled.chain(self.scan().map(Cow::Borrowed))
    }

    pub(crate) fn len(&self) -> u64 {
        let filled = self.fill.as_ref().map_or(0, |fill| fill.len());
        filled - self.removed.len() as u64 + self.rows.len() as u64
    }

    pub(crate) fn put(&mut self, key: Key, row: Row) {
        self.remove(&key);
        self.rows.insert(self.next_place, row);
        self.place_of.insert(key, self.next_place);
        self.next_place += 1;
    }

    pub(crate) fn remove(&mut self, key: &Key) {
        if let Some(place) = self.place_of.remove(key) {
            self.rows.remove(&place);
        } else if let Some((_, number)) = self.filled_number(key) {
            self.removed.insert(number);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.fill = None;
        self.removed.clear();
        self.rows.clear();
        self.place_of.clear();
    }

    /// Adds a column with one value for all rows.
    pub(crate) fn add_column(&mut self, name: &str, text: Option<&str>) {
        if let Some(fill) = &mut self.fill {
            Arc::make_mut(fill).add_column(name, text);
        }
        for row in self.rows.values_mut() {
            row.insert(name.to_owned(), text.map(str::to_owned));
        }
    }

    pub(crate) fn drop_column(&mut self, name: &str) {
        if let Some(fill) = &mut self.fill {
            Arc::make_mut(fill).drop_column(name);
        }
        for row in self.rows.values_mut() {
            row.remove(name);
        }
    }
}
