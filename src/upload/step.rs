//! What the [`Uploader`](super::Uploader) is told, and what it says.

use super::batch::Take;
use super::outcome::ServerVerdict;
use crate::error::{Error, ErrorReport};
use crate::ids::Millis;

/// What happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// There may be something to send.
    Queued,
    /// The engine took [`Step::Send`] and posted these; none: there was nothing to post.
    Sent {
        /// Their idempotency keys, in order.
        ids: Vec<String>,
        /// Their size, by [`super::Queued::bytes`].
        bytes: usize,
    },
    /// The answer came.
    Answered {
        /// HTTP status; 0 for a redirect that was not followed.
        status: u16,
        /// The body is an HTML page.
        is_html: bool,
        /// `retry-after` in milliseconds.
        retry_after: Option<u64>,
        /// The body.
        body: &'a str,
    },
    /// No answer came.
    Failed(String),
    /// The database could not take a step: what was sent goes again, its idempotency key makes that safe.
    StoreFailed(Error),
    /// The timer of [`Step::Wait`] fired.
    Timer,
    /// The app disconnected.
    Pause,
    /// The app connected, or the network is back.
    Resume,
}

/// What to do, in order.
#[derive(Debug, PartialEq)]
pub enum Step {
    /// Post the first queued transactions of these; then say [`Event::Sent`].
    Send(Take),
    /// Write these verdicts down; transactions that were sent and are not named are queued again.
    Settle(Vec<ServerVerdict>),
    /// Reject the only transaction that was sent.
    Refuse(ErrorReport),
    /// What was sent is queued again, because of this.
    Requeue(Option<ErrorReport>),
    /// What was sent is queued again: the server refused the whole body, so it has nothing of it.
    Withdraw,
    /// Set the timer.
    Wait {
        /// When it is due.
        until: Millis,
    },
    /// Abort the POST.
    Abort,
}
