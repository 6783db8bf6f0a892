//! Empties namespaces that are being deleted, then lets them go.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller/namespace`.

mod conditions;
mod content;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_api::{Kind, Status};
use k8s_api_client::informer::Reader;
use k8s_api_client::queue::Limits;
use k8s_api_client::{Client, ObjectKey};
use k8s_ctrl::edit::edit;
use k8s_ctrl::{Action, Context, Controller, Error, Reconcile, Reconciler};
use k8s_env::Env;
use k8s_openapi::api::core::v1::Namespace;
use serde_json::{Value, json};

use conditions::Findings;
use content::Remaining;

/// Other API servers may admit objects for so long after the namespace is on its way. Upstream:
/// `namespaceDeletionGracePeriod`.
const GRACE: Duration = Duration::from_secs(5);

/// The finalizer in the spec of a namespace that stands for its content.
const FINALIZER: &str = "kubernetes";

/// Deletes everything in a namespace that is being deleted, pods first, and says in its conditions what is left.
#[derive(Clone, Copy, Debug, Default)]
pub struct Namespaces;

struct Sync {
    client: Client,
    env: Env,
    namespaces: Reader<Namespace>,
}

#[async_trait]
impl Controller for Namespaces {
    fn name(&self) -> &'static str {
        "namespace-controller"
    }

    async fn run(&self, ctx: Context) {
        let namespaces = ctx.informers().get::<Namespace>();
        let sync = Sync { client: ctx.client().clone(), env: ctx.env().clone(), namespaces: namespaces.reader() };
        let limits = Limits { max: Duration::from_secs(60), ..Limits::default() };
        let reconciler = Reconciler::new(self.name()).limits(limits).workers(10);
        let queue = reconciler.queue().clone();
        reconciler
            .handles(&namespaces, move |events| {
                for namespace in events.iter().filter_map(|event| event.current()) {
                    if namespace.metadata.deletion_timestamp.is_some() {
                        queue.add_after(ObjectKey::of(&**namespace), GRACE);
                    }
                }
            })
            .run(Arc::new(sync))
            .await;
    }
}

#[async_trait]
impl Reconcile for Sync {
    async fn reconcile(&self, key: &ObjectKey) -> Result<Action, Error> {
        if self.namespaces.find(key).is_none() {
            return Ok(Action::Done);
        }
        match self.delete(key.name()).await {
            Ok(None) => Ok(Action::Done),
            Ok(Some(estimate)) => Ok(Action::RequeueAfter(Duration::from_secs(estimate / 2 + 1))),
            Err(Error::Api(status)) if status.is_not_found() => Ok(Action::Done),
            Err(error) => Err(error),
        }
    }
}

impl Sync {
    /// Goes one round; how many seconds what remains may take.
    async fn delete(&self, name: &str) -> Result<Option<u64>, Error> {
        let namespace = self.client.api::<Namespace>().get(name).await?;
        let Some(deleted_at) = namespace.metadata.deletion_timestamp.as_ref() else { return Ok(None) };
        self.mark_terminating(&namespace).await?;
        let finalizers = namespace.spec.as_ref().and_then(|spec| spec.finalizers.as_deref()).unwrap_or_default();
        if finalizers.is_empty() {
            return Ok(None);
        }
        let mut findings = Findings::default();
        let age = self.env.clock.now().duration_since(deleted_at.0);
        let remaining = content::delete_all(&self.client, name, age, &mut findings).await;
        self.report(name, &findings).await;
        findings.into_result(name)?;
        match remaining {
            Remaining { estimate: 0, .. } => self.finalize(name).await.map(|()| None),
            Remaining { estimate, .. } => Ok(Some(estimate)),
        }
    }

    async fn mark_terminating(&self, namespace: &Namespace) -> Result<(), Status> {
        if namespace.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Terminating") {
            return Ok(());
        }
        edit::<Namespace>(&self.client, "", namespace.name(), "status", |namespace| {
            let status = namespace.rest.entry("status").or_insert_with(|| json!({}));
            let terminating = status["phase"] == "Terminating" || namespace.metadata.deletion_timestamp.is_none();
            if !terminating {
                status["phase"] = "Terminating".into();
            }
            !terminating
        })
        .await
        .map(drop)
    }

    /// Writes the conditions if they have changed.
    async fn report(&self, name: &str, findings: &Findings) {
        let now = self.env.clock.now();
        let written = edit::<Namespace>(&self.client, "", name, "status", |namespace| {
            let status = namespace.rest.entry("status").or_insert_with(|| json!({}));
            conditions::update(status, findings, now)
        });
        if let Err(status) = written.await {
            tracing::warn!(namespace = name, %status, "failed to write the conditions");
        }
    }

    async fn finalize(&self, name: &str) -> Result<(), Error> {
        let finalized = edit::<Namespace>(&self.client, "", name, "finalize", |namespace| {
            let finalizers = namespace.rest.get_mut("spec").and_then(|spec| spec.get_mut("finalizers"));
            if let Some(Value::Array(finalizers)) = finalizers {
                finalizers.retain(|finalizer| finalizer != FINALIZER);
            }
            true
        });
        match finalized.await {
            Err(status) if !status.is_not_found() => Err(status.into()),
            _ => Ok(()),
        }
    }
}
