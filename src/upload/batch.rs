//! How much of the queue goes into one POST.

/// Transactions in one POST at most.
pub const BATCH_TRANSACTIONS: usize = 50;
/// Bytes of intents in one POST at most; common body parsers refuse more than 100 kB.
pub const BATCH_BYTES: usize = 64 * 1024;

/// How many of the queued transactions, whose sizes in bytes are given in order, go into the next POST.
///
/// At least one, however large: a transaction is never cut, and the server says if it is too much.
pub fn take_batch(sizes: impl IntoIterator<Item = usize>, limit: usize) -> usize {
    let mut bytes = 0;
    let mut taken = 0;
    for size in sizes.into_iter().take(limit) {
        bytes += size;
        if taken > 0 && bytes > BATCH_BYTES {
            break;
        }
        taken += 1;
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_bounded_by_count_and_bytes_but_never_empty() {
        assert_eq!(take_batch([10; 80], BATCH_TRANSACTIONS), BATCH_TRANSACTIONS);
        assert_eq!(take_batch([BATCH_BYTES * 2, 1], 50), 1);
        assert_eq!(take_batch([BATCH_BYTES / 2, BATCH_BYTES / 2, 1], 50), 2);
        assert_eq!(take_batch([], 50), 0);
    }
}
