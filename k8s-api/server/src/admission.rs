//! What is checked and changed between decoding a write and storing it.
//!
//! Upstream: `k8s.io/apiserver/pkg/admission` and `plugin/pkg/admission`.

mod default_class;
mod limit_ranger;
mod namespace_lifecycle;
mod node_taints;
mod priority;
mod service_account;
mod tolerations;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use k8s_api::{AnyObject, GroupVersionKind, GroupVersionResource, Object, Status, UserInfo};
use k8s_env::Env;

/// One rule of admission.
///
/// Implemented by whoever has rules of their own; called by the server for each write. The front page of this crate
/// numbers the promises, and `k8s-api-server-testkit` has a test for each.
///
/// # Contract
/// `admit` runs for every plugin in the order of the chain and may change the object; then the server prepares and
/// validates it; then `validate` runs for every plugin in the same order and may only refuse. A refusal by any of them
/// ends the request and nothing is stored. On a retry after a conflict both run again, on the newer object. A plugin
/// writes the one it needs, or both.
///
/// Both may run any number of times before something is stored, or nothing is: `admit` leaves an object that it has
/// admitted as it is, and neither leaves a trace in the plugin, least of all of a dry run. The object may have another
/// type than the plugin knows, or be a [`DynamicObject`](k8s_api::DynamicObject); what a plugin does not know it leaves
/// alone.
///
/// A refusal is a [`Status`] of 4xx with a reason and details ([`AdmissionRequest::forbid`]). What could not be found
/// out because the cluster did not answer is no refusal: the error of the [`Lookup`] is handed on.
///
/// # Cancellation
/// The futures may be dropped at any time, and any number may be under way.
#[async_trait]
pub trait Admission: Send + Sync + Debug + 'static {
    /// The plugin's name, as `--enable-admission-plugins` spells it.
    fn name(&self) -> &'static str;

    /// Whether the plugin wants to see such a request at all; asked before each call, so that most cost nothing. The
    /// same request has the same answer.
    fn handles(&self, request: &AdmissionRequest<'_>) -> bool;

    /// Changes the object or refuses it. There is none for a delete.
    ///
    /// # Errors
    /// A refusal, or what the cluster said when it could not be read.
    async fn admit(
        &self,
        request: &AdmissionRequest<'_>,
        object: Option<&mut dyn AnyObject>,
        cluster: &dyn Lookup,
    ) -> Result<(), Status> {
        let _ = (request, object, cluster);
        Ok(())
    }

    /// Refuses the object as it would be stored. There is none for a delete.
    ///
    /// # Errors
    /// As [`Admission::admit`].
    async fn validate(
        &self,
        request: &AdmissionRequest<'_>,
        object: Option<&dyn AnyObject>,
        cluster: &dyn Lookup,
    ) -> Result<(), Status> {
        let _ = (request, object, cluster);
        Ok(())
    }
}

/// What a plugin may know of a request.
#[derive(Clone, Copy, Debug)]
pub struct AdmissionRequest<'a> {
    /// What is done.
    pub operation: Operation,
    /// The resource written to.
    pub resource: &'a GroupVersionResource,
    /// Its kind.
    pub kind: &'a GroupVersionKind,
    /// The subresource; empty for the object itself.
    pub subresource: &'a str,
    /// The namespace; empty for cluster-scoped resources.
    pub namespace: &'a str,
    /// The object's name; empty when it is yet to be generated.
    pub name: &'a str,
    /// Who asks.
    pub user: &'a UserInfo,
    /// The object as it is stored, for an update or a delete.
    pub old: Option<&'a dyn AnyObject>,
    /// Nothing will be stored.
    pub dry_run: bool,
}

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It comes into being.
    Create,
    /// It changes.
    Update,
    /// It goes, now or later.
    Delete,
}

/// The cluster as admission sees it: the server's own caches, without authorization.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// One object, if it exists.
    async fn get(&self, resource: &GroupVersionResource, namespace: &str, name: &str)
    -> Result<Option<Object>, Status>;

    /// All objects of a resource, or those in one namespace.
    async fn list(&self, resource: &GroupVersionResource, namespace: &str) -> Result<Vec<Object>, Status>;

    /// The revision of the last change to any object of a resource, for those who keep what they made of them.
    async fn changed(&self, resource: &GroupVersionResource) -> Result<u64, Status>;
}

/// The plugins in the order in which they run.
#[derive(Clone, Debug)]
pub struct AdmissionChain(Vec<Arc<dyn Admission>>);

impl AdmissionChain {
    /// No plugin at all.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// Upstream's default plugins, as far as they exist here; `docs/conformance.md` lists them.
    pub fn standard(env: Env) -> Self {
        Self(vec![
            Arc::new(namespace_lifecycle::NamespaceLifecycle),
            Arc::new(limit_ranger::LimitRanger),
            Arc::new(service_account::ServiceAccount { env }),
            Arc::new(node_taints::TaintNodesByCondition),
            Arc::new(priority::Priority),
            Arc::new(tolerations::DefaultTolerationSeconds),
            Arc::new(default_class::STORAGE),
            Arc::new(default_class::INGRESS),
        ])
    }

    /// The chain with one more plugin at its end.
    pub fn with(mut self, plugin: impl Admission) -> Self {
        self.0.push(Arc::new(plugin));
        self
    }

    /// The chain without the plugin of that name.
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|plugin| plugin.name() != name);
        self
    }

    /// The plugins in the order in which they run.
    pub fn plugins(&self) -> impl Iterator<Item = &Arc<dyn Admission>> {
        self.0.iter()
    }

    pub(crate) async fn admit(
        &self,
        request: &AdmissionRequest<'_>,
        mut object: Option<&mut dyn AnyObject>,
        cluster: &dyn Lookup,
    ) -> Result<(), Status> {
        for plugin in self.0.iter().filter(|plugin| plugin.handles(request)) {
            let object: Option<&mut dyn AnyObject> = match &mut object {
                Some(object) => Some(&mut **object),
                None => None,
            };
            plugin.admit(request, object, cluster).await?;
        }
        Ok(())
    }

    pub(crate) async fn validate(
        &self,
        request: &AdmissionRequest<'_>,
        object: Option<&dyn AnyObject>,
        cluster: &dyn Lookup,
    ) -> Result<(), Status> {
        for plugin in self.0.iter().filter(|plugin| plugin.handles(request)) {
            plugin.validate(request, object, cluster).await?;
        }
        Ok(())
    }
}

impl AdmissionRequest<'_> {
    /// Whether the request is a write to the object itself of this resource, with this operation.
    pub fn is(&self, operation: Operation, group: &str, resource: &str) -> bool {
        self.operation == operation
            && self.subresource.is_empty()
            && self.resource.group == group
            && self.resource.resource == resource
    }

    /// The 403 of a plugin that refuses.
    pub fn forbid(&self, why: &str) -> Status {
        Status::forbidden(self.resource, self.name, why)
    }
}
