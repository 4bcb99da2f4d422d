//! The device: the engine with its file, its requests that are out, its timers, and what it told.

use std::collections::BTreeMap;

use tempfile::TempDir;
use throughline::engine::{Effect, Endpoint, Event, Fetch};
use throughline::ids::{FetchId, Millis, TimerId};
use throughline::tabs::Notification;

use crate::server::table_named;
use crate::support::App;

pub(crate) struct Device {
    app: Option<App>,
    options: String,
    folder: TempDir,
    /// The request to each shape that is out.
    pub(crate) shapes: BTreeMap<&'static str, Fetch>,
    /// The number of the last request to each shape.
    pub(crate) newest: BTreeMap<&'static str, u64>,
    pub(crate) post: Option<Fetch>,
    timers: BTreeMap<TimerId, Millis>,
    /// The numbers of the transactions that it told of.
    pub(crate) confirmed: Vec<i64>,
}

impl Device {
    pub(crate) fn open(options: String) -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let mut device = Self {
            app: None,
            options,
            folder: folder.unwrap(),
            shapes: BTreeMap::new(),
            newest: BTreeMap::new(),
            post: None,
            timers: BTreeMap::new(),
            confirmed: Vec::new(),
        };
        device.start(None);
        device
    }

    fn start(&mut self, before: Option<App>) {
        let path = self.folder.path().join("device.sqlite");
        let app = match before {
            Some(app) => app.reopened(&path, &self.options),
            None => App::open_at(&path, &self.options),
        };
        self.app = Some(app.unwrap());
        self.perform();
    }

    /// The process ends; another one opens the file.
    pub(crate) fn restart(&mut self) {
        self.shapes.clear();
        self.newest.clear();
        self.post = None;
        self.timers.clear();
        let app = self.app.take();
        self.start(app);
    }

    /// Uses it, and does what follows.
    pub(crate) fn with<T>(&mut self, work: impl FnOnce(&mut App) -> T) -> T {
        let done = work(self.app.as_mut().unwrap());
        self.perform();
        done
    }

    pub(crate) fn handle(&mut self, event: Event) {
        self.with(|app| {
            let effects = app.handle(event);
            app.effects.extend(effects);
        });
    }

    /// Time goes on, and timers go off.
    pub(crate) fn pass(&mut self, ms: u64) {
        let until = self.app.as_ref().unwrap().now.after(ms);
        while let Some((id, due)) = self.next_timer().filter(|(_, due)| *due <= until) {
            self.timers.remove(&id);
            let app = self.app.as_mut().unwrap();
            app.now = app.now.max(due);
            self.handle(Event::Timer(id));
        }
        self.app.as_mut().unwrap().now = until;
    }

    fn next_timer(&self) -> Option<(TimerId, Millis)> {
        let timers = self.timers.iter().map(|(id, due)| (*id, *due));
        timers.min_by_key(|(_, due)| *due)
    }

    fn perform(&mut self) {
        for effect in std::mem::take(&mut self.app.as_mut().unwrap().effects) {
            match effect {
                Effect::Fetch(fetch) if fetch.endpoint == Endpoint::Write => {
                    assert_eq!(self.post, None, "two POSTs at once");
                    self.post = Some(fetch);
                }
                Effect::Fetch(fetch) => {
                    let (_, table) = fetch.url.split_once("table=").unwrap();
                    let table = table_named(table.split('&').next().unwrap());
                    self.newest.insert(table, fetch.id.0);
                    let before = self.shapes.insert(table, fetch);
                    assert_eq!(before, None, "two requests of one shape at once");
                }
                Effect::Abort(id) => self.forget(id),
                Effect::SetTimer(id, due) => {
                    self.timers.insert(id, due);
                }
                Effect::Notify(Notification::Confirmed(record)) => {
                    self.confirmed.push(record.number.0);
                }
                Effect::Notify(_) | Effect::Tell(..) => {}
                Effect::MeasureStorage | Effect::Persist => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Nothing more is heard of a request.
    fn forget(&mut self, id: FetchId) {
        self.shapes.retain(|_, fetch| fetch.id != id);
        self.post.take_if(|fetch| fetch.id == id);
    }
}
