use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use k8s_api::registry::Registry;
use k8s_api::{Status, UserInfo};
use k8s_api_client::{Client, NodeConnector, NodeRegistry, Reply, Request, Transport};
use k8s_env::{Env, Tasks};
use k8s_store::Store;

use crate::admission::AdmissionChain;
use crate::authorize::{AllowAll, Authorizer, Rbac};
use crate::bootstrap;
use crate::core::Core;
use crate::paths::Documents;
use crate::resource::Resources;
use crate::services::{NODE_PORTS, ServiceAllocator, addresses};
use crate::tokens::Tokens;

/// A Kubernetes API server over a store.
///
/// It is a [`Transport`]: clients in process call it directly, and [`ApiServer::http`] puts the same entry behind HTTP.
/// Cloning shares the server. Its tasks end when the last clone is dropped, or with [`ApiServer::stop`].
#[derive(Clone, Debug)]
pub struct ApiServer {
    core: Arc<Core>,
    tasks: Arc<Tasks>,
}

/// The parts of an [`ApiServer`], each with a default.
#[derive(Debug)]
pub struct ApiServerBuilder {
    store: Arc<dyn Store>,
    env: Env,
    authorizer: Arc<dyn Authorizer>,
    policy: bool,
    admission: AdmissionChain,
    nodes: Arc<dyn NodeConnector>,
    service_network: (Ipv4Addr, u32),
    node_ports: RangeInclusive<i32>,
    address: String,
}

impl ApiServer {
    /// A server over `store`, with every other part at its default.
    pub fn builder(store: Arc<dyn Store>, env: Env) -> ApiServerBuilder {
        ApiServerBuilder {
            store,
            authorizer: Arc::new(AllowAll),
            policy: false,
            admission: AdmissionChain::standard(env.clone()),
            nodes: Arc::new(NodeRegistry::new()),
            service_network: (Ipv4Addr::new(10, 96, 0, 0), 12),
            node_ports: NODE_PORTS,
            address: "127.0.0.1:6443".to_owned(),
            env,
        }
    }

    /// A client that is `user`.
    pub fn client_as(&self, user: UserInfo) -> Client {
        Client::new(Arc::new(self.clone()), user)
    }

    /// The address of its own service, `kubernetes` in the namespace `default`: the first of the service network.
    pub fn service_address(&self) -> Ipv4Addr {
        self.core.services.api_server()
    }

    /// Ends the server's tasks. Requests fail from then on as their caches stand still; the store stays open.
    pub async fn stop(&self) {
        self.tasks.stop().await;
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }
}

impl ApiServerBuilder {
    /// Decides who may do what; by default everybody may do everything.
    pub fn authorizer(mut self, authorizer: impl Authorizer) -> Self {
        self.authorizer = Arc::new(authorizer);
        self
    }

    /// Lets [`Rbac`] decide who may do what, and creates upstream's roles and bindings at the start.
    pub fn rbac(mut self) -> Self {
        self.authorizer = Arc::new(Rbac::new());
        self.policy = true;
        self
    }

    /// What is checked and changed before storing; by default [`AdmissionChain::standard`].
    pub fn admission(mut self, chain: AdmissionChain) -> Self {
        self.admission = chain;
        self
    }

    /// The road to the nodes, for logs.
    pub fn nodes(mut self, nodes: impl NodeConnector) -> Self {
        self.nodes = Arc::new(nodes);
        self
    }

    /// The addresses of services, by default 10.96.0.0/12.
    pub fn service_network(mut self, network: Ipv4Addr, bits: u32) -> Self {
        self.service_network = (network, bits);
        self
    }

    /// The ports that services of type NodePort are given, by default 30000 to 32767.
    pub fn node_ports(mut self, ports: RangeInclusive<i32>) -> Self {
        self.node_ports = ports;
        self
    }

    /// `HOST:PORT` where clients reach the server, as it tells them.
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = address.into();
        self
    }

    /// Starts the server: it creates the objects that every cluster has, unless the store has them already.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn start(self) -> Result<ApiServer, Status> {
        let tasks = Tasks::new();
        let registry = Registry::builtin();
        let mut strategies = k8s_api_kinds_pods::strategies();
        strategies.extend(k8s_api_kinds_cluster::strategies());
        let resources = Resources::new(self.store.clone(), tasks.spawner(), &registry.snapshot(), strategies);
        let (network, bits) = self.service_network;
        let core = Core {
            tokens: Tokens::new(self.env.clone())?,
            services: ServiceAllocator::new(network, bits, self.node_ports),
            documents: Documents::new(self.address, self.env.clock.now()),
            env: self.env,
            store: self.store,
            registry,
            resources,
            authorizer: self.authorizer,
            admission: self.admission,
            nodes: self.nodes,
        };
        let server = ApiServer { core: Arc::new(core), tasks: Arc::new(tasks) };
        bootstrap::run(&server, self.policy).await?;
        server.tasks.spawn(addresses::follow(server.core.clone()));
        Ok(server)
    }
}

#[async_trait]
impl Transport for ApiServer {
    async fn call(&self, request: Request) -> Result<Reply, Status> {
        self.core.call(request).await
    }
}
