//! Histories that no correct store can have had, one for each kind of violation.

use std::sync::Arc;

use bytes::Bytes;
use k8s_store::{
    Delete, Error, Event, KeyRange, Memory, OpResult, Put, RangeOptions, Revision, Store, StoreExt, Txn, WatchBatch,
    WatchOptions,
};
use k8s_store_testkit::history::{Answer, Call, History, Recorder, Request, Violation, check};

/// One client writes, reads and watches: twelve revisions, two of them of two keys.
async fn recorded() -> History {
    let recorder = Recorder::new(Revision::FIRST);
    let store = recorder.record(Arc::new(Memory::new()));
    let mut watch = store.watch(KeyRange::all(), WatchOptions::after(Revision::FIRST).prev()).await.unwrap();
    for n in 0..5 {
        store.put("a".into(), format!("a{n}").into()).await.unwrap();
        store.txn(Txn::always(Put::new("b", format!("b{n}"))).then(Delete::one("a"))).await.unwrap();
        store.range(KeyRange::all(), RangeOptions::latest()).await.unwrap();
        watch.next().await.unwrap().unwrap();
        watch.next().await.unwrap().unwrap();
    }
    watch.request_progress();
    watch.next().await.unwrap().unwrap();
    store.put("a".into(), "last".into()).await.unwrap();
    watch.next().await.unwrap().unwrap();
    recorder.history()
}

fn batch(history: &mut History, n: usize) -> &mut WatchBatch {
    history.watches[0].told[n].1.as_mut().unwrap()
}

fn nth_call(history: &mut History, wanted: impl Fn(&Request) -> bool, n: usize) -> &mut Call {
    history.calls.iter_mut().filter(|call| wanted(&call.request)).nth(n).unwrap()
}

fn is_txn(request: &Request) -> bool {
    matches!(request, Request::Txn(_))
}

fn is_range(request: &Request) -> bool {
    matches!(request, Request::Range(..))
}

fn answer(call: &mut Call) -> &mut Answer {
    call.answer.as_mut().unwrap().1.as_mut().unwrap()
}

/// Breaks a good history and returns what is found.
#[track_caller]
fn found(break_it: impl FnOnce(&mut History)) -> Vec<Violation> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut history = runtime.block_on(recorded());
    check(&history).assert_none();
    break_it(&mut history);
    let violations = check(&history).violations;
    assert!(!violations.is_empty(), "nothing was found");
    violations
}

macro_rules! finds {
    ($($name:ident: $kind:pat, $break_it:expr;)*) => {
        $(
            #[test]
            fn $name() {
                let violations = found($break_it);
                let there = violations.iter().any(|violation| matches!(violation, $kind));
                assert!(there, "found something else: {violations:#?}");
            }
        )*
    };
}

finds! {
    a_lost_write: Violation::RevisionGap { revision: Revision(4) }, |history| {
        // Nobody was told of it and nobody claims it.
        history.watches.clear();
        let at = history.calls.iter().position(|call| call.answered().and_then(|(_, a)| a.revision()) == Some(Revision(4)));
        history.calls.remove(at.unwrap());
    };
    a_revision_given_twice: Violation::RevisionTwice { .. }, |history| {
        let mut again = nth_call(history, is_txn, 3).clone();
        again.called += 1;
        history.calls.push(again);
    };
    a_change_that_nobody_made: Violation::Phantom { .. }, |history| {
        let call = history.calls.iter().position(|call| call.answered().and_then(|(_, a)| a.revision()) == Some(Revision(4)));
        history.calls.remove(call.unwrap());
    };
    a_write_that_failed_and_happened: Violation::Phantom { .. }, |history| {
        let call = nth_call(history, is_txn, 2);
        let at = call.answer.as_ref().unwrap().0;
        call.answer = Some((at, Err(Error::NoSpace)));
    };
    a_wrong_value: Violation::WrongAnswer { .. }, |history| {
        let Answer::Page(page) = answer(nth_call(history, is_range, 2)) else { panic!() };
        page.items[0].value = Bytes::from_static(b"other");
    };
    a_wrong_version: Violation::WrongAnswer { .. }, |history| {
        let Answer::Page(page) = answer(nth_call(history, is_range, 2)) else { panic!() };
        page.items[0].version += 1;
    };
    a_missing_key: Violation::WrongAnswer { .. }, |history| {
        let Answer::Page(page) = answer(nth_call(history, is_range, 2)) else { panic!() };
        page.items.clear();
    };
    a_wrong_branch: Violation::WrongAnswer { .. }, |history| {
        let Answer::Outcome(outcome) = answer(nth_call(history, is_txn, 2)) else { panic!() };
        outcome.succeeded = false;
    };
    a_wrong_result: Violation::WrongAnswer { .. }, |history| {
        let Answer::Outcome(outcome) = answer(nth_call(history, is_txn, 3)) else { panic!() };
        outcome.results[1] = OpResult::Delete { deleted: 7, prev: Vec::new() };
    };
    a_stale_read: Violation::Stale { found: Revision(3), known: Revision(9) }, |history| {
        // The read of revision 3, made once more after revision 9 was known.
        let mut old = nth_call(history, is_range, 0).clone();
        let late = nth_call(history, is_range, 3);
        old.called = late.called;
        old.answer = late.answer.as_ref().map(|(at, _)| (*at, old.answer.unwrap().1));
        *late = old;
    };
    an_event_before_its_cause: Violation::FromTheFuture { .. }, |history| history.watches[0].told[6].0 = 1;
    a_read_of_what_never_was: Violation::FromTheFuture { .. }, |history| {
        let Answer::Page(page) = answer(nth_call(history, is_range, 2)) else { panic!() };
        page.revision = Revision(99);
    };
    a_refusal_without_reason: Violation::WrongRefusal { .. }, |history| {
        let call = nth_call(history, is_range, 2);
        let at = call.answer.as_ref().unwrap().0;
        let (asked, oldest) = (Revision(5), Revision(3));
        call.answer = Some((at, Err(Error::Compacted { asked, oldest })));
    };
    a_watch_out_of_order: Violation::WatchWentBack { .. }, |history| {
        let other = batch(history, 4).clone();
        *batch(history, 4) = batch(history, 5).clone();
        *batch(history, 5) = other;
    };
    a_batch_told_twice: Violation::WatchRepeated { revision: Revision(6) }, |history| {
        let again = history.watches[0].told[4].clone();
        history.watches[0].told.insert(5, again);
    };
    a_batch_told_later_again: Violation::WatchWentBack { .. }, |history| {
        let mut again = history.watches[0].told[2].clone();
        again.0 = history.watches[0].told[8].0;
        history.watches[0].told.insert(8, again);
    };
    a_transaction_in_parts: Violation::WatchTore { revision: Revision(3) }, |history| {
        let (at, told) = history.watches[0].told[1].clone();
        let mut rest = told.unwrap();
        rest.events.remove(0);
        batch(history, 1).events.truncate(1);
        history.watches[0].told.insert(2, (at, Ok(rest)));
    };
    part_of_a_transaction: Violation::WatchTore { revision: Revision(3) }, |history| {
        batch(history, 1).events.truncate(1);
    };
    a_batch_left_out: Violation::WatchLost { revision: Revision(5), before: Revision(6) }, |history| {
        drop(history.watches[0].told.remove(3));
    };
    the_first_batch_left_out: Violation::WatchLost { revision: Revision(2), .. }, |history| {
        drop(history.watches[0].told.remove(0));
    };
    a_batch_left_out_before_progress: Violation::WatchLost { revision: Revision(11), before: Revision(11) }, |history| {
        drop(history.watches[0].told.remove(9));
    };
    a_deletion_left_out: Violation::WatchTore { .. }, |history| {
        batch(history, 3).events.retain(|event| event.kind == k8s_store::EventKind::Put);
    };
    a_wrong_event: Violation::WatchWrong { .. }, |history| batch(history, 4).events[0].kv.value = "x".into();
    a_wrong_previous_version: Violation::WatchWrong { .. }, |history| {
        batch(history, 5).events[0].prev.as_mut().unwrap().value = "x".into();
    };
    a_missing_previous_version: Violation::WatchWrong { .. }, |history| batch(history, 5).events[0].prev = None;
    events_in_another_order: Violation::WatchWrong { .. }, |history| batch(history, 5).events.reverse();
    events_after_progress: Violation::ProgressBroken { .. }, |history| {
        let told = &mut history.watches[0].told;
        let progress = told.remove(10);
        told.insert(7, progress);
    };
    progress_that_goes_back: Violation::ProgressWentBack { .. }, |history| batch(history, 10).revision = Revision(5);
    progress_beyond_the_store: Violation::FromTheFuture { .. }, |history| batch(history, 10).revision = Revision(50);
    an_event_before_the_start: Violation::WatchBeforeStart { .. }, |history| {
        history.watches[0].options.start = Some(Revision(4));
    };
    a_watch_after_its_end: Violation::WatchAfterEnd, |history| {
        history.watches[0].told.insert(3, (5, Err(Error::Overflowed)));
    };
}

#[test]
fn a_write_of_unknown_outcome_explains_what_was_told() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut history = runtime.block_on(recorded());
    for n in [1, 4, 7] {
        nth_call(&mut history, is_txn, n).answer = None;
    }
    let mut never = nth_call(&mut history, is_txn, 2).clone();
    never.request = Request::Txn(Txn::always(Put::new("never", "written")));
    never.answer = None;
    history.calls.push(never);
    check(&history).assert_none();
}

#[test]
fn previous_versions_may_be_compacted_where_that_is_said() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut history = runtime.block_on(recorded());
    batch(&mut history, 5).events.iter_mut().for_each(|event: &mut Event| event.prev = None);
    history.prev_may_be_compacted = true;
    check(&history).assert_none();
}
