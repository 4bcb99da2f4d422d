//! The data types of the protocol as TypeScript, held against `src/js/protocol.ts`.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use ts_rs::{Config, TS};

use super::{
    ChangeRecord, Inspection, LiveRecord, Persistence, Recovery, Seen, ShapePhase, ShapePosition,
    ShapeStatus, Status, StorageStatus, TabRecord, TraceExcerpt, TransactionRecord, UploadPhase,
    UploadStatus, Verification,
};
use crate::change::{Operation, TransactionState};
use crate::error::ErrorReport;

const HEAD: &str = "\
// Made from the Rust types by the test `typescript`; `UPDATE_FIXTURES=1 cargo test typescript` writes it anew.
";

fn generated() -> String {
    let config = Config::default();
    let types = [
        Status::decl(&config),
        StorageStatus::decl(&config),
        Persistence::decl(&config),
        Recovery::decl(&config),
        Seen::decl(&config),
        ShapeStatus::decl(&config),
        ShapePhase::decl(&config),
        UploadStatus::decl(&config),
        UploadPhase::decl(&config),
        TransactionRecord::decl(&config),
        TransactionState::decl(&config),
        ChangeRecord::decl(&config),
        Operation::decl(&config),
        ErrorReport::decl(&config),
        Verification::decl(&config),
        Inspection::decl(&config),
        ShapePosition::decl(&config),
        LiveRecord::decl(&config),
        TraceExcerpt::decl(&config),
        TabRecord::decl(&config),
    ];
    let mut text = HEAD.to_owned();
    for one in types {
        text += &format!("\nexport {}\n", laid_out(&one));
    }
    text
}

/// One member a line, as the other TypeScript files have it.
fn laid_out(declaration: &str) -> String {
    declaration
        .replace("{ \n", "{\n")
        .replace(", \n", ";\n")
        .replace(", };", ";\n};")
        .replace("\n/**\n * ", "\n  /** ")
        .replace("\n */\n", " */\n  ")
}

#[test]
fn the_committed_types_are_those_of_the_protocol() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/js/protocol.ts");
    let generated = generated();
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        generated, committed,
        "src/js/protocol.ts differs; run with UPDATE_FIXTURES=1 and commit it"
    );
}
