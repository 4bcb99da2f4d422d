//! What the shell tells the election and what that asks of it.

use crate::error::Error;
use crate::ids::{AskNumber, Millis, TabId, TabNumber, Term};
use crate::tabs::greeting::{Envelope, Greeting};
use crate::tabs::outbox::Standing;

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<P> {
    /// The database is opened in this tab.
    Start,
    /// This tab's own lock is held, by which others learn of its death.
    OwnLockHeld,
    /// The browser has no locks to share by.
    NoLocks,
    /// The leader's lock is held.
    LockGranted,
    /// It was taken away.
    LockLost,
    /// The file is open; not shared where it is memory.
    Opened {
        /// Others may be served.
        shared: bool,
    },
    /// It is not.
    NotOpened(OpenTrouble),
    /// The engine was opened anew: on a file that took the place of another.
    Restarted,
    /// The engine and the file are closed, as was asked.
    Closed,
    /// Another tab says something.
    Heard(Envelope),
    /// The leader said something else in this term.
    HeardLeader,
    /// Another tab's own lock is free.
    TabGone(TabId),
    /// The page was shown or hidden.
    Visible(bool),
    /// The app asks.
    Ask {
        /// Counts up.
        number: AskNumber,
        /// Whether it goes on after the answer.
        stands: Option<Standing>,
        /// The request.
        payload: P,
    },
    /// What stood is over.
    Ended(Standing),
    /// A request was answered.
    Answered {
        /// Which one.
        number: AskNumber,
        /// It was not an error.
        succeeded: bool,
    },
    /// Nobody waits for it any more.
    Cancelled(AskNumber),
    /// The app closes the database in this tab, or deletes it: a request after which there is no other.
    Close {
        /// Of the request.
        number: AskNumber,
        /// It must be carried out, however long that takes.
        deletes: bool,
        /// The request.
        payload: P,
    },
    /// One of the tabs wants the database deleted, and was heard by the leader.
    Wipe(TabNumber),
    /// The page goes for good; nobody waits.
    Leave,
    /// The time of [`Effect::SetTimer`] has come.
    Timer,
}

/// Why a file could not be opened.
#[derive(Debug, Clone, PartialEq)]
pub enum OpenTrouble {
    /// Another worker still has its handles.
    Held,
    /// Anything else.
    Failed(Error),
}

impl From<Error> for OpenTrouble {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What the shell is to do, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect<P> {
    /// Take this tab's own lock: [`Event::OwnLockHeld`] or [`Event::NoLocks`].
    HoldOwnLock,
    /// Hear what the tabs tell each other.
    Listen,
    /// Ask for the leader's lock and wait for it.
    QueueLock,
    /// Take it from whoever has it.
    StealLock,
    /// Give it back, or ask for it no longer.
    Unlock,
    /// Tell all tabs.
    Broadcast(Greeting),
    /// Tell a tab.
    Tell(TabId, Greeting),
    /// Tell the leader, on this tab's own channel.
    Report(Greeting),
    /// Serve a tab under this number, as long as this term lasts, and watch its lock.
    Admit(TabId, TabNumber, Term),
    /// Serve it no longer: the engine forgets it.
    Dismiss(TabNumber),
    /// Open the file and an engine on it: [`Event::Opened`] or [`Event::NotOpened`].
    Open,
    /// Close both after what the engine has begun: [`Event::Closed`].
    Close,
    /// Close both at once; what is open is rolled back: [`Event::Closed`].
    CloseNow,
    /// Go on with deleting the database, as was asked: [`Event::Closed`].
    Delete,
    /// This tab has a leader, or leads: its `open` is done.
    Ready,
    /// Carry out a request of this tab.
    Run(AskNumber, P),
    /// Send it to the leader.
    Forward(Term, AskNumber, P),
    /// It is over: `open` fails with this, or everything that is asked.
    End(Error),
    /// Hear nothing any more; give this tab's own lock back.
    Quit,
    /// Report [`Event::Timer`] then; replaces the one before.
    SetTimer(Millis),
}
