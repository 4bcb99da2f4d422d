//! The part of [`Driver`] that is about files as a whole: out, in, and one engine after another.

use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;

use super::super::clock::now;
use super::super::files::Files;
use super::super::storage::Storage;
use super::{Driver, Told, start};
use crate::engine::{Successor, files};
use crate::error::{Error, Result};
use crate::ids::RequestId;
use crate::tabs::Reply;

/// Between two attempts to open the file that takes another's place. What was saved waits in memory.
const AGAIN_MS: u32 = 1_000;

impl Driver {
    /// Runs with the files, while there are some.
    pub(super) fn with_storage<T>(&self, work: impl FnOnce(&Storage) -> T) -> Result<T> {
        self.storage
            .borrow()
            .as_ref()
            .map(work)
            .ok_or(Error::Closed)
    }

    /// Answers with the bytes of the copy that the engine made.
    pub(super) fn export(&self, id: RequestId) {
        let bytes = self.with_storage(|storage| {
            let bytes = storage.files.read(files::EXPORT);
            storage.files.remove(files::EXPORT);
            bytes
        });
        self.reply(id, bytes.flatten().map(Reply::Bytes));
    }

    /// Makes a database of the bytes, for the engine to look at.
    pub(super) fn import(self: &Rc<Self>, id: RequestId, bytes: &[u8]) {
        let file = self.with_storage(|storage| {
            if let Files::Memory = storage.files {
                let message = "import: a database in memory cannot be replaced";
                return Err(Error::Argument(message.into()));
            }
            storage.files.write(files::IMPORT, bytes)?;
            storage.files.connect(files::IMPORT)
        });
        let mut rng = self.rng.borrow_mut();
        let effects = self
            .engine
            .borrow_mut()
            .as_mut()
            .map(|engine| engine.imported(now(), &mut rng, id, file.flatten()));
        drop(rng);
        for effect in effects.into_iter().flatten() {
            self.perform(effect);
        }
    }

    /// Opens an engine in place of this one: on the same file, or on the next with what was saved.
    pub(super) fn change(self: &Rc<Self>, successor: Successor) {
        self.drop_engine();
        self.is_changing.set(true);
        let driver = self.clone();
        spawn_local(async move {
            loop {
                // Nothing else takes it while there is no engine, but a closing: then it is gone.
                let Some(mut storage) = driver.storage.take() else {
                    return;
                };
                let place = match &successor.salvage {
                    Some(salvage) => storage.rescue(salvage).await,
                    None => storage.place().map_err(Into::into),
                };
                if driver.is_over.get() {
                    // Handles that stay are let go when the worker ends.
                    let _ = storage.release();
                    return;
                }
                *driver.storage.borrow_mut() = Some(storage);
                let started = place.and_then(|place| {
                    let mut config = driver.config.clone();
                    (config.connect, config.record) = (successor.connect, successor.record);
                    Ok(start(place, config, &mut driver.rng.borrow_mut())?)
                });
                if let Ok((engine, effects)) = started {
                    *driver.engine.borrow_mut() = Some(engine);
                    *driver.begun.borrow_mut() = effects;
                    break;
                }
                TimeoutFuture::new(AGAIN_MS).await;
            }
            driver.is_changing.set(false);
            driver.begin();
            (driver.tell)(Told::Restarted);
        });
    }
}
