//! [`Numbered`]: a few things under numbers, until they are over.

/// Open requests, timers, fetches. There are never more than a few, so looking through them beats
/// a hash table, each of which adds a kilobyte to the module.
#[derive(Debug)]
pub(crate) struct Numbered<K, V>(Vec<(K, V)>);

impl<K, V> Default for Numbered<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Copy + PartialEq, V> Numbered<K, V> {
    /// Keeps a value, in place of another of that number.
    pub(crate) fn insert(&mut self, number: K, value: V) {
        self.remove(number);
        self.0.push((number, value));
    }

    /// Takes a value out.
    pub(crate) fn remove(&mut self, number: K) -> Option<V> {
        let at = self.0.iter().position(|(kept, _)| *kept == number)?;
        Some(self.0.remove(at).1)
    }

    /// The value of that number.
    pub(crate) fn get(&self, number: K) -> Option<&V> {
        let (_, value) = self.0.iter().find(|(kept, _)| *kept == number)?;
        Some(value)
    }

    /// The number of the first value that fits.
    pub(crate) fn find(&self, fits: impl Fn(&V) -> bool) -> Option<K> {
        let (number, _) = self.0.iter().find(|(_, value)| fits(value))?;
        Some(*number)
    }

    /// The values, oldest first.
    #[cfg_attr(not(target_family = "wasm"), allow(dead_code))]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }
}
