//! How fixtures are tried.

use k8s_sched::Simulation;
use k8s_sched::plugin::IntoPlugin;

/// What one plugin alone thinks of every node for the pod `p` of the cluster.
pub(crate) fn explain<Kind>(plugin: impl IntoPlugin<Kind>, cluster: &str) -> String {
    Simulation::new(cluster).with(plugin).explain("p").to_string()
}

/// What the default profile says to the pod `p`: its node, or the message.
pub(crate) fn schedule(cluster: &str) -> String {
    let outcome = Simulation::new(cluster).profile(k8s_sched_plugins::default_profile()).schedule("p");
    outcome.message().unwrap_or_else(|| outcome.node().to_owned())
}
