//! HTTP by gloo-net: no cache, no redirects, a watchdog that any byte calms.

use std::cell::Cell;
use std::rc::Rc;

use gloo_net::http::{RequestBuilder, Response};
use gloo_timers::callback::Timeout;
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, AbortSignal, ReadableStreamDefaultReader, RequestCache, RequestRedirect,
};

use super::convert::get;
use super::endpoint::Sources;
use super::transport;
use crate::engine::{Answer, Endpoint, Failure, Fetch, MAX_BODY_BYTES};

/// Cancels one request when it fires or is dropped.
#[derive(Debug)]
pub(super) struct Canceller {
    controller: AbortController,
}

impl Canceller {
    /// One a request.
    pub(super) fn new() -> Result<Self, JsValue> {
        Ok(Self {
            controller: AbortController::new()?,
        })
    }

    /// Cancels.
    pub(super) fn cancel(&self) {
        self.controller.abort();
    }

    /// For whoever is to hear of it.
    pub(super) fn signal(&self) -> AbortSignal {
        self.controller.signal()
    }

    /// Rejects when it happens.
    pub(super) fn cancelled(&self) -> Promise {
        Promise::new(&mut |_, reject| {
            // Only a listener that is no object would be refused.
            let _ = self
                .signal()
                .add_event_listener_with_callback("abort", &reject);
        })
    }
}

/// Sends a request, by the app's own function if it has one, and reads its answer to the end; says when the headers are in.
pub(super) async fn send(
    sources: &Sources,
    fetch: &mut Fetch,
    canceller: Rc<Canceller>,
    on_headers: impl FnOnce(u16, Vec<(String, String)>),
) -> Result<Answer, Failure> {
    let own = transport::own(fetch, &sources.send);
    let headers = match own {
        Some(_) => Vec::new(),
        None => sources.complete(fetch).await.map_err(Failure::Unsent)?,
    };
    let watchdog = Watchdog::new(canceller.clone(), fetch.timeout_ms);
    let answer = match own {
        Some(send) => transport::send(send, fetch, &canceller).await,
        None => match exchange(fetch, &headers, &canceller, &watchdog, on_headers).await {
            Ok(answer) => transport::classify(sources, fetch, answer, &canceller).await,
            Err(failure) => Err(failure),
        },
    };
    if watchdog.barked() {
        return Err(Failure::Timeout);
    }
    answer.map_err(|failure| {
        if canceller.signal().aborted() {
            Failure::Aborted
        } else {
            failure
        }
    })
}

async fn exchange(
    fetch: &Fetch,
    headers: &[(String, String)],
    canceller: &Canceller,
    watchdog: &Watchdog,
    on_headers: impl FnOnce(u16, Vec<(String, String)>),
) -> Result<Answer, Failure> {
    let mut request = match fetch.body {
        None => RequestBuilder::new(&fetch.url),
        Some(_) => RequestBuilder::new(&fetch.url)
            .method(gloo_net::http::Method::POST)
            .header(
                "content-type",
                match fetch.endpoint {
                    Endpoint::Electric => "text/plain",
                    Endpoint::Write => "application/json",
                },
            ),
    };
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request
        .cache(RequestCache::NoStore)
        .redirect(RequestRedirect::Manual)
        .abort_signal(Some(&canceller.signal()));
    let response = match &fetch.body {
        None => request.send().await,
        Some(body) => match request.body(body.as_str()) {
            Ok(request) => request.send().await,
            Err(error) => Err(error),
        },
    }
    .map_err(|error| Failure::Network(error.to_string()))?;
    watchdog.calm();
    let headers: Vec<(String, String)> = response.headers().entries().collect();
    on_headers(response.status(), headers.clone());
    Ok(Answer {
        status: response.status(),
        headers,
        body: read_body(&response, watchdog).await?,
    })
}

async fn read_body(response: &Response, watchdog: &Watchdog) -> Result<String, Failure> {
    let Some(stream) = response.body() else {
        return Ok(String::new());
    };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut pieces = Vec::new();
    let mut length = 0;
    loop {
        let chunk = JsFuture::from(reader.read()).await.map_err(describe)?;
        watchdog.calm();
        if get(&chunk, "done").is_truthy() {
            break;
        }
        if let Ok(piece) = get(&chunk, "value").dyn_into::<Uint8Array>() {
            length += piece.length() as usize;
            pieces.push(piece);
        }
        if length > MAX_BODY_BYTES {
            // Whether it takes notice does not matter: nobody reads on.
            let _ = reader.cancel();
            return Err(Failure::TooLarge);
        }
    }
    // Only what is complete takes memory of the module, and the length it needs: that memory never shrinks.
    let mut bytes = vec![0; length];
    let mut rest = &mut bytes[..];
    for piece in &pieces {
        let (start, end) = rest.split_at_mut(piece.length() as usize);
        piece.copy_to(start);
        rest = end;
    }
    String::from_utf8(bytes).map_err(|_| Failure::Network("the answer is not UTF-8".into()))
}

fn describe(thrown: JsValue) -> Failure {
    let message = get(&thrown, "message").as_string();
    Failure::Network(message.unwrap_or_else(|| "the connection broke".into()))
}

/// Cancels the request when nothing arrives for its time-out.
struct Watchdog {
    canceller: Rc<Canceller>,
    timeout_ms: u32,
    barked: Rc<Cell<bool>>,
    timer: Cell<Option<Timeout>>,
}

impl Watchdog {
    fn new(canceller: Rc<Canceller>, timeout_ms: u64) -> Self {
        let watchdog = Self {
            canceller,
            timeout_ms: u32::try_from(timeout_ms).unwrap_or(u32::MAX),
            barked: Rc::new(Cell::new(false)),
            timer: Cell::new(None),
        };
        watchdog.calm();
        watchdog
    }

    fn calm(&self) {
        let (canceller, barked) = (self.canceller.clone(), self.barked.clone());
        self.timer.set(Some(Timeout::new(self.timeout_ms, move || {
            barked.set(true);
            canceller.cancel();
        })));
    }

    fn barked(&self) -> bool {
        self.barked.get()
    }
}
