//! `export()` and `import()`: the shell has the bytes, SQLite makes and checks them.

use super::durability::prepare;
use super::open::{bring_up, declared};
use super::{Asked, Connection, Effect, Engine, Purpose, files};
use crate::error::{Error, Result};
use crate::ids::{Millis, RequestId};
use crate::store::{
    Session, changes, connection, imported, migrations, requests, settings, transfer,
};
use crate::tabs::Reply;

impl Engine {
    /// The copy lies beside the database; the shell answers with its bytes.
    pub(super) fn export(&mut self, id: RequestId) {
        let path = self.beside(files::EXPORT);
        let copied =
            connection::checkpoint(&self.conn).and_then(|()| transfer::copy_to(&self.conn, &path));
        match copied {
            Ok(()) => self.effects.push(Effect::Export(id)),
            Err(error) => {
                // Half a copy takes the room that may have been what it lacked.
                self.effects.push(Effect::Remove(files::EXPORT));
                self.refuse(id, error);
            }
        }
    }

    /// The shell makes a database of the bytes.
    pub(super) fn import(&mut self, asked: Asked, bytes: Vec<u8>) {
        match transfer::check_bytes(&bytes) {
            Ok(()) => {
                self.effects.push(Effect::Import(asked.id, bytes));
                self.upkeep.import_key = asked.key;
            }
            Err(error) => self.refuse(asked.id, error),
        }
    }

    /// Takes the answer to [`Effect::Import`]: a connection to the file that was written, used by nobody yet. It is closed when this returns, or
    /// once the interactive transaction that is open has ended.
    pub fn imported(
        &mut self,
        now: Millis,
        rng: &mut fastrand::Rng,
        id: RequestId,
        file: Result<Connection>,
    ) -> Vec<Effect> {
        self.now = now;
        match file {
            Ok(file) => self.upkeep.import = Some((id, file)),
            Err(error) => self.refuse(id, error),
        }
        self.take_import(rng);
        std::mem::take(&mut self.effects)
    }

    /// Puts the file that waits in the place of this database, which ends the engine: everything it knows is of the old one.
    pub(super) fn take_import(&mut self, rng: &mut fastrand::Rng) {
        if self.open_transaction.is_some() {
            return;
        }
        let Some((id, file)) = self.upkeep.import.take() else {
            return;
        };
        if self.closed || self.upkeep.ended {
            return self.refuse(id, Error::Closed);
        }
        let key = self.upkeep.import_key.take();
        let now = self.now;
        let replaced = transfer::prepare(&file, rng.u64(..))
            .and_then(|()| self.try_to_open(&file, rng))
            // Asked again, it would take away what was written since.
            .and_then(|()| requests::keep(&file, key.as_ref(), &Reply::Done, now))
            .and_then(|()| prepare(&self.conn, &self.session, Purpose::Post))
            .and_then(|()| transfer::replace(&mut self.conn, &file));
        match replaced {
            Ok(()) => {
                self.effects.push(Effect::Reply(id, Ok(Reply::Done)));
                self.make_way(None, false);
            }
            Err(error) => self.refuse(id, error),
        }
    }

    /// Does what an opening of the file would do, and takes it back: one that cannot be opened must not take the place of one that can.
    ///
    /// # Errors
    /// [`Error::Argument`] with what stands against it.
    fn try_to_open(&self, file: &Connection, rng: &mut fastrand::Rng) -> Result<()> {
        let transaction = file.unchecked_transaction()?;
        let session = Session::default();
        let opened = migrations::migrate(&transaction).and_then(|_| {
            let client = settings::client_id(&transaction, rng)?;
            imported::check(&transaction, &client)?;
            bring_up(&transaction, &session, &client, &self.config, self.now)?;
            match changes::first_stranger(&transaction, &declared(&self.config))? {
                Some(_) => Err(Error::Argument(
                    "import: it writes to a table that is not declared".into(),
                )),
                None => Ok(()),
            }
        });
        drop(transaction);
        opened.map_err(|error| match error {
            Error::Argument(_) | Error::Quota(_) => error,
            error => Error::Argument(format!("import: {error}")),
        })
    }

    fn refuse(&mut self, id: RequestId, error: Error) {
        match error {
            // Of two files one is broken; a look through this one says whether it is this.
            Error::Corrupt(_) => self.check_anew(),
            _ => self.note_failure(&error),
        }
        self.effects.push(Effect::Reply(id, Err(error)));
    }

    /// A file in the database's folder.
    fn beside(&self, name: &str) -> String {
        let path = self.conn.path().unwrap_or_default();
        let folder = path.rfind('/').map_or("", |at| &path[..=at]);
        format!("{folder}{name}")
    }
}
