//! Where values are in what goes down to the store and comes up from it.

use k8s_store::{Event, EventKind, Field, KeyValue, Op, OpResult, Page, Put, RangeOptions, Txn, TxnOutcome};

use crate::data_keys::Sealer;

/// The transaction with its values encrypted.
pub(crate) fn sealed(txn: Txn, sealer: &Sealer) -> Txn {
    let ops = |ops: Vec<Op>| ops.into_iter().map(|op| sealed_op(op, sealer)).collect();
    Txn { compares: txn.compares, then: ops(txn.then), otherwise: ops(txn.otherwise) }
}

fn sealed_op(op: Op, sealer: &Sealer) -> Op {
    match op {
        Op::Put(put) => Op::Put(sealed_put(put, sealer)),
        Op::Txn(txn) => Op::Txn(sealed(txn, sealer)),
        op => op,
    }
}

fn sealed_put(put: Put, sealer: &Sealer) -> Put {
    let value = match &put.value {
        Field::Set(value) => Field::Set(sealer.seal(&put.key, value)),
        // It stays encrypted as it is, for the same key.
        Field::Keep => Field::Keep,
    };
    Put { value, ..put }
}

/// What was read, if values were asked for.
pub(crate) fn in_page<E>(
    page: &mut Page,
    options: RangeOptions,
    visit: &mut (impl FnMut(&mut KeyValue) -> Result<(), E> + ?Sized),
) -> Result<(), E> {
    if options.keys_only { Ok(()) } else { page.items.iter_mut().try_for_each(visit) }
}

/// What a transaction answered.
pub(crate) fn in_outcome<E>(
    txn: &Txn,
    outcome: &mut TxnOutcome,
    visit: &mut (impl FnMut(&mut KeyValue) -> Result<(), E> + ?Sized),
) -> Result<(), E> {
    let ops = if outcome.succeeded { &txn.then } else { &txn.otherwise };
    for (op, result) in ops.iter().zip(&mut outcome.results) {
        match (op, result) {
            (_, OpResult::Put { prev }) => prev.iter_mut().try_for_each(&mut *visit)?,
            (_, OpResult::Delete { prev, .. }) => prev.iter_mut().try_for_each(&mut *visit)?,
            (Op::Range(_, options), OpResult::Range(page)) => in_page(page, *options, visit)?,
            (Op::Txn(txn), OpResult::Txn(outcome)) => in_outcome(txn, outcome, visit)?,
            _ => {}
        }
    }
    Ok(())
}

/// What a watch told.
pub(crate) fn in_events<E>(
    events: &mut [Event],
    visit: &mut (impl FnMut(&mut KeyValue) -> Result<(), E> + ?Sized),
) -> Result<(), E> {
    for event in events {
        if event.kind == EventKind::Put {
            visit(&mut event.kv)?;
        }
        event.prev.iter_mut().try_for_each(&mut *visit)?;
    }
    Ok(())
}
