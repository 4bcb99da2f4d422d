//! A PostgreSQL of the tests' own: a cluster in a temporary directory, on a socket in it. It is started by the first
//! test and stopped after the last, also when that one panics; and a shell that waits for the tests' end of a pipe stops
//! it even if they are killed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tempfile::TempDir;

/// Where `ensure_postgres` of the scripts found the programs.
const BIN_VARIABLE: &str = "THROUGHLINE_POSTGRES_BIN";
/// What to do without them.
const MISSING: &str = "these tests need PostgreSQL's server programs: ./dev test native installs them, or set THROUGHLINE_POSTGRES_BIN to the directory of initdb";
/// Fast rather than durable, and nothing to wait for.
const SETTINGS: &str = "
listen_addresses = ''
fsync = off
full_page_writes = off
max_connections = 200
deadlock_timeout = 20ms
lock_timeout = 1h
autovacuum = off
";
/// Runs until its standard input ends.
const WATCH: &str = r#"
"$0/pg_ctl" -D "$1/data" -l "$1/log" -o "-k $1" -w start >/dev/null 2>&1 </dev/null || { cat "$1/log" >&2; exit 1; }
echo started
cat >/dev/null
"$0/pg_ctl" -D "$1/data" -m immediate -w stop >/dev/null 2>&1
"#;

/// A running cluster.
pub(crate) struct Cluster {
    directory: TempDir,
    bin: PathBuf,
    watch: Child,
}

impl Cluster {
    /// The one that tests share while any of them runs.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return running;
        }
        let started = Arc::new(Self::start());
        *shared = Arc::downgrade(&started);
        started
    }

    /// One for a test that restarts or reconfigures it.
    pub(crate) fn start() -> Self {
        let bin = programs();
        let directory = tempfile::Builder::new()
            .prefix("throughline-pg-")
            .tempdir()
            .unwrap();
        let path = directory.path().to_owned();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        if let Some((user, group)) = owner() {
            chown(&path, Some(user), Some(group)).unwrap();
        }
        let initdb = command(&bin.join("initdb"))
            .args([
                "--username=postgres",
                "--auth=trust",
                "--no-sync",
                "--encoding=UTF8",
                "--locale=C",
            ])
            .arg("-D")
            .arg(path.join("data"))
            .output()
            .unwrap();
        assert!(
            initdb.status.success(),
            "{}",
            String::from_utf8_lossy(&initdb.stderr)
        );
        let config = path.join("data/postgresql.conf");
        let settings = fs::read_to_string(&config).unwrap() + SETTINGS;
        fs::write(&config, settings).unwrap();
        let mut watch = command(Path::new("/bin/sh"))
            .args(["-c", WATCH])
            .arg(&bin)
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(watch.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "started\n", "PostgreSQL does not start");
        Self {
            directory,
            bin,
            watch,
        }
    }

    /// Ends it and starts it again; nobody is asked to finish.
    pub(crate) fn restart(&self) {
        let path = self.directory.path();
        let done = command(&self.bin.join("pg_ctl"))
            .arg("-D")
            .arg(path.join("data"))
            .arg("-l")
            .arg(path.join("log"))
            .args(["-m", "immediate", "-w", "restart"])
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(done.success());
    }

    pub(crate) fn url(&self, database: &str, user: &str) -> String {
        let socket = self
            .directory
            .path()
            .display()
            .to_string()
            .replace('/', "%2F");
        format!("postgres://{user}@{socket}/{database}")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
    }
}

/// PostgreSQL refuses to be root: whom to be instead.
fn owner() -> Option<(u32, u32)> {
    let mine = tempfile::tempdir().unwrap();
    let is_root = std::os::unix::fs::MetadataExt::uid(&fs::metadata(mine.path()).unwrap()) == 0;
    if !is_root {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let find = |name: &str| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    let found = find("postgres").or_else(|| find("nobody"));
    Some(found.expect("a user to run PostgreSQL as: postgres or nobody"))
}

fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    // The directory of the tests may be closed to the other user.
    command.current_dir("/").env("LC_ALL", "C");
    if let Some((user, group)) = owner() {
        command.uid(user).gid(group);
    }
    command
}

/// The directory of `initdb` and `pg_ctl`.
fn programs() -> PathBuf {
    let named = std::env::var_os(BIN_VARIABLE).map(PathBuf::from);
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut debian: Vec<PathBuf> = debian
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    debian.sort_by_key(|path| {
        let version = path
            .parent()
            .and_then(|path| path.file_name()?.to_str()?.parse::<u32>().ok());
        std::cmp::Reverse(version)
    });
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = named
        .into_iter()
        .chain(debian)
        .chain(std::env::split_paths(&on_path));
    let found = found.find(|path| path.join("initdb").is_file() && path.join("pg_ctl").is_file());
    found.expect(MISSING)
}
