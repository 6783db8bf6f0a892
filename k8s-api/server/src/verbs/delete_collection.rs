use k8s_api::Status;
use k8s_api_client::{DeleteOptions, List, ListOptions, Reply, Response};

use super::delete::{Outcome, remove};
use super::list::list;
use crate::core::{Core, Scope};

/// Deletes all that the list options select, one after the other, and answers with what it deleted.
pub(super) async fn delete_collection(
    core: &Core,
    scope: &Scope<'_>,
    options: &DeleteOptions,
    which: &ListOptions,
) -> Result<Reply, Status> {
    let mut found = list(core, scope, which).await?;
    let List { items, .. } = &mut found;
    let mut deleted = Vec::with_capacity(items.len());
    for object in std::mem::take(items) {
        let (namespace, name) = (&object.meta().namespace, &object.meta().name);
        match remove(core, &Scope { namespace, name, ..*scope }, options.clone()).await {
            Ok(Outcome::Gone(object) | Outcome::Going(object)) => deleted.push(object),
            // Somebody else was faster; it is gone, which is what was asked for.
            Err(status) if status.is_not_found() => {}
            Err(status) => return Err(status),
        }
    }
    Ok(Response::List(List { items: deleted, ..found }).into())
}
