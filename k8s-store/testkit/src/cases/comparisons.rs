//! Promise 4.

use std::sync::Arc;

use k8s_store::{Compare, KeyRange, Operand, Relation, Revision, Store, Txn};

use super::support::{Sure, bytes};

const RELATIONS: [Relation; 4] = [Relation::Equal, Relation::NotEqual, Relation::Less, Relation::Greater];

/// Which of "=", "≠", "<", ">" hold.
async fn relations(store: &dyn Store, key: &str, operand: Operand) -> [bool; 4] {
    let mut hold = [false; 4];
    for (i, relation) in RELATIONS.into_iter().enumerate() {
        hold[i] = store.run(Txn::when([Compare::new(bytes(key), relation, operand.clone())])).await.succeeded;
    }
    hold
}

const EQUAL: [bool; 4] = [true, false, false, false];
const LESS: [bool; 4] = [false, true, true, false];
const GREATER: [bool; 4] = [false, true, false, true];

/// Each with an operand below, at and above.
pub async fn each_part_compares(store: Arc<dyn Store>) {
    let created = store.set("a", "m").await;
    let written = store.set("a", "m").await;
    for (less, same, more) in [
        (Operand::Value(bytes("l")), Operand::Value(bytes("m")), Operand::Value(bytes("m\0"))),
        (Operand::Version(1), Operand::Version(2), Operand::Version(3)),
        (
            Operand::CreateRevision(created.previous()),
            Operand::CreateRevision(created),
            Operand::CreateRevision(written),
        ),
        (Operand::ModRevision(created), Operand::ModRevision(written), Operand::ModRevision(written.next())),
    ] {
        assert_eq!(relations(&store, "a", same.clone()).await, EQUAL, "{same:?}");
        assert_eq!(relations(&store, "a", less.clone()).await, GREATER, "{less:?}");
        assert_eq!(relations(&store, "a", more.clone()).await, LESS, "{more:?}");
    }
    assert_eq!(relations(&store, "a", Operand::Lease(None)).await, EQUAL);
}

/// So that "modification revision is zero" means "does not exist".
pub async fn an_absent_key_has_zeros_and_no_value(store: Arc<dyn Store>) {
    for zero in [
        Operand::Version(0),
        Operand::CreateRevision(Revision::ZERO),
        Operand::ModRevision(Revision::ZERO),
        Operand::Lease(None),
    ] {
        assert_eq!(relations(&store, "a", zero.clone()).await, EQUAL, "{zero:?}");
    }
    assert_eq!(relations(&store, "a", Operand::Version(1)).await, LESS);
    for value in ["", "x"] {
        assert_eq!(relations(&store, "a", Operand::Value(bytes(value))).await, [false; 4]);
    }
}

/// And a range without keys is like an absent key.
pub async fn a_range_holds_if_each_key_does(store: Arc<dyn Store>) {
    store.set("a/1", "x").await;
    store.set("a/2", "x").await;
    store.set("a/2", "x").await;
    let holds =
        async |range, relation, operand| store.run(Txn::when([Compare { range, relation, operand }])).await.succeeded;
    let both = || KeyRange::prefix("a/");
    assert!(holds(both(), Relation::Equal, Operand::Value(bytes("x"))).await);
    assert!(holds(both(), Relation::Greater, Operand::Version(0)).await);
    assert!(!holds(both(), Relation::Equal, Operand::Version(2)).await);
    assert!(holds(KeyRange::prefix("b/"), Relation::Equal, Operand::Version(0)).await);
    assert!(!holds(KeyRange::prefix("b/"), Relation::NotEqual, Operand::Value(bytes("x"))).await);
}
