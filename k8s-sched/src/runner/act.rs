use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use k8s_api_client::{Body, Client, WriteOptions};
use k8s_openapi::api::core::v1::{Binding as ApiBinding, ObjectReference, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::waiting::WaitingPods;
use crate::engine::Wait;
use crate::plugin::{BindHandle, Binding};
use crate::profile::Profiles;
use crate::{Decision, PodInfo, Status};

/// Binds one pod to the node that was decided for it.
pub(super) struct Act {
    pub(super) client: Client,
    pub(super) profiles: Arc<Profiles>,
    pub(super) waiting: WaitingPods,
    pub(super) pod: Arc<PodInfo>,
    /// How long it may wait for permission, if it needs any.
    pub(super) wait: Option<Wait>,
}

/// The plugin that prevented a binding, by its place in the profile (none when there is no plugin to blame), and what
/// it said.
pub(super) type Refusal = (Option<usize>, Status);

impl Act {
    pub(super) async fn run(&self, decision: &Decision) -> Result<(), Refusal> {
        if let Some(wait) = &self.wait {
            self.permission(wait).await.map_err(|status| (Some(wait.plugin), status))?;
        }
        let Some(framework) = self.profiles.get(&self.pod.scheduler_name) else { return Ok(()) };
        let plugins = framework.profile.plugins();
        for (id, plugin) in plugins.iter().enumerate() {
            if let Some(pre_bind) = &plugin.points.pre_bind {
                let done = pre_bind.pre_bind(&decision.state, &self.pod, &decision.node).await;
                done.map_err(|status| (Some(id), status))?;
            }
        }
        let handle = Handle { client: &self.client };
        for (id, plugin) in plugins.iter().enumerate() {
            if let Some(bind) = &plugin.points.bind {
                match bind.bind(&handle, &self.pod, &decision.node).await {
                    Ok(Binding::Bound) => return Ok(()),
                    Ok(Binding::NotMine) => {}
                    Err(status) => return Err((Some(id), status)),
                }
            }
        }
        // A profile without a plugin that binds still is to schedule pods.
        handle.create_binding(&self.pod, &decision.node).await.map_err(|status| (None, status))
    }

    async fn permission(&self, wait: &Wait) -> Result<(), Status> {
        let answer = self.waiting.wait(self.pod.uid.clone());
        match tokio::time::timeout(wait.time, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Status::error("the pod was to wait twice")),
            Err(_) => {
                self.waiting.give_up(&self.pod.uid);
                let framework = self.profiles.get(&self.pod.scheduler_name);
                let plugin = framework.map_or("", |framework| framework.plugin(wait.plugin).name());
                let time = written(wait.time);
                Err(Status::unschedulable(format!("rejected due to timeout after waiting {time} at plugin {plugin}")))
            }
        }
    }
}

/// A time as upstream writes it: `1m30s`.
fn written(time: Duration) -> String {
    let (hours, minutes) = (time.as_secs() / 3600, time.as_secs() / 60 % 60);
    let seconds = (time.as_millis() % 60_000) as f64 / 1000.0;
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}

struct Handle<'a> {
    client: &'a Client,
}

impl BindHandle for Handle<'_> {
    fn create_binding<'a>(&'a self, pod: &'a PodInfo, node: &'a str) -> BoxFuture<'a, Result<(), Status>> {
        async move {
            let binding = ApiBinding {
                metadata: ObjectMeta {
                    name: Some(pod.name.to_string()),
                    namespace: Some(pod.namespace.to_string()),
                    uid: Some(pod.uid.to_string()),
                    ..ObjectMeta::default()
                },
                target: ObjectReference {
                    kind: Some("Node".to_owned()),
                    name: Some(node.to_owned()),
                    ..ObjectReference::default()
                },
            };
            let api = self.client.namespaced::<Pod>(&pod.namespace);
            let body = Body::Object(Box::new(binding));
            let done = api.dynamic().post(&pod.name, "binding", body, WriteOptions::default()).await;
            done.map(drop).map_err(|status| Status::error(format!("binding rejected: {status}")))
        }
        .boxed()
    }
}
