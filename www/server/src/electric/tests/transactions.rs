use super::*;

#[test]
fn a_failed_transaction_leaves_no_trace() {
    let mut electric = items(Options::default());
    insert(&mut electric, [1]);
    let before = electric.wal_insert_lsn();
    let failed = electric.transaction(NOW, |tx| {
        tx.delete("items", &id(1))?;
        tx.update("items", &id(1), row([("body", "gone")]))?;
        tx.insert("items", id(2))
    });
    assert_eq!(failed, Err(ChangeError::NotNull("body".into())));
    assert_eq!(electric.wal_insert_lsn(), before);
    assert_eq!(electric.rows("items").count(), 1);
}

#[test]
fn a_transaction_sees_itself() {
    let mut electric = items(Options::default());
    insert(&mut electric, [1]);
    let committed = electric.transaction(NOW, |tx| {
        assert!(tx.update("items", &id(1), id(2))?);
        assert!(tx.get("items", &id(1))?.is_none());
        assert!(!tx.delete("items", &id(1))?);
        assert_eq!(
            tx.insert("items", row([("id", "2"), ("body", "x")])),
            Err(ChangeError::KeyConflict("items".into()))
        );
        tx.insert("items", row([("id", "1"), ("body", "again")]))
    });
    assert!(committed.unwrap().txid.is_some());
    assert_eq!(electric.rows("items").count(), 2);
}
