//! Every promise, on the memory runtime.

use k8s_cri::memory::MemoryRuntime;

fn runtime() -> MemoryRuntime {
    MemoryRuntime::builder(k8s_env::Env::simulated(1)).interprets_commands().build()
}

mod memory {
    use k8s_cri_testkit::Subject;

    k8s_cri_testkit::conformance!(simulated: || async { Subject::new(super::runtime(), "busybox") });
}

/// What is shared and erased keeps every promise, and so does a layer that forwards each call.
mod forwarded {
    use std::sync::Arc;

    use k8s_cri::{Images, Runtime};
    use k8s_cri_testkit::Subject;

    k8s_cri_testkit::conformance!(simulated: || async {
        let bare = Arc::new(super::runtime());
        let (runtime, images): (Arc<dyn Runtime>, Arc<dyn Images>) = (bare.clone(), bare);
        Subject { runtime: Arc::new(runtime), images: Arc::new(images), image: "busybox".into(), lacks: Vec::new() }
    });
}
