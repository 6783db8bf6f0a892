//! Every promise, on the kit's own layers: what they add is not of the store.

use std::time::Duration;

use k8s_env::Random;
use k8s_store::{Memory, Revision};
use k8s_store_testkit::faults::{Faults, Faulty};
use k8s_store_testkit::history::Recorder;

/// Late, and never wrong.
fn slow() -> Faulty<Memory> {
    let faults = Faults { delayed: 500, delay: Duration::from_millis(3), ..Faults::default() };
    Faulty::new(Memory::new(), faults, Random::seeded(1))
}

mod faultless {
    use super::{Faults, Faulty, Memory, Random, slow};

    k8s_store_testkit::conformance!(simulated: || async { slow() });
    k8s_store_testkit::lease_conformance!(simulated: || async { slow() });
    k8s_store_testkit::maintenance_conformance!(simulated: || async {
        Faulty::new(Memory::new(), Faults::default(), Random::seeded(1))
    });
}

mod recorded {
    use super::{Memory, Recorder, Revision};

    k8s_store_testkit::conformance!(simulated: || async { Recorder::new(Revision::FIRST).record(Memory::new()) });
}
