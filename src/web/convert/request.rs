//! Requests from plain objects.

use js_sys::{Array, JSON, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use super::{get, value};
use crate::error::{Error, Result};
use crate::ids::{SubscriptionId, TransactionId};
use crate::tabs::{Request, Statement};
use crate::value::Value;

/// Reads a request.
///
/// # Errors
/// [`Error::Argument`] naming the field that is missing or of another type.
pub(in crate::web) fn from_js(object: &JsValue) -> Result<Request> {
    let kind = text(object, "type")?;
    Ok(match kind.as_str() {
        "query" => Request::Query {
            statement: statement(object)?,
            transaction: optional_transaction(object)?,
        },
        "execute" => Request::Execute {
            statement: statement(object)?,
            transaction: optional_transaction(object)?,
        },
        "batch" => Request::Batch {
            statements: array(object, "statements")?
                .iter()
                .map(|one| statement(&one))
                .collect::<Result<_>>()?,
            meta: meta_from_js(&get(object, "meta"))?,
        },
        "begin" => Request::Begin {
            meta: meta_from_js(&get(object, "meta"))?,
        },
        "commit" => Request::Commit(transaction(object, "transaction")?),
        "rollback" => Request::Rollback(transaction(object, "transaction")?),
        "live" => Request::Live {
            subscription: subscription(object)?,
            statement: statement(object)?,
            key: array(object, "key")?
                .iter()
                .map(|name| name.as_string().ok_or_else(|| wrong("key", "column names")))
                .collect::<Result<_>>()?,
        },
        "unsubscribe" => Request::Unsubscribe(subscription(object)?),
        "status" => Request::Status,
        "pending" => Request::Pending,
        "rejected" => Request::Rejected,
        "settled" => Request::Settled(text(object, "id")?),
        "retry" => Request::Retry {
            number: transaction(object, "number")?,
            dependents: get(object, "dependents").is_truthy(),
        },
        "edit" => Request::Edit {
            number: transaction(object, "number")?,
            changes: json(object, "changes")?,
            meta: meta_from_js(&get(object, "meta"))?,
        },
        "discard" => Request::Discard {
            number: transaction(object, "number")?,
            dependents: get(object, "dependents").is_truthy(),
        },
        "setShape" => Request::set_shape(
            text(object, "table")?,
            optional_text(object, "name")?,
            &json(object, "shape")?,
        )?,
        "removeShape" => Request::remove_shape(
            text(object, "table")?,
            optional_text(object, "name")?,
            get(object, "purge").is_truthy(),
        ),
        "loadSubset" => Request::load_subset(
            text(object, "table")?,
            optional_text(object, "name")?,
            &json(object, "subset")?,
        )?,
        "verify" => Request::Verify,
        "inspect" => Request::Inspect {
            from: number(object, "from")? as u32,
        },
        "tabs" => Request::Tabs,
        "record" => Request::Record(get(object, "on").is_truthy()),
        "export" => Request::Export,
        "import" => Request::Import(bytes(object)?),
        "connect" => Request::Connect,
        "disconnect" => Request::Disconnect,
        "wipe" => Request::Wipe,
        "close" => Request::Close,
        other => return Err(Error::Argument(format!("there is no request {other:?}"))),
    })
}

/// What the app attaches to a transaction, as JSON text.
///
/// # Errors
/// [`Error::Argument`] for what JSON cannot hold.
fn meta_from_js(meta: &JsValue) -> Result<Option<String>> {
    if meta.is_undefined() || meta.is_null() {
        return Ok(None);
    }
    JSON::stringify(meta)
        .ok()
        .and_then(|text| text.as_string())
        .map(Some)
        .ok_or_else(|| wrong("meta", "a JSON value"))
}

/// A statement from its parts; `params` may be left out.
fn statement_of(sql: String, params: &JsValue) -> Result<Statement> {
    let params = if params.is_undefined() || params.is_null() {
        Vec::new()
    } else {
        values(
            params
                .dyn_ref()
                .ok_or_else(|| wrong("params", "an array"))?,
        )?
    };
    Ok(Statement {
        sql,
        params,
        typed: false,
    })
}

fn statement(object: &JsValue) -> Result<Statement> {
    let mut statement = statement_of(text(object, "sql")?, &get(object, "params"))?;
    statement.typed = get(object, "typed").is_truthy();
    Ok(statement)
}

fn values(list: &Array) -> Result<Vec<Value>> {
    list.iter()
        .enumerate()
        .map(|(position, one)| value::from_js(&one, position))
        .collect()
}

fn text(object: &JsValue, name: &'static str) -> Result<String> {
    get(object, name)
        .as_string()
        .ok_or_else(|| wrong(name, "text"))
}

fn optional_text(object: &JsValue, name: &'static str) -> Result<Option<String>> {
    if get(object, name).is_undefined() {
        return Ok(None);
    }
    text(object, name).map(Some)
}

fn json(object: &JsValue, name: &'static str) -> Result<String> {
    JSON::stringify(&get(object, name))
        .ok()
        .and_then(|text| text.as_string())
        .ok_or_else(|| wrong(name, "an object"))
}

fn bytes(object: &JsValue) -> Result<Vec<u8>> {
    let bytes = get(object, "bytes");
    let bytes = bytes.dyn_ref::<Uint8Array>();
    bytes
        .map(Uint8Array::to_vec)
        .ok_or_else(|| wrong("bytes", "a Uint8Array"))
}

fn array(object: &JsValue, name: &'static str) -> Result<Array> {
    get(object, name)
        .dyn_into()
        .map_err(|_| wrong(name, "an array"))
}

fn number(object: &JsValue, name: &'static str) -> Result<f64> {
    get(object, name)
        .as_f64()
        .filter(|number| number.fract() == 0.0 && *number >= 0.0)
        .ok_or_else(|| wrong(name, "a whole number"))
}

fn transaction(object: &JsValue, name: &'static str) -> Result<TransactionId> {
    Ok(TransactionId(number(object, name)? as i64))
}

fn optional_transaction(object: &JsValue) -> Result<Option<TransactionId>> {
    if get(object, "transaction").is_undefined() {
        return Ok(None);
    }
    transaction(object, "transaction").map(Some)
}

fn subscription(object: &JsValue) -> Result<SubscriptionId> {
    Ok(SubscriptionId(number(object, "subscription")? as u32))
}

fn wrong(name: &str, wanted: &str) -> Error {
    Error::Argument(format!("{name} must be {wanted}"))
}
