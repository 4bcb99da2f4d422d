//! The README's examples, played against both stores: they hold, and both follow one contract.

use axum::Router;
use serde_json::{Value, json};
use throughline_server::backend::Backend;
use throughline_server::demo;
use throughline_server::electric::{Electric, Options};
use throughline_server::http::{Service, Site, now, router};
use throughline_server::journal::Unjournaled;

use crate::cluster::Cluster;
use crate::support::*;

const README: &str = include_str!("../../README.md");
const LEDGER: &str = include_str!("../../src/postgres/ledger.sql");

/// The fenced blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let fence = format!("\n```{language}\n");
    let blocks = README.split(&fence).skip(1);
    blocks
        .map(|block| block.split("\n```").next().unwrap().to_owned())
        .collect()
}

fn embedded() -> Router {
    let mut backend = Backend::new(Electric::new(Options::default()), demo::rules()).with_ledger();
    demo::start(&mut backend, &mut Unjournaled, now()).unwrap();
    let service = Service::new(backend, Box::new(Unjournaled), BODY_LIMIT);
    router(service, &Site::default())
}

/// The answer with the words and numbers that differ from store to store made alike.
fn comparable(mut answer: Value) -> Value {
    for verdict in answer["transactions"].as_array_mut().unwrap() {
        for number in ["txid", "lsn"] {
            if let Some(text) = verdict.get_mut(number) {
                assert!(
                    text.as_str().unwrap().parse::<u64>().is_ok(),
                    "{number}: {text}"
                );
                *text = json!("a number");
            }
        }
        if let Some(message) = verdict.pointer_mut("/error/message") {
            assert!(!message.as_str().unwrap().is_empty());
            *message = json!("a sentence");
        }
    }
    answer
}

#[tokio::test]
async fn every_request_gets_its_answer_from_both_stores() {
    let examples = blocks("json");
    assert!(examples.len() >= 6 && examples.len().is_multiple_of(2));
    let world = serve(Cluster::shared(), Wish::default()).await;
    for (store, router) in [
        ("embedded", embedded()),
        ("PostgreSQL", world.router.clone()),
    ] {
        for pair in examples.chunks(2) {
            let (_, answer) = send(&router, "POST", "/changes", &[], pair[0].clone()).await;
            let expected: Value = serde_json::from_str(&pair[1]).unwrap();
            assert_eq!(
                comparable(answer),
                comparable(expected),
                "{store}: {}",
                pair[0]
            );
        }
    }
}

#[tokio::test]
async fn postgres_says_what_the_readme_prints() {
    let world = serve(Cluster::shared(), Wish::default()).await;
    for pair in blocks("json").chunks(2) {
        let (_, answer) = send(&world.router, "POST", "/changes", &[], pair[0].clone()).await;
        let errors = |answer: &Value| {
            let verdicts = answer["transactions"].as_array().unwrap().iter();
            verdicts
                .map(|verdict| verdict["error"].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            errors(&answer),
            errors(&serde_json::from_str(&pair[1]).unwrap())
        );
    }
}

#[test]
fn the_ledger_is_printed_as_it_is_made() {
    assert_eq!(blocks("sql"), [LEDGER.trim_end()]);
}

/// Every flag that the program has stands in the table, and no other.
#[test]
fn the_flags_are_all_there() {
    let help = std::process::Command::new(env!("CARGO_BIN_EXE_throughline-server"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let flags = |text: &str| {
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
        let mut flags: Vec<String> = words
            .filter(|word| word.starts_with("--") && word.len() > 2)
            .map(str::to_owned)
            .collect();
        flags.sort();
        flags.dedup();
        flags
    };
    let table = README
        .split("| flag | does |")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .next()
        .unwrap();
    let known: Vec<String> = flags(&help)
        .into_iter()
        .filter(|flag| flag != "--help" && flag != "--version")
        .collect();
    let printed: Vec<String> = flags(table)
        .into_iter()
        .filter(|flag| flag != "---")
        .collect();
    assert_eq!(printed, known);
}
