use k8s_api::field::quote;
use k8s_api::{GroupVersionResource, Kind, Object, Status};
use k8s_openapi::api::authentication::v1::BoundObjectReference;
use k8s_openapi::api::core::v1::{Node, Pod, Secret};

use crate::core::{Core, Scope};
use crate::tokens::{Bound, Ref};

/// Finds what a token is to be bound to: it exists, and is the one that is meant.
pub(super) async fn find(core: &Core, scope: &Scope<'_>, reference: &BoundObjectReference) -> Result<Bound, Status> {
    let name = reference.name.as_deref().unwrap_or_default();
    let api_version = reference.api_version.as_deref().unwrap_or_default();
    let kind = reference.kind.as_deref().unwrap_or_default();
    let mut bound = Bound::default();
    // The version does not matter, as long as the group is the core group.
    let found = match kind {
        _ if api_version.contains('/') => return Err(not_bindable(api_version, kind)),
        "Pod" => {
            let found = get::<Pod>(core, scope.namespace, name).await?;
            let pod = found.typed::<Pod>().map_err(Status::internal)?;
            bound.node = node_of(core, scope, &pod).await?;
            bound.pod.insert(of(&found))
        }
        "Node" => bound.node.insert(of(&get::<Node>(core, "", name).await?)),
        "Secret" => bound.secret.insert(of(&get::<Secret>(core, scope.namespace, name).await?)),
        _ => return Err(not_bindable(api_version, kind)),
    };
    if let Some(uid) = reference.uid.as_deref().filter(|uid| !uid.is_empty() && *uid != found.uid) {
        let why = format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been \
             deleted and then recreated"
        );
        // Upstream names the kind where other conflicts name the resource.
        return Err(Status::conflict(&GroupVersionResource::new("", "v1", kind.to_owned()), name, &why));
    }
    Ok(bound)
}

fn not_bindable(api_version: &str, kind: &str) -> Status {
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    Status::bad_request(format!("cannot bind token to object of type {group}/{version}, Kind={kind}"))
}

async fn get<K: Kind>(core: &Core, namespace: &str, name: &str) -> Result<Object, Status> {
    let resource = core.resources.get(&K::gvr())?;
    core.peek(&resource, namespace, name).await?.ok_or_else(|| Status::not_found(&K::gvr(), name))
}

fn of(object: &Object) -> Ref {
    let meta = object.meta();
    Ref { name: meta.name.clone(), uid: meta.uid.clone() }
}

/// The node of a pod that runs as the account; its name alone when there is no such node.
async fn node_of(core: &Core, scope: &Scope<'_>, pod: &Pod) -> Result<Option<Ref>, Status> {
    let spec = pod.spec.as_ref();
    if spec.and_then(|spec| spec.service_account_name.as_deref()) != Some(scope.name) {
        let account = quote(scope.name);
        return Err(Status::bad_request(format!(
            "cannot bind token for serviceaccount {account} to pod running with different serviceaccount name."
        )));
    }
    let Some(name) = spec.and_then(|spec| spec.node_name.as_deref()).filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    match get::<Node>(core, "", name).await {
        Ok(node) => Ok(Some(of(&node))),
        Err(status) if status.is_not_found() => Ok(Some(Ref { name: name.to_owned(), uid: String::new() })),
        Err(status) => Err(status),
    }
}
