//! `POST /changes`.

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response as HttpResponse;

use super::shape::send;
use super::state::Service;
use crate::write::{code, parse, refused};

/// Applies the posted transactions: the same contract wherever they are applied.
pub(crate) async fn answer(
    State(service): State<Service>,
    headers: HeaderMap,
    body: Body,
) -> HttpResponse {
    if is_cross_origin(&headers) {
        let message = "changes are accepted from this server's own pages only";
        return send(refused(403, code::CROSS_ORIGIN, message));
    }
    let Ok(user) = service.user(&headers) else {
        let message = "the proxy in front of this server does not say who asks";
        return send(refused(401, code::UNAUTHENTICATED, message));
    };
    let limit = service.body_limit();
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let too_large = || {
        send(refused(
            413,
            code::TOO_LARGE,
            &format!("a body may have {limit} bytes"),
        ))
    };
    if declared.is_some_and(|length: usize| length > limit) {
        return too_large();
    }
    let Ok(body) = to_bytes(body, limit).await else {
        return too_large();
    };
    match parse(&body) {
        Ok(transactions) => send(service.apply(transactions, user).await.response()),
        Err(message) => send(refused(400, code::MALFORMED, &message)),
    }
}

/// Whether a browser says that the page is of another origin than this server.
pub(crate) fn is_cross_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (None, _) => false,
        (Some(origin), Some(host)) => origin
            .split_once("://")
            .is_none_or(|(_, from)| from != host),
        (Some(_), None) => true,
    }
}
