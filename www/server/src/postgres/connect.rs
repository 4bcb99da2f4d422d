//! Connections: the URL, encryption, the pool.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Settings;
use super::setup::OpenError;

/// Transactions that run at the same time; more requests wait.
const CONNECTIONS: usize = 8;
/// How long a connection may be silent before it is asked whether it lives, and how long it then has to answer.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a statement waits for a lock, unless the operator has set that for the user or the database. A transaction
/// that someone left open must not hold all connections.
const LOCK_TIMEOUT: &str =
    "SELECT set_config('lock_timeout', '4s', false) WHERE current_setting('lock_timeout') = '0'";
/// How the server's list of sessions calls ours.
const APPLICATION_NAME: &str = "throughline-server";

/// A pool that has not connected yet.
///
/// `sslmode=require` encrypts and, unlike libpq, always verifies the server's certificate; `verify-full` and
/// `verify-ca` mean the same here. Without a word about it, a server on this machine is asked in the clear.
pub(super) fn pool(settings: &Settings) -> Result<Pool, OpenError> {
    let patience = settings.patience;
    let url = settings
        .url
        .replace("sslmode=verify-full", "sslmode=require");
    let url = url.replace("sslmode=verify-ca", "sslmode=require");
    let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
        OpenError::Url(super::attempt::described(&error))
    })?;
    if config.get_ssl_mode() == SslMode::Prefer && config.get_hosts().iter().all(is_local) {
        config.ssl_mode(SslMode::Disable);
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(patience);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE).keepalives_idle(SILENCE);
    }
    if config.get_application_name().is_none() {
        config.application_name(APPLICATION_NAME);
    }
    let tls = MakeRustlsConnect::new(encryption(settings.ca.as_deref())?);
    let fast = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    Pool::builder(Manager::from_config(config, tls, fast))
        .max_size(CONNECTIONS)
        .wait_timeout(Some(patience))
        .create_timeout(Some(patience))
        .runtime(Runtime::Tokio1)
        .post_create(Hook::async_fn(|client, _| {
            Box::pin(async move {
                let set = client.batch_execute(LOCK_TIMEOUT).await;
                set.map_err(HookError::Backend)
            })
        }))
        .build()
        .map_err(|error| OpenError::Url(error.to_string()))
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            let address = name.parse::<IpAddr>();
            name == "localhost" || address.is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn encryption(ca: Option<&Path>) -> Result<ClientConfig, OpenError> {
    let roots = match ca {
        None => RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        },
        Some(path) => authorities(path)?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| OpenError::Url(error.to_string()))?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}

fn authorities(path: &Path) -> Result<RootCertStore, OpenError> {
    let bad = |reason: String| OpenError::Authorities(path.to_owned(), reason);
    let pem = fs::read(path).map_err(|error| bad(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| bad(error.to_string()))?;
    }
    match roots.is_empty() {
        true => Err(bad("it holds no certificate".to_owned())),
        false => Ok(roots),
    }
}
