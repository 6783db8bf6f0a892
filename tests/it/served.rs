//! A cluster behind HTTPS, and the kubeconfigs of two of its users.

use std::path::PathBuf;

use k8s_kit::api::UserInfo;
use k8s_kit::env::Env;
use k8s_kit::https::kubeconfig::{Cluster as Address, User};
use k8s_kit::https::{Kubeconfig, Pki};
use k8s_kit::node_agent::HollowNode;
use k8s_kit::server::http::TokenFile;
use k8s_kit::{Cluster, Served};

use crate::around::Scratch;

/// A cluster as the recordings have it: five small nodes, and services in 10.0.0.0/16.
pub(crate) struct Recorded {
    pub(crate) cluster: Cluster,
    pub(crate) served: Served,
    pub(crate) scratch: Scratch,
}

impl Recorded {
    pub(crate) async fn start(name: &str) -> Self {
        // The recorded nodes ran everything forever and had no disk.
        let node =
            |i| HollowNode::new(format!("hollow-{i}")).cpu(1).memory("3840Mi").ephemeral_storage(0).ignores_commands();
        Self::start_with(name, (1..=5).map(node)).await
    }

    /// With other nodes.
    pub(crate) async fn start_with(name: &str, nodes: impl IntoIterator<Item = HollowNode>) -> Self {
        let scratch = Scratch::new(name);
        let pki = Pki::generate(&Env::system()).unwrap();
        std::fs::write(scratch.path().join("ca.crt"), pki.certificate_pem()).unwrap();
        let cluster = Cluster::builder()
            .pki(pki)
            .nodes(nodes)
            .api_server(|server| server.rbac().service_network([10, 0, 0, 0].into(), 16))
            .start()
            .await
            .unwrap();
        let tokens =
            TokenFile::new().with("tok", user("admin", "system:masters")).with("viewtok", user("viewer", "readers"));
        let served = cluster.serve_with("127.0.0.1:0", tokens).await.unwrap();
        let recorded = Self { cluster, served, scratch };
        recorded.write_kubeconfig("tok");
        recorded.write_kubeconfig("viewtok");
        recorded
    }

    /// The kubeconfig of the user who holds a token.
    pub(crate) fn kubeconfig(&self, token: &str) -> PathBuf {
        self.scratch.path().join(format!("{token}.kubeconfig"))
    }

    pub(crate) async fn stop(self) {
        self.served.stop().await;
        self.cluster.stop().await;
    }

    fn write_kubeconfig(&self, token: &str) {
        let authority = self.scratch.path().join("ca.crt");
        let address = Address {
            server: format!("https://{}", self.served.local_addr()),
            certificate_authority: Some(authority),
            ..Address::default()
        };
        let credentials = User { token: Some(token.to_owned()), ..User::default() };
        let mut config = Kubeconfig::of(address, token, credentials);
        "golden".clone_into(&mut config.clusters[0].name);
        "golden".clone_into(&mut config.contexts[0].name);
        "golden".clone_into(&mut config.contexts[0].context.cluster);
        config.context("golden").write(self.kubeconfig(token)).unwrap();
    }
}

fn user(name: &str, group: &str) -> UserInfo {
    let mut user = UserInfo::new(name, &[group]);
    user.uid = format!("{name}-uid");
    user
}
