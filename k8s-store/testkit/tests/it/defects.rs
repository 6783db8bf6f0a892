use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;

use k8s_store::{Memory, Store};
use k8s_store_testkit::cases::{Leased, leased, store};
use k8s_store_testkit::defects::{Broken, Defect};
use k8s_store_testkit::{Case, LeftOut, Time, run};

type Check<S> = Box<dyn Fn(S) -> Pin<Box<dyn Future<Output = ()>>>>;
type StoreCheck = Check<Arc<dyn Store>>;
type LeaseCheck = Check<Leased>;

fn checks() -> Vec<(Case, StoreCheck)> {
    k8s_store_testkit::__store_cases! { __checks, (StoreCheck) }
}

fn lease_checks() -> Vec<(Case, LeaseCheck)> {
    k8s_store_testkit::__lease_cases! { __checks, (LeaseCheck) }
}

/// The names of those of `checks` that fail on a store with `defect`, which `erase` gives its form.
fn failing<S>(checks: &[(Case, Check<S>)], defect: Defect, erase: fn(Broken<Memory>) -> S) -> Vec<&'static str> {
    let fails = |(case, check): &(Case, Check<S>)| {
        let open = || async { erase(Broken::new(Memory::new(), defect)) };
        let run = || run(Time::Simulated, *case, LeftOut::default(), open, check);
        catch_unwind(AssertUnwindSafe(run)).is_err().then_some(case.name)
    };
    checks.iter().filter_map(fails).collect()
}

/// The names of the cases that fail on a store with `defect`.
fn caught_by(defect: Defect) -> Vec<&'static str> {
    [failing(&checks(), defect, store), failing(&lease_checks(), defect, leased)].concat()
}

/// The case that is there for the defect, and whether histories of many clients show it too.
fn expected(defect: Defect) -> (&'static str, bool) {
    match defect {
        Defect::DropsDeletions => ("deletions_carry_their_revision", true),
        Defect::DropsPartOfABatch => ("one_transaction_is_one_batch", true),
        Defect::TearsBatches => ("one_transaction_is_one_batch", true),
        Defect::RepeatsBatches => ("changes_arrive_once_and_in_order", true),
        Defect::GoesBackInTime => ("a_slow_watch_has_no_gap", true),
        Defect::Reorders => ("changes_arrive_once_and_in_order", true),
        Defect::LosesEventsWhenStarved => ("a_slow_watch_has_no_gap", true),
        Defect::TellsWhatWasNotCommitted => ("changes_arrive_once_and_in_order", true),
        Defect::ProgressAheadOfEvents => ("progress_comes_after_events", true),
        Defect::ProgressBehind => ("progress_counts_what_is_not_watched", true),
        Defect::ForgetsPrevious => ("previous_versions_come_on_request", true),
        Defect::WrongPrevious => ("previous_versions_come_on_request", true),
        Defect::WatchesTheFutureFromNow => ("a_watch_of_the_future_hears_of_nothing_old", true),
        Defect::LosesDeletionWhenCompacted => ("the_compacted_revision_stays", true),
        Defect::EndsInSilence => ("a_slow_watch_has_no_gap", false),
        Defect::LosesWrites => ("reads_see_what_was_answered", true),
        Defect::ReadsStale => ("answers_are_strictly_serializable", true),
        Defect::ReadsStaleAndLies => ("answers_are_strictly_serializable", true),
        Defect::SkipsRevisions => ("each_write_gets_the_next_revision", true),
        Defect::IgnoresComparisons => ("no_increment_is_lost", true),
        Defect::TearsTransactions => ("one_transaction_is_one_revision", true),
        Defect::WritesBeforeItFails => ("a_transaction_that_reads_the_forgotten_changes_nothing", false),
        Defect::ReadsTheWrongPast => ("each_revision_can_be_read", true),
        Defect::CountsToTheLimit => ("a_limit_says_more_and_counts_all", true),
        Defect::NeverForgets => ("the_past_is_forgotten", false),
        Defect::EndsKeptLeases => ("keep_alive_starts_the_time_again", false),
    }
}

#[test]
fn every_defect_is_caught_by_its_case() {
    let histories =
        ["answers_are_strictly_serializable", "watches_tell_what_happened", "compaction_takes_nothing_silently"];
    for defect in Defect::ALL {
        let caught = caught_by(defect);
        let (case, by_histories) = expected(defect);
        println!("{defect:?}: caught by {} cases: {}", caught.len(), caught.join(", "));
        assert!(caught.contains(&case), "{defect:?} escapes {case}; caught by {caught:?}");
        let in_histories = caught.iter().any(|name| histories.contains(name));
        assert!(in_histories || !by_histories, "{defect:?} escapes the judge of histories: {caught:?}");
    }
}
