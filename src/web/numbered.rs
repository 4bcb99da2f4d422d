//! [`Numbered`]: what the driver keeps until it is over.

/// Things under numbers: open requests, timers, fetches. There are never more than a few, so looking through them beats
/// a hash table, each of which adds a kilobyte to the module.
pub(super) struct Numbered<K, V>(Vec<(K, V)>);

impl<K, V> Default for Numbered<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Copy + PartialEq, V> Numbered<K, V> {
    /// Keeps a value, in place of another of that number.
    pub(super) fn insert(&mut self, number: K, value: V) {
        self.remove(number);
        self.0.push((number, value));
    }

    /// Takes a value out.
    pub(super) fn remove(&mut self, number: K) -> Option<V> {
        let at = self.0.iter().position(|(kept, _)| *kept == number)?;
        Some(self.0.remove(at).1)
    }

    /// The values, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }
}
