use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_api::selector::Selector;
use k8s_api::{Kind, Object, Status, UserInfo};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject};

use super::gvr;
use crate::admission::Lookup;

/// The collections that an index is made of.
pub(super) const RESOURCES: [&str; 4] = ["clusterroles", "roles", "clusterrolebindings", "rolebindings"];
const NODE_ROLE: &str = "system:node";

/// Who is granted what, by subject.
#[derive(Debug, Default)]
pub(super) struct Index {
    users: BTreeMap<String, Vec<Grant>>,
    groups: BTreeMap<String, Vec<Grant>>,
    node: Rules,
}

/// The rules of one binding.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    /// Where they hold; empty for everywhere.
    namespace: String,
    pub(super) rules: Rules,
    /// The binding, for those who ask why.
    pub(super) why: String,
}

type Rules = Arc<[PolicyRule]>;

#[derive(Default)]
struct Roles {
    cluster: BTreeMap<String, Rules>,
    namespaced: BTreeMap<(String, String), Rules>,
}

impl Index {
    pub(super) async fn read(cluster: &dyn Lookup) -> Result<Self, Status> {
        let roles = Roles::read(cluster).await?;
        let mut index = Self { node: roles.cluster.get(NODE_ROLE).cloned().unwrap_or_default(), ..Self::default() };
        for binding in read::<ClusterRoleBinding>(cluster, RESOURCES[2]).await? {
            let name = binding.name().to_owned();
            let why = |subject: &str| why("ClusterRoleBinding", &name, &binding.role_ref, subject);
            if let Some(rules) = roles.of(&binding.role_ref, "") {
                index.grant(binding.subjects.as_deref(), "", &rules, why);
            }
        }
        for binding in read::<RoleBinding>(cluster, RESOURCES[3]).await? {
            let namespace = binding.metadata.namespace.clone().unwrap_or_default();
            let full = format!("{}/{namespace}", binding.name());
            let why = |subject: &str| why("RoleBinding", &full, &binding.role_ref, subject);
            if let Some(rules) = roles.of(&binding.role_ref, &namespace) {
                index.grant(binding.subjects.as_deref(), &namespace, &rules, why);
            }
        }
        Ok(index)
    }

    /// What a user is granted in a namespace and everywhere.
    pub(super) fn grants<'a>(&'a self, user: &'a UserInfo, namespace: &'a str) -> impl Iterator<Item = &'a Grant> {
        let own = self.users.get(&user.name).into_iter();
        let shared = user.groups.iter().filter_map(|group| self.groups.get(group));
        own.chain(shared).flatten().filter(move |grant| grant.namespace.is_empty() || grant.namespace == namespace)
    }

    /// What every node agent may do.
    pub(super) fn node(&self) -> &[PolicyRule] {
        &self.node
    }

    fn grant(&mut self, subjects: Option<&[Subject]>, namespace: &str, rules: &Rules, why: impl Fn(&str) -> String) {
        for subject in subjects.unwrap_or_default() {
            let account = || {
                let of = subject.namespace.as_deref().filter(|n| !n.is_empty()).unwrap_or(namespace);
                format!("system:serviceaccount:{of}:{}", subject.name)
            };
            let (of_kind, name) = match subject.kind.as_str() {
                "User" => (&mut self.users, subject.name.clone()),
                "Group" => (&mut self.groups, subject.name.clone()),
                "ServiceAccount" => (&mut self.users, account()),
                _ => continue,
            };
            let shown = match (subject.kind.as_str(), subject.namespace.as_deref()) {
                ("ServiceAccount", Some(of)) => format!("ServiceAccount \"{}/{of}\"", subject.name),
                (kind, _) => format!("{kind} \"{}\"", subject.name),
            };
            let grant = Grant { namespace: namespace.to_owned(), rules: rules.clone(), why: why(&shown) };
            of_kind.entry(name).or_default().push(grant);
        }
    }
}

fn why(kind: &str, name: &str, role: &RoleRef, subject: &str) -> String {
    format!("RBAC: allowed by {kind} \"{name}\" of {} \"{}\" to {subject}", role.kind, role.name)
}

impl Roles {
    async fn read(cluster: &dyn Lookup) -> Result<Self, Status> {
        let mut roles = Self::default();
        let found = read::<ClusterRole>(cluster, RESOURCES[0]).await?;
        for role in &found {
            let mut rules = Vec::new();
            sum_up(role, &found, &mut vec![role.name()], &mut rules);
            roles.cluster.insert(role.name().to_owned(), rules.into());
        }
        for role in read::<Role>(cluster, RESOURCES[1]).await? {
            let key = (role.metadata.namespace.clone().unwrap_or_default(), role.name().to_owned());
            roles.namespaced.insert(key, role.rules.clone().unwrap_or_default().into());
        }
        Ok(roles)
    }

    fn of(&self, reference: &RoleRef, namespace: &str) -> Option<Rules> {
        match reference.kind.as_str() {
            "ClusterRole" => self.cluster.get(&reference.name).cloned(),
            _ => self.namespaced.get(&(namespace.to_owned(), reference.name.clone())).cloned(),
        }
    }
}

/// Adds the rules of a role and of all that it is a sum of; `seen` keeps a role that is part of itself from going round.
fn sum_up<'a>(role: &'a ClusterRole, all: &'a [Arc<ClusterRole>], seen: &mut Vec<&'a str>, out: &mut Vec<PolicyRule>) {
    let Some(aggregation) = &role.aggregation_rule else {
        return out.extend(role.rules.iter().flatten().cloned());
    };
    for selector in aggregation.cluster_role_selectors.iter().flatten() {
        let Ok(selector) = Selector::of(Some(selector)) else { continue };
        for part in all {
            let labels = part.metadata.labels.clone().unwrap_or_default();
            if selector.matches(&labels) && !seen.contains(&part.name()) {
                seen.push(part.name());
                sum_up(part, all, seen, out);
            }
        }
    }
}

async fn read<K: Kind>(cluster: &dyn Lookup, resource: &'static str) -> Result<Vec<Arc<K>>, Status> {
    let objects = cluster.list(&gvr(resource), "").await?;
    objects.iter().map(Object::typed::<K>).collect::<Result<_, _>>().map_err(Status::internal)
}
