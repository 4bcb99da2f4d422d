//! A database that was opened without options, as an inspector does where no tab of the app is.

use super::*;

const GUEST: &str = r#"{"name": "app", "tables": {}}"#;

#[test]
fn who_opens_a_database_without_options_gives_it_back_as_it_was() {
    let mut world = synced();
    let position = world.client("a").position("todos");
    world.offline("a");
    world.client("a").rename(FIRST, "written offline");
    let before = world.client("a").rows("SELECT * FROM todos ORDER BY id");

    world.reopen_as("a", GUEST);
    let sent = world.sent.len();
    world.run_for(60_000);
    let seen = world.client("a").rows("SELECT * FROM todos ORDER BY id");
    assert_eq!(seen, before);
    assert_eq!(world.client("a").pending().len(), 1);
    assert_eq!(world.sent.len(), sent, "nothing is asked of a server");
    world.client("a").rename(SECOND, "written by the guest");

    world.reopen_as("a", SYNCED);
    world.online("a");
    assert_eq!(world.client("a").position("todos"), position);
    world.settle();
    world.assert_same("todos");
    let titles = world.server().texts("todos", "title");
    for title in ["written offline", "written by the guest"] {
        assert!(titles.contains(&title.into()), "{titles:?}");
    }
    let anew = world.sent[sent..]
        .iter()
        .filter(|one| one.url.contains("offset=-1"));
    assert_eq!(anew.count(), 0, "no row is loaded again");
}
