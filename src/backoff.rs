//! How long to wait before trying again: exponential with full jitter, as Electric's own client does
//! (protocol section 14). Shared by the read and the write path.

use crate::ids::Millis;

/// The longest first delay, in milliseconds.
pub const START_MS: u64 = 1_000;
/// The longest delay of all, in milliseconds, unless the server asks for more.
pub const CAP_MS: u64 = 32_000;

/// When to try again after `failures` failures in a row (at least 1).
///
/// The delay is drawn from zero to a bound that doubles with each failure; `floor` is the server's
/// `Retry-After` in milliseconds and no delay is shorter.
pub fn retry_at(now: Millis, rng: &mut fastrand::Rng, failures: u32, floor: Option<u64>) -> Millis {
    let doublings = failures.saturating_sub(1).min(16);
    let bound = (START_MS << doublings).min(CAP_MS);
    now.after(rng.u64(0..=bound).max(floor.unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_bound_doubles_up_to_the_cap_and_the_server_may_ask_for_more() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut longest = |failures| {
            (0..500)
                .map(|_| retry_at(Millis(0), &mut rng, failures, None).0)
                .max()
                .unwrap() as u64
        };
        assert!((900..=START_MS).contains(&longest(1)));
        assert!((3_600..=4 * START_MS).contains(&longest(3)));
        assert!((28_000..=CAP_MS).contains(&longest(400)));
        assert!(retry_at(Millis(0), &mut rng, 1, Some(90_000)) >= Millis(90_000));
    }
}
