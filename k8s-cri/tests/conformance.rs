//! Every promise, on the memory runtime.

mod memory {
    use k8s_cri::memory::MemoryRuntime;
    use k8s_cri_testkit::Subject;

    k8s_cri_testkit::conformance!(simulated: || async {
        let runtime = MemoryRuntime::builder(k8s_env::Env::simulated(1)).interprets_commands().build();
        Subject::new(runtime, "busybox")
    });
}
