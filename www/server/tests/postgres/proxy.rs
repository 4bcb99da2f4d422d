//! `/v1/shape` in front of an Electric: the embedded one, served by another server.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, Request, StatusCode};
use axum::response::Response;
use axum::routing::any;
use http_body::Frame;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use throughline_server::backend::Backend;
use throughline_server::demo;
use throughline_server::electric::{Electric, Options};
use throughline_server::http::proxy::{Offer, Offered, Proxy};
use throughline_server::http::{Service, Site, now, router};
use throughline_server::journal::Unjournaled;
use throughline_server::postgres::{Postgres, Settings};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tower::ServiceExt;

use crate::cluster::Cluster;
use crate::support::{BODY_LIMIT, Wish, serve};

const SECRET: &str = "s3cret";

/// An Electric with the demo's rows and a ledger.
struct Upstream {
    service: Service,
    url: String,
}

impl Upstream {
    async fn start() -> Self {
        let mut backend =
            Backend::new(Electric::new(Options::default()), demo::rules()).with_ledger();
        demo::start(&mut backend, &mut Unjournaled, now()).unwrap();
        let service = Service::new(backend, Box::new(Unjournaled), BODY_LIMIT);
        let site = Site {
            test_controls: true,
            ..Site::default()
        };
        let url = listen(router(service.clone(), &site)).await;
        Self { service, url }
    }

    /// The queries it was asked.
    async fn asked(&self) -> Vec<String> {
        let client =
            hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
                .build_http();
        let log: Request<Body> = Request::get(format!("{}/test/log", self.url))
            .body(Body::empty())
            .unwrap();
        let body = client
            .request(log)
            .await
            .unwrap()
            .into_body()
            .collect()
            .await
            .unwrap();
        let log: Value = serde_json::from_slice(&body.to_bytes()).unwrap();
        let requests = log["requests"].as_array().unwrap().iter();
        requests
            .map(|seen| seen["query"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Serves on a port of this machine; the URL.
async fn listen(router: Router) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// The server under test before an Electric.
async fn before(electric: &str, tables: Vec<Offered>, user_header: Option<HeaderName>) -> Router {
    let cluster = Cluster::shared();
    let world = serve(cluster.clone(), Wish::default()).await;
    let settings = Settings {
        url: cluster.url(&world.database, "postgres"),
        ..Settings::default()
    };
    let postgres = Postgres::open(settings).await.unwrap();
    let offer = Offer {
        tables,
        secret: Some(SECRET.to_owned()),
    };
    let proxy = Proxy::new(electric, offer).unwrap();
    // The shared cluster need not outlive this: shapes do not come from it.
    let service = Service::over_postgres(postgres, Some(proxy), user_header, BODY_LIMIT);
    router(service, &Site::default())
}

async fn todos(electric: &str) -> Router {
    before(electric, vec![Offered::of("todos")], None).await
}

async fn ask(
    router: &Router,
    method: &str,
    query: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (StatusCode, HeaderMap, String) {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("/v1/shape?{query}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (
        parts.status,
        parts.headers,
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

async fn get(router: &Router, query: &str) -> (StatusCode, HeaderMap, String) {
    ask(router, "GET", query, &[], "").await
}

#[tokio::test]
async fn a_shape_is_read_through_it() {
    let upstream = Upstream::start().await;
    let router = todos(&upstream.url).await;
    let (status, headers, body) = get(&router, "table=todos&offset=-1&secret=guess&extra=1").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert!(body.contains("Read this list while offline"));
    for name in [
        "electric-handle",
        "electric-offset",
        "electric-schema",
        "etag",
        "cache-control",
        "content-type",
    ] {
        assert!(headers.contains_key(name), "{name}");
    }
    let handle = headers["electric-handle"].to_str().unwrap();
    let (_, headers, _) = get(&router, &format!("table=todos&offset=0_0&handle={handle}")).await;
    assert!(headers.contains_key("electric-up-to-date"));
    let (status, headers, body) = get(&router, "table=todos&offset=0_0&handle=1-1").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(headers.contains_key("electric-handle") && body.contains("must-refetch"));
    let asked = upstream.asked().await;
    assert!(
        asked[0].contains(&format!("secret={SECRET}"))
            && !asked[0].contains("extra")
            && !asked[0].contains("guess")
    );
}

#[tokio::test]
async fn the_secret_is_told_to_nobody() {
    let upstream = Upstream::start().await;
    let router = todos(&upstream.url).await;
    for query in [
        "table=todos&offset=-1",
        "table=todos&offset=nonsense",
        "table=secrets&offset=-1",
    ] {
        let (_, headers, body) = get(&router, query).await;
        assert!(!format!("{headers:?}{body}").contains(SECRET), "{query}");
    }
    let nobody = todos("http://127.0.0.1:1").await;
    let (status, headers, body) = get(&nobody, "table=todos&offset=-1").await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert!(
        headers.contains_key("retry-after")
            && !body.contains("127.0.0.1")
            && !body.contains(SECRET)
    );
}

#[tokio::test]
async fn a_client_reads_its_own_rows_of_the_ledger_and_no_others() {
    let upstream = Upstream::start().await;
    let changes = |id: &str| json!([{"id": id, "changes": []}]).to_string();
    for id in ["tab:1", "other:1"] {
        let direct =
            hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
                .build_http();
        let post = Request::post(format!("{}/changes", upstream.url))
            .body(Body::from(changes(id)))
            .unwrap();
        assert_eq!(direct.request(post).await.unwrap().status(), StatusCode::OK);
    }
    let router = todos(&upstream.url).await;
    let (status, _, body) = get(
        &router,
        "table=throughline_ledger&offset=-1&where=client_id+%3D+%241&params[1]=tab",
    )
    .await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert!(body.contains("tab:1") && !body.contains("other:1"));
    let (status, _, body) = get(&router, "table=throughline_ledger&offset=-1").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(!body.contains("tab:1"));
}

#[tokio::test]
async fn the_server_decides_which_rows_a_user_reads() {
    let upstream = Upstream::start().await;
    let done = Offered {
        condition: Some("title = $1 OR false".to_owned()),
        ..Offered::of("todos")
    };
    let router = before(&upstream.url, vec![done], Some("x-user".parse().unwrap())).await;
    let query = "table=todos&offset=-1";
    assert_eq!(get(&router, query).await.0, StatusCode::UNAUTHORIZED);
    let twice = [("x-user", "eve"), ("x-user", "Start the demo")];
    assert_eq!(
        ask(&router, "GET", query, &twice, "").await.0,
        StatusCode::UNAUTHORIZED
    );
    let user = [("x-user", "Start the demo")];
    let (status, _, body) = ask(&router, "GET", query, &user, "").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body.matches("\"insert\"").count(), 1);
    let (status, _, _) = ask(&router, "GET", &format!("{query}&where=true"), &user, "").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    // Not by the body either: all but the subset is dropped there.
    let sneaky = json!({"where": "title <> ''", "table": "throughline_ledger", "params": {}, "columns": "id"});
    let (status, _, body) = ask(&router, "POST", query, &user, &sneaky.to_string()).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let subset: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(subset["data"].as_array().unwrap().len(), 1);
    assert_eq!(subset["data"][0]["value"]["title"], "Start the demo");
}

#[tokio::test]
async fn conditional_requests_reach_electric() {
    let upstream = Upstream::start().await;
    let router = todos(&upstream.url).await;
    let (_, headers, _) = get(&router, "table=todos&offset=-1").await;
    let etag = headers["etag"].to_str().unwrap();
    let (status, _, body) = ask(
        &router,
        "GET",
        "table=todos&offset=-1",
        &[("if-none-match", etag)],
        "",
    )
    .await;
    assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""));
}

#[tokio::test]
async fn a_personal_answer_is_kept_out_of_shared_caches() {
    let upstream = Upstream::start().await;
    let router = todos(&upstream.url).await;
    let query = "table=todos&offset=-1";
    let rule = |headers: &HeaderMap| headers["cache-control"].to_str().unwrap().to_owned();
    let vary = |headers: &HeaderMap| {
        let values = headers.get_all("vary").iter();
        values
            .map(|value| value.to_str().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join(",")
    };
    let (_, open, _) = get(&router, query).await;
    assert!(rule(&open).starts_with("public"));
    for credentials in [("authorization", "Bearer x"), ("cookie", "session=x")] {
        let (_, personal, _) = ask(&router, "GET", query, &[credentials], "").await;
        assert!(rule(&personal).starts_with("private") && !rule(&personal).contains("s-maxage"));
        for headers in [&open, &personal] {
            assert!(vary(headers).contains("authorization") && vary(headers).contains("cookie"));
        }
    }
}

#[tokio::test]
async fn the_request_to_electric_ends_when_the_browser_leaves() {
    let upstream = Upstream::start().await;
    let router = todos(&upstream.url).await;
    let (_, headers, _) = get(&router, "table=todos&offset=-1").await;
    let handle = headers["electric-handle"].to_str().unwrap().to_owned();
    let url = listen(router).await;
    let mut browser = TcpStream::connect(url.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    let live = format!(
        "GET /v1/shape?table=todos&offset=0_inf&live=true&handle={handle} HTTP/1.1\r\nhost: x\r\n\r\n"
    );
    browser.write_all(live.as_bytes()).await.unwrap();
    until_held(&upstream.service, 1).await;
    drop(browser);
    until_held(&upstream.service, 0).await;
}

async fn until_held(service: &Service, count: usize) {
    while service.held() != count {
        tokio::task::yield_now().await;
    }
}

/// A body whose pieces a test sends.
struct Pieces(mpsc::Receiver<Bytes>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0
            .poll_recv(context)
            .map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
    }
}

#[tokio::test]
async fn bodies_are_passed_on_as_they_come_and_as_they_are_encoded() {
    let (send, pieces) = mpsc::channel(1);
    let pieces = std::sync::Arc::new(std::sync::Mutex::new(Some(pieces)));
    let electric = Router::new().fallback(any(move |headers: HeaderMap| {
        let pieces = pieces.lock().unwrap().take().unwrap();
        async move {
            assert_eq!(headers["accept-encoding"], "gzip");
            assert!(!headers.contains_key("cookie") && !headers.contains_key("authorization"));
            let answer = Response::builder()
                .header("content-encoding", "gzip")
                .header("set-cookie", "a=b");
            answer.body(Body::new(Pieces(pieces))).unwrap()
        }
    }));
    let router = todos(&listen(electric).await).await;
    let request = Request::get("/v1/shape?table=todos&offset=-1")
        .header("accept-encoding", "gzip")
        .header("cookie", "session=x")
        .header("authorization", "Bearer x")
        .body(Body::empty())
        .unwrap();
    let mut response = router.oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert!(!response.headers().contains_key("set-cookie"));
    for piece in ["one", "two"] {
        // The second is sent when the first has arrived.
        send.send(Bytes::from(piece)).await.unwrap();
        let frame = response.body_mut().frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), piece);
    }
    drop(send);
    assert!(response.body_mut().frame().await.is_none());
}

#[tokio::test]
async fn other_methods_and_other_tables_are_refused() {
    let upstream = Upstream::start().await;
    let router = todos(&upstream.url).await;
    let (status, ..) = ask(&router, "DELETE", "table=todos&handle=1-1", &[], "").await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    let (status, _, body) = get(&router, "table=users&offset=-1").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap()["message"],
        "table: this server does not offer it"
    );
    assert!(upstream.asked().await.is_empty());
}

#[tokio::test]
async fn without_an_electric_it_is_said_what_to_do() {
    let world = serve(Cluster::shared(), Wish::default()).await;
    let (status, _, body) = get(&world.router, "table=todos&offset=-1").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(body.contains("--electric"), "{body}");
}

#[tokio::test]
async fn health_is_electrics() {
    let upstream = Upstream::start().await;
    for url in [
        upstream.url.clone(),
        format!("{}/v1/shape?source_id=7", upstream.url),
    ] {
        let router = todos(&url).await;
        let request = Request::get("/v1/health").body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, r#"{"status":"active"}"#);
    }
    assert_eq!(upstream.asked().await, ["", "source_id=7"]);
}
