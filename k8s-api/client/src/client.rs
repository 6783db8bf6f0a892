use std::sync::Arc;

use k8s_api::{GroupVersionResource, Kind, Status, UserInfo};

use crate::{Api, Call, DynamicApi, Reply, Request, ResourceTarget, Response, Target, Transport};

/// Somebody who talks to an API server: a transport and an identity. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Client {
    transport: Arc<dyn Transport>,
    identity: Arc<UserInfo>,
    user_agent: Arc<str>,
}

impl Client {
    /// A client that is `identity`.
    pub fn new(transport: Arc<dyn Transport>, identity: UserInfo) -> Self {
        let user_agent = identity.name.rsplit(':').next().unwrap_or_default().into();
        Self { transport, identity: Arc::new(identity), user_agent }
    }

    /// The same road as somebody else.
    pub fn as_user(&self, identity: UserInfo) -> Self {
        Self::new(self.transport.clone(), identity)
    }

    /// The same with another name in `User-Agent` and as the default field manager.
    pub fn user_agent(mut self, name: &str) -> Self {
        self.user_agent = name.into();
        self
    }

    /// Who this client is.
    pub fn identity(&self) -> &UserInfo {
        &self.identity
    }

    /// The road it takes.
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.transport
    }

    /// The objects of a kind: all of a cluster-scoped one, or those of every namespace.
    pub fn api<K: Kind>(&self) -> Api<K> {
        Api::new(self.clone(), "")
    }

    /// The objects of a kind in one namespace.
    pub fn namespaced<K: Kind>(&self, namespace: &str) -> Api<K> {
        Api::new(self.clone(), namespace)
    }

    /// The objects of a resource that has no Rust type here; an empty namespace means cluster scope or all.
    pub fn dynamic(&self, resource: GroupVersionResource, namespace: &str) -> DynamicApi {
        DynamicApi::new(self.clone(), resource, namespace)
    }

    /// Reads a path outside of the resources, such as `/version`.
    ///
    /// # Errors
    /// What the server answered.
    pub async fn get_path(&self, path: &str) -> Result<crate::Raw, Status> {
        let reply = self.send(Target::Path(path.to_owned()), Call::Get { resource_version: String::new() }).await?;
        match reply.response {
            Response::Raw(raw) => Ok(raw),
            other => Err(other.unexpected()),
        }
    }

    /// Sends any call about any resource as this client's identity.
    ///
    /// # Errors
    /// What the server answered.
    pub async fn call(&self, target: ResourceTarget, call: Call) -> Result<Reply, Status> {
        self.send(Target::Resource(target), call).await
    }

    async fn send(&self, target: Target, call: Call) -> Result<Reply, Status> {
        let (identity, user_agent) = (self.identity.clone(), self.user_agent.clone());
        self.transport.call(Request { target, call, identity, user_agent }).await
    }
}
