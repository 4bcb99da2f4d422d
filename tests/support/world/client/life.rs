//! How a client's engines begin and end, and on which file.

use std::path::PathBuf;

use throughline::engine::{Config, Effect, Engine, Place, Salvage, Successor, files};
use throughline::error::Result;
use throughline::ids::Millis;
use throughline::store::connection::open_file;
use throughline::tabs::Persistence;

use super::{Client, folder};
use crate::support::heap;

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// The files stay as they are at that moment, the write-ahead log among them.
    Killed,
    /// The connection is dropped, which SQLite notices, and nothing is said to the engine.
    Dropped,
}

impl Client {
    pub(in super::super) fn path(&self) -> PathBuf {
        self.folder.path().join(files::name(self.generation))
    }

    /// Deletes what is of no use, and knows which file to open.
    fn choose_file(&mut self) -> Result<()> {
        let folder = self.folder.path();
        let names = std::fs::read_dir(folder).unwrap();
        let names = names.map(|file| file.unwrap().file_name().into_string().unwrap());
        let names: Vec<String> = names.collect();
        let size = |name: &str| std::fs::metadata(folder.join(name)).map_or(0, |file| file.len());
        let plan = files::plan(&names, &mut |name| {
            let bytes = files::with_companions(name)
                .into_iter()
                .map(|name| size(&name));
            files::condition(&open_file(folder.join(name))?, bytes.sum())
        });
        let plan = plan?;
        for name in &plan.delete {
            // A log may be gone since: SQLite deletes it when a file that was looked into is closed.
            drop(std::fs::remove_file(folder.join(name)));
        }
        (self.generation, self.next_generation) = (plan.open, plan.next);
        Ok(())
    }

    /// Drops the engine and starts the one that comes after it, on the same file or on the next one.
    pub(in super::super) fn restart(&mut self, successor: Successor, now: Millis) -> Vec<Effect> {
        self.drop_engine();
        let mut config = Config::parse(&self.options).unwrap();
        (config.connect, config.record) = (successor.connect, successor.record);
        let salvage = successor.salvage.map(|salvage| self.leave_broken(salvage));
        self.begin(config, salvage, None, now)
    }

    /// Goes to the next file; what could be read of this one.
    fn leave_broken(&mut self, mut salvage: Salvage) -> Salvage {
        let broken = self.path();
        if salvage.unreadable {
            let mut bytes = std::fs::read(&broken).unwrap_or_default();
            if files::mend(&mut bytes) {
                let copy = self.folder.path().join(files::IMPORT);
                std::fs::write(&copy, bytes).unwrap();
                salvage = Salvage::read(&open_file(&copy).unwrap(), salvage.reason, Vec::new());
                std::fs::remove_file(copy).unwrap();
            }
        }
        self.generation = self.next_generation;
        self.next_generation += 1;
        salvage
    }

    pub(super) fn end_engine(&mut self) {
        let held = heap::freed(|| self.engine = None);
        self.most_held = self.most_held.max(held);
    }

    fn drop_engine(&mut self) {
        self.end_engine();
        self.life += 1;
        self.timers.clear();
        self.open_transaction = None;
        self.status = None;
    }

    /// `pages_left`: by so many the file may grow.
    fn begin(
        &mut self,
        config: Config,
        salvage: Option<Salvage>,
        pages_left: Option<u32>,
        now: Millis,
    ) -> Vec<Effect> {
        let opened = open_file(self.path()).and_then(|conn| {
            if let Some(left) = pages_left {
                let pages: u32 = conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
                let limit = format!("PRAGMA max_page_count = {}", pages + left);
                conn.query_row(&limit, [], |_| Ok(()))?;
            }
            let place = Place {
                conn,
                persistence: Persistence::File,
                reason: None,
                salvage,
            };
            Engine::open_at(place, config, now, &mut self.rng)
        });
        self.opened(opened)
    }

    fn opened(&mut self, opened: Result<(Engine, Vec<Effect>)>) -> Vec<Effect> {
        match opened {
            Ok((engine, effects)) => {
                (self.engine, self.not_open) = (Some(engine), None);
                effects
            }
            Err(error) if self.may_not_open => {
                (self.engine, self.not_open) = (None, Some(error));
                Vec::new()
            }
            Err(error) => panic!("{} does not open: {error}", self.name),
        }
    }

    pub(in super::super) fn open(&mut self, now: Millis) -> Vec<Effect> {
        if let Err(error) = self.choose_file() {
            return self.opened(Err(error));
        }
        let config = Config::parse(&self.options).unwrap();
        self.begin(config, None, self.pages_left, now)
    }

    pub(in super::super) fn die(&mut self, death: Death) {
        self.leave_file(death);
        self.end_engine();
        self.forget();
    }

    /// The engine dies, and whoever asked it lives on.
    pub(in super::super) fn hand_over(&mut self, death: Death) {
        self.leave_file(death);
        self.untaken.clear();
        self.drop_engine();
    }

    fn leave_file(&mut self, death: Death) {
        if death == Death::Killed {
            let next = folder();
            for file in std::fs::read_dir(self.folder.path()).unwrap() {
                let file = file.unwrap();
                std::fs::copy(file.path(), next.path().join(file.file_name())).unwrap();
            }
            self.folder = next;
        }
    }

    fn forget(&mut self) {
        self.life += 1;
        self.sessions += 1;
        self.timers.clear();
        self.replies.clear();
        self.asked.clear();
        self.live.clear();
        self.untaken.clear();
        self.open_transaction = None;
        self.status = None;
    }
}
