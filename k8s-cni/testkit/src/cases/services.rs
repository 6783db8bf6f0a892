//! Promises 6 to 8: services.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use k8s_cni::{Affinity, Error, NodeAddresses, Service, ServiceDelta, ServiceProxy, TrafficPolicy};

use crate::Subject;

const VIRTUAL: &str = "10.96.0.10:80";

/// A client and two endpoints, with the services of their node.
struct Scene {
    subject: Subject,
    services: Arc<dyn ServiceProxy>,
    client: IpAddr,
    endpoints: [SocketAddr; 2],
}

impl Scene {
    /// `None` when the subject has no services.
    async fn of(subject: Subject) -> Option<Self> {
        let services = subject.services.clone()?;
        subject.configure(&["10.1.0.0/24"]).await;
        let client = subject.pod("client").await;
        let endpoints = [(subject.pod("a").await, 8080).into(), (subject.pod("b").await, 8080).into()];
        Some(Self { subject, services, client, endpoints })
    }

    fn service(&self, name: &str, address: &str) -> Service {
        let address: SocketAddr = address.parse().unwrap();
        Service {
            name: name.into(),
            port: address.port(),
            cluster_ips: vec![address.ip()],
            endpoints: self.endpoints.to_vec(),
            ..Service::default()
        }
    }

    async fn replace(&self, services: impl IntoIterator<Item = Service>) {
        self.services.replace(services.into_iter().map(Arc::new).collect()).await.unwrap();
    }

    /// Where some connections end.
    async fn ends(&self, to: &str) -> BTreeSet<Option<SocketAddr>> {
        let mut ends = BTreeSet::new();
        for _ in 0..16 {
            ends.insert(self.subject.connect(self.client, to).await);
        }
        ends
    }

    fn both(&self) -> BTreeSet<Option<SocketAddr>> {
        self.endpoints.into_iter().map(Some).collect()
    }
}

/// Promise 6.
pub async fn connections_take_turns(subject: Subject) {
    let Some(scene) = Scene::of(subject).await else { return };
    scene.replace([scene.service("default/web:http", VIRTUAL)]).await;
    assert_eq!(scene.ends(VIRTUAL).await, scene.both());
}

/// Promise 6.
pub async fn a_service_without_endpoints_takes_nothing(subject: Subject) {
    let Some(scene) = Scene::of(subject).await else { return };
    scene.replace([Service { endpoints: Vec::new(), ..scene.service("default/web:http", VIRTUAL) }]).await;
    assert_eq!(scene.ends(VIRTUAL).await, [None].into());
}

/// Promise 6.
pub async fn clients_stay_with_affinity(subject: Subject) {
    let Some(scene) = Scene::of(subject).await else { return };
    let affinity = Affinity::ClientIp(Duration::from_secs(10_800));
    scene.replace([Service { affinity, ..scene.service("default/web:http", VIRTUAL) }]).await;
    let stays = scene.ends(VIRTUAL).await;
    assert_eq!(stays.len(), 1);
    let kept: Vec<_> = scene.endpoints.into_iter().filter(|endpoint| !stays.contains(&Some(*endpoint))).collect();
    let shrunk = Service { affinity, endpoints: kept.clone(), ..scene.service("default/web:http", VIRTUAL) };
    scene.replace([shrunk]).await;
    assert_eq!(scene.ends(VIRTUAL).await, kept.into_iter().map(Some).collect());
}

/// Promise 7.
pub async fn local_policy_stays_on_the_node(subject: Subject) {
    let Some(scene) = Scene::of(subject).await else { return };
    let local = Service { internal: TrafficPolicy::Local, ..scene.service("default/web:http", VIRTUAL) };
    scene.replace([local.clone()]).await;
    assert_eq!(scene.ends(VIRTUAL).await, [None].into());
    scene.replace([Service { local_endpoints: vec![scene.endpoints[1]], ..local }]).await;
    assert_eq!(scene.ends(VIRTUAL).await, [Some(scene.endpoints[1])].into());
}

/// Promise 7.
pub async fn node_ports_are_open_on_node_addresses(subject: Subject) {
    let Some(scene) = Scene::of(subject).await else { return };
    scene.services.set_node_addresses(NodeAddresses(vec!["192.0.2.1".parse().unwrap()])).await.unwrap();
    let open = Service { node_port: Some(30_080), ..scene.service("default/web:http", VIRTUAL) };
    scene.replace([open]).await;
    assert_eq!(scene.ends("192.0.2.1:30080").await, scene.both());
}

/// Promise 8.
pub async fn changes_leave_others_alone(subject: Subject) {
    let Some(scene) = Scene::of(subject).await else { return };
    let (web, api) = (scene.service("default/web:http", VIRTUAL), scene.service("default/api:http", "10.96.0.11:80"));
    scene.replace([web.clone(), api]).await;
    let moved = scene.service("default/web:http", "10.96.0.10:81");
    scene.services.apply(ServiceDelta { upsert: vec![moved.into()], remove: Vec::new() }).await.unwrap();
    assert_eq!(scene.ends("10.96.0.10:81").await, scene.both());
    assert_eq!(scene.ends("10.96.0.11:80").await, scene.both());
    assert!(scene.ends(VIRTUAL).await.is_disjoint(&scene.both()));
    let remove = vec![web.name, "default/never-was:http".into()];
    scene.services.apply(ServiceDelta { upsert: Vec::new(), remove }).await.unwrap();
    assert!(scene.ends("10.96.0.10:81").await.is_disjoint(&scene.both()));
}

/// Promise 8.
pub async fn replacing_leaves_nothing_else(subject: Subject) {
    let Some(scene) = Scene::of(subject).await else { return };
    scene.replace([scene.service("default/web:http", VIRTUAL)]).await;
    scene.replace([scene.service("default/api:http", "10.96.0.11:80")]).await;
    assert!(scene.ends(VIRTUAL).await.is_disjoint(&scene.both()));
    assert_eq!(scene.ends("10.96.0.11:80").await, scene.both());
}

/// Promise 8.
pub async fn claimed_twice_changes_nothing(subject: Subject) {
    let Some(scene) = Scene::of(subject).await else { return };
    scene.replace([scene.service("default/web:http", VIRTUAL)]).await;
    let thief = Service { endpoints: Vec::new(), ..scene.service("default/thief:http", VIRTUAL) };
    let delta = ServiceDelta { upsert: vec![thief.into()], remove: Vec::new() };
    let error = scene.services.apply(delta).await.unwrap_err();
    assert!(matches!(error, Error::PortTaken { port: 80, .. }), "{error}");
    assert_eq!(scene.ends(VIRTUAL).await, scene.both());
}
