//! [`Outbox`]: what a tab has asked for, until it is over; a new leader is asked all of it again.

use crate::ids::AskNumber;

/// What goes on after its answer, and so is asked of the next leader, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// A live query, by its subscription.
    Live(u32),
    /// A shape that was set or removed at run time, by table and name: the last word counts.
    Shape(String, String),
}

/// Requests in the order they were made. `P` is a request as the shell keeps it.
#[derive(Debug)]
pub(super) struct Outbox<P> {
    entries: Vec<Entry<P>>,
}

#[derive(Debug)]
struct Entry<P> {
    number: AskNumber,
    stands: Option<Standing>,
    answered: bool,
    payload: P,
}

impl<P: Clone> Outbox<P> {
    pub(super) fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// Keeps a request; one that stood for the same is over.
    pub(super) fn push(&mut self, number: AskNumber, stands: Option<Standing>, payload: P) {
        if let Some(standing) = &stands {
            self.end(standing);
        }
        self.entries.push(Entry {
            number,
            stands,
            answered: false,
            payload,
        });
    }

    /// What stood is over.
    pub(super) fn end(&mut self, standing: &Standing) {
        for entry in &mut self.entries {
            if entry.stands.as_ref() == Some(standing) {
                entry.stands = None;
            }
        }
        self.sweep();
    }

    /// A request has its answer, or nobody waits for one any more.
    pub(super) fn answered(&mut self, number: AskNumber, succeeded: bool) {
        for entry in &mut self.entries {
            if entry.number == number {
                entry.answered = true;
                if !succeeded {
                    entry.stands = None;
                }
            }
        }
        self.sweep();
    }

    /// What goes on after the answer to a request.
    pub(super) fn stands(&self, number: AskNumber) -> Option<&Standing> {
        let entry = self.entries.iter().find(|entry| entry.number == number)?;
        entry.stands.as_ref()
    }

    /// Whether an answer is waited for.
    pub(super) fn waits(&self) -> bool {
        self.entries.iter().any(|entry| !entry.answered)
    }

    /// All that a new leader is to be asked, in order.
    pub(super) fn all(&self) -> Vec<(AskNumber, P)> {
        let entries = self.entries.iter();
        entries
            .map(|entry| (entry.number, entry.payload.clone()))
            .collect()
    }

    fn sweep(&mut self) {
        self.entries
            .retain(|entry| !entry.answered || entry.stands.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox(entries: &[(i64, Option<Standing>)]) -> Outbox<i64> {
        let mut outbox = Outbox::new();
        for (number, stands) in entries {
            outbox.push(AskNumber(*number), stands.clone(), *number);
        }
        outbox
    }

    fn again(outbox: &Outbox<i64>) -> Vec<i64> {
        outbox
            .all()
            .into_iter()
            .map(|(_, payload)| payload)
            .collect()
    }

    #[test]
    fn what_is_answered_is_not_asked_again_unless_it_stands() {
        let mut outbox = outbox(&[(1, None), (2, Some(Standing::Live(1))), (3, None)]);
        outbox.answered(AskNumber(1), true);
        outbox.answered(AskNumber(2), true);
        assert_eq!(again(&outbox), [2, 3]);
        assert!(outbox.waits());
        outbox.answered(AskNumber(3), false);
        assert!(!outbox.waits());
        outbox.end(&Standing::Live(1));
        assert_eq!(again(&outbox), [0; 0]);
    }

    #[test]
    fn a_live_query_that_failed_does_not_stand() {
        let mut outbox = outbox(&[(1, Some(Standing::Live(1)))]);
        outbox.answered(AskNumber(1), false);
        assert_eq!(again(&outbox), [0; 0]);
    }

    #[test]
    fn of_a_shape_the_last_word_stands_and_every_word_is_answered() {
        let list = || Some(Standing::Shape("todos".into(), "list".into()));
        let mut outbox = outbox(&[(1, list()), (2, None), (3, list())]);
        assert_eq!(again(&outbox), [1, 2, 3], "nobody has an answer yet");
        for number in 1..=3 {
            outbox.answered(AskNumber(number), true);
        }
        assert_eq!(again(&outbox), [3]);
    }
}
