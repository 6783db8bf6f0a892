use std::collections::BTreeMap;

/// Who asks: what authentication found out and authorization decides on.
///
/// Upstream: `k8s.io/apiserver/pkg/authentication/user`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserInfo {
    /// The user's name, unique in the cluster.
    pub name: String,
    /// A uid that survives renaming; often empty.
    pub uid: String,
    /// The groups they belong to.
    pub groups: Vec<String>,
    /// What the authenticator adds.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl UserInfo {
    /// A user who belongs to `groups` and to `system:authenticated`.
    pub fn new(name: impl Into<String>, groups: &[&str]) -> Self {
        let groups = groups.iter().copied().chain(["system:authenticated"]).map(str::to_owned).collect();
        Self { name: name.into(), groups, ..Self::default() }
    }

    /// The cluster's administrator as upstream's kubeadm names them: group `system:masters`.
    pub fn admin() -> Self {
        Self::new("kubernetes-admin", &["system:masters"])
    }

    /// The API server itself, for what it does of its own accord.
    pub fn apiserver() -> Self {
        Self::new("system:apiserver", &["system:masters"])
    }

    /// The node agent of `node`.
    pub fn node(node: &str) -> Self {
        Self::new(format!("system:node:{node}"), &["system:nodes"])
    }

    /// A service account.
    pub fn service_account(namespace: &str, name: &str) -> Self {
        Self::new(
            format!("system:serviceaccount:{namespace}:{name}"),
            &["system:serviceaccounts", &format!("system:serviceaccounts:{namespace}")],
        )
    }

    /// Somebody of whom nothing is known.
    pub fn anonymous() -> Self {
        Self {
            name: "system:anonymous".to_owned(),
            groups: vec!["system:unauthenticated".to_owned()],
            ..Self::default()
        }
    }

    /// Whether they belong to `group`.
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|g| g == group)
    }
}
