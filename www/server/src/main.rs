//! The demo's backend as a program: `throughline-server --help`.

mod real;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use real::Real;
use throughline_server::backend::Backend;
use throughline_server::demo;
use throughline_server::electric::{Electric, Options};
use throughline_server::http::{Service, Site, router};
use throughline_server::journal::{Journal, Unjournaled};
use throughline_server::store::Store;
use throughline_server::write::DEFAULT_BODY_LIMIT;
use tokio::net::TcpListener;

/// Port when none is asked for.
const DEFAULT_PORT: u16 = 5173;
/// Items of the longest list when nothing is said.
const DEFAULT_ROWS: u64 = 50_000;
/// How many ports after the default are tried when it is taken.
const PORTS_TRIED: u16 = 20;

/// Serves static files, shapes at /v1/shape and the write API at /changes: over an embedded database and Electric, or
/// with --postgres over real ones.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Port to listen on; 0 for any. Without it 5173 or the next free one.
    #[arg(long)]
    port: Option<u16>,
    /// Address to listen on.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// Directory served at /.
    #[arg(long)]
    site: Option<PathBuf>,
    /// Directory of the built npm package, served at /pkg/.
    #[arg(long)]
    package: Option<PathBuf>,
    /// File that keeps the embedded database: rows, logs and verdicts.
    #[arg(long, default_value = ".demo/server.db", conflicts_with = "memory")]
    db: PathBuf,
    /// Keep the embedded database in memory.
    #[arg(long)]
    memory: bool,
    /// How many items the longest list of the demo begins with.
    #[arg(long, default_value_t = DEFAULT_ROWS)]
    rows: u64,
    /// How long a live request is held, in milliseconds.
    #[arg(long, default_value_t = Options::default().long_poll_ms)]
    long_poll_ms: u64,
    /// Size at which a chunk of a shape log ends, in bytes.
    #[arg(long, default_value_t = Options::default().chunk_bytes)]
    chunk_bytes: usize,
    /// How many shapes there may be; one more ends the least recently used. Without it, any number.
    #[arg(long)]
    max_shapes: Option<usize>,
    /// Let DELETE end shapes.
    #[arg(long)]
    allow_delete: bool,
    /// Largest body of /changes, in bytes.
    #[arg(long, default_value_t = DEFAULT_BODY_LIMIT)]
    body_limit: usize,
    /// Open /test/… to browser tests; loopback addresses only.
    #[arg(long)]
    open_test_controls: bool,
    #[command(flatten)]
    real: Real,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("throughline-server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    if arguments.open_test_controls && !arguments.host.is_loopback() {
        return Err("--open-test-controls needs a loopback --host".into());
    }
    for directory in [&arguments.site, &arguments.package].into_iter().flatten() {
        if !directory.is_dir() {
            return Err(format!("{} is not a directory", directory.display()).into());
        }
    }
    let service = match arguments.real.is_wanted() {
        true => {
            let Arguments {
                body_limit, rows, ..
            } = arguments;
            arguments.real.open(body_limit, rows).await?
        }
        false => {
            let (backend, journal) = open(&arguments)?;
            Service::new(backend, journal, arguments.body_limit)
        }
    };
    let site = Site {
        site: arguments.site,
        package: arguments.package,
        test_controls: arguments.open_test_controls,
    };
    let listener = listen(arguments.host, arguments.port).await?;
    announce(listener.local_addr()?);
    let closing = service.clone();
    axum::serve(listener, router(service, &site))
        .with_graceful_shutdown(async move {
            stop_signal().await;
            closing.close();
        })
        .await?;
    Ok(())
}

/// Waits for Ctrl-C or, where there is one, a polite kill. Without them only a hard kill ends the server, which the
/// store survives.
async fn stop_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                () = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    interrupt.await;
}

/// The backend as it was left, or with the first rows.
fn open(
    arguments: &Arguments,
) -> Result<(Backend, Box<dyn Journal + Send>), Box<dyn std::error::Error>> {
    let electric = Electric::new(Options {
        long_poll_ms: arguments.long_poll_ms,
        chunk_bytes: arguments.chunk_bytes,
        max_shapes: arguments.max_shapes,
        allow_delete: arguments.allow_delete,
        ..Options::default()
    });
    let mut backend = {
        let rules = demo::rules().into_iter().chain(demo::lists::rules());
        Backend::new(electric, rules.collect()).with_ledger()
    };
    let (mut journal, known): (Box<dyn Journal + Send>, bool) = match arguments.memory {
        true => (Box::new(Unjournaled), false),
        false => {
            if let Some(directory) = arguments.db.parent() {
                std::fs::create_dir_all(directory)?;
            }
            let at = |error| format!("{}: {error}", arguments.db.display());
            let store = Store::open(&arguments.db).map_err(at)?;
            let known = store.replay_into(&mut backend).map_err(at)?;
            (Box::new(store), known)
        }
    };
    if !known {
        demo::start(
            &mut backend,
            journal.as_mut(),
            throughline_server::http::now(),
        )?;
    }
    // A store of an earlier version has neither.
    backend.create_ledger(journal.as_mut())?;
    let now = throughline_server::http::now();
    demo::lists::start(&mut backend, journal.as_mut(), now, arguments.rows)?;
    Ok((backend, journal))
}

/// The asked port, or the default and the ports after it.
async fn listen(host: IpAddr, port: Option<u16>) -> io::Result<TcpListener> {
    if let Some(port) = port {
        return TcpListener::bind((host, port)).await.map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("cannot listen on {host}:{port}: {error}"),
            )
        });
    }
    let mut port = DEFAULT_PORT;
    loop {
        match TcpListener::bind((host, port)).await {
            Err(error)
                if error.kind() == io::ErrorKind::AddrInUse
                    && port < DEFAULT_PORT + PORTS_TRIED =>
            {
                port += 1;
            }
            bound => return bound,
        }
    }
}

/// Says where the demo is. Scripts wait for this line.
#[expect(clippy::print_stdout, reason = "the program's one line of output")]
fn announce(address: SocketAddr) {
    let host = match address.ip().is_loopback() {
        true => "localhost".to_owned(),
        false => address.ip().to_string(),
    };
    println!("Throughline demo: http://{host}:{}/", address.port());
}
