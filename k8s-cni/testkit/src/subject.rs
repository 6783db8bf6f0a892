use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use k8s_cni::{Attachment, NetworkPolicy, NodeNetwork, PodNetwork, PodRef, Protocol, ServiceProxy};

/// What is judged: one node's network that was not configured yet, and a way to try it out.
#[derive(Clone)]
pub struct Subject {
    /// Attaches pods.
    pub network: Arc<dyn PodNetwork>,
    /// Leads virtual addresses to endpoints; `None` skips the cases.
    pub services: Option<Arc<dyn ServiceProxy>>,
    /// Judges connections; `None` skips the cases.
    pub policies: Option<Arc<dyn NetworkPolicy>>,
    /// Tries connections out.
    pub traffic: Arc<dyn Traffic>,
}

/// Tries connections out.
///
/// # Contract
/// The backend's tests implement it, over real sockets or over the backend's own tables. Cases connect only from
/// addresses that are attached, and to endpoints at attached addresses; whoever implements it makes those listen.
///
/// # Ordering
/// A connection meets the rules of all calls that returned before.
///
/// # Cancellation
/// It only reads.
#[async_trait]
pub trait Traffic: Send + Sync {
    /// Where a connection ends: the endpoint that takes it, or `None` when it is refused or dropped.
    async fn connect(&self, from: IpAddr, to: SocketAddr, protocol: Protocol) -> Option<SocketAddr>;
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subject")
            .field("services", &self.services.is_some())
            .field("policies", &self.policies.is_some())
            .finish_non_exhaustive()
    }
}

impl Subject {
    /// Judges one object that is all three.
    pub fn new(
        subject: impl PodNetwork + ServiceProxy + NetworkPolicy + 'static,
        traffic: impl Traffic + 'static,
    ) -> Self {
        let all = Arc::new(subject);
        Self { network: all.clone(), services: Some(all.clone()), policies: Some(all), traffic: Arc::new(traffic) }
    }

    pub(crate) async fn configure(&self, ranges: &[&str]) {
        let pod_cidrs = ranges.iter().map(|range| range.parse().unwrap()).collect();
        let node_ips = vec!["192.0.2.1".parse().unwrap()];
        self.network.configure(NodeNetwork { pod_cidrs, node_ips }).await.unwrap();
    }

    pub(crate) fn attachment(name: &str) -> Attachment {
        let pod = PodRef { namespace: "default".into(), name: name.into(), uid: name.into() };
        Attachment::new(format!("sandbox-of-{name}"), pod)
    }

    /// Attaches a pod and answers its first address.
    pub(crate) async fn pod(&self, name: &str) -> IpAddr {
        let attached = self.network.setup(&Self::attachment(name)).await.unwrap();
        attached.ips().next().unwrap()
    }

    pub(crate) async fn connect(&self, from: IpAddr, to: &str) -> Option<SocketAddr> {
        self.traffic.connect(from, to.parse().unwrap(), Protocol::Tcp).await
    }
}
