//! Shapes with subqueries: a client that knows only the messages ends with the rows the condition selects
//! (protocol section 11).

use std::collections::BTreeSet;

use serde_json::json;

use super::client::Client;
use super::*;

fn world(options: Options) -> Electric {
    let mut electric = Electric::new(options);
    let flag = || Column::new("shared", PgType::Bool).not_null();
    electric.create_table(Table::new(
        "orgs",
        &["id"],
        [Column::new("id", PgType::Int4), flag()],
    ));
    electric.create_table(Table::new(
        "lists",
        &["id"],
        [
            Column::new("id", PgType::Int4),
            Column::new("org", PgType::Int4),
            flag(),
        ],
    ));
    electric.create_table(Table::new(
        "items",
        &["id"],
        [
            Column::new("id", PgType::Int4),
            Column::new("list", PgType::Int4),
            Column::new("other", PgType::Int4),
            Column::new("done", PgType::Bool).not_null(),
        ],
    ));
    electric
}

fn put(tx: &mut Transaction<'_>, table: &str, values: &[(&str, &str)]) {
    let values = row(values.iter().copied());
    let key = row([("id", values["id"].as_deref().unwrap())]);
    if !tx.update(table, &key, values.clone()).unwrap() {
        tx.insert(table, values).unwrap();
    }
}

fn commit(electric: &mut Electric, write: impl FnOnce(&mut Transaction<'_>)) -> Committed {
    electric
        .transaction(NOW, |tx| {
            write(tx);
            Ok(())
        })
        .unwrap()
}

fn encoded(condition: &str) -> String {
    let pairs = [("table", "items"), ("where", condition)];
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// What Postgres would select: a shape opened anew, by another name for the same condition.
fn selected(electric: &Electric, condition: &str) -> BTreeSet<String> {
    let mut fresh = electric.clone();
    fresh.restart(Loss::Shapes);
    let rows = Client::new(&mut fresh, &encoded(condition)).rows;
    rows.into_keys().collect()
}

const CONDITIONS: [&str; 6] = [
    "list in (select id from lists where shared)",
    "list not in (select id from lists where shared)",
    "done or list in (select id from lists where shared)",
    "done and list in (select id from lists where shared) or other in (select id from lists where org = 1)",
    "list in (select id from lists where org in (select id from orgs where shared)) and not done",
    "list in (select id from lists where shared) or other in (select id from lists where shared)",
];

/// A small generator of random numbers; the same seed gives the same world.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn random_change(dice: &mut Dice, tx: &mut Transaction<'_>) {
    let flag = |dice: &mut Dice| if dice.roll(2) == 0 { "t" } else { "f" };
    let number = |dice: &mut Dice, sides| (1 + dice.roll(sides)).to_string();
    match dice.roll(6) {
        0 => {
            let (id, shared) = (number(dice, 2), flag(dice));
            put(tx, "orgs", &[("id", &id), ("shared", shared)]);
        }
        1 | 2 => {
            let (id, org, shared) = (number(dice, 4), number(dice, 2), flag(dice));
            put(
                tx,
                "lists",
                &[("id", &id), ("org", &org), ("shared", shared)],
            );
        }
        3 => {
            let id = row([("id", number(dice, 4).as_str())]);
            tx.delete(if dice.roll(2) == 0 { "lists" } else { "items" }, &id)
                .unwrap();
        }
        _ => {
            let (id, list, other, done) = (
                number(dice, 8),
                number(dice, 4),
                number(dice, 4),
                flag(dice),
            );
            let values = [
                ("id", id.as_str()),
                ("list", &list),
                ("other", &other),
                ("done", done),
            ];
            put(tx, "items", &values);
        }
    }
}

#[test]
fn whatever_is_committed_clients_see_what_the_condition_selects() {
    for seed in 0..12 {
        let mut dice = Dice(seed);
        let mut electric = world(Options::default());
        let mut clients: Vec<Client> = CONDITIONS
            .iter()
            .map(|condition| Client::new(&mut electric, &encoded(condition)))
            .collect();
        for step in 0..60 {
            if dice.roll(4) == 0 {
                let moves = !electric.lag().moves;
                electric.set_lag(Lag {
                    moves,
                    ..Lag::default()
                });
            }
            let changes = 1 + dice.roll(4);
            commit(&mut electric, |tx| {
                (0..changes).for_each(|_| random_change(&mut dice, tx));
            });
            if electric.lag().moves {
                continue;
            }
            for (client, condition) in clients.iter_mut().zip(CONDITIONS) {
                client.catch_up(&mut electric);
                let expected = selected(&electric, condition);
                assert_eq!(
                    client.ids(),
                    expected,
                    "seed {seed} step {step}: {condition}"
                );
            }
        }
    }
}

#[test]
fn tags_have_a_slot_for_each_position() {
    let mut electric = world(Options::default());
    commit(&mut electric, |tx| {
        put(tx, "lists", &[("id", "1"), ("org", "1"), ("shared", "t")]);
        put(
            tx,
            "items",
            &[("id", "1"), ("list", "1"), ("other", "1"), ("done", "f")],
        );
    });
    let shape = encoded(CONDITIONS[3]);
    let first = get(&mut electric, &format!("{shape}&offset=-1"));
    let headers = &messages(&first)[0]["headers"];
    assert_eq!(headers["active_conditions"], json!([false, true, true]));
    let tags: Vec<&str> = headers["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag.as_str().unwrap())
        .collect();
    let slots: Vec<Vec<&str>> = tags.iter().map(|tag| tag.split('/').collect()).collect();
    assert_eq!((slots[0][0], slots[0][2]), ("1", ""));
    assert_eq!((slots[1][0], slots[1][1]), ("", ""));
    // The same value has the same hash wherever it is used.
    assert_eq!(slots[0][1], slots[1][2]);
    assert_eq!(slots[0][1].len(), 32);
}

#[test]
fn one_event_holds_all_patterns_and_not_in_turns_them_round() {
    let mut electric = world(Options::default());
    commit(&mut electric, |tx| {
        for id in ["1", "2", "3"] {
            put(tx, "lists", &[("id", id), ("org", "1"), ("shared", "f")]);
            put(
                tx,
                "items",
                &[("id", id), ("list", id), ("other", id), ("done", "f")],
            );
        }
    });
    let mut inside = Client::new(&mut electric, &encoded(CONDITIONS[5]));
    let mut outside = Client::new(&mut electric, &encoded(CONDITIONS[1]));
    assert_eq!((inside.rows.len(), outside.rows.len()), (0, 3));
    let ends = inside.snapshot_ends;
    let committed = commit(&mut electric, |tx| {
        put(tx, "lists", &[("id", "1"), ("shared", "t")]);
        put(tx, "lists", &[("id", "2"), ("shared", "t")]);
    });
    inside.catch_up(&mut electric);
    outside.catch_up(&mut electric);
    let [event] = inside.events.as_slice() else {
        panic!("{:?}", inside.events)
    };
    assert_eq!(event["event"], "move-in");
    assert_eq!(event["txids"], json!([committed.txid]));
    // Two values at two positions.
    assert_eq!(event["patterns"].as_array().unwrap().len(), 4);
    assert_eq!(inside.snapshot_ends, ends + 1);
    assert_eq!(outside.events[0]["event"], "move-out");
    assert_eq!((inside.rows.len(), outside.rows.len()), (2, 1));
}

#[test]
fn rows_of_a_move_in_come_as_they_are_now_and_an_empty_one_is_the_event_alone() {
    let mut electric = world(Options::default());
    commit(&mut electric, |tx| {
        put(tx, "lists", &[("id", "1"), ("org", "1"), ("shared", "f")]);
        put(
            tx,
            "items",
            &[("id", "1"), ("list", "1"), ("other", "1"), ("done", "f")],
        );
    });
    let shape = encoded(CONDITIONS[0]);
    let mut client = Client::new(&mut electric, &shape);
    let share =
        |tx: &mut Transaction<'_>, shared| put(tx, "lists", &[("id", "1"), ("shared", shared)]);
    commit(&mut electric, |tx| {
        share(tx, "t");
        put(tx, "items", &[("id", "1"), ("done", "t")]);
    });
    let news = messages(&get(&mut electric, &client.url()));
    assert_eq!(news[0]["headers"]["event"], "move-in");
    assert_eq!(news[1]["headers"]["is_move_in"], true);
    assert_eq!(news[1]["value"]["done"], "true");
    assert_eq!(news[2]["headers"]["control"], "snapshot-end");
    // The update itself is not there.
    assert_eq!(news.len(), 4);
    client.catch_up(&mut electric);
    commit(&mut electric, |tx| {
        put(tx, "lists", &[("id", "9"), ("shared", "t")])
    });
    let news = messages(&get(&mut electric, &client.url()));
    assert_eq!(
        (news.len(), &news[0]["headers"]["event"]),
        (2, &json!("move-in"))
    );
    // What goes and comes back in one transaction is not told of.
    commit(&mut electric, |tx| {
        share(tx, "f");
        share(tx, "t");
    });
    client.catch_up(&mut electric);
    let events = client.events.len();
    // Nor what does so while a move-in is queried.
    electric.set_lag(Lag {
        moves: true,
        ..Lag::default()
    });
    commit(&mut electric, |tx| share(tx, "f"));
    commit(&mut electric, |tx| {
        put(tx, "items", &[("id", "1"), ("done", "f")])
    });
    let held = get(&mut electric, &format!("{}&live=false", client.url()));
    assert_eq!(messages(&held).len(), 1);
    let behind = messages(&held)[0]["headers"]["global_last_seen_lsn"].clone();
    assert_eq!(behind, electric.global_last_seen_lsn().to_string());
    commit(&mut electric, |tx| share(tx, "t"));
    electric.set_lag(Lag::default());
    client.catch_up(&mut electric);
    assert_eq!(client.events.len(), events);
    assert_eq!(client.ids(), selected(&electric, CONDITIONS[0]));
}

#[test]
fn shapes_with_subqueries_end_with_their_inner_tables_restarts_and_overflows() {
    let shape = encoded(CONDITIONS[4]);
    let options = Options {
        subquery_buffer_transactions: 1,
        ..Options::default()
    };
    let ends = |end: &dyn Fn(&mut Electric)| {
        let mut electric = world(options.clone());
        let plain = opened(&mut electric, "table=items");
        let url = opened(&mut electric, &shape);
        end(&mut electric);
        assert_eq!(get(&mut electric, &plain).status, 200);
        get(&mut electric, &url).status
    };
    assert_eq!(ends(&|electric| electric.truncate("orgs")), 409);
    assert_eq!(ends(&|electric| electric.truncate("lists")), 409);
    assert_eq!(ends(&|electric| electric.restart(Loss::Nothing)), 409);
    let extra = Alter::AddColumn(Column::new("extra", PgType::Text));
    assert_eq!(ends(&|electric| electric.alter_table("lists", &extra)), 200);
    let overflow = |electric: &mut Electric| {
        electric.set_lag(Lag {
            moves: true,
            ..Lag::default()
        });
        commit(electric, |tx| {
            put(tx, "orgs", &[("id", "1"), ("shared", "t")]);
            put(tx, "lists", &[("id", "1"), ("org", "1"), ("shared", "t")]);
        });
        commit(electric, |tx| {
            put(tx, "orgs", &[("id", "2"), ("shared", "t")])
        });
    };
    assert_eq!(ends(&overflow), 409);
}

#[test]
fn subqueries_that_make_no_sense_are_refused() {
    let mut electric = world(Options::default());
    for bad in [
        "list in (select id from lists where shared) or other not in (select id from lists where shared)",
        "list in (select id from nope)",
        "list in (select nope from lists)",
        "list in (select shared from lists)",
        "list in (select id from lists where nope)",
        "list in (select id, org from lists)",
        "list in (select id from lists",
    ] {
        let response = get(&mut electric, &format!("{}&offset=-1", encoded(bad)));
        assert_eq!(response.status, 400, "{bad}");
        assert!(response.body.contains("\"where\""));
    }
    let qualified = encoded("items.list in (select lists.id from public.lists where lists.shared)");
    assert_eq!(
        get(&mut electric, &format!("{qualified}&offset=-1")).status,
        200
    );
}
