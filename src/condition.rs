//! What one waits for in a cluster.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use k8s_api::Status;
use k8s_api_client::Client;
use k8s_env::Env;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;

/// Something that will be true of a cluster sooner or later. It follows objects and polls nothing.
pub struct Condition(Box<Check>);

type Check = dyn FnOnce(Client, Env) -> Pin<Box<dyn Future<Output = Result<(), Status>> + Send>> + Send;

impl Condition {
    /// A condition of one's own, as a future over a client.
    pub fn new<F>(check: impl FnOnce(Client, Env) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<(), Status>> + Send + 'static,
    {
        Self(Box::new(move |client, env| Box::pin(check(client, env))))
    }

    pub(crate) async fn wait(self, client: Client, env: Env) -> Result<(), Status> {
        (self.0)(client, env).await
    }
}

impl std::fmt::Debug for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Condition")
    }
}

/// A Deployment has all its replicas updated and available, as `kubectl rollout status` judges it.
pub fn rolled_out(namespace: &str, name: &str) -> Condition {
    let (namespace, name) = (namespace.to_owned(), name.to_owned());
    Condition::new(move |client, env| async move {
        let done = |found: Option<&Arc<Deployment>>| found.filter(|d| is_rolled_out(d)).map(drop);
        client.until(&env, &namespace, &name, done).await
    })
}

/// A Job has completed.
pub fn job_complete(namespace: &str, name: &str) -> Condition {
    let (namespace, name) = (namespace.to_owned(), name.to_owned());
    Condition::new(move |client, env| async move {
        let done = |found: Option<&Arc<Job>>| {
            let conditions = found?.status.as_ref()?.conditions.as_ref()?;
            conditions.iter().any(|c| c.type_ == "Complete" && c.status == "True").then_some(())
        };
        client.until(&env, &namespace, &name, done).await
    })
}

/// A pod is ready.
pub fn pod_ready(namespace: &str, name: &str) -> Condition {
    let (namespace, name) = (namespace.to_owned(), name.to_owned());
    Condition::new(move |client, env| async move {
        let done = |found: Option<&Arc<Pod>>| {
            let conditions = found?.status.as_ref()?.conditions.as_ref()?;
            conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True").then_some(())
        };
        client.until(&env, &namespace, &name, done).await
    })
}

/// Upstream: `DeploymentStatusViewer` in `k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go`.
fn is_rolled_out(deployment: &Deployment) -> bool {
    let Some(status) = &deployment.status else { return false };
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let updated = status.updated_replicas.unwrap_or_default();
    status.observed_generation.unwrap_or_default() >= deployment.metadata.generation.unwrap_or_default()
        && updated >= wanted
        && status.replicas.unwrap_or_default() <= updated
        && status.available_replicas.unwrap_or_default() >= updated
}
