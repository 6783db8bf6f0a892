use std::sync::Arc;
use std::time::Duration;

use k8s_api::{Kind, Status};
use k8s_api_client::Informer;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::{Node, NodeStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, OwnerReference};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::describe::{Description, status};
use crate::context::Context;
use crate::time::api_time;

const LEASES: &str = "kube-node-lease";
const LEASE_SECONDS: i32 = 40;
/// A quarter of the lease. Upstream: `nodeLeaseRenewIntervalFraction`.
const RENEW: Duration = Duration::from_secs(10);
/// A status that did not change is written this often. Upstream: `nodeStatusReportFrequency`.
const REPORT: Duration = Duration::from_secs(300);
/// How often a write that conflicts is tried. Upstream: `nodeStatusUpdateRetry`.
const TRIES: usize = 5;

/// Keeps the lease and the status.
pub(crate) struct Heartbeat {
    pub(crate) context: Arc<Context>,
    pub(crate) about: Arc<Description>,
    pub(crate) node: Informer<Node>,
    /// Somebody knows that the status has changed.
    pub(crate) changed: Arc<Notify>,
}

impl Heartbeat {
    /// Runs forever.
    pub(crate) async fn run(self, registered: Arc<Node>) {
        let (mut told, mut reported) = (registered.clone(), Instant::now());
        let mut lease = None;
        let mut renew = Instant::now();
        loop {
            let due = tokio::select! {
                biased;
                () = self.changed.notified() => false,
                () = tokio::time::sleep_until(renew) => true,
            };
            if due {
                renew = Instant::now() + RENEW;
                lease = self.renew(lease.take(), &registered).await;
            }
            let must = reported.elapsed() >= REPORT;
            match self.report(&told, must).await {
                Ok(Some(node)) => (told, reported) = (node, Instant::now()),
                Ok(None) => {}
                Err(error) => tracing::warn!(node = self.context.name, %error, "the node's status was not written"),
            }
        }
    }

    /// Writes the status if something in it changed, or if it `must` be.
    async fn report(&self, told: &Node, must: bool) -> Result<Option<Arc<Node>>, Status> {
        let newest = self.node.reader().get("", &self.context.name);
        let base = newest.as_deref().unwrap_or(told);
        let before = base.status.clone().unwrap_or_default();
        let now = api_time(self.context.env.clock.now());
        let conditions = before.conditions.as_deref().unwrap_or_default();
        let made = status(&self.context, &self.about, conditions, false, &now).await;
        let made = merge(&before, made);
        if !must && same(&before, &made) {
            return Ok(None);
        }
        write(&self.context, base.clone(), made).await.map(Some)
    }

    async fn renew(&self, known: Option<Arc<Lease>>, node: &Node) -> Option<Arc<Lease>> {
        match self.try_renew(known, node).await {
            Ok(lease) => Some(lease),
            Err(error) => {
                tracing::warn!(node = self.context.name, %error, "the node's lease was not renewed");
                None
            }
        }
    }

    async fn try_renew(&self, mut known: Option<Arc<Lease>>, node: &Node) -> Result<Arc<Lease>, Status> {
        let api = self.context.client.namespaced::<Lease>(LEASES);
        for _ in 0..TRIES {
            let old = match known.take() {
                Some(lease) => Some(lease),
                None => api.find(&self.context.name).await?,
            };
            let written = match old {
                Some(old) => api.update(self.lease(Lease::clone(&old), node)).await,
                None => api.create(self.lease(Lease::default(), node)).await,
            };
            match written {
                Err(error) if error.is_conflict() || error.is_not_found() || error.is_already_exists() => {}
                written => return written,
            }
        }
        Err(Status::unavailable("the lease changes too fast"))
    }

    fn lease(&self, mut lease: Lease, node: &Node) -> Lease {
        let name = &self.context.name;
        if lease.metadata.name.is_none() {
            lease.metadata = ObjectMeta {
                name: Some(name.clone()),
                namespace: Some(LEASES.to_owned()),
                owner_references: Some(vec![OwnerReference {
                    api_version: "v1".to_owned(),
                    kind: "Node".to_owned(),
                    name: name.clone(),
                    uid: node.uid().to_owned(),
                    ..OwnerReference::default()
                }]),
                ..ObjectMeta::default()
            };
        }
        let spec = lease.spec.get_or_insert_with(LeaseSpec::default);
        spec.holder_identity = Some(name.clone());
        spec.lease_duration_seconds = Some(LEASE_SECONDS);
        spec.renew_time = Some(MicroTime(self.context.env.clock.now()));
        lease
    }
}

/// Tells the API that the node leaves, so that nobody waits for its lease to end.
pub(crate) async fn say_leaving(context: &Context, about: &Description) -> Result<(), Status> {
    let node = context.client.api::<Node>().get(&context.name).await?;
    let before = node.status.clone().unwrap_or_default();
    let now = api_time(context.env.clock.now());
    let conditions = before.conditions.as_deref().unwrap_or_default();
    let made = status(context, about, conditions, true, &now).await;
    write(context, Node::clone(&node), merge(&before, made)).await.map(drop)
}

async fn write(context: &Context, mut node: Node, status: NodeStatus) -> Result<Arc<Node>, Status> {
    let api = context.client.api::<Node>();
    for _ in 0..TRIES {
        node.status = Some(merge(&node.status.take().unwrap_or_default(), status.clone()));
        match api.update_status(node).await {
            Err(error) if error.is_conflict() => node = Node::clone(&*api.get(&context.name).await?),
            written => return written,
        }
    }
    Err(Status::unavailable("the node changes too fast"))
}

/// The new status with what others own taken from the old one.
fn merge(old: &NodeStatus, mut new: NodeStatus) -> NodeStatus {
    let own = new.conditions.take().unwrap_or_default();
    let others = old.conditions.iter().flatten().filter(|o| !own.iter().any(|condition| condition.type_ == o.type_));
    new.conditions = Some(others.cloned().chain(own.iter().cloned()).collect());
    new.volumes_attached.clone_from(&old.volumes_attached);
    new.volumes_in_use.clone_from(&old.volumes_in_use);
    new.config.clone_from(&old.config);
    new
}

/// Whether two states differ in nothing but the time of the heartbeat.
fn same(a: &NodeStatus, b: &NodeStatus) -> bool {
    let quiet = |status: &NodeStatus| {
        let mut status = status.clone();
        let conditions = status.conditions.get_or_insert_default();
        for condition in &mut *conditions {
            condition.last_heartbeat_time = None;
        }
        conditions.sort_by(|a, b| a.type_.cmp(&b.type_));
        status
    };
    quiet(a) == quiet(b)
}
