//! Every promise, on the memory network.

use std::net::{IpAddr, SocketAddr};

use k8s_cni::Protocol;
use k8s_cni::memory::{Fabric, Reach};
use k8s_cni_testkit::{Subject, Traffic};

struct OnPaper(Fabric);

#[async_trait::async_trait]
impl Traffic for OnPaper {
    async fn connect(&self, from: IpAddr, to: SocketAddr, protocol: Protocol) -> Option<SocketAddr> {
        match self.0.connect(from, to, protocol) {
            Reach::Pod { address, .. } => Some(address),
            Reach::Outside(_) | Reach::Refused | Reach::Dropped => None,
        }
    }
}

mod memory {
    use super::*;

    k8s_cni_testkit::conformance!(simulated: || async {
        let fabric = Fabric::new();
        Subject::new(fabric.node("a"), OnPaper(fabric))
    });
}

/// What is shared and erased keeps every promise, and so does a layer that forwards each call.
mod forwarded {
    use std::sync::Arc;

    use k8s_cni::{NetworkPolicy, PodNetwork, ServiceProxy};

    use super::*;

    k8s_cni_testkit::conformance!(simulated: || async {
        let fabric = Fabric::new();
        let bare = Arc::new(fabric.node("a"));
        let (network, services, policies): (Arc<dyn PodNetwork>, Arc<dyn ServiceProxy>, Arc<dyn NetworkPolicy>) =
            (bare.clone(), bare.clone(), bare);
        Subject {
            network: Arc::new(network),
            services: Some(Arc::new(services)),
            policies: Some(Arc::new(policies)),
            traffic: Arc::new(OnPaper(fabric)),
        }
    });
}
