use bytes::Bytes;
use k8s_api::{AnyObject, GroupVersionKind, Object, Status};
use k8s_api_client::{FieldValidation, PatchKind, Reply, Response, WriteOptions};
use k8s_api_patch::decode::Decoded;

use serde_json::Value;

use super::body::{misfit, strictness, target};
use super::finish::{Change, change};
use crate::core::{Core, Scope};

/// Changes parts of an object, or of the part of it that is the scope's subresource.
pub(crate) async fn patch(
    core: &Core,
    scope: &Scope<'_>,
    kind: PatchKind,
    patch: &Bytes,
    options: &WriteOptions,
) -> Result<Reply, Status> {
    refuse_apply(kind)?;
    let (mut warnings, mut dropped) = (Vec::new(), Vec::new());
    let gvk = scope.resource.info.gvk();
    let mut make = |current: &Object, _: &dyn AnyObject| -> Result<Box<dyn AnyObject>, Status> {
        let tree = current.to_value().map_err(Status::internal)?;
        let decoded = patched(kind, tree, patch, options.field_validation, &gvk)?;
        dropped = decoded.warnings;
        scope.resource.strategy.decode(decoded.tree).map_err(|e| misfit(&gvk, &e))
    };
    let plan = Change { make: &mut make, dry_run: options.dry_run };
    let outcome = change(core, scope, plan, &mut warnings).await;
    dropped.append(&mut warnings);
    match outcome {
        Ok(object) => Ok(Reply { response: Response::Object { object, created: false }, warnings: dropped }),
        Err(status) => Err(status.with_warnings(dropped)),
    }
}

/// Applies a patch to the tree of a built-in kind.
pub(crate) fn patched(
    kind: PatchKind,
    tree: Value,
    patch: &Bytes,
    validation: FieldValidation,
    gvk: &GroupVersionKind,
) -> Result<Decoded, Status> {
    let kind = match kind {
        PatchKind::Json => k8s_api_patch::patch::PatchKind::Json,
        PatchKind::Merge => k8s_api_patch::patch::PatchKind::Merge,
        PatchKind::Strategic => k8s_api_patch::patch::PatchKind::Strategic,
        PatchKind::Apply => return Err(no_apply()),
    };
    k8s_api_patch::patch::apply(kind, tree, patch, strictness(validation), target(gvk)?)
}

/// Refuses the kind of patch that this server does not have, before anything is said about the object.
pub(crate) fn refuse_apply(kind: PatchKind) -> Result<(), Status> {
    if kind == PatchKind::Apply { Err(no_apply()) } else { Ok(()) }
}

fn no_apply() -> Status {
    Status::unsupported_media_type(
        "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json",
    )
}
