//! Every promise, on counted and traced stores, alone and stacked.

use k8s_store::{Memory, Prefixed};
use k8s_store_observed::{Metered, Metrics, Traced};
use prometheus_client::registry::Registry;

fn metered<S>(store: S) -> Metered<S> {
    Metered::new(store, Metrics::new(&mut Registry::default()))
}

mod metered {
    use super::{Memory, metered};

    k8s_store_testkit::conformance!(simulated: || async { metered(Memory::new()) });
    k8s_store_testkit::lease_conformance!(simulated: || async { metered(Memory::new()) });
    k8s_store_testkit::maintenance_conformance!(simulated: || async { metered(Memory::new()) });
}

mod traced {
    use super::{Memory, Traced};

    k8s_store_testkit::conformance!(simulated: || async { Traced::new(Memory::new()) });
    k8s_store_testkit::lease_conformance!(simulated: || async { Traced::new(Memory::new()) });
    k8s_store_testkit::maintenance_conformance!(simulated: || async { Traced::new(Memory::new()) });
}

mod stacked {
    use super::{Memory, Prefixed, Traced, metered};

    async fn stacked() -> Metered<Prefixed<Traced<Memory>>> {
        metered(Prefixed::new(Traced::new(Memory::new()), "tenant/"))
    }

    use super::Metered;

    k8s_store_testkit::conformance!(simulated: stacked);
    k8s_store_testkit::lease_conformance!(simulated: stacked);
    k8s_store_testkit::maintenance_conformance!(simulated: stacked);
}
