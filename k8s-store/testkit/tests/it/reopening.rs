use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;

use k8s_store_testkit::cases::{Place, place};
use k8s_store_testkit::{Case, LeftOut, Time, run};

use super::journal::{Forgets, Journal};

mod right {
    use super::{Forgets, Journal};

    k8s_store_testkit::reopening_conformance!(simulated: || async {
        let journal = Journal::default();
        move || journal.clone().open(Forgets::Nothing)
    });
}

type Check = Box<dyn Fn(Place) -> Pin<Box<dyn Future<Output = ()>>>>;

fn caught_by(forgets: Forgets) -> Vec<&'static str> {
    let checks: Vec<(Case, Check)> = k8s_store_testkit::__reopening_cases! { __checks, (Check) };
    let fails = |(case, check): &(Case, Check)| {
        let open = || async {
            let journal = Journal::default();
            place(move || journal.clone().open(forgets))
        };
        let run = || run(Time::Simulated, *case, LeftOut::default(), open, check);
        catch_unwind(AssertUnwindSafe(run)).is_err().then_some(case.name)
    };
    checks.iter().filter_map(fails).collect()
}

#[test]
fn everything_that_is_forgotten_is_caught() {
    let crash = "a_crash_loses_nothing_acknowledged";
    for (forgets, cases) in [
        (Forgets::TheLast, &["what_was_acknowledged_is_there", crash][..]),
        (Forgets::OneInTheMiddle, &[crash]),
        (Forgets::HalfOfTheLast, &["what_was_acknowledged_is_there"]),
        (Forgets::DeletionsLast, &["the_revision_never_goes_back"]),
        (Forgets::Compaction, &["compaction_is_remembered"]),
        (Forgets::Leases, &["leases_are_there"]),
        (Forgets::Order, &[crash]),
    ] {
        let caught = caught_by(forgets);
        println!("{forgets:?}: caught by {}", caught.join(", "));
        assert!(cases.iter().all(|case| caught.contains(case)), "{forgets:?} escapes {cases:?}: {caught:?}");
    }
}
