//! The app's own part in a POST: `write.send` in place of HTTP, `write.classify` for what an HTTP answer means.
//!
//! Whatever a function says is put as the HTTP answer that means the same: the engine knows only those.

use js_sys::{Array, Function, JSON, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::convert::{get, set};
use super::endpoint::Sources;
use super::fetch::Canceller;
use crate::engine::{Answer, Endpoint, Failure, Fetch};
use crate::error::Error;

type Said = Result<JsValue, JsValue>;

/// Has the app's function post.
pub(super) async fn send(
    send: &Function,
    fetch: &Fetch,
    canceller: &Canceller,
) -> Result<Answer, Failure> {
    let options = Object::new();
    set(&options, "signal", canceller.signal());
    let done = Answer {
        status: 200,
        headers: Vec::new(),
        body: String::new(),
    };
    match ask(send, &transactions(fetch), &options, canceller).await {
        Ok(said) => decided(&said, done),
        Err(thrown) => failed(&thrown),
    }
}

/// What the app says that an answer means; without a word of its own, what it is.
pub(super) async fn classify(
    sources: &Sources,
    fetch: &Fetch,
    answer: Answer,
    canceller: &Canceller,
) -> Result<Answer, Failure> {
    let Some(classify) = own(fetch, &sources.classify) else {
        return Ok(answer);
    };
    let headers = Object::new();
    for (name, value) in &answer.headers {
        let (name, value) = (name.as_str().into(), value.as_str().into());
        // An object of our own takes any.
        let _ = Reflect::set(&headers, &name, &value);
    }
    let shown = Object::new();
    set(&shown, "status", answer.status);
    set(&shown, "headers", headers);
    set(&shown, "body", answer.body.as_str());
    match ask(classify, &shown, &transactions(fetch), canceller).await {
        Ok(said) => decided(&said, answer),
        Err(thrown) => Err(network(&thrown)),
    }
}

/// The function that stands there for this request, if there is one.
pub(super) fn own<'a>(fetch: &Fetch, function: &'a JsValue) -> Option<&'a Function> {
    match fetch.endpoint {
        Endpoint::Write => function.dyn_ref(),
        Endpoint::Electric => None,
    }
}

/// The body, as the app's functions get it.
fn transactions(fetch: &Fetch) -> JsValue {
    JSON::parse(fetch.body.as_deref().unwrap_or_default()).unwrap_or_default()
}

/// Calls, and waits for the answer or the cancellation.
async fn ask(function: &Function, a: &JsValue, b: &JsValue, canceller: &Canceller) -> Said {
    let returned = function.call2(&JsValue::UNDEFINED, a, b)?;
    let either = Array::of2(&returned, &canceller.cancelled());
    JsFuture::from(Promise::race(&either)).await
}

/// The answer that means what the app said about this one.
fn decided(said: &JsValue, mut answer: Answer) -> Result<Answer, Failure> {
    let word = said.as_string();
    match word.as_deref() {
        Some("accepted") => (answer.status, answer.body) = (200, String::new()),
        Some("rejected") => answer.status = 422,
        // What the headers ask for counts.
        Some("retry") => {
            answer.status = 503;
            return Ok(answer);
        }
        None if said.is_null() || said.is_undefined() => return Ok(answer),
        None if Array::is_array(&get(said, "transactions")) => {
            (answer.status, answer.body) = (200, text(said));
        }
        _ => {
            return Err(Failure::Unsent(Error::Argument(
                "write.send and write.classify answer with { transactions: […] }, a word or nothing"
                    .into(),
            )));
        }
    }
    answer.headers.clear();
    Ok(answer)
}

/// What an exception says: a status, that a retry will not help, or nothing for certain.
fn failed(thrown: &JsValue) -> Result<Answer, Failure> {
    let status = match get(thrown, "retryable").as_bool() {
        Some(false) => 422,
        _ => get(thrown, "status").as_f64().unwrap_or_default() as u16,
    };
    if status < 300 {
        return Err(network(thrown));
    }
    let body = get(thrown, "body");
    let named = Array::of2(&"code".into(), &"message".into());
    let body = match body.as_string() {
        Some(body) => body,
        None if body.is_object() => text(&body),
        None => JSON::stringify_with_replacer(thrown, &named)
            .map(String::from)
            .unwrap_or_default(),
    };
    Ok(Answer {
        status,
        headers: Vec::new(),
        body,
    })
}

fn network(thrown: &JsValue) -> Failure {
    let message = get(thrown, "message").as_string();
    let message = message.or_else(|| thrown.as_string());
    Failure::Unsent(Error::Network(
        message.unwrap_or_else(|| "the function threw".into()),
    ))
}

fn text(value: &JsValue) -> String {
    JSON::stringify(value).map(String::from).unwrap_or_default()
}
