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

k8s_cni_testkit::conformance!(simulated: || async {
    let fabric = Fabric::new();
    Subject::new(fabric.node("a"), OnPaper(fabric))
});
