use super::*;

#[test]
fn only_what_touches_a_shape_ends_it() {
    let mut electric = items(Options::default());
    let all = opened(&mut electric, "table=items");
    let some = opened(&mut electric, "table=items&columns=id,body");
    electric.alter_table("items", &Alter::DropNotNull("body".into()));
    let schema: Value = serde_json::from_str(
        get(&mut electric, &all)
            .header(constants::header::SCHEMA)
            .unwrap(),
    )
    .unwrap();
    assert_eq!(schema["body"], serde_json::json!({ "type": "text" }));
    electric.alter_table(
        "items",
        &Alter::AddColumn(Column::new("extra", PgType::Int8)),
    );
    assert_eq!(get(&mut electric, &all).status, 409);
    assert_eq!(get(&mut electric, &some).status, 200);
    electric.alter_table("items", &Alter::DropColumn("body".into()));
    // The definition itself is now invalid.
    assert_eq!(get(&mut electric, &some).status, 400);
}

#[test]
fn handles_are_never_reused() {
    let mut electric = items(Options::default());
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3 {
        assert!(seen.insert(opened(&mut electric, "table=items")));
        electric.restart(Loss::Shapes);
    }
    // A handle of another definition is as unknown as one that never was.
    let items = opened(&mut electric, "table=items");
    let other = items.replace("table=items", "table=items&replica=full");
    let conflict = get(&mut electric, &other);
    assert_eq!(conflict.status, 409);
    let named = conflict.header(constants::header::HANDLE).unwrap();
    assert!(!items.contains(named));
}

#[test]
fn a_restored_backup_puts_clients_out_of_bounds() {
    let mut electric = items(Options::default());
    let url = opened(&mut electric, "table=items");
    let backup = electric.clone();
    let committed = insert(&mut electric, [1]);
    let ahead = url.replace("0_inf", &format!("{}_0", committed.commit_lsn));
    assert_eq!(get(&mut electric, &ahead).status, 200);
    let mut electric = backup;
    assert_eq!(
        answer(&mut electric, &ahead),
        Answer::Hold { until_ms: 10_000 }
    );
    let request = ShapeRequest::get(&ahead);
    let Answer::Respond(refused) = electric.respond(NOW, 5, &request, WaitState::TimedOut) else {
        panic!("held");
    };
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains(constants::OUT_OF_BOUNDS));
}

#[test]
fn a_restart_may_take_the_global_position_back() {
    let mut electric = items(Options::default());
    let first = insert(&mut electric, [1]);
    insert(&mut electric, [2]);
    electric.restart(Loss::Nothing);
    assert_eq!(electric.global_last_seen_lsn(), first.commit_lsn);
}

#[test]
fn what_is_not_modelled_is_refused_clearly() {
    let mut electric = items(Options::default());
    let url = opened(&mut electric, "table=items");
    for url in [
        format!("{url}&live=true&live_sse=true"),
        "table=items&offset=-1&where=lower(body)+%3D+'a'".to_owned(),
    ] {
        let refused = get(&mut electric, &url);
        assert_eq!(refused.status, 400, "{url}");
        assert!(
            refused.body.contains("embedded Electric"),
            "{}",
            refused.body
        );
    }
}
