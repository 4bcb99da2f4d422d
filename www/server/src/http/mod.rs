//! The HTTP server: static files, `/v1/shape`, `/v1/health`, `/changes` and, when asked for, `/test/…`.

mod broken;
mod changes;
mod controls;
mod faults;
mod files;
pub mod proxy;
mod shape;
mod state;

use std::path::PathBuf;

use axum::Router;
use axum::middleware;
use axum::routing::{any, get, post};

pub use state::{Service, now};

/// Path of the shape endpoint.
pub const SHAPE_PATH: &str = "/v1/shape";
/// Path of the health check.
pub const HEALTH_PATH: &str = "/v1/health";
/// Path of the write API.
pub const CHANGES_PATH: &str = "/changes";
/// Path under which the npm package is served.
pub const PACKAGE_PATH: &str = "/pkg";

/// What is served besides the API.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// Served at `/`.
    pub site: Option<PathBuf>,
    /// Served at `/pkg/`.
    pub package: Option<PathBuf>,
    /// Whether `/test/…` is there.
    pub test_controls: bool,
}

/// The routes over a service.
pub fn router(service: Service, site: &Site) -> Router {
    let reads = match service.is_embedded() {
        true => Router::new()
            .route(SHAPE_PATH, any(shape::answer))
            .route(HEALTH_PATH, get(shape::health)),
        false => Router::new()
            .route(SHAPE_PATH, any(proxy::shape))
            .route(HEALTH_PATH, get(proxy::health)),
    };
    let api =
        reads
            .route(CHANGES_PATH, post(changes::answer))
            .layer(middleware::from_fn_with_state(
                service.clone(),
                faults::intercept,
            ));
    let api = match site.test_controls {
        true => {
            service.faults().records = true;
            api.merge(controls::routes(&service))
        }
        false => api,
    };
    files::serve(api.with_state(service), site)
}
