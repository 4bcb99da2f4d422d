//! Histories that failed once: every run begins with them.

use std::path::PathBuf;

use super::property::Violation;

/// One line of the file: a seed and its actions by number, what follows `#` is for readers.
pub(super) type Kept = (u64, Vec<usize>);

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/simulation/regressions")
}

pub(super) fn read() -> Vec<Kept> {
    parse(&std::fs::read_to_string(path()).unwrap())
}

fn parse(text: &str) -> Vec<Kept> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    let kept = lines.filter(|line| !line.is_empty()).map(|line| {
        let (seed, actions) = line.split_once(' ').expect("a seed and its actions");
        (seed.parse().expect("a seed"), numbers(actions))
    });
    kept.collect()
}

/// `1,2,7`; none is `-`.
pub(super) fn numbers(text: &str) -> Vec<usize> {
    let parts = text.split(',').map(str::trim).filter(|one| *one != "-");
    parts.map(|one| one.parse().expect("a number")).collect()
}

/// Adds one, for the next run and for whoever mends it.
pub(super) fn keep(violation: &Violation) {
    let known = std::fs::read_to_string(path()).unwrap();
    let kept = (violation.seed, violation.actions.clone());
    if parse(&known).contains(&kept) {
        return;
    }
    let actions: Vec<String> = violation.actions.iter().map(ToString::to_string).collect();
    let actions = if actions.is_empty() {
        "-".into()
    } else {
        actions.join(",")
    };
    let line = format!(
        "{} {actions} # {}\n",
        violation.seed,
        violation.property.name()
    );
    std::fs::write(path(), known + &line).unwrap();
}

#[test]
fn a_line_is_a_seed_and_its_actions() {
    let text = "# why\n7 1,2,30 # no acknowledged write is lost\n\n8 -\n";
    assert_eq!(parse(text), [(7, vec![1, 2, 30]), (8, vec![])]);
}
