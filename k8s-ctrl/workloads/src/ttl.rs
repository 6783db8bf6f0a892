//! Deletes jobs some time after they have ended.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller/ttlafterfinished`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_api::Kind;
use k8s_api_client::informer::Reader;
use k8s_api_client::{Client, DeleteOptions, ObjectKey, Propagation};
use k8s_ctrl::{Action, Context, Controller, Error, Reconcile, Reconciler};
use k8s_env::Env;
use k8s_openapi::api::batch::v1::Job;

use crate::job::facts;
use crate::time;

/// Deletes Jobs that say how long they are to stay after their end.
#[derive(Clone, Copy, Debug, Default)]
pub struct TtlAfterFinished;

struct Sync {
    client: Client,
    env: Env,
    jobs: Reader<Job>,
}

#[async_trait]
impl Controller for TtlAfterFinished {
    fn name(&self) -> &'static str {
        "ttl-after-finished-controller"
    }

    async fn run(&self, ctx: Context) {
        let jobs = ctx.informers().get::<Job>();
        let sync = Sync { client: ctx.client().clone(), env: ctx.env().clone(), jobs: jobs.reader() };
        Reconciler::new(self.name())
            .maps(&jobs, |event, keys| {
                if let Some(job) = event.current().filter(|job| facts::is_finished(job)) {
                    keys.push(ObjectKey::of(&**job));
                }
            })
            .run(Arc::new(sync))
            .await;
    }
}

#[async_trait]
impl Reconcile for Sync {
    async fn reconcile(&self, key: &ObjectKey) -> Result<Action, Error> {
        match self.jobs.find(key).and_then(|job| self.left(&job)) {
            None => return Ok(Action::Done),
            Some(left) if !left.is_zero() => return Ok(Action::RequeueAfter(left)),
            Some(_) => {}
        }
        // Its time may have been changed a moment ago.
        let api = self.client.namespaced::<Job>(key.namespace());
        let Some(fresh) = api.find(key.name()).await? else { return Ok(Action::Done) };
        match self.left(&fresh) {
            None => Ok(Action::Done),
            Some(left) if !left.is_zero() => Ok(Action::RequeueAfter(left)),
            Some(_) => {
                let options = DeleteOptions::default().propagation(Propagation::Foreground).uid(fresh.uid());
                match api.delete(key.name(), options).await {
                    Err(status) if !status.is_not_found() => Err(status.into()),
                    _ => Ok(Action::Done),
                }
            }
        }
    }
}

impl Sync {
    /// How long a job stays; `None` when it is not to be deleted here.
    fn left(&self, job: &Job) -> Option<Duration> {
        let seconds = job.spec.as_ref()?.ttl_seconds_after_finished?;
        let status = job.status.as_ref().filter(|_| job.metadata.deletion_timestamp.is_none())?;
        let end = facts::condition(status, facts::COMPLETE).or_else(|| facts::condition(status, facts::FAILED))?;
        let since = end.last_transition_time.as_ref()?.0;
        Some(time::until(self.env.clock.now(), since, seconds.into()))
    }
}
