//! Replacing an object without losing what this program does not know of it.
//!
//! Upstream's roles let many controllers `update` what they may not `patch`, so a patch is not always the way.

use k8s_api::{DynamicObject, GroupVersionResource, Kind, Object, Status};
use k8s_api_client::{Client, WriteOptions};

/// So often an edit begins again when somebody else has changed the object meanwhile.
const TRIES: u32 = 5;

/// Reads an object of kind `K`, changes it and writes it back, all its fields included; begins again on a conflict.
///
/// `change` says whether there is anything to write; it may be called several times. With a subresource, only that part
/// is written.
///
/// # Errors
/// What the server answered; a conflict when others were faster every time.
pub async fn edit<K: Kind>(
    client: &Client,
    namespace: &str,
    name: &str,
    subresource: &str,
    change: impl FnMut(&mut DynamicObject) -> bool,
) -> Result<Object, Status> {
    edit_dynamic(client, K::gvr(), namespace, name, subresource, change).await
}

/// As [`edit`] for any resource.
///
/// # Errors
/// As [`edit`].
pub async fn edit_dynamic(
    client: &Client,
    resource: GroupVersionResource,
    namespace: &str,
    name: &str,
    subresource: &str,
    mut change: impl FnMut(&mut DynamicObject) -> bool,
) -> Result<Object, Status> {
    let api = client.dynamic(resource, namespace);
    let mut tries = 0;
    loop {
        let current = api.get(name).await?;
        let mut object: DynamicObject = serde_json::from_slice(&current.to_json()).map_err(Status::internal)?;
        if !change(&mut object) {
            return Ok(current);
        }
        tries += 1;
        match api.update(Box::new(object), subresource, WriteOptions::default()).await {
            Err(status) if status.is_conflict() && tries < TRIES => {}
            outcome => return outcome,
        }
    }
}
