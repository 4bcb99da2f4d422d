//! Who may import whom, what each layer keeps its hands off, and how long a file may be.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// One layer of `src`, from the bottom up.
struct Layer {
    modules: &'static [&'static str],
    /// Modules of this crate that it may name besides its own.
    imports: &'static [&'static str],
    /// Text that its code must not contain, each with the reason.
    forbidden: &'static [(&'static [&'static str], &'static str)],
}

const SQLITE: (&[&str], &str) = (&["rusqlite"], "it knows no database");
const BROWSER: (&[&str], &str) = (
    &["JsValue", "wasm_bindgen", "js_sys", "web_sys", "gloo_net"],
    "it knows no browser",
);
const CLOCK: (&[&str], &str) = (
    &["SystemTime", "Instant", "Date::now", "fastrand::Rng::new()"],
    "time and randomness are arguments",
);
const WAITING: (&[&str], &str) = (&["async fn", "async move", ".await"], "it never waits");
const TRANSACTIONS: (&[&str], &str) = (
    &[
        "\"BEGIN",
        "Transaction::new",
        ".transaction(",
        "unchecked_transaction",
        "savepoint(",
    ],
    "the engine alone begins transactions",
);

const BASE: &[&str] = &["ids", "error", "value", "change", "backoff", "json"];

/// The rules.
const LAYERS: &[Layer] = &[
    Layer {
        modules: BASE,
        imports: BASE,
        forbidden: &[SQLITE, BROWSER, CLOCK, WAITING],
    },
    Layer {
        modules: &["schema"],
        imports: BASE,
        forbidden: &[SQLITE, BROWSER, CLOCK, WAITING],
    },
    Layer {
        modules: &["shape", "optimistic", "upload", "tabs"],
        imports: &[
            "ids", "error", "value", "change", "backoff", "json", "schema",
        ],
        forbidden: &[SQLITE, BROWSER, CLOCK, WAITING],
    },
    Layer {
        modules: &["store"],
        imports: &[
            "ids",
            "error",
            "value",
            "change",
            "backoff",
            "json",
            "schema",
            "shape",
            "optimistic",
            "upload",
            "tabs",
        ],
        forbidden: &[TRANSACTIONS, BROWSER, CLOCK, WAITING],
    },
    Layer {
        modules: &["engine"],
        imports: &[
            "ids",
            "error",
            "value",
            "change",
            "backoff",
            "json",
            "schema",
            "shape",
            "optimistic",
            "upload",
            "tabs",
            "store",
        ],
        forbidden: &[BROWSER, CLOCK, WAITING],
    },
    Layer {
        modules: &["web"],
        imports: &["engine", "tabs", "value", "error", "ids", "change"],
        forbidden: &[],
    },
];

/// Lines of a source file; tests do not count.
const LONGEST_FILE: usize = 400;

/// A source file below `src`, its comments and tests taken out.
struct Source {
    path: String,
    module: String,
    code: String,
    lines: usize,
}

#[test]
fn every_module_stands_in_one_layer() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let declared: BTreeSet<&str> = lib
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "))
        .filter_map(|rest| rest.strip_suffix(';'))
        .collect();
    let mut listed: Vec<&str> = LAYERS
        .iter()
        .flat_map(|layer| layer.modules)
        .copied()
        .collect();
    let count = listed.len();
    listed.sort_unstable();
    listed.dedup();
    assert_eq!(listed.len(), count, "a module in two layers");
    for module in declared {
        assert!(listed.contains(&module), "{module} stands in no layer");
    }
}

#[test]
fn modules_import_only_what_lies_below_them() {
    let mut found = 0;
    for source in sources() {
        let layer = layer_of(&source);
        for import in crate_paths(&source.code) {
            found += 1;
            let own = layer.modules.contains(&import.as_str()) && layer.modules == BASE;
            assert!(
                import == source.module || own || layer.imports.contains(&import.as_str()),
                "{} must not import {import}",
                source.path
            );
        }
    }
    assert!(found > 100, "the imports are read");
}

#[test]
fn layers_keep_their_hands_off() {
    for source in sources() {
        for (words, reason) in layer_of(&source).forbidden {
            for word in *words {
                assert!(
                    !contains_word(&source.code, word),
                    "{} contains {word}: {reason}",
                    source.path
                );
            }
        }
    }
}

#[test]
fn a_file_is_one_idea() {
    for source in sources() {
        assert!(
            source.lines <= LONGEST_FILE,
            "{} has {} lines",
            source.path,
            source.lines
        );
    }
}

/// Whether the text stands there by itself: `.await` is not in `.awaiting`.
fn contains_word(code: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let ends_in_name = word.chars().next_back().is_some_and(is_name);
    code.match_indices(word).any(|(at, _)| {
        let next = code[at + word.len()..].chars().next();
        !(ends_in_name && word != "gloo_net" && next.is_some_and(is_name))
    })
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn layer_of(source: &Source) -> &'static Layer {
    LAYERS
        .iter()
        .find(|layer| layer.modules.contains(&source.module.as_str()))
        .unwrap_or_else(|| panic!("{} stands in no layer", source.path))
}

fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    collect(&root().join("src"), &mut paths);
    paths.sort();
    assert!(paths.len() > 50, "the sources are found");
    paths
        .iter()
        .filter(|path| !is_test(path) && !path.ends_with("src/lib.rs"))
        .map(|path| read(path))
        .collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

fn is_test(path: &Path) -> bool {
    let under_tests = path.components().any(|part| part.as_os_str() == "tests");
    let stem = path.file_stem().unwrap().to_str().unwrap();
    under_tests || stem == "tests" || stem.ends_with("_tests") || stem == "typescript"
}

fn read(path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap();
    // Tests in the file itself come last; those in a file of their own are named anywhere.
    let is_inline = |at: &usize| {
        let name = text[*at..].lines().nth(1);
        name.is_some_and(|line| line.ends_with('{'))
    };
    let tests = text.match_indices("#[cfg(test)]\nmod ").map(|(at, _)| at);
    let shipped = match tests.into_iter().find(is_inline) {
        Some(at) => &text[..at],
        None => text.as_str(),
    };
    let below_src = path.strip_prefix(root().join("src")).unwrap();
    let first = below_src.components().next().unwrap();
    Source {
        path: below_src.display().to_string(),
        module: Path::new(first.as_os_str())
            .file_stem()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned(),
        code: shipped
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .map(|line| format!("{line}\n"))
            .collect(),
        lines: shipped.lines().count(),
    }
}

/// The modules named by `crate::module` and by `use crate::{module, …}`.
fn crate_paths(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, prefix) in code.match_indices("crate::") {
        // `$crate` belongs to macros, `my_crate::` to someone else.
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => {
                let group = &group[..group.find("};").unwrap_or(group.len())];
                found.extend(top_level_names(group));
            }
            None => found.extend(word(rest)),
        }
    }
    found
}

/// The first word of each member of a `{…}` group.
fn top_level_names(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut names = Vec::new();
    let mut member = String::new();
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => names.extend(word(std::mem::take(&mut member).trim())),
            c if depth == 0 => member.push(c),
            _ => {}
        }
    }
    names.extend(word(member.trim()));
    names
}

fn word(text: &str) -> Option<String> {
    let word: String = text
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    // A macro or an item at the root of the crate is no module.
    word.chars()
        .next()
        .is_some_and(char::is_lowercase)
        .then_some(word)
}

/// The reader itself, so that a rule cannot pass by reading nothing.
#[test]
fn imports_are_read_in_every_spelling() {
    let code = "use crate::ids::X;\nuse crate::{shape::{self, A}, store,\n  value};\nlet x = crate::web::f(); my_crate::no();";
    let expected = ["ids", "shape", "store", "value", "web"].map(ToOwned::to_owned);
    assert_eq!(crate_paths(code), BTreeSet::from(expected));
}
