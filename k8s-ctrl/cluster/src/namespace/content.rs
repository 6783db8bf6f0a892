use std::collections::BTreeMap;

use jiff::SignedDuration;
use k8s_api::registry::Verb;
use k8s_api::{GroupVersionResource, Object, Reason, Status};
use k8s_api_client::discovery::Discovered;
use k8s_api_client::{Client, DeleteOptions, ListOptions, Propagation};
use k8s_ctrl::pod;
use k8s_openapi::api::core::v1::Pod;

use super::conditions::Findings;

/// How long something that has finalizers may take, in seconds. Upstream: `finalizerEstimateSeconds`.
const FINALIZER_ESTIMATE: u64 = 15;

/// What is left in a namespace.
#[derive(Debug, Default)]
pub(super) struct Remaining {
    /// How many seconds it may take.
    pub(super) estimate: u64,
    n_objects: usize,
    finalizers: BTreeMap<String, usize>,
}

/// Deletes everything in a namespace: all pods before anything else, since what they need must not go before them.
pub(super) async fn delete_all(
    client: &Client,
    namespace: &str,
    age: SignedDuration,
    findings: &mut Findings,
) -> Remaining {
    let mut total = Remaining::default();
    let resources = match client.discover().await {
        Ok((resources, failed)) => {
            findings.discovery_failed(&failed);
            resources
        }
        Err(status) => {
            findings.discovery_failed(&[("the list of groups".to_owned(), status)]);
            return total;
        }
    };
    let (pods, others): (Vec<_>, Vec<_>) = resources
        .into_iter()
        .filter(|resource| resource.namespaced && resource.verbs.contains(Verb::Delete))
        .partition(|resource| is_pods(&resource.resource));
    for resources in [pods, others] {
        for resource in &resources {
            match delete_resource(client, resource, namespace, age).await {
                Ok(remaining) => total.add(&resource.resource, remaining, findings),
                Err(status) => findings.deletion_failed(status.to_string()),
            }
        }
        if total.n_objects > 0 && resources.first().is_some_and(|resource| is_pods(&resource.resource)) {
            // As upstream: while pods keep the rest waiting, the conditions do not count them.
            findings.forget_remaining();
            break;
        }
    }
    total
}

async fn delete_resource(
    client: &Client,
    resource: &Discovered,
    namespace: &str,
    age: SignedDuration,
) -> Result<Remaining, Status> {
    let estimate = estimate(client, &resource.resource, namespace, age).await?;
    let api = client.dynamic(resource.resource.clone(), namespace);
    let options = DeleteOptions::default().propagation(Propagation::Background);
    let lists = resource.verbs.contains(Verb::List);
    let mut deleted = resource.verbs.contains(Verb::DeleteCollection);
    if deleted {
        deleted = is_supported(api.delete_collection(options.clone(), ListOptions::default()).await)?.is_some();
    }
    if !lists {
        return Ok(Remaining { estimate: 0, ..Remaining::default() });
    }
    if !deleted {
        let Some(list) = is_supported(api.list(ListOptions::default()).await)? else { return Ok(Remaining::default()) };
        for item in &list.items {
            is_supported(api.delete(&item.meta().name, options.clone()).await)?;
        }
    }
    let Some(list) = is_supported(api.list(ListOptions::default()).await)? else { return Ok(Remaining::default()) };
    let mut remaining = Remaining::of(&list.items);
    match (list.items.is_empty(), estimate, remaining.finalizers.is_empty()) {
        (true, ..) => Ok(remaining),
        (false, 0, true) => Err(unexpected(&resource.resource, namespace)),
        (false, 0, false) => {
            remaining.estimate = FINALIZER_ESTIMATE;
            Ok(remaining)
        }
        (false, estimate, _) => {
            remaining.estimate = estimate;
            Ok(remaining)
        }
    }
}

/// The longest time that something may take to end by itself, 0 once that is over.
async fn estimate(
    client: &Client,
    resource: &GroupVersionResource,
    namespace: &str,
    age: SignedDuration,
) -> Result<u64, Status> {
    if !is_pods(resource) {
        return Ok(0);
    }
    let pods = client.namespaced::<Pod>(namespace).list(ListOptions::default()).await?;
    let running = pods.items.iter().filter(|pod| !pod::is_terminal(pod));
    let graces = running.filter_map(|pod| pod.spec.as_ref()?.termination_grace_period_seconds);
    let longest = graces.max().unwrap_or_default();
    Ok(if age.as_secs() >= longest { 0 } else { longest.unsigned_abs() })
}

impl Remaining {
    fn of(items: &[Object]) -> Self {
        let mut finalizers = BTreeMap::new();
        for finalizer in items.iter().flat_map(|item| &item.meta().finalizers) {
            *finalizers.entry(finalizer.clone()).or_default() += 1;
        }
        Self { estimate: 0, n_objects: items.len(), finalizers }
    }

    fn add(&mut self, resource: &GroupVersionResource, more: Self, findings: &mut Findings) {
        self.estimate = self.estimate.max(more.estimate);
        self.n_objects += more.n_objects;
        findings.remains(resource, more.n_objects, more.finalizers);
    }
}

fn is_pods(resource: &GroupVersionResource) -> bool {
    resource.group.is_empty() && resource.resource == "pods"
}

/// What is not served any more, or not with this verb, has nothing left to delete.
fn is_supported<T>(outcome: Result<T, Status>) -> Result<Option<T>, Status> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(status) if matches!(status.reason, Reason::MethodNotAllowed | Reason::NotFound) => Ok(None),
        Err(status) => Err(status),
    }
}

fn unexpected(resource: &GroupVersionResource, namespace: &str) -> Status {
    let (group, version, resource) = (&resource.group, &resource.version, &resource.resource);
    let what = format!("{group}/{version}, Resource={resource}");
    let mut status = Status::internal("");
    status.message = format!("unexpected items still remain in namespace: {namespace} for gvr: {what}");
    status
}
