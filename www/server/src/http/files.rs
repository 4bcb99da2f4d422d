//! Static files: the site at `/`, the npm package at `/pkg/`.
//!
//! Everything is `no-cache`: a browser keeps the file and asks whether it changed, so a rebuilt demo is never stale.

use axum::Router;
use axum::http::{HeaderValue, header};
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

use super::{PACKAGE_PATH, Site};

/// Adds the site's directories to the API.
pub(crate) fn serve(api: Router, site: &Site) -> Router {
    let mut files = Router::new();
    if let Some(package) = &site.package {
        files = files.nest_service(PACKAGE_PATH, ServeDir::new(package));
    }
    if let Some(site) = &site.site {
        files = files.fallback_service(ServeDir::new(site));
    }
    let no_cache = SetResponseHeaderLayer::if_not_present(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache"),
    );
    api.merge(files.layer(no_cache))
}
