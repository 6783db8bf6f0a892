//! Kubeconfigs: which servers there are, who one is to each, and which of them is meant.
//!
//! Upstream: `k8s.io/client-go/tools/clientcmd`.

mod file;
mod resolve;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::Identity;
pub use resolve::client;

/// A kubeconfig file.
///
/// What it does not name here (preferences, extensions) is not kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Kubeconfig {
    #[serde(rename = "apiVersion")]
    api_version: String,
    kind: String,
    /// Servers by name.
    #[serde(deserialize_with = "or_default")]
    pub clusters: Vec<NamedCluster>,
    /// Credentials by name.
    #[serde(deserialize_with = "or_default")]
    pub users: Vec<NamedUser>,
    /// Which credentials go with which server, by name.
    #[serde(deserialize_with = "or_default")]
    pub contexts: Vec<NamedContext>,
    /// The context that is meant when nobody says which.
    #[serde(deserialize_with = "or_default")]
    pub current_context: String,
    /// The folder to which paths in it are relative.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// A server and its name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct NamedCluster {
    /// What contexts call it.
    pub name: String,
    /// The server.
    #[serde(default)]
    pub cluster: Cluster,
}

/// Credentials and their name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct NamedUser {
    /// What contexts call them.
    pub name: String,
    /// The credentials.
    #[serde(default, deserialize_with = "or_default")]
    pub user: User,
}

/// A context and its name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct NamedContext {
    /// What people call it.
    pub name: String,
    /// The context.
    #[serde(default)]
    pub context: Context,
}

/// Where a server is and whom to trust.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
#[expect(missing_docs, reason = "the fields of upstream's format")]
pub struct Cluster {
    pub server: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_authority: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_authority_data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insecure_skip_tls_verify: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_server_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_url: Option<String>,
}

/// Who one is to a server.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
#[expect(missing_docs, reason = "the fields of upstream's format")]
pub struct User {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate_data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_key: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_key_data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    #[serde(rename = "tokenFile", skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub impersonate: Option<String>,
    #[serde(rename = "as-uid", skip_serializing_if = "Option::is_none")]
    pub impersonate_uid: Option<String>,
    #[serde(rename = "as-groups", skip_serializing_if = "Option::is_none")]
    pub impersonate_groups: Option<Vec<String>>,
    #[serde(rename = "as-user-extra", skip_serializing_if = "Option::is_none")]
    pub impersonate_extra: Option<BTreeMap<String, Vec<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exec: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_provider: Option<serde_json::Value>,
}

/// Which credentials go with which server.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
#[expect(missing_docs, reason = "the fields of upstream's format")]
pub struct Context {
    pub cluster: String,
    pub user: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

impl Kubeconfig {
    /// A kubeconfig for one user of one server, with the certificates in it: what `kubeadm init` writes as
    /// `admin.conf`, for any user.
    ///
    /// `server` is a URL, `https://127.0.0.1:6443`.
    pub fn embedded(server: &str, authority_pem: &str, user: &str, identity: &Identity) -> Self {
        let cluster = Cluster {
            server: server.to_owned(),
            certificate_authority_data: Some(STANDARD.encode(authority_pem)),
            ..Cluster::default()
        };
        let credentials = User {
            client_certificate_data: Some(STANDARD.encode(&identity.certificate_pem)),
            client_key_data: Some(STANDARD.encode(&identity.key_pem)),
            ..User::default()
        };
        Self::of(cluster, user, credentials)
    }

    /// A kubeconfig for one user with any credentials of one server.
    pub fn of(cluster: Cluster, user: &str, credentials: User) -> Self {
        let cluster_name = "kubernetes";
        let name = format!("{user}@{cluster_name}");
        let context = Context { cluster: cluster_name.to_owned(), user: user.to_owned(), namespace: None };
        Self {
            api_version: "v1".to_owned(),
            kind: "Config".to_owned(),
            clusters: vec![NamedCluster { name: cluster_name.to_owned(), cluster }],
            users: vec![NamedUser { name: user.to_owned(), user: credentials }],
            contexts: vec![NamedContext { name: name.clone(), context }],
            current_context: name,
            folder: PathBuf::new(),
        }
    }

    /// The same with another context meant.
    pub fn context(mut self, name: &str) -> Self {
        name.clone_into(&mut self.current_context);
        self
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("User")
    }
}

fn or_default<'de, D: serde::Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}
