//! Requests at random, of few keys, so that they meet.

use bytes::Bytes;
use k8s_env::Random;
use k8s_store::{Compare, Delete, Field, KeyRange, Op, Operand, Put, RangeOptions, Relation, Revision, Txn};

const KEYS: [&str; 8] = ["a", "a/0", "a/1", "a/2", "b", "b/0", "b/1", "b/2"];
const VALUES: [&str; 4] = ["", "x", "y", "z"];

fn one<T: Clone>(random: &Random, of: &[T]) -> T {
    of[random.below(of.len() as u64) as usize].clone()
}

fn coin(random: &Random) -> bool {
    random.below(2) == 0
}

/// A key.
pub fn key(random: &Random) -> Bytes {
    one(random, &KEYS).into()
}

/// A range of any shape.
pub fn range(random: &Random) -> KeyRange {
    match random.below(5) {
        0 => KeyRange::one(key(random)),
        1 => KeyRange::prefix(key(random)),
        2 => KeyRange::range(key(random), key(random)),
        3 => KeyRange::from(key(random)),
        _ => KeyRange::all(),
    }
}

/// Options of a read as of now.
pub fn options(random: &Random) -> RangeOptions {
    let keys_only = coin(random);
    let count_only = keys_only && coin(random);
    RangeOptions { revision: None, limit: random.below(4) as usize, keys_only, count_only }
}

/// A valid transaction with transactions inside, `depth` deep at most, on a store that is at `latest`.
pub fn txn(random: &Random, latest: Revision, depth: u32) -> Txn {
    loop {
        let txn = any_txn(random, latest, depth);
        if txn.check().is_ok() {
            return txn;
        }
    }
}

fn any_txn(random: &Random, latest: Revision, depth: u32) -> Txn {
    let compares = (0..random.below(3)).map(|_| compare(random, latest)).collect();
    let ops = |most| (0..random.below(most)).map(|_| op(random, latest, depth)).collect();
    Txn { compares, then: ops(5), otherwise: ops(4) }
}

fn compare(random: &Random, latest: Revision) -> Compare {
    let relation = one(random, &[Relation::Equal, Relation::NotEqual, Relation::Less, Relation::Greater]);
    let recent = Revision(latest.0.saturating_sub(random.below(10)));
    let revision = if coin(random) { recent } else { Revision::ZERO };
    let operand = match random.below(5) {
        0 | 1 => Operand::Value(one(random, &VALUES).into()),
        2 => Operand::Version(random.below(4)),
        3 => Operand::CreateRevision(revision),
        _ => Operand::ModRevision(revision),
    };
    let range = if coin(random) { KeyRange::one(key(random)) } else { range(random) };
    Compare { range, relation, operand }
}

fn op(random: &Random, latest: Revision, depth: u32) -> Op {
    match random.below(14) {
        0..=7 => {
            let value = Field::Set(one(random, &VALUES).into());
            Op::Put(Put { value, prev: coin(random), ..Put::new(key(random), "") })
        }
        8..=10 => Op::Delete(Delete { range: range(random), prev: coin(random) }),
        11 | 12 if depth > 0 => Op::Txn(any_txn(random, latest, depth - 1)),
        _ => Op::Range(range(random), options(random)),
    }
}
