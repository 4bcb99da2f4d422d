//! Electric's answer on its way to the browser. Pure but for the body, which is handed on as it arrives.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;

use crate::electric::constants::header::SURROGATE_CONTROL;

/// What the protocol's own headers begin with.
const ELECTRIC_PREFIX: &str = "electric-";
/// Other headers that reach the browser. The body is not decoded on the way, so its encoding and length still hold;
/// what belongs to the connection, cookies and CORS rules do not.
const PASSED_ON: [HeaderName; 8] = [
    header::CACHE_CONTROL,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::ETAG,
    header::RETRY_AFTER,
    header::VARY,
    HeaderName::from_static(SURROGATE_CONTROL),
];

/// The answer for the browser. A personal one is for the caches of one person; and since whether it is one depends on
/// what came with the request, caches are told so in any case.
pub(super) fn passed_on(
    answer: Response,
    is_personal: bool,
    user_header: Option<&HeaderName>,
) -> Response {
    let (mut parts, body) = answer.into_parts();
    let mut headers = HeaderMap::new();
    for (name, value) in &parts.headers {
        if name.as_str().starts_with(ELECTRIC_PREFIX) || PASSED_ON.contains(name) {
            headers.append(name, value.clone());
        }
    }
    if is_personal {
        make_private(&mut headers);
    }
    let names = [
        Some(&header::AUTHORIZATION),
        Some(&header::COOKIE),
        user_header,
    ];
    for name in names.into_iter().flatten() {
        headers.append(header::VARY, HeaderValue::from(name.clone()));
    }
    parts.headers = headers;
    Response::from_parts(parts, body)
}

/// `public, max-age=604800, s-maxage=3600` → `private, max-age=604800`.
fn make_private(headers: &mut HeaderMap) {
    headers.remove(SURROGATE_CONTROL);
    let rule = headers.get(header::CACHE_CONTROL);
    let rule = rule.and_then(|rule| rule.to_str().ok()).unwrap_or_default();
    let mut kept: Vec<&str> = rule
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty() && *part != "public" && !part.starts_with("s-maxage"))
        .collect();
    if !kept.contains(&"no-store") {
        kept.insert(0, "private");
    }
    if let Ok(rule) = HeaderValue::try_from(kept.join(", ")) {
        headers.insert(header::CACHE_CONTROL, rule);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::body::Body;

    use super::*;

    fn answer(headers: &[(&str, &str)]) -> Response {
        let mut response = axum::http::Response::builder();
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        response.body(Body::empty()).unwrap()
    }

    fn rule(rule: &str, is_personal: bool) -> String {
        let passed = passed_on(answer(&[("cache-control", rule)]), is_personal, None);
        passed.headers()["cache-control"]
            .to_str()
            .unwrap()
            .to_owned()
    }

    #[test]
    fn no_shared_cache_keeps_a_personal_answer() {
        let public = "public, max-age=604800, s-maxage=3600, stale-while-revalidate=2629746";
        assert_eq!(rule(public, false), public);
        assert_eq!(
            rule(public, true),
            "private, max-age=604800, stale-while-revalidate=2629746"
        );
        assert_eq!(rule("no-store", true), "no-store");
        assert_eq!(rule("", true), "private");
    }

    #[test]
    fn the_protocol_passes_and_the_connection_does_not() {
        let sent = answer(&[
            ("electric-handle", "h"),
            ("electric-up-to-date", ""),
            ("etag", "\"e\""),
            ("content-encoding", "gzip"),
            ("retry-after", "5"),
            ("vary", "accept-encoding"),
            ("connection", "keep-alive"),
            ("transfer-encoding", "chunked"),
            ("set-cookie", "a=b"),
            ("access-control-allow-origin", "*"),
        ]);
        let user = HeaderName::from_static("x-user");
        let passed = passed_on(sent, true, Some(&user));
        let mut names: Vec<&str> = passed.headers().keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        let expected = [
            "cache-control",
            "content-encoding",
            "electric-handle",
            "electric-up-to-date",
            "etag",
            "retry-after",
            "vary",
        ];
        assert_eq!(names, expected);
        let vary = passed.headers().get_all("vary").iter();
        let vary: Vec<&str> = vary.map(|value| value.to_str().unwrap()).collect();
        assert_eq!(
            vary,
            ["accept-encoding", "authorization", "cookie", "x-user"]
        );
    }
}
