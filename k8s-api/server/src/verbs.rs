//! What the standard verbs do to a resource.
//!
//! Upstream: `k8s.io/apiserver/pkg/endpoints/handlers` and `pkg/registry/generic/registry/store.go`.

mod body;
mod create;
mod delete;
mod delete_collection;
mod finish;
mod list;
mod owners;
mod patch;
mod select;
mod update;
mod watch;

use k8s_api::{Object, Status, UserInfo};
use k8s_api_client::{Call, Reply, ResourceTarget, Response};

pub(crate) use body::decode_kind;
pub(crate) use delete::delete_pod;
pub(crate) use finish::{Change, change, mutate};
pub(crate) use list::get as get_object;
pub(crate) use patch::{patch as patch_object, patched, refuse_apply};
pub(crate) use update::update as update_object;

use crate::core::{Core, Scope};
use crate::reviews;

/// Carries out a call about a resource's objects themselves.
pub(crate) async fn call(core: &Core, target: &ResourceTarget, call: Call, user: &UserInfo) -> Result<Reply, Status> {
    if reviews::is_virtual(&target.resource) {
        return reviews::call(core, target, call, user).await;
    }
    let resource = core.resources.get(&target.resource)?;
    let scope = Scope { resource: &resource, namespace: &target.namespace, name: &target.name, subresource: "", user };
    if !resource.info.namespaced && !target.namespace.is_empty() {
        return Err(Status::no_such_path());
    }
    let named = !target.name.is_empty();
    match call {
        Call::Get { resource_version } if named => list::get(core, &scope, &resource_version).await.map(reply),
        Call::List(options) if !named => Ok(Response::List(list::list(core, &scope, &options).await?).into()),
        Call::Watch(options) => Ok(Response::Watch(watch::watch(core, &scope, &options).await?).into()),
        Call::Create(body, options) if !named => create::create(core, &scope, body, &options).await,
        Call::Update(body, options) if named => update::update(core, &scope, body, &options).await,
        Call::Patch(kind, patch, options) if named => patch::patch(core, &scope, kind, &patch, &options).await,
        Call::Delete(options) if named => delete::delete(core, &scope, options).await,
        Call::DeleteCollection(options, which) if !named => {
            delete_collection::delete_collection(core, &scope, &options, &which).await
        }
        _ => Err(Status::method_not_allowed()),
    }
}

fn reply(object: Object) -> Reply {
    Response::Object { object, created: false }.into()
}
