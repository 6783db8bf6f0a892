use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use k8s_api::UserInfo;
use k8s_api_client::NodeRegistry;
use k8s_api_server::admission::AdmissionChain;
use k8s_api_server::authorize::Authorizer;
use k8s_api_server::{ApiServer, ApiServerBuilder};
use k8s_cni::memory::Fabric;
use k8s_ctrl::{Controller, Controllers};
use k8s_env::{Env, Tasks};
use k8s_sched::{Profile, Scheduler};
use k8s_store::{Maintenance, Memory, Store};
use parking_lot::Mutex;

use crate::authorize::AllowKnown;
use crate::{Cluster, ClusterNode, Error};

/// How many bytes of its past a store in memory keeps: enough for pages of a list and for watches that fall behind.
const HISTORY: usize = 64 << 20;

/// The parts of a [`Cluster`], each with a default: all in memory, in real time, everybody allowed who is somebody,
/// no node.
pub struct ClusterBuilder {
    env: Option<Env>,
    ca_bundle: Option<String>,
    #[cfg(feature = "https")]
    pki: Option<k8s_api_https::Pki>,
    store: Option<Arc<dyn Store>>,
    owned: Option<Arc<dyn Maintenance>>,
    profiles: BTreeMap<String, Profile>,
    scheduler: bool,
    controllers: Option<Controllers>,
    added: Controllers,
    excepted: Vec<String>,
    nodes: Vec<Box<dyn ClusterNode>>,
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
            env: None,
            ca_bundle: None,
            #[cfg(feature = "https")]
            pki: None,
            store: None,
            owned: None,
            profiles: BTreeMap::new(),
            scheduler: true,
            controllers: None,
            added: Controllers::none(),
            excepted: Vec::new(),
            nodes: Vec::new(),
            server: Vec::new(),
        }
    }

    /// Time and randomness; `Env::simulated(seed)` on a paused runtime makes a cluster that runs the same each time.
    pub fn env(mut self, env: Env) -> Self {
        self.env = Some(env);
        self
    }

    /// The certificate authority that [`Cluster::serve`] signs with; by default a new one, but in simulated time.
    #[cfg(feature = "https")]
    pub fn pki(mut self, pki: k8s_api_https::Pki) -> Self {
        self.pki = Some(pki);
        self
    }

    /// What every namespace gets to know the API server by, certificates in PEM, when it is served by other means.
    pub fn ca_bundle(mut self, pem: impl Into<String>) -> Self {
        self.ca_bundle = Some(pem.into());
        self
    }

    /// Where the state lives; by default in memory, with 64 MiB of history. It stays open when the cluster ends.
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Some(Arc::new(store));
        self.owned = None;
        self
    }

    /// Where the state lives, for a store that nobody else uses: [`Cluster::stop`] closes it, last of all.
    ///
    /// An error of closing goes to the log; who wants to act on it gives a shared store to [`ClusterBuilder::store`] and
    /// closes it after the cluster.
    pub fn owned_store(mut self, store: impl Store + Maintenance) -> Self {
        let store = Arc::new(store);
        self.store = Some(store.clone());
        self.owned = Some(store);
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

    /// The controllers, in place of all that there are.
    pub fn controllers(mut self, controllers: Controllers) -> Self {
        self.controllers = Some(controllers);
        self
    }

    /// One more controller, or another in place of the one of the same name.
    pub fn controller(mut self, controller: impl Controller) -> Self {
        self.added = self.added.with(controller);
        self
    }

    /// All controllers but this one, as [`Controllers::except`] takes its name.
    pub fn without_controller(mut self, name: &str) -> Self {
        self.excepted.push(name.to_owned());
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

    /// Who may do what; by default everybody everything, but who showed no credentials.
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
    /// When the store fails, a node cannot start, or a controller that was to be left out does not exist.
    pub async fn start(self) -> Result<Cluster, Error> {
        #[cfg(feature = "https")]
        let pki = match (self.pki, &self.env) {
            (Some(pki), _) => Some(pki),
            // Keys come from the system's entropy, so a simulated cluster that must repeat itself has none.
            (None, Some(_)) => None,
            (None, None) => Some(k8s_api_https::Pki::generate(&Env::system()).map_err(Error::certificates)?),
        };
        let ca_bundle = self.ca_bundle.unwrap_or_default();
        #[cfg(feature = "https")]
        let ca_bundle = pki.as_ref().map_or(ca_bundle, |pki| pki.certificate_pem().to_owned());

        let env = self.env.unwrap_or_else(Env::system);
        let registry = NodeRegistry::new();
        let store = self.store.unwrap_or_else(|| Arc::new(Memory::builder().history_bytes(HISTORY).build()));
        let server = ApiServer::builder(store, env.clone()).nodes(registry.clone()).authorizer(AllowKnown);
        let server = self.server.into_iter().fold(server, |server, change| change(server)).start().await?;
        let scheduler = Tasks::new();
        if self.scheduler {
            start_scheduler(&scheduler, &server, &env, self.profiles);
        }
        let controllers = self.controllers.unwrap_or_else(|| controllers(ca_bundle)).and(self.added);
        let mut excepted = self.excepted.iter();
        let controllers = excepted.try_fold(controllers, |controllers, name| controllers.except(name))?;
        let controllers = Some(controllers.start(&server.client_as(UserInfo::admin()), &env));
        let cluster = Cluster {
            env,
            server,
            scheduler,
            controllers,
            registry,
            fabric: Fabric::new(),
            store: self.owned,
            started: AtomicU32::new(0),
            #[cfg(feature = "https")]
            pki,
            nodes: Mutex::new(BTreeMap::new()),
        };
        for node in self.nodes {
            cluster.start_node(node).await?;
        }
        Ok(cluster)
    }
}

/// Every controller that there is, with upstream's settings. `ca_bundle` is what every namespace gets to know the API
/// server by, certificates in PEM.
pub fn controllers(ca_bundle: impl Into<Arc<str>>) -> Controllers {
    k8s_ctrl_workloads::controllers().and(k8s_ctrl_cluster::all(ca_bundle))
}

fn start_scheduler(tasks: &Tasks, server: &ApiServer, env: &Env, mut profiles: BTreeMap<String, Profile>) {
    let default = profiles.remove(k8s_sched::DEFAULT_SCHEDULER_NAME);
    let client = server.client_as(UserInfo::new("system:kube-scheduler", &[]));
    let scheduler = Scheduler::new(client).env(env.clone());
    let scheduler = scheduler.default_profile(default.unwrap_or_else(k8s_sched_plugins::default_profile));
    let scheduler =
        profiles.into_iter().fold(scheduler, |scheduler, (name, profile)| scheduler.profile(&name, profile));
    tasks.spawn(async move {
        if let Err(error) = scheduler.run(std::future::pending()).await {
            tracing::error!(%error, "the scheduler ended");
        }
    });
}
