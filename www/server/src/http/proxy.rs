//! `/v1/shape` in front of a real Electric: the operator decides which rows, the client where it is in their log.
//!
//! | of the request | what becomes of it |
//! |---|---|
//! | `table` | must be one that the operator offers, or the ledger |
//! | `where`, `params` | the operator's; a client that sends its own gets a 400, since what it asks for is not what it would get |
//! | of the ledger: `where=client_id = $1`, `params[1]` | required; the condition is the server's, the client id an unguessable key to its own rows |
//! | the log's position, `columns`, `replica`, `log`, `subset__…` | forwarded |
//! | anything else, `secret` first of all | dropped |
//! | a POST's body | its subset, nothing else |
//! | headers | `if-none-match`, `accept-encoding`, `traceparent`; a POST's length is new |
//!
//! Bodies are streamed in both directions as they are, compressed ones included. When the browser leaves, the request
//! to Electric ends with it: the answer's future and body own the connection.

mod request;
mod response;

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Method, Request, Uri, header};
use axum::response::Response;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::state::Service;
use super::{HEALTH_PATH, SHAPE_PATH};
use crate::electric::Response as Answer;
use crate::electric::constants::{DEFAULT_SCHEMA, MAX_BODY_BYTES, cache};
use request::Refusal;

/// Request headers that reach Electric. Never cookies and never `authorization`: they are between browser and server.
const FORWARDED_HEADERS: [&str; 3] = ["accept-encoding", "if-none-match", "traceparent"];
/// How long Electric may take to be reached; how long it may take to answer is for the client to say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Seconds after which a request that found no Electric may be repeated.
const RETRY_AFTER_SECONDS: u32 = 5;

/// A table that clients may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// Its schema, as in the catalogue.
    pub schema: String,
    /// Its name, as in the catalogue.
    pub name: String,
    /// Which rows; without it, all. `$1` stands for the user.
    pub condition: Option<String>,
    /// Which columns; without it, all.
    pub columns: Option<Vec<String>>,
}

impl Offered {
    /// All of a table, `name` or `schema.name`.
    pub fn of(table: &str) -> Self {
        let (schema, name) = table.split_once('.').unwrap_or((DEFAULT_SCHEMA, table));
        Self {
            schema: schema.to_owned(),
            name: name.to_owned(),
            condition: None,
            columns: None,
        }
    }

    /// Whether its rows depend on who asks.
    pub fn is_by_user(&self) -> bool {
        self.condition
            .as_ref()
            .is_some_and(|condition| condition.contains("$1"))
    }

    fn qualified(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What is offered.
#[derive(Clone, Default)]
pub struct Offer {
    /// The tables.
    pub tables: Vec<Offered>,
    /// Electric's secret.
    pub secret: Option<String>,
}

impl Offer {
    /// The table that a client names, with its schema or without.
    fn table(&self, named: &str) -> Option<&Offered> {
        let (schema, name) = request::identifiers(named);
        let mut tables = self.tables.iter();
        tables.find(|one| {
            one.name == name && schema.as_ref().is_none_or(|schema| one.schema == *schema)
        })
    }
}

/// The way to an Electric.
#[derive(Clone)]
pub struct Proxy {
    client: Client<HttpsConnector<HttpConnector>, Body>,
    upstream: Uri,
    offer: Arc<Offer>,
}

impl Proxy {
    /// To an Electric at `url`: its origin, or all of the URL of its shape endpoint. A query in it, a `source_id` say,
    /// goes with every request.
    ///
    /// # Errors
    /// It is no http or https URL.
    pub fn new(url: &str, offer: Offer) -> Result<Self, String> {
        let upstream: Uri = url.parse().map_err(|error| format!("{url}: {error}"))?;
        if !matches!(upstream.scheme_str(), Some("http" | "https")) {
            return Err(format!("{url}: expected http://… or https://…"));
        }
        let provider = rustls::crypto::ring::default_provider();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(provider)
            .map_err(|error| error.to_string())?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            upstream,
            offer: Arc::new(offer),
        })
    }

    /// Electric's URL of a path, with a query after the operator's own.
    fn url(&self, path: &str, query: &str) -> Result<Uri, axum::http::Error> {
        let own = self.upstream.query();
        let base = match self.upstream.path().trim_end_matches('/') {
            // An Electric of one's own is often given by its origin alone.
            "" => path.to_owned(),
            base if path == SHAPE_PATH || !base.ends_with(SHAPE_PATH) => base.to_owned(),
            base => base.replace(SHAPE_PATH, path),
        };
        let parts = [own.unwrap_or_default(), query];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let target: PathAndQuery = format!("{base}?{}", parts.join("&")).parse()?;
        let mut url = self.upstream.clone().into_parts();
        url.path_and_query = Some(target);
        Ok(Uri::from_parts(url)?)
    }

    async fn send(&self, request: Request<Body>) -> Result<Response, Refusal> {
        match self.client.request(request).await {
            Ok(response) => Ok(response.map(Body::new)),
            Err(error) => {
                // The address is the operator's to know.
                eprintln!("throughline-server: Electric: {}", with_causes(&error));
                Err(Refusal::new(502, "Electric cannot be reached"))
            }
        }
    }
}

/// Answers a shape request with Electric's answer.
pub(crate) async fn shape(
    State(service): State<Service>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match forward(&service, method, &uri, &headers, body).await {
        Ok(response) => response,
        Err(refusal) => refusal.response(),
    }
}

async fn forward(
    service: &Service,
    method: Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let absent = "this server has no Electric: start it with --electric, or give the client Electric's own URL";
    let proxy = service.proxy().ok_or(Refusal::new(404, absent))?;
    if !matches!(method, Method::GET | Method::HEAD | Method::POST) {
        return Err(Refusal::new(405, "shapes are read by GET and POST"));
    }
    let unknown = "the proxy in front of this server does not say who asks";
    let user = service
        .user(headers)
        .map_err(|()| Refusal::new(401, unknown))?;
    let query = uri.query().unwrap_or_default();
    let query = request::query(&proxy.offer, query, user.as_deref())?;
    let body = match method {
        Method::POST => {
            let bytes = to_bytes(body, MAX_BODY_BYTES).await;
            let bytes = bytes.map_err(|_| Refusal::new(413, "the body is too large"))?;
            Body::from(request::subset(&bytes)?)
        }
        _ => Body::empty(),
    };
    let url = proxy.url(SHAPE_PATH, &query);
    let url = url.map_err(|error| Refusal::new(414, &error.to_string()))?;
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = url;
    for name in FORWARDED_HEADERS {
        if let Some(value) = headers.get(name) {
            request.headers_mut().insert(name, value.clone());
        }
    }
    let mut closing = service.closing();
    let answer = tokio::select! {
        answer = proxy.send(request) => answer?,
        _ = closing.wait_for(|closing| *closing) => {
            return Err(Refusal::new(503, "this server is ending"));
        }
    };
    let has_credentials =
        headers.contains_key(header::AUTHORIZATION) || headers.contains_key(header::COOKIE);
    let is_personal = has_credentials || service.user_header().is_some();
    Ok(response::passed_on(
        answer,
        is_personal,
        service.user_header(),
    ))
}

/// Electric's health; without an Electric there is none to tell.
pub(crate) async fn health(State(service): State<Service>) -> Response {
    let absent = Refusal::new(404, "this server has no Electric");
    let Some(proxy) = service.proxy() else {
        return absent.response();
    };
    let mut request = Request::new(Body::empty());
    match proxy.url(HEALTH_PATH, "") {
        Ok(url) => *request.uri_mut() = url,
        Err(_) => return absent.response(),
    }
    match proxy.send(request).await {
        Ok(answer) => response::passed_on(answer, false, None),
        Err(refusal) => refusal.response(),
    }
}

impl Refusal {
    /// In the form of Electric's own errors, so that the client shows the message.
    fn response(self) -> Response {
        let body = serde_json::json!({ "message": self.message }).to_string();
        let mut response = super::shape::send(Answer::json(self.status, cache::NO_STORE, body));
        if self.status >= 500 {
            let seconds = RETRY_AFTER_SECONDS.into();
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
