use k8s_api::{AnyObject, Status};
use k8s_api_client::{Body, Reply, Response, WriteOptions};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::body::decode;
use super::create::insert;
use super::finish::{Change, GivenName, change, metadata_of_request};
use super::owners::{self, Noticed};
use crate::core::{Core, Scope};

/// Replaces an object, or the part of it that is the scope's subresource.
pub(crate) async fn update(
    core: &Core,
    scope: &Scope<'_>,
    body: Body,
    options: &WriteOptions,
) -> Result<Reply, Status> {
    let resource = scope.resource;
    let (mut object, mut warnings) = decode(body, &*resource.strategy, &resource.info.gvk(), options.field_validation)?;
    // Whose name it has comes before whether there is such an object.
    if let Err(status) = metadata_of_request(scope, object.meta_mut(), GivenName::OfUrl) {
        return Err(status.with_warnings(warnings));
    }
    owners::dedup(object.meta_mut(), Noticed::InRequest, &mut warnings);
    match replace(core, scope, object, options.dry_run, &mut warnings).await {
        Ok((object, created)) => Ok(Reply { response: Response::Object { object, created }, warnings }),
        Err(status) => Err(status.with_warnings(warnings)),
    }
}

async fn replace(
    core: &Core,
    scope: &Scope<'_>,
    object: Box<dyn AnyObject>,
    dry_run: bool,
    warnings: &mut Vec<String>,
) -> Result<(k8s_api::Object, bool), Status> {
    let facts = &scope.resource.facts;
    let conditional = object.meta().resource_version.as_deref().is_some_and(|rv| !matches!(rv, "" | "0"));
    let mut notes = Vec::new();
    let mut once = Some(object);
    let mut make = |current: &k8s_api::Object, _: &dyn AnyObject| {
        if !conditional && !facts.unconditional_update {
            return Err(must_name_version(scope));
        }
        // An update of just this version is made once, so its object need not be kept for another time.
        let last = once.as_ref().is_some_and(|o| is_of(o.meta(), current));
        let made = if last { once.take() } else { once.as_ref().map(|o| o.clone_box()) };
        made.ok_or_else(|| Status::stale(scope.resource.gvr(), scope.name))
    };
    let outcome = change(core, scope, Change { make: &mut make, dry_run }, &mut notes).await;
    warnings.append(&mut notes);
    match (outcome, once) {
        (Err(status), Some(mut object)) if status.is_not_found() && facts.create_on_update && !conditional => {
            object.meta_mut().name.get_or_insert_with(|| scope.name.to_owned());
            Ok((insert(core, scope, object, dry_run, warnings).await?, true))
        }
        (outcome, _) => Ok((outcome?, false)),
    }
}

/// Whether an object names the version that another one has.
fn is_of(meta: &ObjectMeta, current: &k8s_api::Object) -> bool {
    meta.resource_version.as_deref().and_then(|version| version.parse().ok()) == Some(current.revision())
}

fn must_name_version(scope: &Scope<'_>) -> Status {
    let path = k8s_api::field::Path::new("metadata").child("resourceVersion");
    let error = k8s_api::field::Error::invalid(&path, 0_i64, "must be specified for an update");
    // Upstream names the resource here where every other 422 names the kind.
    let gvr = scope.resource.gvr();
    Status::invalid(&k8s_api::GroupKind::new(gvr.group.clone(), gvr.resource.clone()), scope.name, &[error])
}
