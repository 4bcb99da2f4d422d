//! Where the database lives: OPFS if the browser has it, else memory if the app allows it.

use wasm_bindgen::JsValue;

use super::convert::get;
use super::files::Files;
use super::opfs::{Pool, PoolError};
use crate::engine::{Connection, Place, Salvage, files};
use crate::error::{Error, Result};
use crate::tabs::{OpenTrouble, Persistence};

/// What keeps a database open; dropped after its connection.
pub(super) struct Storage {
    name: String,
    pub(super) files: Files,
    /// The file that is open.
    file: String,
    /// The generation that a rescue makes.
    next: u32,
}

/// Whether `options.storage` is something to go by: `auto` (the default), `opfs` or `memory`.
///
/// # Errors
/// [`Error::Argument`].
pub(super) fn check(options: &JsValue) -> Result<()> {
    match get(options, "storage").as_string().as_deref() {
        None | Some("auto" | "opfs" | "memory") => Ok(()),
        Some(other) => Err(Error::Argument(format!(
            "storage must be \"auto\", \"opfs\" or \"memory\", not {other:?}"
        ))),
    }
}

/// Opens the database as `options.storage` says.
///
/// # Errors
/// [`OpenTrouble::Held`] while another worker has its files; [`Error::Storage`] with `opfs` where there is none.
pub(super) async fn open(
    name: &str,
    options: &JsValue,
) -> std::result::Result<(Place, Storage), OpenTrouble> {
    let wanted = get(options, "storage").as_string();
    if wanted.as_deref() == Some("memory") {
        return Ok(in_memory(name, "the app asked for it".into())?);
    }
    match Pool::open(name).await {
        Ok(pool) => Ok(in_pool(name, pool)?),
        Err(PoolError::Unavailable(reason)) if wanted.as_deref() != Some("opfs") => {
            let reason = format!("this browser has no OPFS here: {reason}");
            Ok(in_memory(name, reason)?)
        }
        Err(error) => Err(error.trouble()),
    }
}

/// Chooses among the files that are there.
fn in_pool(name: &str, pool: Pool) -> Result<(Place, Storage)> {
    let files = Files::Pool(pool);
    let chosen = choose(&files);
    let (file, next, conn) = match chosen {
        Ok(chosen) => chosen,
        Err(error) => {
            release(files)?;
            return Err(error);
        }
    };
    let place = Place {
        conn,
        persistence: Persistence::Opfs,
        reason: None,
        salvage: None,
    };
    let storage = Storage {
        name: name.to_owned(),
        files,
        file,
        next,
    };
    Ok((place, storage))
}

fn choose(files: &Files) -> Result<(String, u32, Connection)> {
    let plan = files::plan(&files.names(), &mut |file| {
        files::condition(&files.connect(file)?, files.size(file))
    })?;
    for file in &plan.delete {
        files.remove(file);
    }
    let file = files::name(plan.open);
    let conn = files.connect(&file)?;
    Ok((file, plan.next, conn))
}

fn in_memory(name: &str, reason: String) -> Result<(Place, Storage)> {
    let files = Files::Memory;
    let place = Place {
        conn: files.connect("")?,
        persistence: Persistence::Memory,
        reason: Some(reason),
        salvage: None,
    };
    let storage = Storage {
        name: name.to_owned(),
        files,
        file: String::new(),
        next: 1,
    };
    Ok((place, storage))
}

fn release(files: Files) -> Result<()> {
    match files {
        Files::Pool(pool) => pool.release(),
        Files::Memory => Ok(()),
    }
}

impl Storage {
    /// The same file as before, opened again.
    pub(super) fn place(&self) -> Result<Place> {
        Ok(Place {
            conn: self.files.connect(&self.file)?,
            persistence: match self.files {
                Files::Pool(_) => Persistence::Opfs,
                Files::Memory => Persistence::Memory,
            },
            reason: None,
            salvage: None,
        })
    }

    /// The next file, for what was saved of the one that was open. Its connection must be closed.
    pub(super) async fn rescue(
        &mut self,
        salvage: &Salvage,
    ) -> std::result::Result<Place, OpenTrouble> {
        let mut salvage = salvage.clone();
        if let Files::Pool(pool) = &self.files {
            if super::opfs::is_there(&self.name).await {
                self.read_again(&mut salvage)?;
            } else {
                // Its handles are of files that nobody will find again.
                pool.forget()?;
                let fresh = Pool::open(&self.name).await;
                self.files = Files::Pool(fresh.map_err(PoolError::trouble)?);
                self.next = 1;
            }
        }
        self.file = files::name(self.next);
        self.files.remove(&self.file);
        self.next += 1;
        Ok(Place {
            salvage: Some(salvage),
            ..self.place()?
        })
    }

    /// What cannot be read at all may lack no more than its header.
    fn read_again(&self, salvage: &mut Salvage) -> Result<()> {
        if !salvage.unreadable {
            return Ok(());
        }
        let mut bytes = self.files.read(&self.file).unwrap_or_default();
        if files::mend(&mut bytes) {
            self.files.write(files::IMPORT, &bytes)?;
            let mended = self.files.connect(files::IMPORT)?;
            *salvage = Salvage::read(&mended, salvage.reason.clone(), Vec::new());
            drop(mended);
            self.files.remove(files::IMPORT);
        }
        Ok(())
    }

    /// Deletes the files. The connection must be closed.
    pub(super) fn delete(&self) -> Result<()> {
        match &self.files {
            Files::Pool(pool) => pool.clear(),
            Files::Memory => Ok(()),
        }
    }

    /// Lets go of the files. The connection must be closed.
    pub(super) fn release(self) -> Result<()> {
        release(self.files)
    }
}
