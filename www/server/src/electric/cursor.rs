//! The cursor of live responses, which keeps two polls of one client from sharing a cache entry (protocol section 5).

use super::time::Micros;

/// 2024-10-09T00:00:00Z in seconds since the Unix epoch.
const EPOCH_SECONDS: u64 = 1_728_432_000;
/// Largest jump when the plain value would not exceed the cursor sent.
const MAX_JUMP_SECONDS: u64 = 3_600;

/// Seconds since the epoch rounded up to the poll interval; if that does not exceed the cursor sent, it grows by a
/// random 1 to 3600 s.
pub(crate) fn next(now: Micros, interval_ms: u64, sent: Option<u64>, entropy: u64) -> u64 {
    let interval = interval_ms.div_ceil(1000).max(1);
    let seconds = (now.0 / 1_000_000).saturating_sub(EPOCH_SECONDS);
    let rounded = seconds.div_ceil(interval) * interval;
    match sent {
        Some(sent) if rounded <= sent => sent.saturating_add(1 + entropy % MAX_JUMP_SECONDS),
        _ => rounded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_round_up_and_always_grow() {
        let now = Micros(1_795_342_142_000_000);
        assert_eq!(next(now, 20_000, None, 0), 66_910_160);
        assert_eq!(next(now, 20_000, Some(66_910_160), 3_402), 66_913_563);
        assert_eq!(next(now, 20_000, Some(66_913_563), 3_600), 66_913_564);
        assert_eq!(next(Micros(0), 100, Some(u64::MAX), 9), u64::MAX);
    }
}
