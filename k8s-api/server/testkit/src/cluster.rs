//! A true server, in whose request path the cases stand.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use k8s_api::{AnyObject, Status, UserInfo};
use k8s_api_client::{Call, Client, DeleteOptions};
use k8s_api_server::ApiServer;
use k8s_api_server::admission::{Admission, AdmissionChain, AdmissionRequest, Lookup};
use k8s_api_server::authorize::{Action, AllowAll, Authorizer, Decision};
use k8s_env::Env;
use k8s_openapi::api::authorization::v1::SubjectRulesReviewStatus;
use k8s_store::Memory;
use parking_lot::Mutex;

use crate::write::{Verb, Write};

/// What is done with a cluster as plugins see it.
type Look = Box<dyn for<'a> FnOnce(&'a dyn Lookup) -> BoxFuture<'a, ()> + Send>;

/// What is done with a write that a plugin is about to see.
pub(crate) type Check = Arc<dyn for<'a> Fn(Seen<'a>) -> BoxFuture<'a, ()> + Send + Sync>;

/// A write as a plugin sees it.
pub(crate) struct Seen<'a> {
    pub(crate) plugin: &'a dyn Admission,
    pub(crate) request: AdmissionRequest<'a>,
    pub(crate) object: Option<Box<dyn AnyObject>>,
    pub(crate) cluster: &'a dyn Lookup,
}

/// A server over a store of its own, with objects in it.
pub(crate) struct Cluster {
    pub(crate) server: ApiServer,
    look: Arc<Mutex<Option<Look>>>,
    check: Arc<Mutex<Option<Check>>>,
}

impl Cluster {
    /// A server with the objects of the manifests.
    pub(crate) async fn with(given: &[String], plugin: Option<Arc<dyn Admission>>) -> Self {
        let (look, check) = (Arc::default(), Arc::default());
        let mut chain = AdmissionChain::none();
        if let Some(plugin) = plugin {
            chain = chain.with(Witness { plugin, check: Arc::clone(&check) });
        }
        let builder = ApiServer::builder(Arc::new(Memory::new()), Env::simulated(1)).admission(chain);
        let server = builder.authorizer(Lookout { look: Arc::clone(&look) }).start().await.unwrap();
        let cluster = Self { server, look, check };
        for manifest in given {
            cluster.admin().apply(manifest).await.unwrap();
        }
        cluster
    }

    pub(crate) fn admin(&self) -> Client {
        self.server.client_as(UserInfo::admin())
    }

    /// Deletes what a manifest names.
    pub(crate) async fn delete(&self, manifest: &str) {
        let target = Write::parse(Verb::Delete, manifest, true).target();
        self.admin().call(target, Call::Delete(DeleteOptions::default())).await.unwrap();
    }

    /// Looks at the cluster as plugins see it.
    pub(crate) async fn look(&self, look: impl for<'a> FnOnce(&'a dyn Lookup) -> BoxFuture<'a, ()> + Send + 'static) {
        *self.look.lock() = Some(Box::new(look));
        self.admin().get_path("/version").await.unwrap();
        assert!(self.look.lock().is_none(), "nobody looked");
    }

    /// From now on each write is checked before the plugin sees it, which sees it from now on.
    pub(crate) fn check(&self, check: Check) {
        *self.check.lock() = Some(check);
    }
}

/// An authorizer that allows everything, and looks at the cluster on the way.
struct Lookout {
    look: Arc<Mutex<Option<Look>>>,
}

#[async_trait]
impl Authorizer for Lookout {
    async fn authorize(&self, _: &UserInfo, _: &Action<'_>, cluster: &dyn Lookup) -> Decision {
        let look = self.look.lock().take();
        if let Some(look) = look {
            look(cluster).await;
        }
        Decision::Allow(String::new())
    }

    async fn rules(&self, user: &UserInfo, namespace: &str, cluster: &dyn Lookup) -> SubjectRulesReviewStatus {
        AllowAll.rules(user, namespace, cluster).await
    }
}

/// The plugin, with somebody who looks over its shoulder. Until there is a check, it is not there.
struct Witness {
    plugin: Arc<dyn Admission>,
    check: Arc<Mutex<Option<Check>>>,
}

#[async_trait]
impl Admission for Witness {
    fn name(&self) -> &'static str {
        self.plugin.name()
    }

    fn handles(&self, request: &AdmissionRequest<'_>) -> bool {
        self.check.lock().is_some() && self.plugin.handles(request)
    }

    async fn admit(
        &self,
        request: &AdmissionRequest<'_>,
        object: Option<&mut dyn AnyObject>,
        cluster: &dyn Lookup,
    ) -> Result<(), Status> {
        let check = self.check.lock().clone();
        if let Some(check) = check {
            let copy = object.as_deref().map(AnyObject::clone_box);
            check(Seen { plugin: &*self.plugin, request: *request, object: copy, cluster }).await;
        }
        self.plugin.admit(request, object, cluster).await
    }

    async fn validate(
        &self,
        request: &AdmissionRequest<'_>,
        object: Option<&dyn AnyObject>,
        cluster: &dyn Lookup,
    ) -> Result<(), Status> {
        self.plugin.validate(request, object, cluster).await
    }
}

impl fmt::Debug for Lookout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookout")
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Witness({:?})", self.plugin)
    }
}
