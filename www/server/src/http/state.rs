//! What the routes share: the backend with its journal, the news of commits, the end of the service.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use super::faults::Faults;
use crate::backend::Backend;
use crate::electric::{Admission, Micros, Options};
use crate::journal::Journal;

/// The running service; clones share it.
#[derive(Clone)]
pub struct Service {
    shared: Arc<Shared>,
}

struct Shared {
    core: Mutex<Core>,
    faults: Mutex<Faults>,
    commits: watch::Sender<u64>,
    closing: watch::Sender<bool>,
    held: AtomicUsize,
    /// Requests in progress, by class.
    initial: AtomicUsize,
    existing: AtomicUsize,
    body_limit: usize,
    /// As the service was started.
    options: Options,
}

/// The backend and where its events go.
pub(crate) struct Core {
    pub(crate) backend: Backend,
    pub(crate) journal: Box<dyn Journal + Send>,
}

impl Service {
    /// A service over a backend. Bodies of `/changes` may have `body_limit` bytes.
    pub fn new(backend: Backend, journal: Box<dyn Journal + Send>, body_limit: usize) -> Self {
        let options = backend.electric().options().clone();
        Self {
            shared: Arc::new(Shared {
                options,
                core: Mutex::new(Core { backend, journal }),
                faults: Mutex::default(),
                commits: watch::channel(0).0,
                closing: watch::channel(false).0,
                held: AtomicUsize::new(0),
                initial: AtomicUsize::new(0),
                existing: AtomicUsize::new(0),
                body_limit,
            }),
        }
    }

    /// Ends all held requests, now and from now on.
    pub fn close(&self) {
        self.shared.closing.send_replace(true);
    }

    /// How many long polls are being held.
    pub fn held(&self) -> usize {
        self.shared.held.load(Ordering::SeqCst)
    }

    pub(crate) fn body_limit(&self) -> usize {
        self.shared.body_limit
    }

    pub(crate) fn options(&self) -> &Options {
        &self.shared.options
    }

    /// Works on the backend, without telling anyone.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&mut Core) -> T) -> T {
        work(&mut lock(&self.shared.core))
    }

    /// Works on the backend and wakes the held requests.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&mut Core) -> T) -> T {
        let result = self.read(work);
        self.wake();
        result
    }

    /// Has the held requests asked again.
    pub(crate) fn wake(&self) {
        self.shared.commits.send_modify(|count| *count += 1);
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.shared.faults)
    }

    pub(crate) fn commits(&self) -> watch::Receiver<u64> {
        self.shared.commits.subscribe()
    }

    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.shared.closing.subscribe()
    }

    /// Counts a held request until the guard is dropped.
    pub(crate) fn hold(&self) -> Counted {
        self.count(|shared| &shared.held).0
    }

    /// Counts a request in progress until the guard is dropped, and says how many others there are.
    pub(crate) fn admit(&self, class: Admission) -> (Counted, usize) {
        match class {
            Admission::Initial => self.count(|shared| &shared.initial),
            Admission::Existing => self.count(|shared| &shared.existing),
        }
    }

    fn count(&self, counter: fn(&Shared) -> &AtomicUsize) -> (Counted, usize) {
        let others = counter(&self.shared).fetch_add(1, Ordering::SeqCst);
        let service = self.clone();
        (Counted { service, counter }, others)
    }
}

pub(crate) struct Counted {
    service: Service,
    counter: fn(&Shared) -> &AtomicUsize,
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.counter)(&self.service.shared).fetch_sub(1, Ordering::SeqCst);
    }
}

/// Nothing under these locks leaves its state half changed, so a panic elsewhere does not spoil them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The wall clock; a clock before 1970 reads as 1970.
pub fn now() -> Micros {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Micros(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
}
