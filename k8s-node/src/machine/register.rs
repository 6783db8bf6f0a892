use std::sync::Arc;

use k8s_openapi::api::core::v1::Node;

use super::describe::{Description, status};
use crate::Error;
use crate::context::Context;
use crate::time::api_time;

/// Makes the node known to the API, or takes over the object that is there: its labels and status are brought up to
/// date, and what others wrote stays.
///
/// Upstream: `registerWithAPIServer`.
pub(crate) async fn register(context: &Context, about: &Description) -> Result<Arc<Node>, Error> {
    let fail = |source| Error::Register { node: context.name.clone(), source };
    let api = context.client.api::<Node>();
    let now = api_time(context.env.clock.now());
    let fresh = about.node(&context.name, status(context, about, &[], false, &now).await);
    match api.create(fresh).await {
        Ok(node) => return Ok(node),
        Err(error) if error.is_already_exists() => {}
        Err(error) => return Err(fail(error)),
    }
    loop {
        let there = api.get(&context.name).await.map_err(fail)?;
        let mut node = Node::clone(&there);
        node.metadata.labels.get_or_insert_default().extend(about.labels.clone());
        if node.metadata != there.metadata {
            match api.update(node).await {
                Ok(updated) => node = Node::clone(&updated),
                Err(error) if error.is_conflict() => continue,
                Err(error) => return Err(fail(error)),
            }
        }
        let before = there.status.as_ref().and_then(|status| status.conditions.clone()).unwrap_or_default();
        node.status = Some(status(context, about, &before, false, &now).await);
        match api.update_status(node).await {
            Ok(node) => return Ok(node),
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(fail(error)),
        }
    }
}
