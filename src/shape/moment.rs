//! Several shapes at one moment: which of their changes can be shown together (protocol sections 7.4 and 18).
//!
//! An up-to-date with position `f` says that everything strictly below `f` is here. So a moment that all shapes of a
//! group have is strictly below the smallest of their `f`. On a quiet server that never reaches the last transaction:
//! then each shape is asked once more, and what a request begun after all had seen `f` still does not tell, there is
//! not.

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
    /// What all had seen, or one of them, when it began.
    pub target: Lsn,
    /// The newest request of each shape then.
    pub begun: Vec<Attempt>,
}

/// The latest position whose changes, and all before, can be shown: of all shapes together.
pub fn common(frontiers: &[Frontier], round: Option<&Round>) -> Lsn {
    let least = frontiers
        .iter()
        .map(|frontier| frontier.lsn)
        .min()
        .unwrap_or_default();
    if frontiers.len() == 1 {
        return least;
    }
    let below = Lsn(least.0.saturating_sub(1));
    match round {
        Some(round) if is_over(frontiers, round) && least >= round.target => {
            below.max(round.target)
        }
        _ => below,
    }
}

/// Whether every shape has answered a request of the round.
pub fn is_over(frontiers: &[Frontier], round: &Round) -> bool {
    frontiers.len() == round.begun.len()
        && frontiers
            .iter()
            .zip(&round.begun)
            .all(|(frontier, begun)| frontier.attempt > *begun)
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

    /// Trap 19.
    #[test]
    fn a_moment_is_strictly_below_what_all_have_seen() {
        assert_eq!(common(&[frontier(10, 1), frontier(7, 1)], None), Lsn(6));
        assert_eq!(common(&[frontier(10, 1)], None), Lsn(10), "alone");
        assert_eq!(common(&[], None), Lsn(0));
    }

    #[test]
    fn on_a_quiet_server_one_more_round_settles_the_last_transaction() {
        let round = Round {
            target: Lsn(10),
            begun: vec![Attempt(4), Attempt(8)],
        };
        let asked = |a, b| common(&[frontier(10, a), frontier(10, b)], Some(&round));
        assert_eq!(asked(5, 8), Lsn(9), "the second has not answered");
        assert_eq!(asked(5, 9), Lsn(10));
        let behind = common(&[frontier(10, 5), frontier(8, 9)], Some(&round));
        assert_eq!(behind, Lsn(7), "the server has not come there");
        let ahead = common(&[frontier(30, 5), frontier(20, 9)], Some(&round));
        assert_eq!(ahead, Lsn(19));
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
