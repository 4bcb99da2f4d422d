//! `tests/README.md` and the sources say the same: every trap has its tests, every recording its replay.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const TRAPS: std::ops::RangeInclusive<u32> = 1..=50;
const FLAWS: std::ops::RangeInclusive<u32> = 1..=49;

#[test]
fn every_trap_has_a_line_and_tests_that_name_it() {
    let mut listed = BTreeSet::new();
    for line in table("trap") {
        let trap: u32 = line[0].parse().unwrap();
        assert!(listed.insert(trap), "trap {trap} has two lines");
        let tests = tests_in(&line[2]);
        assert!(!tests.is_empty(), "trap {trap} has no test");
        for (file, test) in tests {
            let named = named_tests(&file);
            let numbers = named.get(&test);
            let numbers =
                numbers.unwrap_or_else(|| panic!("trap {trap}: {file} has no test {test}"));
            assert!(
                numbers.contains(&trap),
                "{file}::{test} does not name trap {trap}"
            );
        }
    }
    assert!(listed.into_iter().eq(TRAPS));
}

#[test]
fn every_test_that_names_a_trap_exists_for_one() {
    let mut found = 0;
    for file in sources() {
        for (test, traps) in named_tests(&file) {
            found += traps.len();
            let strange: Vec<_> = traps.iter().filter(|trap| !TRAPS.contains(trap)).collect();
            assert!(strange.is_empty(), "{file}::{test}: {strange:?}");
        }
    }
    assert!(found > 80, "the comments are read: {found}");
}

#[test]
fn every_flaw_of_the_pattern_has_a_line_and_tests() {
    let mut expected = FLAWS;
    for line in table("flaw") {
        assert_eq!(line[0].parse().ok(), expected.next(), "{line:?}");
        let tests = tests_in(&line[2]);
        assert!(!tests.is_empty(), "{line:?} has no test");
        for (file, test) in tests {
            assert!(
                named_tests(&file).contains_key(&test),
                "{file} has no test {test}"
            );
        }
    }
    assert_eq!(expected.next(), None);
}

#[test]
fn every_recording_is_replayed_or_has_a_reason() {
    let folder = root().join("tests/fixtures/recordings");
    let mut recordings: BTreeSet<u32> = fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            entry
                .unwrap()
                .file_name()
                .to_str()?
                .split('-')
                .next()?
                .parse()
                .ok()
        })
        .collect();
    assert!(recordings.len() > 60, "the recordings are found");
    for line in table("recordings") {
        for number in numbers(&line[0]) {
            assert!(
                recordings.remove(&number),
                "recording {number}: twice, or no file"
            );
        }
        let tests = tests_in(&line[1]);
        let reason = line[1].strip_prefix("none: ");
        assert!(
            tests.is_empty() == reason.is_some_and(|reason| !reason.is_empty()),
            "{line:?}"
        );
        for (file, test) in tests {
            assert!(
                named_tests(&file).contains_key(&test),
                "{file} has no test {test}"
            );
        }
    }
    assert!(recordings.is_empty(), "in no line: {recordings:?}");
}

/// The reader itself, so that nothing passes by not being read.
#[test]
fn numbers_are_read_in_every_spelling() {
    assert_eq!(numbers("01-03, 7 and 9"), [1, 2, 3, 7, 9]);
    let code = "/// Trap 9: text 12.\n#[test]\nfn one() {}\n\n/// Says it, and traps 3 and 4.\n/// More.\n#[test]\n\
                fn traps_6_and_38_two() {}\n#[test]\nfn three_7() {}\n";
    let read = tests_of(code);
    assert_eq!(read["one"], BTreeSet::from([9]));
    assert_eq!(read["traps_6_and_38_two"], BTreeSet::from([3, 4, 6, 38]));
    assert_eq!(read["three_7"], BTreeSet::new());
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The lines of the table whose first column has that title, without the title.
fn table(title: &str) -> Vec<Vec<String>> {
    let page = fs::read_to_string(root().join("tests/README.md")).unwrap();
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim().trim_matches('|');
        inner
            .split(" | ")
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    let mut lines = page
        .lines()
        .skip_while(|line| !line.starts_with(&format!("| {title} |")));
    lines.by_ref().take(2).for_each(drop);
    let rows: Vec<_> = lines
        .take_while(|line| line.starts_with('|'))
        .map(cells)
        .collect();
    assert!(rows.len() > 5, "the table of {title} is found");
    rows
}

/// The tests that a cell names, as file and function.
fn tests_in(cell: &str) -> Vec<(String, String)> {
    let quoted = cell.split('`').skip(1).step_by(2);
    quoted
        .filter_map(|name| name.split_once("::"))
        .map(|(file, test)| (file.to_owned(), test.to_owned()))
        .collect()
}

/// The numbers in `1-3, 7 and 9`.
fn numbers(text: &str) -> Vec<u32> {
    let mut found: Vec<u32> = Vec::new();
    let mut to = false;
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        to = to || rest[..start].ends_with('-') && !found.is_empty();
        let digits = rest[start..]
            .chars()
            .take_while(char::is_ascii_digit)
            .count();
        let number = rest[start..start + digits].parse().unwrap();
        if std::mem::take(&mut to) {
            found.extend(found[found.len() - 1] + 1..number);
        }
        found.push(number);
        rest = &rest[start + digits..];
    }
    found
}

fn named_tests(file: &str) -> BTreeMap<String, BTreeSet<u32>> {
    let code = fs::read_to_string(root().join(file));
    tests_of(&code.unwrap_or_else(|error| panic!("{file}: {error}")))
}

/// The test functions of a file and the traps that each names.
fn tests_of(code: &str) -> BTreeMap<String, BTreeSet<u32>> {
    let mut tests = BTreeMap::new();
    let (mut comment, mut is_test) = (String::new(), false);
    for line in code.lines().map(str::trim) {
        let name = line
            .trim_start_matches("async ")
            .strip_prefix("fn ")
            .map(|rest| rest.split(['(', '<']).next().unwrap_or(rest));
        match (line.strip_prefix("///"), name) {
            (Some(text), _) => comment.push_str(text),
            (None, Some(name)) if is_test => {
                let mut traps = named_traps(&comment);
                if let Some(rest) = name.strip_prefix("trap") {
                    traps.extend(leading(&rest.trim_start_matches('s').replace('_', " ")));
                }
                tests.insert(name.to_owned(), traps);
                (comment, is_test) = (String::new(), false);
            }
            _ if line == "#[test]"
                || line == "#[wasm_bindgen_test]"
                || line.starts_with("#[tokio::test") =>
            {
                is_test = true;
            }
            _ if line.starts_with("#[") => {}
            _ => (comment, is_test) = (String::new(), false),
        }
    }
    tests
}

/// Those after each `Trap` or `traps`.
fn named_traps(comment: &str) -> BTreeSet<u32> {
    let lower = comment.to_ascii_lowercase();
    let after = lower.split("trap").skip(1);
    after
        .flat_map(|rest| leading(rest.trim_start_matches('s')))
        .collect()
}

/// The numbers that a text begins with, joined by commas and `and`.
fn leading(text: &str) -> Vec<u32> {
    let is_part = |word: &&str| {
        let word = word.trim_end_matches([',', '.', ':', ';', ')']);
        word == "and" || !word.is_empty() && word.chars().all(|c| c.is_ascii_digit())
    };
    let mut words = Vec::new();
    for word in text.split_whitespace().take_while(is_part) {
        words.push(word);
        if word.ends_with(['.', ':', ';', ')']) {
            break;
        }
    }
    numbers(&words.join(" "))
}

/// Every Rust file below `src` and `tests`.
fn sources() -> Vec<String> {
    let mut files = Vec::new();
    for folder in ["src", "tests"] {
        collect(&root().join(folder), &mut files);
    }
    files
}

fn collect(folder: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let below = path.strip_prefix(root()).unwrap();
            files.push(below.display().to_string().replace('\\', "/"));
        }
    }
}
