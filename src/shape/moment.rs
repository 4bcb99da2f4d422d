//! Several shapes at one moment: which of their changes can be shown together (protocol sections 7.4 and 18).
//!
//! An up-to-date with position `f` says that everything strictly below `f` is here, but for what the server had seen and
//! not yet made readable: a shape may hear of a transaction below the position that another shape has passed. So when
//! something has come, every shape is asked once more. What was here when that round began can be shown when all have
//! answered it; what came in the round from one shape alone waits for the next.

use super::machine::Attempt;
use super::message::{Control, Message};
use crate::ids::Lsn;

/// How far a shape of a group has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frontier {
    /// The position of its last up-to-date.
    pub lsn: Lsn,
    /// The request that brought it.
    pub attempt: Attempt,
}

/// All shapes are asked once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// The furthest that one of them had come when it began.
    pub target: Lsn,
    /// The newest request of each shape then.
    pub begun: Vec<Attempt>,
}

/// Whether every shape has answered a request of the round.
pub fn is_over(frontiers: &[Frontier], round: &Round) -> bool {
    frontiers.len() == round.begun.len()
        && frontiers
            .iter()
            .zip(&round.begun)
            .all(|(frontier, begun)| frontier.attempt > *begun)
}

/// The latest position whose changes, and all before, can be shown: of all shapes together. `early` are the positions
/// of what was here when the round began, `late` of what came since.
///
/// The target itself counts when all have come there: a quiet server has nothing above its last transaction.
pub fn common(frontiers: &[Frontier], round: &Round, early: &[Lsn], late: &[Lsn]) -> Lsn {
    let below = |lsn: Lsn| Lsn(lsn.0.saturating_sub(1));
    let least = frontiers.iter().map(|frontier| frontier.lsn).min();
    let least = least.unwrap_or_default();
    let reached = if least >= round.target {
        round.target
    } else {
        below(least)
    };
    let first_news = late.iter().filter(|lsn| !early.contains(lsn)).min();
    first_news.map_or(reached, |news| reached.min(below(*news)))
}

/// The position that each message belongs to. What names none (moves, the rows they bring) belongs to the change after
/// it, or to the end of the body.
pub fn positions(messages: &[Message<'_>]) -> Vec<Lsn> {
    let newest = messages.iter().filter_map(of_change).max();
    let mut next = messages
        .iter()
        .rev()
        .find_map(|message| match message {
            Message::Control(Control::UpToDate {
                global_last_seen_lsn,
            }) => *global_last_seen_lsn,
            _ => None,
        })
        .max(newest)
        .unwrap_or_default();
    let mut positions: Vec<Lsn> = messages
        .iter()
        .rev()
        .map(|message| {
            next = of_change(message).unwrap_or(next);
            next
        })
        .collect();
    positions.reverse();
    positions
}

fn of_change(message: &Message<'_>) -> Option<Lsn> {
    match message {
        Message::Change(change) => change.lsn,
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn frontier(lsn: u64, attempt: u64) -> Frontier {
        Frontier {
            lsn: Lsn(lsn),
            attempt: Attempt(attempt),
        }
    }

    fn round(target: u64, begun: [u64; 2]) -> Round {
        Round {
            target: Lsn(target),
            begun: begun.map(Attempt).to_vec(),
        }
    }

    #[test]
    fn a_round_is_over_when_all_have_answered_a_later_request() {
        let asked = round(10, [4, 8]);
        assert!(!is_over(&[frontier(10, 5), frontier(10, 8)], &asked));
        assert!(is_over(&[frontier(10, 5), frontier(10, 9)], &asked));
        assert!(
            !is_over(&[frontier(10, 5)], &asked),
            "the group has changed"
        );
    }

    /// Trap 19.
    #[test]
    fn a_moment_is_strictly_below_what_all_have_seen_unless_all_have_come_to_the_target() {
        let at = |a, b| {
            common(
                &[frontier(a, 5), frontier(b, 9)],
                &round(10, [4, 8]),
                &[],
                &[],
            )
        };
        assert_eq!(at(10, 10), Lsn(10), "on a quiet server");
        assert_eq!(at(10, 8), Lsn(7), "the server has not come there");
        assert_eq!(at(30, 20), Lsn(10), "what is above came in the round");
    }

    #[test]
    fn what_comes_in_the_round_from_one_shape_alone_waits_for_the_next() {
        let frontiers = [frontier(20, 5), frontier(20, 9)];
        let upto = |early: &[u64], late: &[u64]| {
            let lsns = |list: &[u64]| list.iter().copied().map(Lsn).collect::<Vec<_>>();
            common(&frontiers, &round(10, [4, 8]), &lsns(early), &lsns(late)).0
        };
        assert_eq!(upto(&[5, 10], &[10]), 10, "the other half of a transaction");
        assert_eq!(upto(&[5, 10], &[7]), 6, "below the target and new");
        assert_eq!(upto(&[5, 10], &[12]), 10);
    }

    #[test]
    fn a_move_belongs_to_the_change_after_it() {
        let body = r#"[
            {"key":"1","value":{},"headers":{"operation":"insert","lsn":"5"}},
            {"headers":{"event":"move-in","patterns":[]}},
            {"key":"2","value":{},"headers":{"operation":"insert","is_move_in":true}},
            {"key":"3","value":{},"headers":{"operation":"insert","lsn":"8"}},
            {"headers":{"event":"move-out","patterns":[]}},
            {"headers":{"control":"up-to-date","global_last_seen_lsn":"9"}}]"#;
        let messages = crate::shape::message::parse(body).unwrap();
        let found: Vec<u64> = positions(&messages).iter().map(|lsn| lsn.0).collect();
        assert_eq!(found, [5, 8, 8, 8, 9, 9]);
    }
}
