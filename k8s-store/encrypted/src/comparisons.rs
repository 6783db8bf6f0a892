//! Comparisons of values, which the store below cannot make: equal values are not encrypted equally.
//!
//! They are made here, on what is read and decrypted first, and the transaction is run on the condition that nothing
//! that was compared has changed since. The condition is on revisions, which are not encrypted.

use k8s_store::{Compare, KeyRange, Op, Operand, Page, Relation, Revision, Txn};

/// The comparisons of values, those of transactions inside too.
pub(crate) fn of_values(txn: &Txn) -> Vec<&Compare> {
    let inside = txn.then.iter().chain(&txn.otherwise).filter_map(|op| match op {
        Op::Txn(txn) => Some(of_values(txn)),
        _ => None,
    });
    let own = txn.compares.iter().filter(|compare| is_of_value(compare)).collect();
    std::iter::once(own).chain(inside).flatten().collect()
}

/// Whether `compare` holds for what was found, decrypted.
pub(crate) fn holds(compare: &Compare, found: &Page) -> bool {
    if found.items.is_empty() { compare.holds(None) } else { found.items.iter().all(|kv| compare.holds(Some(kv))) }
}

/// The conditions under which `range` still holds what was found: nothing was written or created since, and nothing
/// deleted.
pub(crate) fn unchanged(range: &KeyRange, found: &Page) -> Vec<Compare> {
    let keys = found.items.iter().map(|kv| Compare::unchanged(kv.key.clone(), kv.mod_revision));
    let since = Operand::ModRevision(found.revision.next());
    let whole = Compare { range: range.clone(), relation: Relation::Less, operand: since };
    match range.as_one() {
        Some(key) if found.items.is_empty() => vec![Compare::unchanged(key.clone(), Revision::ZERO)],
        Some(_) => keys.collect(),
        None => keys.chain([whole]).collect(),
    }
}

/// The transaction with its comparisons of values replaced by `answers`, in the order of [`of_values`].
pub(crate) fn decided(txn: &Txn, answers: &mut impl Iterator<Item = bool>) -> Txn {
    let mut compares = Vec::with_capacity(txn.compares.len());
    for compare in &txn.compares {
        if !is_of_value(compare) {
            compares.push(compare.clone());
        } else if !answers.next().unwrap_or_default() {
            compares.push(never(&compare.range));
        }
    }
    let mut ops = |ops: &[Op]| {
        let decide = |op: &Op| match op {
            Op::Txn(txn) => Op::Txn(decided(txn, answers)),
            op => op.clone(),
        };
        ops.iter().map(decide).collect()
    };
    let then = ops(&txn.then);
    Txn { compares, then, otherwise: ops(&txn.otherwise) }
}

fn is_of_value(compare: &Compare) -> bool {
    matches!(compare.operand, Operand::Value(_))
}

/// No version is less than zero, not even that of a key that does not exist.
fn never(range: &KeyRange) -> Compare {
    Compare { range: range.clone(), relation: Relation::Less, operand: Operand::Version(0) }
}
