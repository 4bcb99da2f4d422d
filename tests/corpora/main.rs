//! Each target of `./dev fuzz` over the inputs that are kept of it, past findings among them.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

#[macro_use]
mod targets;

use std::path::{Path, PathBuf};

/// Where the package is.
pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Names the input that a target failed at.
struct Named<'a>(&'a Path);

impl Drop for Named<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input is {}", self.0.display());
        }
    }
}

/// In order, so that a failure is the same one each time.
fn inputs(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(ROOT).join("tests/corpora/kept").join(target);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

fn replay(target: &str, run: fn(&[u8])) {
    let inputs = inputs(target);
    assert!(!inputs.is_empty(), "{target} has no inputs");
    for input in inputs {
        let named = Named(&input);
        run(&std::fs::read(&input).unwrap());
        drop(named);
    }
}

/// `./dev fuzz` and the inputs know of the same targets.
#[test]
fn every_target_has_its_inputs_and_a_program() {
    let root = Path::new(ROOT);
    let names = |folder: &str, suffix: &str| {
        let files = std::fs::read_dir(root.join(folder)).unwrap();
        let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = files
            .filter_map(|file| file.strip_suffix(suffix).map(str::to_owned))
            .collect();
        names.sort();
        names
    };
    let mut targets: Vec<&str> = targets::ALL.iter().map(|(name, _)| *name).collect();
    targets.sort_unstable();
    assert_eq!(names("tests/corpora/kept", ""), targets);
    assert_eq!(names("fuzz/fuzz_targets", ".rs"), targets);
}

macro_rules! each {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            replay(stringify!($name), targets::$name::run);
        })*
    };
}

names!(each);
