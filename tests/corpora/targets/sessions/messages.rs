//! Bodies: messages of every kind, each with what belongs to it and what does not.

use serde_json::{Map, Value, json};

use crate::targets::input::Input;

/// Of the items.
pub const SCHEMA: &str = r#"{"id":{"type":"int4","pk_index":0,"not_null":true},"title":{"type":"text"},"done":{"type":"bool"},
    "amount":{"type":"numeric"},"doc":{"type":"jsonb"},"tags":{"type":"text","dims":1},"write_id":{"type":"uuid"}}"#;

const COLUMNS: &[&str] = &[
    "id", "title", "done", "amount", "doc", "tags", "write_id", "a\"b", "unknown",
];

const MOST_MESSAGES: usize = 8;

pub fn body(input: &mut Input<'_>) -> String {
    let mut messages: Vec<Value> = (0..input.below(MOST_MESSAGES))
        .map(|_| message(input))
        .collect();
    if !input.one_in(4) {
        messages.push(up_to_date(input));
    }
    if input.one_in(8) && !messages.is_empty() {
        let last = messages.len() - 1;
        messages.swap(0, last);
    }
    Value::Array(messages).to_string()
}

pub fn subset(input: &mut Input<'_>) -> String {
    let data: Vec<Value> = (0..input.below(4)).map(|_| message(input)).collect();
    let metadata = json!({"xmin": number(input), "xmax": number(input), "xip_list": [number(input)], "database_lsn": number(input)});
    json!({"metadata": metadata, "data": data}).to_string()
}

fn message(input: &mut Input<'_>) -> Value {
    match input.below(16) {
        0 => up_to_date(input),
        1 => {
            json!({"headers": {"control": "snapshot-end", "xmin": number(input), "xmax": number(input), "xip_list": [number(input)]}})
        }
        2 => json!({"headers": {"control": input.pick(&["must-refetch", "later", ""])}}),
        3 | 4 => event(input),
        5 => json!({"headers": {"event": "new", "x": input.text()}}),
        6 => odd(input),
        _ => change(input),
    }
}

fn up_to_date(input: &mut Input<'_>) -> Value {
    match input.below(3) {
        0 => json!({"headers": {"control": "up-to-date"}}),
        _ => json!({"headers": {"control": "up-to-date", "global_last_seen_lsn": number(input)}}),
    }
}

/// As the server spells numbers, and otherwise.
fn number(input: &mut Input<'_>) -> Value {
    match input.below(12) {
        0 => json!(input.number().to_string()),
        1 => json!(input.number()),
        2 => json!(input.text()),
        3 => json!("4294967295"),
        4 => json!("18446744073709551615"),
        small => json!((small * 100).to_string()),
    }
}

fn event(input: &mut Input<'_>) -> Value {
    let patterns: Vec<Value> = (0..input.below(3))
        .map(|_| json!({"pos": input.below(3), "value": tag(input)}))
        .collect();
    json!({"headers": {"event": input.pick(&["move-out", "move-in"]), "patterns": patterns, "txids": [700]}})
}

fn tag(input: &mut Input<'_>) -> String {
    match input.below(8) {
        0 => input.text(),
        _ => input.pick(&["t1", "t2", "t3"]).to_owned(),
    }
}

fn change(input: &mut Input<'_>) -> Value {
    let operation = input.pick(&["insert", "insert", "update", "delete", "upsert"]);
    let id = input.below(4).to_string();
    let mut row = Map::new();
    if !input.one_in(16) {
        row.insert("id".into(), json!(id));
    }
    for _ in 0..input.below(4) {
        let column = input.pick(COLUMNS);
        row.insert(column.to_owned(), value(column, input));
    }
    let mut headers = json!({"operation": operation, "relation": ["public", "items"]});
    if input.one_in(2) {
        headers["lsn"] = number(input);
        headers["op_position"] = json!(input.byte());
        headers["txids"] = json!([700 + u32::from(input.byte() % 4)]);
        headers["last"] = json!(input.one_in(2));
    }
    if input.one_in(3) {
        let conjunction = format!("{}/{}", tag(input), tag(input));
        let tags = [tag(input), conjunction, String::new()];
        headers["tags"] = json!([input.pick(&tags)]);
        headers["active_conditions"] =
            input.pick(&[json!([true]), json!([false, true]), json!([]), json!(null)]);
    }
    if input.one_in(4) {
        headers["removed_tags"] = json!([tag(input)]);
        headers["is_move_in"] = json!(input.one_in(2));
    }
    if input.one_in(8) {
        let key = format!("\"public\".\"items\"/\"{}\"", input.below(4));
        headers[input.pick(&["key_change_to", "key_change_from"])] = json!(key);
    }
    let mut message =
        json!({"key": format!("\"public\".\"items\"/\"{id}\""), "value": row, "headers": headers});
    if input.one_in(6) {
        message["old_value"] = json!({"id": input.below(4).to_string(), "title": input.text()});
    }
    if input.one_in(16) {
        let part = input.pick(&["key", "value", "headers"]);
        message[part] = input.pick(&[
            json!(null),
            json!(7),
            json!({}),
            json!("x"),
            json!({"id": 1}),
        ]);
    }
    message
}

fn value(column: &str, input: &mut Input<'_>) -> Value {
    if input.one_in(4) {
        let text = json!(input.text());
        return input.pick(&[json!(null), text, json!(1), json!(true)]);
    }
    json!(match column {
        "id" => input.below(4).to_string(),
        "done" => input.pick(&["t", "f", "true", "false"]).to_owned(),
        "amount" => input.pick(&["1.50", "-0", "NaN", "1e5"]).to_owned(),
        "doc" => input
            .pick(&["{\"a\": 1}", "[]", "null", "\"\\u0000\""])
            .to_owned(),
        "tags" => input
            .pick(&[
                "{}",
                "{a,NULL}",
                "{\"{\",\"\\\"\"}",
                "{{1},{2}}",
                "[0:1]={1,2}"
            ])
            .to_owned(),
        "write_id" => format!("10000000-0000-4000-8000-00000000000{}", input.below(4)),
        _ => input.text(),
    })
}

fn odd(input: &mut Input<'_>) -> Value {
    input.pick(&[
        json!(null),
        json!([]),
        json!({}),
        json!("x"),
        json!({"headers": {}}),
        json!({"headers": null}),
        json!({"value": {}}),
    ])
}
