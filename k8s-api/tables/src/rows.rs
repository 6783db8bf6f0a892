//! The cells of each kind.
//!
//! Upstream: `pkg/printers/internalversion/printers.go`.

mod access;
mod admission;
mod batch;
mod cluster;
mod config;
mod devices;
mod endpoints;
mod events;
mod flow;
mod networking;
mod nodes;
mod pods;
mod scaling;
mod services;
mod storage;
mod workloads;

use jiff::Timestamp;
use k8s_api::{GroupVersionResource, Object};
use serde::Serialize;
use serde_json::Value;

use crate::cells::{UNKNOWN, View};
use crate::columns::columns;
use crate::human::since;

/// What is shown of one object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// One cell for each column: a text, a number or a flag.
    pub cells: Vec<Value>,
    /// What a client may use to hide the row or to grey it out.
    pub conditions: &'static [Condition],
}

/// Something that holds for a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// `Completed`
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// `True`
    pub status: &'static str,
    /// One word.
    pub reason: &'static str,
    /// A sentence.
    pub message: &'static str,
}

/// An object to be printed.
#[derive(Clone, Copy)]
struct Printed<'a> {
    name: &'a str,
    object: View<'a>,
    now: Timestamp,
    created: Option<Timestamp>,
    deleted: bool,
}

impl Printed<'_> {
    fn age(&self) -> String {
        since(self.created, self.now)
    }
}

/// Cells in the order of their columns.
type Cells = Vec<Value>;

/// The cells of an object as of `now`.
pub fn row(resource: &GroupVersionResource, object: &Object, now: Timestamp) -> Row {
    if resource.group.is_empty() {
        let typed = match &*resource.resource {
            "pods" => object.typed().ok().map(|pod| pods::pod(&pod, now)),
            "nodes" => object.typed().ok().map(|node| Row { cells: nodes::node(&node, now), conditions: &[] }),
            _ => None,
        };
        if let Some(row) = typed {
            return row;
        }
    }
    let meta = object.meta();
    let created = meta.creation_timestamp.as_ref().map(|time| time.0);
    let printer = printer(&resource.group, &resource.resource);
    let printed = printer.zip(object.to_value().ok()).map(|(printer, tree)| {
        let deleted = meta.deletion_timestamp.is_some();
        printer(Printed { name: &meta.name, object: View(&tree), now, created, deleted })
    });
    let mut cells = printed.unwrap_or_else(|| generic(&meta.name, created));
    if printer.is_none() && cells.len() < columns(resource).len() {
        // A pod or a node that cannot be read as one; its name is all there is to show.
        cells.truncate(1);
        cells.resize(columns(resource).len(), UNKNOWN.into());
    }
    Row { cells, conditions: &[] }
}

fn generic(name: &str, created: Option<Timestamp>) -> Cells {
    let created = created.map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    vec![name.into(), created.unwrap_or_else(|| "0001-01-01T00:00:00Z".to_owned()).into()]
}

type Printer = fn(Printed<'_>) -> Cells;

fn printer(group: &str, resource: &str) -> Option<Printer> {
    let found: Printer = match (group, resource) {
        ("", "componentstatuses") => cluster::component_status,
        ("", "configmaps") => config::config_map,
        ("", "endpoints") => endpoints::endpoints,
        ("" | "events.k8s.io", "events") => events::event,
        ("", "namespaces") => cluster::namespace,
        ("", "persistentvolumeclaims") => storage::claim,
        ("", "persistentvolumes") => storage::volume,
        ("", "podtemplates") => workloads::pod_template,
        ("", "replicationcontrollers") => workloads::replication_controller,
        ("", "resourcequotas") => config::quota,
        ("", "secrets") => config::secret,
        ("", "serviceaccounts") => only_age,
        ("", "services") => services::service,
        ("admissionregistration.k8s.io", "mutatingadmissionpolicies") => admission::mutating_policy,
        ("admissionregistration.k8s.io", "validatingadmissionpolicies") => admission::validating_policy,
        ("admissionregistration.k8s.io", "mutatingadmissionpolicybindings" | "validatingadmissionpolicybindings") => {
            admission::policy_binding
        }
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations" | "validatingwebhookconfigurations") => {
            admission::webhooks
        }
        ("apiregistration.k8s.io", "apiservices") => cluster::api_service,
        ("apps", "controllerrevisions") => workloads::controller_revision,
        ("apps", "daemonsets") => workloads::daemon_set,
        ("apps", "deployments") => workloads::deployment,
        ("apps", "replicasets") => workloads::replica_set,
        ("apps", "statefulsets") => workloads::stateful_set,
        ("autoscaling", "horizontalpodautoscalers") => scaling::autoscaler,
        ("autoscaling", "scale") => scaling::scale,
        ("batch", "cronjobs") => batch::cron_job,
        ("batch", "jobs") => batch::job,
        ("certificates.k8s.io", "certificatesigningrequests") => access::signing_request,
        ("coordination.k8s.io", "leases") => cluster::lease,
        ("discovery.k8s.io", "endpointslices") => endpoints::slice,
        ("flowcontrol.apiserver.k8s.io", "flowschemas") => flow::flow_schema,
        ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations") => flow::priority_level,
        ("networking.k8s.io", "ingressclasses") => networking::ingress_class,
        ("networking.k8s.io", "ingresses") => networking::ingress,
        ("networking.k8s.io", "ipaddresses") => networking::ip_address,
        ("networking.k8s.io", "networkpolicies") => networking::network_policy,
        ("networking.k8s.io", "servicecidrs") => networking::service_cidr,
        ("node.k8s.io", "runtimeclasses") => cluster::runtime_class,
        ("policy", "poddisruptionbudgets") => workloads::disruption_budget,
        ("rbac.authorization.k8s.io", "clusterrolebindings" | "rolebindings") => access::role_binding,
        ("resource.k8s.io", "deviceclasses" | "resourceclaimtemplates") => only_age,
        ("resource.k8s.io", "resourceclaims") => devices::claim,
        ("resource.k8s.io", "resourceslices") => devices::slice,
        ("scheduling.k8s.io", "priorityclasses") => cluster::priority_class,
        ("storage.k8s.io", "csidrivers") => storage::csi_driver,
        ("storage.k8s.io", "csinodes") => storage::csi_node,
        ("storage.k8s.io", "storageclasses") => storage::class,
        ("storage.k8s.io", "volumeattachments") => storage::attachment,
        ("storage.k8s.io", "volumeattributesclasses") => storage::attributes_class,
        _ => return None,
    };
    Some(found)
}

fn only_age(printed: Printed<'_>) -> Cells {
    vec![printed.name.into(), printed.age().into()]
}
