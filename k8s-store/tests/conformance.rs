//! Every promise, on the memory store in every shape.

mod simulated {
    use k8s_store::Memory;

    k8s_store_testkit::conformance!(simulated: || async { Memory::new() });
    k8s_store_testkit::lease_conformance!(simulated: || async { Memory::new() });
    k8s_store_testkit::maintenance_conformance!(simulated: || async { Memory::new() });
}

mod real_time {
    use k8s_store::Memory;

    k8s_store_testkit::conformance!(real: || async { Memory::new() });
    k8s_store_testkit::lease_conformance!(real: || async { Memory::new() });
    k8s_store_testkit::maintenance_conformance!(real: || async { Memory::new() });
}

mod shared {
    use std::sync::Arc;

    use k8s_store::{Memory, Store};

    k8s_store_testkit::conformance!(simulated: || async { Arc::new(Memory::new()) as Arc<dyn Store> });
    k8s_store_testkit::lease_conformance!(simulated: || async { Arc::new(Memory::new()) });
    k8s_store_testkit::maintenance_conformance!(simulated: || async { Arc::new(Memory::new()) });
}

mod small_history {
    use k8s_store::Memory;

    k8s_store_testkit::conformance!(simulated: || async { Memory::builder().history(1_000).build() });
}

mod prefixed {
    use std::sync::Arc;

    use k8s_store::{Memory, Prefixed, Store, StoreExt};

    #[expect(clippy::unwrap_used, reason = "tests")]
    async fn beside_others() -> Prefixed<Arc<Memory>> {
        let store = Arc::new(Memory::new());
        for key in ["a", "tenant", "tenant0", "z"] {
            store.put(key.into(), "other".into()).await.unwrap();
        }
        assert_eq!(store.status().await.unwrap().revision.0, 5);
        Prefixed::new(store, "tenant/")
    }

    k8s_store_testkit::conformance!(simulated: beside_others);
    k8s_store_testkit::lease_conformance!(simulated: beside_others);
    k8s_store_testkit::maintenance_conformance!(simulated: beside_others);
}
