//! What SQLite reads without complaint, and we did not write.

use super::*;

#[test]
fn a_table_of_ours_that_was_defined_otherwise_hides_nothing() {
    let (mut world, keys) = with_writes();
    let sql = "ALTER TABLE _throughline_requests RENAME COLUMN at TO ax";
    world.edit_file("a", sql);
    assert_recovers_all(world, &keys);
}

#[test]
fn a_broken_list_of_tables_does_not_make_ours_the_apps_own() {
    for columns in ["tbl_name = 'x'", "name = 'x', tbl_name = 'x'"] {
        let (mut world, keys) = with_writes();
        world.edit_file(
            "a",
            &format!(
                "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET {columns} WHERE name = 'todos_synced';
                 UPDATE _throughline_shapes SET progress = '{{'"
            ),
        );
        let recovery = recover(&mut world);
        assert_eq!(recovery.transactions, 4, "{columns}: {recovery:?}");
        assert_whole(world, &keys);
    }
}

/// Neither the header nor what tables sync can be read.
#[test]
fn what_is_generated_for_a_declared_table_is_never_the_apps_own() {
    let (mut world, keys) = with_writes();
    world.damage("a", |path| {
        for page in pages(path, "_throughline_tables") {
            overwrite_page(path, page);
        }
        overwrite(path, 0, &[0xa5; 100]);
    });
    let recovery = recover(&mut world);
    assert_eq!(recovery.transactions, 4, "{recovery:?}");
    assert_arrives(&mut world, &keys, "");
}

/// Its view and triggers are there, and nothing says what table they are of.
#[test]
fn a_table_that_nothing_is_known_of_is_made_anew() {
    let (mut world, keys) = with_writes();
    world.edit_file("a", "DELETE FROM _throughline_tables");
    world.online("a");
    world.settle();
    let recovery = recover(&mut world);
    assert_eq!(recovery.transactions, 4, "{recovery:?}");
    assert_arrives(&mut world, &keys, "");
}

#[test]
fn a_client_id_that_cannot_be_one_is_minted_anew() {
    let (mut world, keys) = with_writes();
    let sql = "UPDATE _throughline_settings SET value = 'no' || char(0) WHERE name = 'client_id'";
    world.edit_file("a", sql);
    let recovery = recover(&mut world);
    assert_eq!(
        (recovery.transactions, recovery.lost),
        (4, 1),
        "{recovery:?}"
    );
    let pending: Vec<String> = world
        .client("a")
        .pending()
        .into_iter()
        .map(|one| one.id)
        .collect();
    assert_eq!(pending.len(), keys.len());
    assert_arrives(&mut world, &pending, "");
}

/// SQLite reads the page; what stands in it no row of ours can hold.
#[test]
fn values_that_bookkeeping_cannot_have_are_mended_or_fetched_again() {
    for sql in [
        "UPDATE _throughline_tables SET schema = '{'",
        "UPDATE _throughline_shapes SET progress = '{'",
        "DELETE FROM _throughline_transactions WHERE id = (SELECT max(id) FROM _throughline_transactions)",
        "UPDATE _throughline_tables SET schema = replace(schema, '\"todos\"', '\"Todos\"');
         UPDATE _throughline_shapes SET progress = '{'",
        "UPDATE _throughline_tables SET schema = x'00'; UPDATE _throughline_shapes SET progress = '{';
         UPDATE _throughline_changes SET heard_txids = 'x';
         UPDATE _throughline_transactions SET attempts = 'x', unanswered = -1, error = '{}', lsn = '?', caused_by = 'x'",
    ] {
        let (mut world, keys) = with_writes();
        world.edit_file("a", sql);
        let recovery = recover(&mut world);
        assert_eq!(
            (recovery.transactions, recovery.lost),
            (4, 0),
            "{sql}: {recovery:?}"
        );
        assert_eq!(world.client("a").rejected().len(), 1);
        assert_arrives(&mut world, &keys, sql);
    }
}

#[test]
fn a_full_text_index_is_counted_as_lost_and_can_be_made_again() {
    let (mut world, keys) = with_writes();
    let make = "CREATE VIRTUAL TABLE texts USING fts5 (body)";
    world.client("a").run(make);
    world.client("a").run("INSERT INTO texts VALUES ('kept')");
    break_tables(&mut world, &["todos_synced"]);
    let recovery = recover(&mut world);
    assert_eq!(
        (recovery.transactions, recovery.lost),
        (4, 1),
        "{recovery:?}"
    );
    world.client("a").run(make);
    world.client("a").run("INSERT INTO texts VALUES ('again')");
    let found = world.client("a").rows("SELECT body FROM texts('again')");
    assert_eq!(found, ["again"]);
    assert_whole(world, &keys);
}
