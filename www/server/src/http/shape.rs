//! `/v1/shape` and `/v1/health`: the model's answers over HTTP; a held request waits here.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method as HttpMethod, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response as HttpResponse};
use tokio::time::{Instant, sleep_until};

use super::state::{Core, Service, now};
use crate::electric::constants::MAX_BODY_BYTES;
use crate::electric::{Answer, Method, Response, ShapeRequest, WaitState};

/// Answers a shape request. A hold ends with a commit, with its time, or with the service; when the client goes
/// away the server drops the future.
pub(crate) async fn answer(
    State(service): State<Service>,
    method: HttpMethod,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> HttpResponse {
    let Some(mut request) = read(&method, &uri, &headers) else {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    };
    if request.method == Method::Post {
        // The service never looks at the content type. One byte too many lets the model refuse the body.
        let body = to_bytes(body, MAX_BODY_BYTES).await;
        let text = body.map(|body| String::from_utf8_lossy(&body).into_owned());
        request.body = Some(text.unwrap_or_else(|_| " ".repeat(MAX_BODY_BYTES + 1)));
    }
    let entropy = fastrand::u64(..);
    let reads = matches!(request.method, Method::Get | Method::Head | Method::Post);
    let class = service.read(|core| core.backend.electric().admission(&request));
    let admitted = reads.then(|| service.admit(class));
    let overload = admitted.as_ref().and_then(|(_, others)| {
        service.read(|core| {
            let electric = core.backend.electric();
            electric.overload(&request, class, *others, entropy)
        })
    });
    if let Some(overload) = overload {
        return send(overload);
    }
    let arrived = Instant::now();
    let mut commits = service.commits();
    let mut closing = service.closing();
    let mut wait = WaitState::Arrived;
    let mut held = None;
    loop {
        let entropy = fastrand::u64(..);
        let (answer, ended) = service.read(|Core { backend, journal }| {
            let endings = backend.electric().endings();
            let answer = backend.respond(journal.as_mut(), now(), entropy, &request, wait);
            (answer, backend.electric().endings() != endings)
        });
        if ended {
            // Another shape made room, or was deleted: whoever waits for it must know.
            service.wake();
            commits.mark_unchanged();
        }
        let until_ms = match answer {
            Answer::Respond(response) => return send(response),
            Answer::Hold { until_ms } => until_ms,
        };
        held.get_or_insert_with(|| service.hold());
        let deadline = arrived + Duration::from_millis(until_ms);
        wait = tokio::select! {
            _ = closing.wait_for(|closing| *closing) => WaitState::TimedOut,
            () = sleep_until(deadline) => WaitState::TimedOut,
            _ = commits.changed() => WaitState::Held,
        };
    }
}

/// `GET /v1/health`.
pub(crate) async fn health(State(service): State<Service>) -> HttpResponse {
    send(service.read(|core| core.backend.electric().health()))
}

/// Puts a response of the model on the wire.
pub(crate) fn send(response: Response) -> HttpResponse {
    let mut sent = HttpResponse::new(Body::from(response.body));
    *sent.status_mut() =
        StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers {
        // Column names may go beyond ASCII; as UTF-8 bytes they are valid header values.
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            sent.headers_mut().insert(name, value);
        }
    }
    sent
}

fn read(method: &HttpMethod, uri: &Uri, headers: &HeaderMap) -> Option<ShapeRequest> {
    let method = match *method {
        HttpMethod::GET => Method::Get,
        HttpMethod::HEAD => Method::Head,
        HttpMethod::OPTIONS => Method::Options,
        HttpMethod::POST => Method::Post,
        HttpMethod::DELETE => Method::Delete,
        _ => return None,
    };
    let text = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let mut request = ShapeRequest::get(uri.query().unwrap_or_default()).method(method);
    request.if_none_match = text(header::IF_NONE_MATCH);
    request.origin = text(header::ORIGIN);
    Some(request)
}
