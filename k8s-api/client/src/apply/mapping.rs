use k8s_api::registry::Registry;
use k8s_api::{GroupVersionKind, GroupVersionResource, Reason, Status};
use serde_json::Value;

use crate::{Client, RawBody};

/// The resource that serves a kind, and whether its objects live in namespaces.
///
/// The built-in kinds are known; for others the server's discovery is asked.
pub(super) async fn resource(client: &Client, kind: &GroupVersionKind) -> Result<(GroupVersionResource, bool), Status> {
    if let Some(info) = Registry::builtin().snapshot().kind(&kind.group, &kind.version, &kind.kind) {
        return Ok((info.gvr.clone(), info.namespaced));
    }
    let path = match kind.group.as_ref() {
        "" => format!("/api/{}", kind.version),
        group => format!("/apis/{group}/{}", kind.version),
    };
    let found = match client.get_path(&path).await {
        Ok(raw) => match raw.body {
            RawBody::Full(bytes) => find(&bytes, kind),
            RawBody::Stream(_) => None,
        },
        Err(status) if status.is_not_found() => None,
        Err(status) => return Err(status),
    };
    found.ok_or_else(|| {
        let message = format!("no matches for kind \"{}\" in version \"{}\"", kind.kind, kind.api_version());
        Status::failure(404, Reason::NotFound, message)
    })
}

/// Finds a kind in an `APIResourceList`.
fn find(list: &[u8], kind: &GroupVersionKind) -> Option<(GroupVersionResource, bool)> {
    let list: Value = serde_json::from_slice(list).ok()?;
    let resources = list["resources"].as_array()?;
    let found = resources.iter().find(|r| {
        r["kind"].as_str() == Some(&*kind.kind) && r["name"].as_str().is_some_and(|name| !name.contains('/'))
    })?;
    let name = found["name"].as_str()?.to_owned();
    let resource = GroupVersionResource::new(kind.group.clone(), kind.version.clone(), name);
    Some((resource, found["namespaced"].as_bool().unwrap_or_default()))
}
