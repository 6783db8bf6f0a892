use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_api::{GroupVersionResource, Status};
use k8s_ctrl::Error;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

/// What a round of deletion has found, for the conditions of the namespace.
#[derive(Debug, Default)]
pub(super) struct Findings {
    discovery: Option<String>,
    deletion: Vec<String>,
    objects: Vec<String>,
    finalizers: BTreeMap<String, usize>,
}

/// A condition: its type, and its reason and message when all is well.
struct Kind {
    name: &'static str,
    reason: &'static str,
    message: &'static str,
}

const DISCOVERY: Kind = Kind {
    name: "NamespaceDeletionDiscoveryFailure",
    reason: "ResourcesDiscovered",
    message: "All resources successfully discovered",
};
const PARSING: Kind = Kind {
    name: "NamespaceDeletionGroupVersionParsingFailure",
    reason: "ParsedGroupVersions",
    message: "All legacy kube types successfully parsed",
};
const DELETION: Kind = Kind {
    name: "NamespaceDeletionContentFailure",
    reason: "ContentDeleted",
    message: "All content successfully deleted, may be waiting on finalization",
};
const CONTENT: Kind =
    Kind { name: "NamespaceContentRemaining", reason: "ContentRemoved", message: "All content successfully removed" };
const FINALIZERS: Kind = Kind {
    name: "NamespaceFinalizersRemaining",
    reason: "ContentHasNoFinalizers",
    message: "All content-preserving finalizers finished",
};

impl Findings {
    pub(super) fn discovery_failed(&mut self, failed: &[(String, Status)]) {
        if failed.is_empty() {
            return;
        }
        let groups: Vec<_> = failed.iter().map(|(group, status)| format!("{group}: {status}")).collect();
        let error = format!("unable to retrieve the complete list of server APIs: {}", groups.join(", "));
        self.discovery = Some(format!("Discovery failed for some groups, {} failing: {error}", failed.len()));
    }

    pub(super) fn deletion_failed(&mut self, why: String) {
        self.deletion.push(why);
    }

    pub(super) fn remains(&mut self, resource: &GroupVersionResource, n: usize, finalizers: BTreeMap<String, usize>) {
        if n > 0 {
            self.objects.push(format!("{}.{} has {n} resource instances", resource.resource, resource.group));
        }
        for (finalizer, n) in finalizers {
            *self.finalizers.entry(finalizer).or_default() += n;
        }
    }

    pub(super) fn forget_remaining(&mut self) {
        self.objects.clear();
        self.finalizers.clear();
    }

    /// The errors among the findings, as one.
    pub(super) fn into_result(self, namespace: &str) -> Result<(), Error> {
        let errors: Vec<_> = self.discovery.into_iter().chain(self.deletion).collect();
        if errors.is_empty() {
            return Ok(());
        }
        Err(Error::blocked(format!("deletion of namespace {namespace} failed: {}", errors.join(", "))))
    }

    /// Each condition with its reason and message where it holds.
    fn conditions(&self) -> [(Kind, Option<(&'static str, String)>); 5] {
        let discovery = self.discovery.clone().map(|message| ("DiscoveryFailed", message));
        let deletion = (!self.deletion.is_empty()).then(|| {
            let n = self.deletion.len();
            let message = format!("Failed to delete all resource types, {n} remaining: {}", sorted(&self.deletion));
            ("ContentDeletionFailed", message)
        });
        let content = (!self.objects.is_empty())
            .then(|| ("SomeResourcesRemain", format!("Some resources are remaining: {}", sorted(&self.objects))));
        let finalizers = (!self.finalizers.is_empty()).then(|| {
            let each = self.finalizers.iter().map(|(name, n)| format!("{name} in {n} resource instances"));
            let all = sorted(&each.collect::<Vec<_>>());
            ("SomeFinalizersRemain", format!("Some content in the namespace has finalizers remaining: {all}"))
        });
        [(DISCOVERY, discovery), (PARSING, None), (DELETION, deletion), (CONTENT, content), (FINALIZERS, finalizers)]
    }
}

/// Brings the conditions of a status up to date; whether any has changed.
pub(super) fn update(status: &mut Value, findings: &Findings, now: Timestamp) -> bool {
    if !status["conditions"].is_array() {
        status["conditions"] = json!([]);
    }
    let Some(conditions) = status["conditions"].as_array_mut() else { return false };
    let mut changed = false;
    for (kind, holds) in findings.conditions() {
        let state = if holds.is_some() { "True" } else { "False" };
        let (reason, message) = holds.unwrap_or_else(|| (kind.reason, kind.message.to_owned()));
        let Some(old) = conditions.iter_mut().find(|condition| condition["type"] == kind.name) else {
            conditions.push(json!({
                "type": kind.name,
                "status": state,
                "lastTransitionTime": Time(now),
                "reason": reason,
                "message": message,
            }));
            changed = true;
            continue;
        };
        if old["status"] == state && old["reason"] == reason && old["message"] == message {
            continue;
        }
        if old["status"] != state {
            old["lastTransitionTime"] = json!(Time(now));
        }
        old["status"] = state.into();
        old["reason"] = reason.into();
        old["message"] = message.into();
        changed = true;
    }
    changed
}

fn sorted(parts: &[String]) -> String {
    let mut parts = parts.to_vec();
    parts.sort();
    parts.join(", ")
}
