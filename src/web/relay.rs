//! Messages between the workers of several tabs, as plain objects.

use js_sys::Object;
use wasm_bindgen::JsValue;

use super::convert::{get, set};
use crate::ids::{AskNumber, TabId, Term};
use crate::tabs::{Envelope, Greeting, VERSION};

/// A request as it crosses from page to worker and from worker to worker.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ask {
    /// The request, as a plain object.
    pub(super) request: JsValue,
    /// The page waits for no reply to a request below this one.
    pub(super) done: i64,
    /// Interrupts a statement after so many milliseconds.
    pub(super) timeout_ms: Option<u32>,
}

/// What one tab's worker and the leader's send each other besides greetings.
pub(super) enum Relayed {
    Request(AskNumber, Ask),
    Cancel(AskNumber),
    Took(u32),
    Wake,
    Reply(AskNumber, JsValue),
    /// With the error's report.
    Failure(AskNumber, JsValue),
    Notification(JsValue),
}

/// A message that was heard.
pub(super) enum Message {
    Greeting(Envelope),
    /// Of that term.
    Relayed(Term, Relayed),
}

/// A greeting with its sender.
pub(super) fn greeting(from: &TabId, greeting: &Greeting) -> JsValue {
    let object = message(kind_of(greeting));
    set(&object, "v", VERSION);
    set(&object, "from", from.as_str());
    match greeting {
        Greeting::Hello { build, visible } => {
            set(&object, "build", build.as_str());
            set(&object, "visible", *visible);
        }
        Greeting::Welcome { term, build } => {
            set(&object, "term", term.as_str());
            set(&object, "build", build.as_str());
        }
        Greeting::Pong(term) => set(&object, "term", term.as_str()),
        Greeting::Visible(visible) => set(&object, "visible", *visible),
        _ => {}
    }
    object.into()
}

fn kind_of(greeting: &Greeting) -> &'static str {
    match greeting {
        Greeting::Hello { .. } => "hello",
        Greeting::Opening => "opening",
        Greeting::Leading => "leading",
        Greeting::Welcome { .. } => "welcome",
        Greeting::Claim => "claim",
        Greeting::Yours => "yours",
        Greeting::Ping => "ping",
        Greeting::Pong(_) => "pong",
        Greeting::Visible(_) => "visible",
        Greeting::Left => "left",
        Greeting::End => "end",
    }
}

/// A message of one term.
pub(super) fn relayed(term: &Term, relayed: &Relayed) -> JsValue {
    let numbered = |kind, number: &AskNumber, name, value: &JsValue| {
        let object = message(kind);
        set(&object, "id", number.0 as f64);
        set(&object, name, value);
        object
    };
    let object = match relayed {
        Relayed::Request(number, ask) => {
            let object = numbered("request", number, "request", &ask.request);
            set(&object, "done", ask.done as f64);
            set(&object, "timeout", ask.timeout_ms);
            object
        }
        Relayed::Cancel(number) => numbered("cancel", number, "of", &JsValue::UNDEFINED),
        Relayed::Took(subscription) => {
            let object = message("took");
            set(&object, "subscription", *subscription);
            object
        }
        Relayed::Wake => message("wake"),
        Relayed::Reply(number, reply) => numbered("reply", number, "reply", reply),
        Relayed::Failure(number, error) => numbered("failure", number, "error", error),
        Relayed::Notification(notification) => {
            let object = message("notification");
            set(&object, "notification", notification);
            object
        }
    };
    set(&object, "term", term.as_str());
    object.into()
}

fn message(kind: &str) -> Object {
    let object = Object::new();
    set(&object, "type", kind);
    object
}

/// Reads a message; `None` for one that a later version may send.
pub(super) fn read(message: &JsValue) -> Option<Message> {
    let text = |name| get(message, name).as_string();
    let kind = text("type")?;
    let term = text("term").map(Term);
    if let (Some(version), Some(from)) = (get(message, "v").as_f64(), text("from")) {
        let greeting = read_greeting(&kind, message, term)?;
        return Some(Message::Greeting(Envelope {
            version: version as u32,
            from: TabId(from),
            greeting,
        }));
    }
    let integer = |name| get(message, name).as_f64().map(|number| number as i64);
    let number = integer("id").map(AskNumber);
    let relayed = match kind.as_str() {
        "request" => Relayed::Request(
            number?,
            Ask {
                request: get(message, "request"),
                done: integer("done")?,
                timeout_ms: get(message, "timeout").as_f64().map(|ms| ms as u32),
            },
        ),
        "cancel" => Relayed::Cancel(number?),
        "took" => Relayed::Took(integer("subscription")? as u32),
        "wake" => Relayed::Wake,
        "reply" => Relayed::Reply(number?, get(message, "reply")),
        "failure" => Relayed::Failure(number?, get(message, "error")),
        "notification" => Relayed::Notification(get(message, "notification")),
        _ => return None,
    };
    Some(Message::Relayed(term?, relayed))
}

fn read_greeting(kind: &str, message: &JsValue, term: Option<Term>) -> Option<Greeting> {
    let build = || get(message, "build").as_string();
    let visible = || get(message, "visible").is_truthy();
    Some(match kind {
        "hello" => Greeting::Hello {
            build: build()?,
            visible: visible(),
        },
        "opening" => Greeting::Opening,
        "leading" => Greeting::Leading,
        "welcome" => Greeting::Welcome {
            term: term?,
            build: build()?,
        },
        "claim" => Greeting::Claim,
        "yours" => Greeting::Yours,
        "ping" => Greeting::Ping,
        "pong" => Greeting::Pong(term?),
        "visible" => Greeting::Visible(visible()),
        "left" => Greeting::Left,
        "end" => Greeting::End,
        _ => return None,
    })
}
