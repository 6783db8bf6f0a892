//! Every promise, where there is no road: the server in this process, and the node agents in this process.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "it/servers.rs"]
mod servers;

mod in_process {
    k8s_api_client_testkit::conformance!(simulated: || super::servers::by(|server| server));
}

mod registry {
    use k8s_api_client::NodeRegistry;
    use k8s_api_client_testkit::Agents;

    k8s_api_client_testkit::node_conformance!(simulated: |agents: Agents| async move {
        let registry = NodeRegistry::new();
        for (node, agent) in &agents {
            registry.register(node, agent);
        }
        (registry, agents)
    });
}
