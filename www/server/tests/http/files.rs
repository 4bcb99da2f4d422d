//! Static files.

use axum::body::Body;
use axum::http::{StatusCode, header};
use throughline_server::demo;
use throughline_server::http::{Service, Site, now, router};
use throughline_server::journal::Unjournaled;

use crate::support::*;

#[tokio::test]
async fn files_have_their_media_types_and_are_checked_each_time() {
    let directory = tempfile::tempdir().unwrap();
    let (site, package) = (
        directory.path().join("site"),
        directory.path().join("package"),
    );
    std::fs::create_dir_all(&site).unwrap();
    std::fs::create_dir_all(&package).unwrap();
    for name in [
        "index.html",
        "app.css",
        "icon.svg",
        "app.webmanifest",
        "sw.js",
    ] {
        std::fs::write(site.join(name), name).unwrap();
    }
    for name in ["throughline.wasm", "client.js", "worker.mjs"] {
        std::fs::write(package.join(name), name).unwrap();
    }
    std::fs::write(directory.path().join("secret"), "secret").unwrap();
    let mut backend = backend();
    demo::start(&mut backend, &mut Unjournaled, now()).unwrap();
    let service = Service::new(backend, Box::new(Unjournaled), BODY_LIMIT);
    let site = Site {
        site: Some(site),
        package: Some(package),
        test_controls: false,
    };
    let router = router(service, &site);
    for (path, media_type) in [
        ("/", "text/html"),
        ("/index.html", "text/html"),
        ("/app.css", "text/css"),
        ("/icon.svg", "image/svg+xml"),
        ("/app.webmanifest", "application/manifest+json"),
        ("/sw.js", JAVASCRIPT),
        ("/pkg/throughline.wasm", "application/wasm"),
        ("/pkg/client.js", JAVASCRIPT),
        ("/pkg/worker.mjs", JAVASCRIPT),
    ] {
        let got = get(&router, path).await;
        assert_eq!(got.status, StatusCode::OK, "{path}");
        let found = got.header("content-type").split(';').next().unwrap();
        // Both names are JavaScript to a browser.
        let found = found.replace("application/javascript", JAVASCRIPT);
        assert_eq!(found, media_type, "{path}");
        assert_eq!(got.header("cache-control"), "no-cache", "{path}");
    }
    let modified = get(&router, "/app.css")
        .await
        .header("last-modified")
        .to_owned();
    let mut again = request("GET", "/app.css", Body::empty());
    again
        .headers_mut()
        .insert(header::IF_MODIFIED_SINCE, modified.parse().unwrap());
    assert_eq!(send(&router, again).await.status, StatusCode::NOT_MODIFIED);
    for path in [
        "/nope",
        "/pkg/nope.js",
        "/../secret",
        "/%2e%2e/secret",
        "/test/rows?table=todos",
    ] {
        assert_eq!(
            get(&router, path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}
