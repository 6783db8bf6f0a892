mod bootstrap;
mod index;

use std::sync::Arc;

use async_trait::async_trait;
use k8s_api::{GroupVersionResource, Status, UserInfo};
use k8s_api_client::Target;
use k8s_openapi::api::authorization::v1::{NonResourceRule, ResourceRule, SubjectRulesReviewStatus};
use k8s_openapi::api::rbac::v1::PolicyRule;
use parking_lot::Mutex;

use super::{Action, Authorizer, Decision};
use crate::admission::Lookup;
pub(crate) use bootstrap::policy;
use index::Index;

/// Role-based access control over the cluster's own roles and bindings, with what node agents need.
///
/// Members of `system:masters` may do everything. Members of `system:nodes` may do what the cluster role `system:node`
/// says, but write no other node's `Node` and `Lease`. Aggregated cluster roles are summed up here: no controller has to
/// write their rules. What a binding's missing role would have granted is not granted.
///
/// Deciding costs a few map lookups and the rules of the user's own bindings; the maps are made anew after a role or a
/// binding has changed.
///
/// Upstream: `plugin/pkg/auth/authorizer/rbac` and `plugin/pkg/auth/authorizer/node`.
#[derive(Debug, Default)]
pub struct Rbac {
    index: Mutex<Option<(Versions, Arc<Index>)>>,
}

/// When each of the four collections last changed.
type Versions = [u64; 4];

const MASTERS: &str = "system:masters";
const NODES: &str = "system:nodes";

impl Rbac {
    /// An authorizer that has read nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    async fn index(&self, cluster: &dyn Lookup) -> Result<Arc<Index>, Status> {
        let mut versions = Versions::default();
        for (version, resource) in versions.iter_mut().zip(index::RESOURCES) {
            *version = cluster.changed(&gvr(resource)).await?;
        }
        if let Some((known, index)) = &*self.index.lock()
            && *known == versions
        {
            return Ok(index.clone());
        }
        let index = Arc::new(Index::read(cluster).await?);
        *self.index.lock() = Some((versions, index.clone()));
        Ok(index)
    }
}

fn gvr(resource: &'static str) -> GroupVersionResource {
    GroupVersionResource::new("rbac.authorization.k8s.io", "v1", resource)
}

#[async_trait]
impl Authorizer for Rbac {
    async fn authorize(&self, user: &UserInfo, action: &Action<'_>, cluster: &dyn Lookup) -> Decision {
        if user.is_in(MASTERS) {
            return Decision::Allow(String::new());
        }
        let index = match self.index(cluster).await {
            Ok(index) => index,
            Err(status) => return Decision::Deny(status.message),
        };
        let namespace = match action.target {
            Target::Resource(target) => target.namespace.as_str(),
            Target::Path(_) => "",
        };
        let grant = index.grants(user, namespace).find(|grant| grant.rules.iter().any(|rule| allows(rule, action)));
        match grant {
            Some(grant) => Decision::Allow(grant.why.clone()),
            None if is_nodes_own(user, action) && index.node().iter().any(|rule| allows(rule, action)) => {
                Decision::Allow(String::new())
            }
            None => Decision::Deny(String::new()),
        }
    }

    async fn rules(&self, user: &UserInfo, namespace: &str, cluster: &dyn Lookup) -> SubjectRulesReviewStatus {
        let mut status = SubjectRulesReviewStatus::default();
        let index = match self.index(cluster).await {
            Ok(index) => index,
            Err(error) => {
                status.incomplete = true;
                status.evaluation_error = Some(error.message);
                return status;
            }
        };
        for rule in index.grants(user, namespace).flat_map(|grant| grant.rules.iter()) {
            list(&mut status, rule);
        }
        if user.is_in(MASTERS) {
            masters(&mut status);
        }
        if user.is_in(NODES) {
            status.incomplete = true;
            status.evaluation_error = Some("node authorizer does not support user rule resolution".to_owned());
        }
        status
    }
}

fn list(status: &mut SubjectRulesReviewStatus, rule: &PolicyRule) {
    if rule.non_resource_urls.as_ref().is_some_and(|urls| !urls.is_empty()) {
        let (verbs, non_resource_urls) = (rule.verbs.clone(), rule.non_resource_urls.clone());
        status.non_resource_rules.push(NonResourceRule { verbs, non_resource_urls });
    } else {
        status.resource_rules.push(ResourceRule {
            verbs: rule.verbs.clone(),
            api_groups: rule.api_groups.clone(),
            resources: rule.resources.clone(),
            resource_names: rule.resource_names.clone(),
        });
    }
}

/// Adds what masters may do without a binding, unless there is one that says it.
fn masters(status: &mut SubjectRulesReviewStatus) {
    let all = super::everything();
    let told = status.resource_rules.clone();
    status.resource_rules.extend(all.resource_rules.into_iter().filter(|rule| !told.contains(rule)));
    let told = status.non_resource_rules.clone();
    status.non_resource_rules.extend(all.non_resource_rules.into_iter().filter(|rule| !told.contains(rule)));
}

/// Whether a node agent keeps to its own node: it may read others, and write only itself.
fn is_nodes_own(user: &UserInfo, action: &Action<'_>) -> bool {
    let Some(node) = user.name.strip_prefix("system:node:").filter(|_| user.is_in(NODES)) else { return false };
    let Target::Resource(target) = action.target else { return true };
    let own = match (&*target.resource.group, &*target.resource.resource) {
        ("", "nodes") => true,
        ("coordination.k8s.io", "leases") => target.namespace == "kube-node-lease",
        _ => return true,
    };
    let reads = matches!(action.verb, "get" | "list" | "watch");
    // A create has no name in its path yet.
    own && (reads || action.verb == "create" || target.name == node)
}

/// Upstream: `RuleAllows`.
fn allows(rule: &PolicyRule, action: &Action<'_>) -> bool {
    let holds = |list: &[String], wanted: &str| list.iter().any(|entry| entry == "*" || entry == wanted);
    if !holds(&rule.verbs, action.verb) {
        return false;
    }
    match action.target {
        Target::Path(path) => {
            let path = path.split('?').next().unwrap_or_default();
            rule.non_resource_urls.iter().flatten().any(|url| is_covered(url, path))
        }
        Target::Resource(target) => {
            let (name, part) = (&*target.resource.resource, target.subresource.as_str());
            holds(rule.api_groups.as_deref().unwrap_or_default(), &target.resource.group)
                && rule.resources.iter().flatten().any(|resource| is_resource(resource, name, part))
                && rule.resource_names.as_ref().is_none_or(|names| names.is_empty() || names.contains(&target.name))
        }
    }
}

fn is_covered(url: &str, path: &str) -> bool {
    url == "*" || url == path || url.strip_suffix('*').is_some_and(|prefix| path.starts_with(prefix))
}

fn is_resource(entry: &str, name: &str, part: &str) -> bool {
    match entry.split_once('/') {
        _ if entry == "*" => true,
        Some((resource, subresource)) => {
            !part.is_empty() && (resource == "*" || resource == name) && subresource == part
        }
        None => part.is_empty() && entry == name,
    }
}
