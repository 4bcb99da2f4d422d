//! The known mistakes of this folder still fit the sources, so that `./dev planted` can plant them.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn every_mistake_can_be_planted_and_says_what_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = fs::read_dir(root.join("tests/planted")).unwrap();
    let mut patches: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".patch"))
        .collect();
    patches.sort();
    assert!(!patches.is_empty());
    for (at, name) in patches.iter().enumerate() {
        let number = format!("{:02}-", at + 1);
        assert!(name.starts_with(&number), "{name} is not number {number}");
        let path = root.join("tests/planted").join(name);
        let text = fs::read_to_string(&path).unwrap();
        let (says, patch) = text.split_once("\n\n").unwrap();
        assert!(
            says.ends_with('.') && !says.contains('\n'),
            "{name}: {says:?}"
        );
        let mut touched = patch.lines().filter_map(|line| line.strip_prefix("+++ b/"));
        assert!(touched.all(|file| file.starts_with("src/")), "{name}");
        let check = Command::new("git")
            .args(["apply", "--check"])
            .arg(&path)
            .current_dir(root)
            .output()
            .unwrap();
        let reason = String::from_utf8_lossy(&check.stderr);
        assert!(check.status.success(), "{name} is stale: {reason}");
    }
}
