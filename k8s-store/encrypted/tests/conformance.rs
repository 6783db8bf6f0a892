//! Every promise, on encrypted stores in every shape.

use std::sync::Arc;

use k8s_env::Random;
use k8s_store::{Memory, Prefixed};
use k8s_store_encrypted::{Encrypted, KeyRing};

fn encrypted<S>(store: S) -> Encrypted<S> {
    let random = Random::seeded(1);
    Encrypted::builder(store, KeyRing::new("one", [1; 32], random.fork())).random(random).build()
}

mod simulated {
    use super::{Memory, encrypted};

    k8s_store_testkit::conformance!(simulated: || async { encrypted(Memory::new()) });
    k8s_store_testkit::lease_conformance!(simulated: || async { encrypted(Memory::new()) });
    k8s_store_testkit::maintenance_conformance!(simulated: || async { encrypted(Memory::new()) });
}

mod real_time {
    use super::{Memory, encrypted};

    k8s_store_testkit::conformance!(real: || async { encrypted(Memory::new()) });
}

mod stacked {
    use super::{Arc, Memory, Prefixed, encrypted};

    async fn stacked() -> Prefixed<impl k8s_store::Store + k8s_store::Leases + k8s_store::Maintenance> {
        Prefixed::new(encrypted(Arc::new(Prefixed::new(Memory::new(), "cluster/"))), "tenant/")
    }

    k8s_store_testkit::conformance!(simulated: stacked);
    k8s_store_testkit::lease_conformance!(simulated: stacked);
    k8s_store_testkit::maintenance_conformance!(simulated: stacked);
}
