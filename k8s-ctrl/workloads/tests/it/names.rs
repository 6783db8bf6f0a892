//! Controllers are called as upstream calls them.

#[tokio::test(start_paused = true)]
async fn upstream_s_names_and_short_ones_are_known() {
    let all = k8s_ctrl_workloads::controllers();
    for (name, full) in [
        ("daemonset-controller", "daemonset-controller"),
        ("daemonset", "daemonset-controller"),
        ("replicationcontroller-controller", "replicationcontroller-controller"),
        ("replicationcontroller", "replicationcontroller-controller"),
        ("statefulset", "statefulset-controller"),
        ("ttl-after-finished", "ttl-after-finished-controller"),
    ] {
        assert_eq!(all.clone().only(name).unwrap().names().collect::<Vec<_>>(), [full], "{name}");
        assert!(all.clone().except(name).unwrap().names().all(|known| known != full), "{name}");
    }
}
