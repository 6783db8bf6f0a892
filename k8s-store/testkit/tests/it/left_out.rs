use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use k8s_store_testkit::cases::STORE;
use k8s_store_testkit::{Capability, Case, LeftOut, Time, run};

fn named(name: &str) -> Case {
    *STORE.iter().find(|case| case.name == name).unwrap()
}

fn runs(case: &str, left_out: LeftOut) -> bool {
    let ran = Cell::new(false);
    run(Time::Simulated, named(case), left_out, || async {}, |()| async { ran.set(true) });
    ran.get()
}

const LACKING: LeftOut = LeftOut {
    lacking: &[(Capability::LargeTransactions, "it is small")],
    except: &[("keys_come_in_byte_order", "why")],
};

#[test]
fn only_what_is_said_is_left_out() {
    assert!(runs("a_thousand_operations_are_one_step", LeftOut::default()));
    assert!(!runs("a_thousand_operations_are_one_step", LACKING));
    assert!(!runs("keys_come_in_byte_order", LACKING));
    let left = STORE.iter().filter(|case| LACKING.reason(case).is_some());
    assert_eq!(left.count(), 2);
    LACKING.declare("an example", STORE);
}

#[test]
fn a_case_that_does_not_exist_cannot_be_left_out() {
    let left_out = LeftOut { lacking: &[], except: &[("no_such_case", "why")] };
    assert!(catch_unwind(AssertUnwindSafe(|| left_out.declare("an example", STORE))).is_err());
}
