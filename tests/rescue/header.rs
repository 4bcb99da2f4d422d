//! The first page's header says what is not so.

use super::*;

#[test]
fn a_broken_header_hides_nothing() {
    for bytes in [&[0xa5; 100][..], &[0; 16], b"SQ"] {
        let (mut world, keys) = with_writes();
        let broken = |path: &Path| overwrite(path, 0, &bytes.repeat(2)[..bytes.len().max(4)]);
        world.damage("a", broken);
        assert_recovers_all(world, &keys);
    }
}

/// Byte 18 of the header: a format that is to be read only.
#[test]
fn a_header_that_forbids_to_write_hides_nothing() {
    let (mut world, keys) = with_writes();
    world.damage("a", |path| overwrite(path, 18, &[9]));
    assert_recovers_all(world, &keys);
}

/// Bytes 60 to 63 of the header. A fresh file has no version either, but none of the tables: of two files the other one would be opened.
#[test]
fn a_header_without_a_version_hides_nothing() {
    let (mut world, keys) = with_writes();
    for generation in [2, 3] {
        world.damage("a", |path| overwrite(path, 60, &[0; 4]));
        world.run_for(120_000);
        assert_eq!(world.seen("a").generation, generation);
    }
    assert_whole(world, &keys);
}

/// Byte 44 of the header: what SQLite reads of it has no code of its own.
#[test]
fn an_unknown_schema_format_hides_nothing() {
    let (mut world, keys) = with_writes();
    world.damage("a", |path| overwrite(path, 44, &[0, 0, 0, 9]));
    assert_recovers_all(world, &keys);
}
