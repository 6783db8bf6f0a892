use std::any::Any;
use std::fmt;
use std::sync::Arc;

use k8s_api::{AnyObject, GroupVersionResource, Kind, Object, Status, UserInfo};
use k8s_api_client::{Api, Body, Call, Client, NodeApi, NodeConnector, Reply, ResourceTarget, Transport, WriteOptions};
use k8s_openapi::api::core::v1::ConfigMap;

use crate::run::Judged;
use crate::{Ability, Talker};

/// A road to a server, and what the cases may know of the server.
///
/// Each case takes a fresh one and writes into the namespace: config maps, and where it needs them a pod and what a
/// pod needs. Nobody else may write there meanwhile.
pub struct Subject {
    /// The road.
    pub transport: Arc<dyn Transport>,
    /// Somebody who may do everything.
    pub admin: UserInfo,
    /// A namespace that exists and holds no config map.
    pub namespace: String,
    /// Somebody who is known and may do nothing but ask who they are; `None` when the road carries the administrator
    /// alone.
    pub stranger: Option<UserInfo>,
    /// A revision older than all that the server remembers; `None` when it remembers everything.
    pub forgotten: Option<u64>,
    /// A node whose agent is a [`Talker`] of that name; `None` when there is none.
    pub node: Option<String>,
    keep: Vec<Box<dyn Any + Send + Sync>>,
}

impl Subject {
    /// A road by which `admin` may do everything in the namespace `default`, and nothing more is known.
    pub fn new(transport: Arc<dyn Transport>, admin: UserInfo) -> Self {
        let namespace = "default".to_owned();
        Self { transport, admin, namespace, stranger: None, forgotten: None, node: None, keep: Vec::new() }
    }

    /// With somebody who may do nothing.
    pub fn stranger(mut self, user: UserInfo) -> Self {
        self.stranger = Some(user);
        self
    }

    /// With a revision that the server has forgotten.
    pub fn forgotten(mut self, revision: u64) -> Self {
        self.forgotten = Some(revision);
        self
    }

    /// With a node whose agent is a [`Talker`] of that name.
    pub fn node(mut self, name: &str) -> Self {
        self.node = Some(name.to_owned());
        self
    }

    /// Keeps `what` as long as the case runs: the server, the listener.
    pub fn keep(mut self, what: impl Any + Send + Sync) -> Self {
        self.keep.push(Box::new(what));
        self
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.transport.clone(), self.admin.clone())
    }

    pub(crate) fn client_as(&self, user: &UserInfo) -> Client {
        Client::new(self.transport.clone(), user.clone())
    }

    pub(crate) fn maps(&self) -> Api<ConfigMap> {
        self.client().namespaced(&self.namespace)
    }

    pub(crate) fn api<K: Kind>(&self) -> Api<K> {
        self.client().namespaced(&self.namespace)
    }

    /// The address of a config map, or with an empty name of all.
    pub(crate) fn map_target(&self, name: &str) -> ResourceTarget {
        ResourceTarget::object(GroupVersionResource::new("", "v1", "configmaps"), &self.namespace, name)
    }

    pub(crate) async fn post(&self, body: Body, options: WriteOptions) -> Result<Reply, Status> {
        self.client().call(self.map_target(""), Call::Create(body, options)).await
    }

    /// Makes a config map `name` with the data `v: value`.
    pub(crate) async fn write(&self, name: &str, value: &str) -> Object {
        let map: Box<dyn AnyObject> = Box::new(map(name, value));
        self.maps().dynamic().create(map, WriteOptions::default()).await.unwrap()
    }
}

/// A config map with the data `v: value`.
pub(crate) fn map(name: &str, value: &str) -> ConfigMap {
    let mut map = ConfigMap::default();
    map.metadata.name = Some(name.to_owned());
    map.data = Some([("v".to_owned(), value.to_owned())].into());
    map
}

impl Judged for Subject {
    type Ability = Ability;
    const PROMISED_BY: &str = "k8s-api-client";

    fn can(&self, ability: Ability) -> bool {
        match ability {
            Ability::Strangers => self.stranger.is_some(),
            Ability::Forgetting => self.forgotten.is_some(),
            Ability::Logs => self.node.is_some(),
        }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("transport", &self.transport).finish_non_exhaustive()
    }
}

/// The agents that a connector is to find, by the names of their nodes.
pub type Agents = Vec<(String, Arc<dyn NodeApi>)>;

/// A connector and the agents that it leads to.
pub struct Roads {
    pub(crate) connector: Arc<dyn NodeConnector>,
    pub(crate) talkers: Vec<Arc<Talker>>,
    _keep: Box<dyn Any + Send + Sync>,
}

impl Roads {
    /// Makes the agents and lets `connect` make the connector that finds them, with what must live as long.
    pub async fn open<F, C, K>(connect: impl FnOnce(Agents) -> F) -> Self
    where
        F: Future<Output = (C, K)>,
        C: NodeConnector,
        K: Any + Send + Sync,
    {
        // One is the beginning of another.
        let talkers: Vec<_> = ["node-1", "node-10", "node-1.example"].map(|name| Arc::new(Talker::new(name))).into();
        let agents = talkers.iter().map(|talker| {
            let agent: Arc<dyn NodeApi> = talker.clone();
            (talker.name().to_owned(), agent)
        });
        let (connector, keep) = connect(agents.collect()).await;
        Self { connector: Arc::new(connector), talkers, _keep: Box::new(keep) }
    }
}

impl Judged for Roads {
    type Ability = Ability;
    const PROMISED_BY: &str = "k8s-api-client";

    fn can(&self, _: Ability) -> bool {
        true
    }
}

impl fmt::Debug for Roads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roads({:?})", self.connector)
    }
}
