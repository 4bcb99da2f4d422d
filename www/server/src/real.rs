//! The flags that put real services in place of the embedded ones.

use std::error::Error;
use std::path::PathBuf;

use axum::http::HeaderName;
use clap::Args;
use throughline_server::demo;
use throughline_server::http::Service;
use throughline_server::http::proxy::{Offer, Offered, Proxy};
use throughline_server::postgres::{Postgres, Settings};

/// A real database, and a real Electric in front of it.
#[derive(Args)]
#[command(next_help_heading = "A database and an Electric of your own")]
pub(crate) struct Real {
    /// Apply /changes to this PostgreSQL, postgres://user:password@host/database. Makes the table throughline_ledger if
    /// it is missing; without --table also the demo's tables, with their first rows.
    #[arg(long, value_name = "URL", conflicts_with_all = ["db", "memory", "long_poll_ms", "chunk_bytes", "max_shapes", "allow_delete"])]
    postgres: Option<String>,
    /// Certificates, PEM, that vouch for the PostgreSQL server in place of the public ones.
    #[arg(long, value_name = "FILE", requires = "postgres")]
    postgres_ca: Option<PathBuf>,
    /// A table that clients may read and write, [schema.]name; repeatable.
    #[arg(long, value_name = "TABLE", requires = "postgres")]
    table: Vec<String>,
    /// The columns of a table that clients may write, instead of all that are not generated; repeatable.
    #[arg(long, value_name = "TABLE=COLUMN,…", requires = "postgres", value_parser = columns)]
    write_columns: Vec<(String, Vec<String>)>,
    /// Run each client transaction at SERIALIZABLE instead of READ COMMITTED.
    #[arg(long, requires = "postgres")]
    serializable: bool,
    /// Pass /v1/shape on to this Electric.
    #[arg(long, value_name = "URL", requires = "postgres")]
    electric: Option<String>,
    /// Electric's secret. It is sent to Electric and nowhere else.
    #[arg(
        long,
        value_name = "SECRET",
        env = "ELECTRIC_SECRET",
        hide_env_values = true
    )]
    electric_secret: Option<String>,
    /// Which rows of a table clients may read, instead of all; $1 stands for the user. Repeatable.
    #[arg(long, value_name = "TABLE=CONDITION", requires = "electric", value_parser = assigned)]
    shape_where: Vec<(String, String)>,
    /// Which columns of a table clients may read, instead of all; repeatable.
    #[arg(long, value_name = "TABLE=COLUMN,…", requires = "electric", value_parser = columns)]
    shape_columns: Vec<(String, Vec<String>)>,
    /// The request header in which the proxy in front of this server, which authenticates, says who the user is.
    /// Requests without it get a 401. Policies and triggers find it in current_setting('throughline.user', true).
    #[arg(long, value_name = "HEADER", requires = "postgres")]
    user_header: Option<HeaderName>,
}

/// `table=text`.
fn assigned(text: &str) -> Result<(String, String), String> {
    let (table, value) = text.split_once('=').ok_or("expected TABLE=…")?;
    match table.is_empty() || value.trim().is_empty() {
        true => Err("expected TABLE=…".to_owned()),
        false => Ok((table.to_owned(), value.to_owned())),
    }
}

/// `table=column,column`.
fn columns(text: &str) -> Result<(String, Vec<String>), String> {
    let (table, columns) = assigned(text)?;
    let columns = columns.split(',').map(|name| name.trim().to_owned());
    Ok((table, columns.collect()))
}

impl Real {
    /// Whether the embedded services are not.
    pub(crate) fn is_wanted(&self) -> bool {
        self.postgres.is_some()
    }

    /// The service over them.
    pub(crate) async fn open(
        self,
        body_limit: usize,
        rows: u64,
    ) -> Result<Service, Box<dyn Error>> {
        let proxy = match &self.electric {
            Some(url) => Some(
                Proxy::new(url, self.offer()?).map_err(|error| format!("--electric: {error}"))?,
            ),
            None => None,
        };
        let settings = Settings {
            url: self.postgres.unwrap_or_default(),
            ca: self.postgres_ca,
            tables: self.table,
            columns: self
                .write_columns
                .into_iter()
                .map(|(table, columns)| (Offered::of(&table).name, columns))
                .collect(),
            serializable: self.serializable,
            rows,
            ..Settings::default()
        };
        let postgres = Postgres::open(settings).await?;
        Ok(Service::over_postgres(
            postgres,
            proxy,
            self.user_header,
            body_limit,
        ))
    }

    fn offer(&self) -> Result<Offer, String> {
        let named = match self.table.is_empty() {
            true => demo::TABLES.map(str::to_owned).into(),
            false => self.table.clone(),
        };
        let mut tables: Vec<Offered> = named.iter().map(|name| Offered::of(name)).collect();
        for (name, condition) in &self.shape_where {
            let table = named_by(&mut tables, name)?;
            table.condition = Some(condition.clone());
            if table.is_by_user() && self.user_header.is_none() {
                return Err(format!(
                    "the condition of {name} needs a user: give --user-header"
                ));
            }
        }
        for (name, columns) in &self.shape_columns {
            named_by(&mut tables, name)?.columns = Some(columns.clone());
        }
        let secret = self.electric_secret.clone();
        Ok(Offer { tables, secret })
    }
}

fn named_by<'a>(tables: &'a mut [Offered], name: &str) -> Result<&'a mut Offered, String> {
    let wanted = Offered::of(name);
    let found = tables.iter_mut().find(|table| {
        table.name == wanted.name && (table.schema == wanted.schema || !name.contains('.'))
    });
    found.ok_or_else(|| format!("{name} is not one of the tables that --table names"))
}
