use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use k8s_api::quantity::Quantity;
use k8s_api_client::{Client, NodeRegistry};
use k8s_cni::{PodNetwork, ServiceProxy};
use k8s_cri::{Images, Prober, Runtime};
use k8s_csi::PodVolumes;
use k8s_env::Env;
use k8s_openapi::api::core::v1::{NodeSystemInfo, Taint};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;

use crate::context::ClusterDns;
use crate::machine::Description;
use crate::{Error, Node};

/// Upstream: `ports.KubeletPort`.
const KUBELET_PORT: i32 = 10_250;

/// Makes a [`Node`]. Runtime, images, network and volumes must be given; all else has a default.
pub struct NodeBuilder {
    pub(crate) name: String,
    pub(crate) client: Client,
    pub(crate) env: Env,
    pub(crate) about: Description,
    pub(crate) capacity: Vec<(&'static str, String)>,
    pub(crate) ips: Vec<IpAddr>,
    pub(crate) dns: ClusterDns,
    pub(crate) runtime: Option<Arc<dyn Runtime>>,
    pub(crate) images: Option<Arc<dyn Images>>,
    pub(crate) prober: Option<Arc<dyn Prober>>,
    pub(crate) network: Option<Arc<dyn PodNetwork>>,
    pub(crate) proxy: Option<Arc<dyn ServiceProxy>>,
    pub(crate) volumes: Option<Arc<dyn PodVolumes>>,
    pub(crate) registry: Option<NodeRegistry>,
}

impl NodeBuilder {
    pub(crate) fn new(name: String, client: Client, env: Env) -> Self {
        let labels = [
            ("beta.kubernetes.io/arch", "amd64"),
            ("beta.kubernetes.io/os", "linux"),
            ("kubernetes.io/arch", "amd64"),
            ("kubernetes.io/hostname", &name),
            ("kubernetes.io/os", "linux"),
        ];
        let info = NodeSystemInfo {
            architecture: "amd64".to_owned(),
            operating_system: "linux".to_owned(),
            ..NodeSystemInfo::default()
        };
        let about = Description {
            labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            hostname: name.clone(),
            port: KUBELET_PORT,
            info,
            ..Description::default()
        };
        Self {
            name,
            client,
            env,
            about,
            capacity: Vec::new(),
            ips: Vec::new(),
            dns: ClusterDns { servers: Vec::new(), domain: "cluster.local".to_owned() },
            runtime: None,
            images: None,
            prober: None,
            network: None,
            proxy: None,
            volumes: None,
            registry: None,
        }
    }

    /// Cores that pods may use: `8`, `"7500m"`; 1 by default.
    pub fn cpu(self, cores: impl ToString) -> Self {
        self.capacity("cpu", cores)
    }

    /// Memory that pods may use: `"32Gi"`; `3840Mi` by default.
    pub fn memory(self, bytes: impl ToString) -> Self {
        self.capacity("memory", bytes)
    }

    /// How many pods may run; 110 by default.
    pub fn pods(self, count: impl ToString) -> Self {
        self.capacity("pods", count)
    }

    /// Disk that pods may fill: `"100Gi"`; `"0"` by default, which asks for are refused.
    pub fn ephemeral_storage(self, bytes: impl ToString) -> Self {
        self.capacity("ephemeral-storage", bytes)
    }

    /// One more label.
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.about.labels.insert(key.into(), value.into());
        self
    }

    /// One more taint that the node registers with; effects are `NoSchedule`, `PreferNoSchedule` and `NoExecute`.
    pub fn taint(mut self, key: impl Into<String>, value: impl Into<String>, effect: impl Into<String>) -> Self {
        let value = Some(value.into()).filter(|value| !value.is_empty());
        self.about.taints.push(Taint { key: key.into(), value, effect: effect.into(), time_added: None });
        self
    }

    /// One more address of the node, the primary first; `127.0.0.1` when there is none.
    pub fn ip(mut self, ip: IpAddr) -> Self {
        self.ips.push(ip);
        self
    }

    /// One more range of pod addresses, at most one per family. The node registers with it. Without any it waits until
    /// its object in the API has one.
    pub fn pod_cidr(mut self, range: impl Into<String>) -> Self {
        self.about.pod_cidrs.push(range.into());
        self
    }

    /// Where pods that ask for the cluster's DNS find it, and below which domain services are.
    pub fn cluster_dns(mut self, server: IpAddr, domain: impl Into<String>) -> Self {
        self.dns = ClusterDns { servers: vec![server], domain: domain.into() };
        self
    }

    /// What the machine is: kernel, operating system image, ids. Version fields of the agent itself are set by it.
    pub fn system_info(mut self, info: NodeSystemInfo) -> Self {
        self.about.info = info;
        self
    }

    /// How the machine's provider names it.
    pub fn provider_id(mut self, id: impl Into<String>) -> Self {
        self.about.provider_id = Some(id.into());
        self
    }

    /// What runs containers.
    pub fn runtime(mut self, runtime: Arc<dyn Runtime>) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// What fetches images.
    pub fn images(mut self, images: Arc<dyn Images>) -> Self {
        self.images = Some(images);
        self
    }

    /// What asks containers for their health, in place of the runtime's own way.
    pub fn prober(mut self, prober: Arc<dyn Prober>) -> Self {
        self.prober = Some(prober);
        self
    }

    /// What joins pods to a network.
    pub fn network(mut self, network: Arc<dyn PodNetwork>) -> Self {
        self.network = Some(network);
        self
    }

    /// What makes services lead to pods; without it nobody does on this node.
    pub fn proxy(mut self, proxy: Arc<dyn ServiceProxy>) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// What makes volumes.
    pub fn volumes(mut self, volumes: Arc<dyn PodVolumes>) -> Self {
        self.volumes = Some(volumes);
        self
    }

    /// Where the node's own HTTP API is found by its name.
    pub fn registry(mut self, registry: NodeRegistry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// Registers the node and starts its agent.
    ///
    /// # Errors
    /// When a part is missing or makes no sense, when the runtime does not answer, and when the API server does not
    /// take the node. Nothing runs then.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn start(self) -> Result<Node, Error> {
        Node::start(self).await
    }

    fn capacity(mut self, name: &'static str, amount: impl ToString) -> Self {
        self.capacity.push((name, amount.to_string()));
        self
    }

    /// All capacities, those that were not given by their default.
    pub(crate) fn capacities(&self) -> Result<BTreeMap<String, Text>, Error> {
        let default = [("cpu", "1"), ("ephemeral-storage", "0"), ("memory", "3840Mi"), ("pods", "110")];
        let default = default.into_iter().map(|(name, text)| (name, text.to_owned()));
        let mut all = BTreeMap::new();
        for (name, text) in default.chain(self.capacity.iter().cloned()) {
            let invalid = |e: k8s_api::quantity::ParseError| Error::Invalid { what: name, message: e.to_string() };
            let quantity = Quantity::parse(&text).map_err(invalid)?;
            all.insert(name.to_owned(), Text::from(quantity));
        }
        Ok(all)
    }
}

impl std::fmt::Debug for NodeBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeBuilder").field("name", &self.name).finish_non_exhaustive()
    }
}
