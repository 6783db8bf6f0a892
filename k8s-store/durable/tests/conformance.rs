//! Every promise, on the durable store in every shape.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use k8s_env::Random;
use k8s_store::{Delete, KeyRange, Maintenance, Store, StoreExt, Txn};
use k8s_store_durable::disk::Simulated;
use k8s_store_durable::{Builder, Durability, Durable};

#[path = "it/scratch.rs"]
mod scratch;

use scratch::scratch;

/// Small files, so that the log is cut during a case.
fn simulated() -> Builder {
    Durable::builder().on_runtime().random(Random::seeded(1)).segment_size(4096)
}

async fn on_simulated_disk() -> Durable {
    simulated().open_on(Arc::new(Simulated::new(1))).await.unwrap()
}

mod simulated_disk {
    use std::sync::Arc;

    use k8s_store_durable::disk::Simulated;

    k8s_store_testkit::conformance!(simulated: super::on_simulated_disk);
    k8s_store_testkit::lease_conformance!(simulated: super::on_simulated_disk);
    k8s_store_testkit::maintenance_conformance!(simulated: super::on_simulated_disk);
    k8s_store_testkit::reopening_conformance!(simulated: || async {
        let disk = Simulated::new(1);
        move || {
            // Whoever had it open is gone.
            disk.kill();
            let disk = disk.clone();
            async move { super::simulated().open_on(Arc::new(disk)).await.unwrap() }
        }
    });
}

mod shared {
    use std::sync::Arc;

    use k8s_store::Store;

    k8s_store_testkit::conformance!(simulated: || async {
        Arc::new(super::on_simulated_disk().await) as Arc<dyn Store>
    });
    k8s_store_testkit::lease_conformance!(simulated: || async { Arc::new(super::on_simulated_disk().await) });
}

/// A store that has a past, and none of it left to see.
async fn reopened() -> Durable {
    let disk = Simulated::new(1);
    let store = simulated().open_on(Arc::new(disk.clone())).await.unwrap();
    for n in 0..20 {
        store.put(format!("k{n}").into(), vec![b'x'; 300].into()).await.unwrap();
    }
    store.txn(Txn::always(Delete::range(KeyRange::all()))).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    simulated().open_on(Arc::new(disk)).await.unwrap()
}

mod after_reopening {
    k8s_store_testkit::conformance!(simulated: super::reopened);
    k8s_store_testkit::lease_conformance!(simulated: super::reopened);
}

mod directory {
    use super::{Durable, scratch};

    k8s_store_testkit::conformance!(real: || async { Durable::open(scratch()).await.unwrap() });
    k8s_store_testkit::maintenance_conformance!(real: || async { Durable::open(scratch()).await.unwrap() });
    k8s_store_testkit::reopening_conformance!(real: || async {
        let directory = scratch();
        move || {
            let directory = directory.clone();
            async move { Durable::open(directory).await.unwrap() }
        }
    });
}

mod written {
    use super::{Durability, Durable, scratch};

    k8s_store_testkit::conformance!(real: || async {
        Durable::builder().durability(Durability::Written).open(scratch()).await.unwrap()
    });
}
