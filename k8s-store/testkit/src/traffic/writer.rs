use k8s_env::Random;
use k8s_store::{Compare, Delete, KeyRange, KeyValue, Op, Put, RangeOptions, Relation, Revision, StoreExt, Txn};

use super::Stage;

/// Makes its calls one after the other. What it is told of a key it uses in its next comparison.
pub(super) async fn write(stage: &Stage, client: usize, random: &Random) {
    let mut seen: Option<KeyValue> = None;
    for n in 0..stage.plan.calls {
        // No two values are the same, so that an event tells whose it is.
        let value = format!("{}.{client}.{n}", stage.plan.seed);
        if random.below(3) == 0 {
            read(stage, random, &mut seen).await;
        } else {
            let _may_fail = stage.store.txn(txn(stage, random, value, seen.as_ref())).await;
        }
        compact(stage, random).await;
        tokio::task::yield_now().await;
    }
}

async fn read(stage: &Stage, random: &Random, seen: &mut Option<KeyValue>) {
    match random.below(6) {
        0 => drop(stage.store.status().await),
        1 => {
            let options = RangeOptions::latest().limit(random.below(3) as usize);
            drop(stage.store.range(stage.range(random), options).await);
        }
        2 => drop(stage.store.range(stage.range(random), RangeOptions::latest().count_only()).await),
        3 => {
            let Ok(status) = stage.store.status().await else { return };
            let revision = Revision(status.revision.0.saturating_sub(random.below(20)).max(stage.base.0));
            drop(stage.store.range(KeyRange::all(), RangeOptions::at(revision)).await);
        }
        _ => {
            if let Ok(found) = stage.store.get(stage.key(random).into()).await {
                *seen = found;
            }
        }
    }
}

fn txn(stage: &Stage, random: &Random, value: String, seen: Option<&KeyValue>) -> Txn {
    let key = stage.key(random);
    let read = || Op::Range(stage.range(random), RangeOptions::latest());
    match random.below(10) {
        0 | 1 => Txn::always(Put::new(key, value).prev()),
        2 => Txn::when([Compare::absent(key.clone())]).then(Put::new(key, value)).otherwise(read()),
        3 => Txn::when([Compare::version(key.clone(), Relation::Less, 3)])
            .then(Put::new(key.clone(), value))
            .otherwise(Delete::one(key).prev()),
        4 => Txn::always(Delete::one(key)),
        5 => Txn::always(Delete::range(stage.range(random)).prev()),
        6 => Txn::always(Put::new(format!("{key}/a"), value.clone()))
            .then(Put::new(format!("{key}/b"), value))
            .then(read()),
        7 => {
            let inner =
                Txn::when([Compare::exists(key.clone())]).then(Delete::one(format!("{key}/a"))).otherwise(read());
            Txn::always(Put::new(key, value)).then(inner)
        }
        _ => match seen {
            Some(seen) => Txn::when([Compare::unchanged(seen.key.clone(), seen.mod_revision)])
                .then(Put::new(seen.key.clone(), value))
                .otherwise(Op::Range(KeyRange::one(seen.key.clone()), RangeOptions::latest())),
            None => Txn::always(Put::new(key, value)),
        },
    }
}

async fn compact(stage: &Stage, random: &Random) {
    let n = stage.count();
    if stage.plan.compact_every == 0 || !n.is_multiple_of(stage.plan.compact_every) {
        return;
    }
    if let Some(last) = last(stage, random, n / stage.plan.compact_every).await {
        let revision = Revision(last.0.saturating_sub(stage.plan.least_lag));
        if revision > stage.base {
            drop(stage.store.compact(revision).await);
        }
    }
}

/// A revision of the recent past, or that of a deletion made for it: to compact there is what stores get wrong.
async fn last(stage: &Stage, random: &Random, n: usize) -> Option<Revision> {
    if n.is_multiple_of(2) {
        let status = stage.store.status().await.ok()?;
        return Some(Revision(status.revision.0.saturating_sub(random.below(6))));
    }
    let key = stage.key(random);
    stage.store.txn(Txn::always(Put::new(key.clone(), format!("to delete {n}")))).await.ok()?;
    Some(stage.store.txn(Txn::always(Delete::one(key))).await.ok()?.revision)
}
