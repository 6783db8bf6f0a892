//! What a server serves.

use k8s_api::registry::{Verb, Verbs};
use k8s_api::{GroupVersionKind, GroupVersionResource, Status};
use serde_json::Value;

use crate::{Client, RawBody};

/// A resource that a server serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovered {
    /// Group, version and plural.
    pub resource: GroupVersionResource,
    /// The kind of its objects.
    pub kind: GroupVersionKind,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// What may be asked of it.
    pub verbs: Verbs,
}

impl Client {
    /// Asks for all resources, each in the version that the server prefers for it; subresources are left out. Groups
    /// that cannot be asked now are named in the second part with what went wrong.
    ///
    /// # Errors
    /// When the list of groups cannot be read.
    pub async fn discover(&self) -> Result<(Vec<Discovered>, Vec<(String, Status)>), Status> {
        let mut found = Vec::new();
        let mut failed = Vec::new();
        for group in self.group_versions().await? {
            let first = found.len();
            for (group, version) in group {
                match self.discover_version(&group, &version).await {
                    Ok(resources) => {
                        for resource in resources {
                            let known: &[Discovered] = &found[first..];
                            if !known.iter().any(|k| k.resource.resource == resource.resource.resource) {
                                found.push(resource);
                            }
                        }
                    }
                    Err(status) if status.code == 404 => {}
                    Err(status) => failed.push((join(&group, &version), status)),
                }
            }
        }
        Ok((found, failed))
    }

    /// Asks for the resources of one version of a group; subresources are left out.
    ///
    /// # Errors
    /// 404 when there is no such version; otherwise what the server answered.
    pub async fn discover_version(&self, group: &str, version: &str) -> Result<Vec<Discovered>, Status> {
        let path = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        let list = self.read_json(&path).await?;
        let resources = list["resources"].as_array().map_or(&[][..], Vec::as_slice);
        Ok(resources.iter().filter_map(|resource| read(group, version, resource)).collect())
    }

    /// The versions of each group, the preferred one first.
    async fn group_versions(&self) -> Result<Vec<Vec<(String, String)>>, Status> {
        let mut groups = vec![vec![(String::new(), "v1".to_owned())]];
        let list = self.read_json("/apis").await?;
        for group in list["groups"].as_array().into_iter().flatten() {
            let name = group["name"].as_str().unwrap_or_default();
            let preferred = group["preferredVersion"]["version"].as_str().into_iter();
            let others = group["versions"].as_array().into_iter().flatten().filter_map(|v| v["version"].as_str());
            let mut versions: Vec<(String, String)> = Vec::new();
            for version in preferred.chain(others) {
                if !versions.iter().any(|(_, known)| known == version) {
                    versions.push((name.to_owned(), version.to_owned()));
                }
            }
            groups.push(versions);
        }
        Ok(groups)
    }

    async fn read_json(&self, path: &str) -> Result<Value, Status> {
        let RawBody::Full(bytes) = self.get_path(path).await?.body else {
            return Err(Status::internal(format_args!("{path} answered with a stream")));
        };
        serde_json::from_slice(&bytes).map_err(|e| Status::internal(format_args!("decoding {path}: {e}")))
    }
}

fn read(group: &str, version: &str, resource: &Value) -> Option<Discovered> {
    let name = resource["name"].as_str().filter(|name| !name.contains('/'))?;
    let verbs = resource["verbs"].as_array().into_iter().flatten();
    let verbs = verbs.filter_map(|verb| Verb::parse(verb.as_str()?)).fold(Verbs::default(), Verbs::with);
    Some(Discovered {
        resource: GroupVersionResource::new(group.to_owned(), version.to_owned(), name.to_owned()),
        kind: GroupVersionKind::new(group.to_owned(), version.to_owned(), resource["kind"].as_str()?.to_owned()),
        namespaced: resource["namespaced"].as_bool().unwrap_or_default(),
        verbs,
    })
}

fn join(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}
