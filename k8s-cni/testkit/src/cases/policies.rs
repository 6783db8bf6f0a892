//! Promises 9 to 11: policies.

use std::net::IpAddr;
use std::sync::Arc;

use k8s_cni::{AddressSet, Error, NetworkPolicy, Peer, Policy, PolicyDelta, PolicySnapshot, PortRange, Protocol, Rule};

use crate::Subject;

/// A pod that is covered, and two others.
struct Scene {
    subject: Subject,
    policies: Arc<dyn NetworkPolicy>,
    web: IpAddr,
    friend: IpAddr,
    stranger: IpAddr,
}

impl Scene {
    /// `None` when the subject has no policies.
    async fn of(subject: Subject) -> Option<Self> {
        let policies = subject.policies.clone()?;
        subject.configure(&["10.1.0.0/24"]).await;
        let (web, friend) = (subject.pod("web").await, subject.pod("friend").await);
        let stranger = subject.pod("stranger").await;
        Some(Self { subject, policies, web, friend, stranger })
    }

    fn sets(&self) -> Vec<AddressSet> {
        let set = |name: &str, ip: IpAddr| AddressSet { name: name.into(), members: [ip].into() };
        vec![set("web", self.web), set("friends", self.friend)]
    }

    async fn enforce(&self, policies: impl IntoIterator<Item = Policy>) {
        let policies = policies.into_iter().map(Arc::new).collect();
        self.policies.replace_policies(PolicySnapshot { sets: self.sets(), policies }).await.unwrap();
    }

    async fn passes(&self, from: IpAddr, to: IpAddr, port: u16) -> bool {
        self.subject.traffic.connect(from, (to, port).into(), Protocol::Tcp).await.is_some()
    }
}

fn friends_on_80() -> Rule {
    Rule {
        peers: Some(vec![Peer::Set("friends".into())]),
        ports: Some(vec![PortRange { protocol: Protocol::Tcp, first: 80, last: 80 }]),
    }
}

fn ingress(name: &str, rules: Vec<Rule>) -> Policy {
    Policy { name: name.into(), pods: "web".into(), ingress: Some(rules), egress: None }
}

/// Promise 9.
pub async fn open_until_covered(subject: Subject) {
    let Some(scene) = Scene::of(subject).await else { return };
    assert!(scene.passes(scene.stranger, scene.web, 80).await);
    scene.enforce([ingress("default/deny", Vec::new())]).await;
    assert!(!scene.passes(scene.stranger, scene.web, 80).await);
    assert!(scene.passes(scene.web, scene.stranger, 80).await);
    scene.enforce([]).await;
    assert!(scene.passes(scene.stranger, scene.web, 80).await);
}

/// Promise 9.
pub async fn only_listed_peers_and_ports_pass(subject: Subject) {
    let Some(scene) = Scene::of(subject).await else { return };
    scene.enforce([ingress("default/some", vec![friends_on_80()])]).await;
    assert!(scene.passes(scene.friend, scene.web, 80).await);
    assert!(!scene.passes(scene.friend, scene.web, 81).await);
    assert!(!scene.passes(scene.stranger, scene.web, 80).await);
}

/// Promise 9.
pub async fn egress_is_judged_too(subject: Subject) {
    let Some(scene) = Scene::of(subject).await else { return };
    let policy = Policy { ingress: None, egress: Some(vec![friends_on_80()]), ..ingress("default/out", Vec::new()) };
    scene.enforce([policy]).await;
    assert!(scene.passes(scene.web, scene.friend, 80).await);
    assert!(!scene.passes(scene.web, scene.stranger, 80).await);
    assert!(scene.passes(scene.stranger, scene.web, 80).await);
}

/// Promise 10.
pub async fn ranges_have_holes(subject: Subject) {
    let Some(scene) = Scene::of(subject).await else { return };
    let hole = ipnet::IpNet::from(scene.stranger);
    let block = Peer::Block { range: "10.1.0.0/16".parse().unwrap(), except: vec![hole] };
    scene.enforce([ingress("default/range", vec![Rule { peers: Some(vec![block]), ports: None }])]).await;
    assert!(scene.passes(scene.friend, scene.web, 80).await);
    assert!(!scene.passes(scene.stranger, scene.web, 80).await);
}

/// Promise 10.
pub async fn policies_add_up(subject: Subject) {
    let Some(scene) = Scene::of(subject).await else { return };
    let anybody = Rule { ports: Some(vec![PortRange { protocol: Protocol::Tcp, first: 81, last: 90 }]), peers: None };
    scene.enforce([ingress("default/a", vec![friends_on_80()]), ingress("default/b", vec![anybody])]).await;
    assert!(scene.passes(scene.friend, scene.web, 80).await);
    assert!(scene.passes(scene.stranger, scene.web, 85).await);
    assert!(!scene.passes(scene.stranger, scene.web, 80).await);
}

/// Promise 11.
pub async fn members_come_and_go(subject: Subject) {
    let Some(scene) = Scene::of(subject).await else { return };
    scene.enforce([ingress("default/some", vec![friends_on_80()])]).await;
    let friends = AddressSet { name: "friends".into(), members: [scene.stranger].into() };
    let delta = PolicyDelta { upsert_sets: vec![friends], ..PolicyDelta::default() };
    scene.policies.apply_policies(delta).await.unwrap();
    assert!(scene.passes(scene.stranger, scene.web, 80).await);
    assert!(!scene.passes(scene.friend, scene.web, 80).await);
    let delta = PolicyDelta { remove: vec!["default/some".into()], ..PolicyDelta::default() };
    scene.policies.apply_policies(delta).await.unwrap();
    assert!(scene.passes(scene.friend, scene.web, 80).await);
}

/// Promise 11.
pub async fn a_missing_set_changes_nothing(subject: Subject) {
    let Some(scene) = Scene::of(subject).await else { return };
    scene.enforce([ingress("default/some", vec![friends_on_80()])]).await;
    for delta in [
        PolicyDelta { remove_sets: vec!["friends".into()], ..PolicyDelta::default() },
        PolicyDelta {
            upsert: vec![Arc::new(Policy { pods: "nobody".into(), ..ingress("default/new", Vec::new()) })],
            ..PolicyDelta::default()
        },
    ] {
        let error = scene.policies.apply_policies(delta).await.unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
    }
    assert!(scene.passes(scene.friend, scene.web, 80).await);
    assert!(!scene.passes(scene.stranger, scene.web, 80).await);
}
