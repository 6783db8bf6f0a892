use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_api::UserInfo;
use k8s_api_client::NodeRegistry;
use k8s_api_server::admission::AdmissionChain;
use k8s_api_server::authorize::Authorizer;
use k8s_api_server::{ApiServer, ApiServerBuilder};
use k8s_ctrl::Controllers;
use k8s_env::{Env, Tasks};
use k8s_sched::{Profile, Scheduler};
use k8s_store::{Memory, Store};
use parking_lot::Mutex;

use crate::{Cluster, ClusterNode, Error};

/// The parts of a [`Cluster`], each with a default: all in memory, in real time, everybody allowed, no node.
pub struct ClusterBuilder {
    env: Env,
    store: Option<Arc<dyn Store>>,
    profiles: BTreeMap<String, Profile>,
    scheduler: bool,
    controllers: Controllers,
    nodes: Vec<Box<dyn ClusterNode>>,
    #[expect(clippy::type_complexity, reason = "a list of small changes")]
    server: Vec<Box<dyn FnOnce(ApiServerBuilder) -> ApiServerBuilder + Send>>,
}

impl std::fmt::Debug for ClusterBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterBuilder").field("nodes", &self.nodes.len()).finish_non_exhaustive()
    }
}

impl ClusterBuilder {
    pub(super) fn new() -> Self {
        Self {
            env: Env::system(),
            store: None,
            profiles: BTreeMap::new(),
            scheduler: true,
            controllers: all_controllers(),
            nodes: Vec::new(),
            server: Vec::new(),
        }
    }

    /// Time and randomness; `Env::simulated(seed)` on a paused runtime makes a cluster that runs the same each time.
    pub fn env(mut self, env: Env) -> Self {
        self.env = env;
        self
    }

    /// Where the state lives.
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// The profile of pods that name no scheduler, in place of the default one.
    pub fn scheduler(self, profile: Profile) -> Self {
        self.scheduler_profile(k8s_sched::DEFAULT_SCHEDULER_NAME, profile)
    }

    /// The profile of pods that name this scheduler.
    pub fn scheduler_profile(mut self, scheduler_name: &str, profile: Profile) -> Self {
        self.profiles.insert(scheduler_name.to_owned(), profile);
        self
    }

    /// No scheduler in this process.
    pub fn without_scheduler(mut self) -> Self {
        self.scheduler = false;
        self
    }

    /// The controllers, in place of all.
    pub fn controllers(mut self, controllers: Controllers) -> Self {
        self.controllers = controllers;
        self
    }

    /// One more node.
    pub fn node(mut self, node: impl ClusterNode) -> Self {
        self.nodes.push(Box::new(node));
        self
    }

    /// More nodes.
    pub fn nodes<N: ClusterNode>(mut self, nodes: impl IntoIterator<Item = N>) -> Self {
        self.nodes.extend(nodes.into_iter().map(|node| Box::new(node) as Box<dyn ClusterNode>));
        self
    }

    /// Who may do what; by default everybody everything.
    pub fn authorizer(self, authorizer: impl Authorizer) -> Self {
        self.api_server(|server| server.authorizer(authorizer))
    }

    /// What is checked and changed before storing.
    pub fn admission(self, chain: AdmissionChain) -> Self {
        self.api_server(|server| server.admission(chain))
    }

    /// Any other setting of the API server.
    pub fn api_server(mut self, change: impl FnOnce(ApiServerBuilder) -> ApiServerBuilder + Send + 'static) -> Self {
        self.server.push(Box::new(change));
        self
    }

    /// Starts everything. Nodes become ready a moment later.
    ///
    /// # Errors
    /// When the store fails or a node cannot start.
    pub async fn start(self) -> Result<Cluster, Error> {
        let registry = NodeRegistry::new();
        let store = self.store.unwrap_or_else(|| Arc::new(Memory::new()));
        let server = ApiServer::builder(store, self.env.clone()).nodes(registry.clone());
        let server = self.server.into_iter().fold(server, |server, change| change(server)).start().await?;
        let admin = server.client_as(UserInfo::admin());
        let scheduler = Tasks::new();
        if self.scheduler {
            start_scheduler(&scheduler, &server, &self.env, self.profiles);
        }
        let controllers = Some(self.controllers.start(&admin, &self.env));
        let cluster =
            Cluster { env: self.env, server, scheduler, controllers, registry, nodes: Mutex::new(BTreeMap::new()) };
        for node in self.nodes {
            cluster.start_node(node).await?;
        }
        Ok(cluster)
    }
}

fn start_scheduler(tasks: &Tasks, server: &ApiServer, env: &Env, mut profiles: BTreeMap<String, Profile>) {
    let default = profiles.remove(k8s_sched::DEFAULT_SCHEDULER_NAME);
    let client = server.client_as(UserInfo::new("system:kube-scheduler", &[]));
    let scheduler = Scheduler::new(client).env(env.clone());
    let scheduler = scheduler.default_profile(default.unwrap_or_else(k8s_sched_plugins::default_profile));
    let scheduler = profiles.into_iter().fold(scheduler, |scheduler, (name, profile)| scheduler.profile(&name, profile));
    tasks.spawn(async move {
        if let Err(error) = scheduler.run(std::future::pending()).await {
            tracing::error!(%error, "the scheduler ended");
        }
    });
}

/// Every controller that there is.
fn all_controllers() -> Controllers {
    k8s_ctrl_workloads::controllers().and(k8s_ctrl_cluster::controllers())
}
