//! Merged updates (protocol sections 4 and 7.1).

use serde_json::json;

use super::*;

#[test]
fn updates_of_a_row_are_merged_and_offsets_stay_valid() {
    let mut electric = items(Options::default());
    insert(&mut electric, [1]);
    let plain = opened(&mut electric, "table=items");
    let full = opened(&mut electric, "table=items&replica=full");
    let first = update(&mut electric, 1, "body", "one");
    insert(&mut electric, [2]);
    update(&mut electric, 1, "done", "t");
    update(&mut electric, 2, "body", "alone");
    let last = update(&mut electric, 1, "body", "two");
    let before = get(&mut electric, &plain);
    electric.compact("items");
    let after = get(&mut electric, &plain);
    let header = |response: &Response, name| response.header(name).unwrap().to_owned();
    let offset = constants::header::OFFSET;
    assert_eq!(header(&after, offset), format!("{}_0", last.commit_lsn));
    assert_eq!(header(&after, offset), header(&before, offset));
    let (old, new) = (messages(&before), messages(&after));
    assert_eq!((old.len(), new.len()), (6, 4));
    // What stands alone stays as it was.
    assert_eq!(new[..2], [old[1].clone(), old[3].clone()]);
    let headers = json!({ "operation": "update", "relation": ["public", "items"] });
    assert_eq!(new[2]["headers"], headers);
    assert_eq!(
        new[2]["value"],
        json!({ "id": "1", "body": "two", "done": "t" })
    );
    let whole = messages(&get(&mut electric, &full));
    assert_eq!(
        whole[2]["old_value"],
        json!({ "body": "body of 1", "done": "f" })
    );
    // An offset whose change was merged away.
    let from = plain.replace("0_inf", &format!("{}_0", first.commit_lsn));
    assert_eq!(messages(&get(&mut electric, &from)), new);
    // The log goes on, and a row that comes back begins anew.
    electric
        .transaction(NOW, |tx| tx.delete("items", &id(1)))
        .unwrap();
    insert(&mut electric, [1]);
    update(&mut electric, 1, "done", "t");
    electric.compact("items");
    let news = messages(&get(&mut electric, &plain));
    assert_eq!(news[2], new[2]);
    assert_eq!(news[5]["value"], json!({ "id": "1", "done": "t" }));
    assert!(news[5]["headers"]["lsn"].is_string());
}
