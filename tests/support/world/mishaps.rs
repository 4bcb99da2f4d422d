//! What befalls a client.

use throughline::engine::{Endpoint, Event};
use throughline::ids::{Millis, TimerId};

use super::{Fault, World};

impl World {
    /// The next request of the client to that endpoint meets this.
    pub fn fault(&mut self, client: &str, endpoint: Endpoint, fault: Fault) {
        self.scripted.push((client.into(), endpoint, fault));
    }

    /// The network goes: what is on its way is lost, what was sent may have arrived.
    pub fn offline(&mut self, name: &str) {
        self.client_mut(name).offline = true;
        self.break_connections(name);
    }

    /// The network is back, and the browser says so.
    pub fn online(&mut self, name: &str) {
        self.client_mut(name).offline = false;
        self.happens(name, Event::Wake);
    }

    /// Another tab leads: a new engine on the same file, which is asked again what the old one did not answer.
    pub fn change_leader(&mut self, name: &str) {
        let death = self.death;
        self.replace(name, |client, now| {
            client.hand_over(death);
            client.open(now)
        });
    }

    /// Between which two of the coming effects the leader changes: after `effects` of them.
    pub fn change_leader_after(&mut self, name: &str, effects: usize) {
        self.client_mut(name).hands_over_after = Some(effects);
    }

    /// The file cannot grow by more than so many pages, in this life of the client and no later one.
    pub fn fill_disk(&mut self, name: &str, pages: u32) {
        self.client_mut(name).pages_left = Some(pages);
        self.change_leader(name);
        self.client_mut(name).pages_left = None;
    }

    /// The process dies; what SQLite has committed is what the next one finds.
    pub fn crash(&mut self, name: &str) {
        let death = self.death;
        self.client_mut(name).die(death);
        self.start(name);
    }

    /// No fault and no crash is left to come.
    pub fn unscript(&mut self, name: &str) {
        self.scripted.retain(|(client, ..)| client != name);
        self.client_mut(name).dies_after = None;
        self.client_mut(name).hands_over_after = None;
    }

    /// The app is opened again with other options.
    pub fn reopen_as(&mut self, name: &str, options: &str) {
        self.client_mut(name).options = options.into();
        self.crash(name);
    }

    /// Between two sessions something else changes the file.
    pub fn edit_file(&mut self, name: &str, sql: &str) {
        let death = self.death;
        self.client_mut(name).die(death);
        let conn = rusqlite::Connection::open(self.clients[name].path()).unwrap();
        conn.execute_batch(sql).unwrap();
        drop(conn);
        self.start(name);
    }

    /// Between which two of the coming effects the client dies: after `effects` of them.
    pub fn crash_after(&mut self, name: &str, effects: usize) {
        self.client_mut(name).dies_after = Some(effects);
    }

    /// Between two sessions something damages the file, with all in it and no log beside it.
    pub fn damage(&mut self, name: &str, work: impl FnOnce(&std::path::Path)) {
        let death = self.death;
        self.client_mut(name).die(death);
        let path = self.clients[name].path();
        let conn = rusqlite::Connection::open(&path).unwrap();
        let emptied = "PRAGMA wal_checkpoint(TRUNCATE)";
        conn.query_row(emptied, [], |_| Ok(())).unwrap();
        drop(conn);
        work(&path);
        self.start(name);
    }

    /// The platform forgets what the client waits for.
    pub fn forget_timers(&mut self, name: &str) {
        self.client_mut(name).timers.clear();
    }

    /// The platform is told of one more.
    pub fn add_timer(&mut self, name: &str, id: TimerId) {
        let never = Millis(i64::MAX);
        self.client_mut(name).timers.insert(id, never);
    }
}
