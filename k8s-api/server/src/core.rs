use std::sync::Arc;

use async_trait::async_trait;
use k8s_api::registry::Registry;
use k8s_api::{GroupVersionResource, Object, Status, UserInfo};
use k8s_api_client::{Reply, Request, Target, Transport};
use k8s_env::Env;
use k8s_store::Store;

use crate::admission::{AdmissionChain, Lookup};
use crate::authorize::{Action, Authorizer, Decision, denied};
use crate::resource::{Resource, Resources};
use crate::services::ServiceAllocator;
use crate::storage::Selection;
use crate::tokens::Tokens;
use crate::{paths, subresource, verbs};
use k8s_api_client::NodeConnector;

/// What every request needs: the server without its tasks.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) env: Env,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) registry: Registry,
    pub(crate) resources: Resources,
    pub(crate) authorizer: Arc<dyn Authorizer>,
    pub(crate) admission: AdmissionChain,
    pub(crate) services: ServiceAllocator,
    pub(crate) nodes: Arc<dyn NodeConnector>,
    pub(crate) tokens: Tokens,
    pub(crate) documents: paths::Documents,
}

/// A write to the object of a resource or to one of its subresources, and who makes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) resource: &'a Resource,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) subresource: &'a str,
    pub(crate) user: &'a UserInfo,
}

impl Core {
    pub(crate) async fn call(&self, request: Request) -> Result<Reply, Status> {
        let verb = request.call.verb(&request.target);
        self.authorize(&request.identity, verb, &request.target).await?;
        self.dispatch(request).await
    }

    /// Carries out a request that was authorized.
    pub(crate) async fn dispatch(&self, request: Request) -> Result<Reply, Status> {
        match &request.target {
            Target::Path(path) => paths::get(self, path).await,
            Target::Resource(target) if !target.subresource.is_empty() => {
                subresource::call(self, target, request.call, &request.identity).await
            }
            Target::Resource(target) => verbs::call(self, target, request.call, &request.identity).await,
        }
    }

    pub(crate) async fn authorize(&self, user: &UserInfo, verb: &str, target: &Target) -> Result<(), Status> {
        let action = Action { verb, target };
        match self.authorizer.authorize(user, &action, self).await {
            Decision::Allow(_) => Ok(()),
            Decision::Deny(reason) => Err(denied(user, &action, &reason)),
        }
    }

    /// Reads one stored object as the cache has it: never older than this server's own writes.
    pub(crate) async fn peek(
        &self,
        resource: &Resource,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Object>, Status> {
        let cache = self.resources.cache(resource).await?;
        Ok(cache.get(&relative(namespace, name)))
    }
}

/// The key of an object below its resource's prefix.
pub(crate) fn relative(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}

/// For the server's own tasks, which must not keep the server alive.
#[async_trait]
impl Transport for Core {
    async fn call(&self, request: Request) -> Result<Reply, Status> {
        Self::call(self, request).await
    }
}

#[async_trait]
impl Lookup for Core {
    async fn get(
        &self,
        resource: &GroupVersionResource,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Object>, Status> {
        self.peek(&*self.resources.get(resource)?, namespace, name).await
    }

    async fn list(&self, resource: &GroupVersionResource, namespace: &str) -> Result<Vec<Object>, Status> {
        let resource = self.resources.get(resource)?;
        let cache = self.resources.cache(&resource).await?;
        let (entries, _) = cache.snapshot(&Selection::all(&resource, namespace));
        Ok(entries.into_iter().map(|(_, entry)| entry.object().clone()).collect())
    }

    async fn changed(&self, resource: &GroupVersionResource) -> Result<u64, Status> {
        let cache = self.resources.cache(&*self.resources.get(resource)?).await?;
        Ok(cache.changed())
    }
}
