use std::collections::BTreeMap;

use k8s_openapi::api::rbac::v1::{
    AggregationRule, ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

const TABLE: &str = include_str!("generated/policy.txt");
const GROUP: &str = "rbac.authorization.k8s.io";

/// The roles and bindings of a new cluster.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    pub(crate) cluster_roles: Vec<ClusterRole>,
    pub(crate) roles: Vec<Role>,
    pub(crate) cluster_bindings: Vec<ClusterRoleBinding>,
    pub(crate) bindings: Vec<RoleBinding>,
}

/// Reads the generated table.
pub(crate) fn policy() -> Policy {
    let mut policy = Policy::default();
    let mut lines = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).peekable();
    while let Some(head) = lines.next() {
        let mut body = Vec::new();
        while let Some(line) = lines.next_if(|line| line.starts_with(' ')) {
            body.push(line.trim());
        }
        let words: Vec<&str> = head.split(' ').collect();
        match words.as_slice() {
            ["role", name, traits @ ..] => policy.add_role(name, traits, &body),
            ["bind", name, "to", kind, role] => policy.add_binding(name, kind, role, &body),
            _ => {}
        }
    }
    policy
}

impl Policy {
    fn add_role(&mut self, name: &str, traits: &[&str], body: &[&str]) {
        let mut metadata = metadata(name);
        let mut parts = traits;
        while let ["part-of", of, rest @ ..] = parts {
            metadata.labels.get_or_insert_default().insert(aggregate(of), "true".to_owned());
            parts = rest;
        }
        let sum = parts.strip_prefix(&["sum-of"]).unwrap_or_default();
        let rules = (sum.is_empty()).then(|| body.iter().map(|line| rule(line)).collect());
        if metadata.namespace.is_some() {
            return self.roles.push(Role { metadata, rules });
        }
        let aggregation_rule = (!sum.is_empty())
            .then(|| AggregationRule { cluster_role_selectors: Some(sum.iter().map(|of| selector(of)).collect()) });
        self.cluster_roles.push(ClusterRole { metadata, aggregation_rule, rules });
    }

    fn add_binding(&mut self, name: &str, kind: &str, role: &str, body: &[&str]) {
        let metadata = metadata(name);
        let role_ref = RoleRef { api_group: Some(GROUP.to_owned()), kind: kind.to_owned(), name: role.to_owned() };
        let subjects: Vec<Subject> = body.iter().filter_map(|line| subject(line)).collect();
        let subjects = (!subjects.is_empty()).then_some(subjects);
        if metadata.namespace.is_some() {
            self.bindings.push(RoleBinding { metadata, role_ref, subjects });
        } else {
            self.cluster_bindings.push(ClusterRoleBinding { metadata, role_ref, subjects });
        }
    }
}

fn metadata(name: &str) -> ObjectMeta {
    let (namespace, name) = name.split_once('/').map_or((None, name), |(namespace, name)| (Some(namespace), name));
    let one = |key: &str, value: &str| Some(BTreeMap::from([(key.to_owned(), value.to_owned())]));
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: namespace.map(str::to_owned),
        labels: one("kubernetes.io/bootstrapping", "rbac-defaults"),
        annotations: one("rbac.authorization.kubernetes.io/autoupdate", "true"),
        ..ObjectMeta::default()
    }
}

fn aggregate(of: &str) -> String {
    format!("{GROUP}/aggregate-to-{of}")
}

fn selector(of: &str) -> LabelSelector {
    let labels = BTreeMap::from([(aggregate(of), "true".to_owned())]);
    LabelSelector { match_labels: Some(labels), match_expressions: None }
}

fn rule(line: &str) -> PolicyRule {
    let (verbs, what) = line.split_once(' ').unwrap_or((line, ""));
    let verbs = verbs.split(',').map(str::to_owned).collect();
    let words = |text: &str| Some(text.split(' ').map(str::to_owned).collect::<Vec<_>>());
    if let Some(urls) = what.strip_prefix("on ") {
        return PolicyRule { verbs, non_resource_urls: words(urls), ..PolicyRule::default() };
    }
    let (groups, resources) = what.trim_start_matches("of ").split_once(": ").unwrap_or_default();
    let (resources, names) = resources.split_once(" named ").map_or((resources, None), |(r, n)| (r, Some(n)));
    let group = |group: &str| if group == "core" { String::new() } else { group.to_owned() };
    PolicyRule {
        verbs,
        api_groups: Some(groups.split(',').map(group).collect()),
        resources: words(resources),
        resource_names: names.and_then(words),
        non_resource_urls: None,
    }
}

fn subject(line: &str) -> Option<Subject> {
    let (kind, name) = line.split_once(' ')?;
    let group = Some(GROUP.to_owned());
    Some(match kind {
        "account" => {
            let (namespace, name) = name.split_once('/')?;
            let (kind, namespace) = ("ServiceAccount".to_owned(), Some(namespace.to_owned()));
            Subject { api_group: None, kind, name: name.to_owned(), namespace }
        }
        "user" => Subject { api_group: group, kind: "User".to_owned(), name: name.to_owned(), namespace: None },
        _ => Subject { api_group: group, kind: "Group".to_owned(), name: name.to_owned(), namespace: None },
    })
}
