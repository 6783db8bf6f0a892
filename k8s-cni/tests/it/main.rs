//! The memory network beyond the promises: several nodes on one wire.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use k8s_cni::memory::{Fabric, MemoryNetwork, Reach, Resolution};
use k8s_cni::{
    AddressSet, Affinity, Attachment, NetworkPolicy, NodeAddresses, NodeNetwork, PodNetwork, PodRef, Policy,
    PolicySnapshot, Protocol, Service, ServiceProxy, TrafficPolicy,
};

async fn node(fabric: &Fabric, i: u8) -> MemoryNetwork {
    let network = fabric.node(format!("node-{i}"));
    let pod_cidrs = vec![format!("10.1.{i}.0/24").parse().unwrap()];
    let ip = IpAddr::from([192, 0, 2, i]);
    network.configure(NodeNetwork { pod_cidrs, node_ips: vec![ip] }).await.unwrap();
    network.set_node_addresses(NodeAddresses(vec![ip])).await.unwrap();
    network
}

async fn pod(network: &MemoryNetwork, name: &str) -> IpAddr {
    let attachment = Attachment::new(name, PodRef::default());
    network.setup(&attachment).await.unwrap().ips().next().unwrap()
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn pods_of_different_nodes_meet_through_a_service() {
    let fabric = Fabric::new();
    let (one, two) = (node(&fabric, 1).await, node(&fabric, 2).await);
    let (client, server) = (pod(&one, "client").await, pod(&two, "server").await);
    let service = Service {
        name: "default/web".into(),
        port: 80,
        cluster_ips: vec![address("10.96.0.1:80").ip()],
        endpoints: vec![(server, 8080).into()],
        ..Service::default()
    };
    one.replace(vec![Arc::new(service)]).await.unwrap();
    match fabric.connect(client, address("10.96.0.1:80"), Protocol::Tcp) {
        Reach::Pod { node, key, address } => {
            assert_eq!((node.as_str(), key.sandbox.as_str(), address.port()), ("node-2", "server", 8080));
        }
        other => panic!("{other:?}"),
    }
    // The other node has no such rule, so there the address is nobody's.
    let outside = Reach::Outside(address("10.96.0.1:80"));
    assert_eq!(fabric.connect(server, address("10.96.0.1:80"), Protocol::Tcp), outside);
}

#[tokio::test(start_paused = true)]
async fn policies_of_the_target_node_count() {
    let fabric = Fabric::new();
    let (one, two) = (node(&fabric, 1).await, node(&fabric, 2).await);
    let (client, server) = (pod(&one, "client").await, pod(&two, "server").await);
    let sets = vec![AddressSet { name: "server".into(), members: [server].into() }];
    let deny = Policy { name: "deny".into(), pods: "server".into(), ingress: Some(Vec::new()), egress: None };
    two.replace_policies(PolicySnapshot { sets, policies: vec![Arc::new(deny)] }).await.unwrap();
    let to = (server, 80).into();
    assert!(!fabric.allows(client, to, Protocol::Tcp));
    assert!(fabric.allows(IpAddr::from([192, 0, 2, 2]), to, Protocol::Tcp), "the pod's own node");
}

#[tokio::test(start_paused = true)]
async fn outside_traffic_keeps_to_local_endpoints() {
    let fabric = Fabric::new();
    let (one, two) = (node(&fabric, 1).await, node(&fabric, 2).await);
    let (near, far) = (pod(&one, "near").await, pod(&two, "far").await);
    let service = Service {
        name: "default/web".into(),
        port: 80,
        node_port: Some(30_000),
        external: TrafficPolicy::Local,
        endpoints: vec![(far, 80).into()],
        ..Service::default()
    };
    one.replace(vec![Arc::new(service)]).await.unwrap();
    let (door, world) = (address("192.0.2.1:30000"), IpAddr::from([203, 0, 113, 9]));
    assert_eq!(one.resolve(world, door, Protocol::Tcp), Resolution::Dropped);
    assert_eq!(one.resolve(near, door, Protocol::Tcp), Resolution::Endpoint((far, 80).into()));
}

#[tokio::test(start_paused = true)]
async fn affinity_is_forgotten_in_time() {
    let network = MemoryNetwork::alone(["10.1.0.0/24".parse().unwrap()]).unwrap();
    let endpoints = vec![address("10.1.0.2:80"), address("10.1.0.3:80")];
    let service = Service {
        name: "default/web".into(),
        port: 80,
        cluster_ips: vec![address("10.96.0.1:80").ip()],
        affinity: Affinity::ClientIp(Duration::from_secs(10)),
        endpoints: endpoints.clone(),
        ..Service::default()
    };
    network.replace(vec![Arc::new(service)]).await.unwrap();
    let ask = || network.resolve(IpAddr::from([10, 1, 0, 9]), address("10.96.0.1:80"), Protocol::Tcp);
    assert_eq!(ask(), Resolution::Endpoint(endpoints[0]));
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert_eq!(ask(), Resolution::Endpoint(endpoints[0]));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(ask(), Resolution::Endpoint(endpoints[1]));
}

#[tokio::test(start_paused = true)]
async fn setups_fail_as_scripted() {
    let network = MemoryNetwork::alone(["10.1.0.0/24".parse().unwrap()]).unwrap();
    network.fail_setups(1, "plugin crashed");
    let attachment = Attachment::new("a", PodRef::default());
    assert_eq!(network.setup(&attachment).await.unwrap_err().to_string(), "plugin crashed");
    network.setup(&attachment).await.unwrap();
    assert_eq!(network.attachments().len(), 1);
}
