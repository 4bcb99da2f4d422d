//! What the routes share: the backend with its journal, the news of commits, the end of the service.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::watch;

use super::faults::Faults;
use super::proxy::Proxy;
use crate::backend::Backend;
use crate::electric::{Admission, Electric, Micros, Options};
use crate::journal::{Journal, Unjournaled};
use crate::postgres::Postgres;
use crate::write::{Applied, LocalTransaction};

/// The running service; clones share it.
#[derive(Clone)]
pub struct Service {
    shared: Arc<Shared>,
}

/// Where changes are applied and shapes come from.
enum Source {
    /// The embedded database.
    Embedded,
    /// A real one, with Electric in front of it or none; the embedded database is there, and empty.
    Postgres(Postgres, Option<Box<Proxy>>),
}

struct Shared {
    core: Mutex<Core>,
    source: Source,
    /// The header in which a proxy that authenticates says who asks.
    user_header: Option<HeaderName>,
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
        Self::over(
            Source::Embedded,
            None,
            Core { backend, journal },
            body_limit,
        )
    }

    /// A service over a real database. Shapes come from the Electric behind `proxy`, and without one from nowhere.
    /// With a `user_header` every request must have it.
    pub fn over_postgres(
        postgres: Postgres,
        proxy: Option<Proxy>,
        user_header: Option<HeaderName>,
        body_limit: usize,
    ) -> Self {
        let core = Core {
            backend: Backend::new(Electric::new(Options::default()), Vec::new()),
            journal: Box::new(Unjournaled),
        };
        Self::over(
            Source::Postgres(postgres, proxy.map(Box::new)),
            user_header,
            core,
            body_limit,
        )
    }

    fn over(
        source: Source,
        user_header: Option<HeaderName>,
        core: Core,
        body_limit: usize,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                source,
                user_header,
                options: core.backend.electric().options().clone(),
                core: Mutex::new(core),
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

    /// Whether the embedded database is what clients see.
    pub(crate) fn is_embedded(&self) -> bool {
        matches!(self.shared.source, Source::Embedded)
    }

    /// The way to Electric, if there is one.
    pub(crate) fn proxy(&self) -> Option<&Proxy> {
        match &self.shared.source {
            Source::Postgres(_, proxy) => proxy.as_deref(),
            Source::Embedded => None,
        }
    }

    pub(crate) fn user_header(&self) -> Option<&HeaderName> {
        self.shared.user_header.as_ref()
    }

    /// Who asks, as the proxy that authenticates says; `Err` when it has to and does not.
    pub(crate) fn user(&self, headers: &HeaderMap) -> Result<Option<String>, ()> {
        let Some(name) = &self.shared.user_header else {
            return Ok(None);
        };
        let mut values = headers.get_all(name).iter();
        // Twice means that the browser sent one, too, and the proxy let it through.
        match (values.next().map(HeaderValue::to_str), values.next()) {
            (Some(Ok(user)), None) if !user.is_empty() => Ok(Some(user.to_owned())),
            _ => Err(()),
        }
    }

    /// Applies a client's transactions. What was begun is finished even if the client goes away meanwhile.
    pub(crate) async fn apply(
        &self,
        transactions: Vec<LocalTransaction>,
        user: Option<String>,
    ) -> Applied {
        let postgres = match &self.shared.source {
            Source::Postgres(postgres, _) => postgres.clone(),
            Source::Embedded => {
                return self.write(|Core { backend, journal }| {
                    backend.apply(journal.as_mut(), now(), &transactions)
                });
            }
        };
        let work =
            tokio::spawn(async move { postgres.apply(&transactions, user.as_deref()).await });
        work.await.unwrap_or_else(|error| Applied {
            verdicts: Vec::new(),
            unsettled: Some(error.to_string()),
        })
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
