use k8s_api::selector::Selector;
use k8s_api::{AnyObject, Object, Status};
use k8s_api_client::{Call, PatchKind, Reply, Response, WriteOptions};
use k8s_openapi::api::autoscaling::v1::{Scale, ScaleSpec, ScaleStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use crate::core::{Core, Scope};
use crate::verbs::{self, Change};

/// Reads or writes how many replicas an object wants.
///
/// Upstream: `ScaleREST` of the workload kinds; works on every object that has `spec.replicas`.
pub(super) async fn call(core: &Core, scope: &Scope<'_>, call: Call) -> Result<Reply, Status> {
    let (wanted, options, mut warnings) = match call {
        Call::Get { resource_version } => {
            let object = verbs::get_object(core, scope, &resource_version).await?;
            return Ok(Response::Object { object: shown(&object)?, created: false }.into());
        }
        Call::Update(body, options) => {
            let (scale, warnings) = verbs::decode_kind::<Scale>(body, options.field_validation)?;
            (Wanted::Scale(Box::new(scale)), options, warnings)
        }
        Call::Patch(kind, patch, options) => {
            verbs::refuse_apply(kind)?;
            (Wanted::Patch(kind, patch), options, Vec::new())
        }
        _ => return Err(Status::method_not_allowed()),
    };
    let mut dropped = Vec::new();
    let mut make = |current: &Object, _: &dyn AnyObject| {
        let scale;
        (scale, dropped) = wanted.scale(current, &options)?;
        scaled(scope, current, &scale)
    };
    let mut notes = Vec::new();
    let whole = Scope { subresource: "", ..*scope };
    let plan = Change { make: &mut make, dry_run: options.dry_run };
    let outcome = verbs::change(core, &whole, plan, &mut notes).await;
    warnings.append(&mut dropped);
    warnings.append(&mut notes);
    match outcome {
        Ok(object) => Ok(Reply { response: Response::Object { object: shown(&object)?, created: false }, warnings }),
        Err(status) => Err(status.with_warnings(warnings)),
    }
}

enum Wanted {
    Scale(Box<Scale>),
    Patch(PatchKind, bytes::Bytes),
}

impl Wanted {
    /// The scale of an object as it should be, and what of the request was dropped.
    fn scale(&self, current: &Object, options: &WriteOptions) -> Result<(Scale, Vec<String>), Status> {
        match self {
            Self::Scale(scale) => Ok(((**scale).clone(), Vec::new())),
            Self::Patch(kind, patch) => {
                let tree = serde_json::to_value(scale_of(current)?).map_err(Status::internal)?;
                let gvk = <Scale as k8s_api::Kind>::gvk();
                let patched = verbs::patched(*kind, tree, patch, options.field_validation, &gvk)?;
                let scale = serde_json::from_value(patched.tree).map_err(|e| Status::bad_request(e.to_string()))?;
                Ok((scale, patched.warnings))
            }
        }
    }
}

fn scaled(scope: &Scope<'_>, current: &Object, scale: &Scale) -> Result<Box<dyn AnyObject>, Status> {
    let name = scale.metadata.name.as_deref().unwrap_or_default();
    if !name.is_empty() && name != scope.name {
        return Err(Status::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            scope.name
        )));
    }
    let replicas = scale.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or_default();
    if replicas < 0 {
        let path = k8s_api::field::Path::new("spec");
        let error =
            k8s_api::field::Error::invalid(&path.child("replicas"), replicas, "must be greater than or equal to 0");
        return Err(Status::invalid(&k8s_api::GroupKind::new("autoscaling", "Scale"), scope.name, &[error]));
    }
    let mut tree = current.to_value().map_err(Status::internal)?;
    tree["spec"]["replicas"] = replicas.into();
    // Whoever names no version scales whatever is there.
    match scale.metadata.resource_version.as_deref() {
        None | Some("") => drop(tree["metadata"].as_object_mut().and_then(|meta| meta.remove("resourceVersion"))),
        Some(version) => tree["metadata"]["resourceVersion"] = version.into(),
    }
    scope.resource.strategy.decode(tree).map_err(Status::internal)
}

fn shown(object: &Object) -> Result<Object, Status> {
    let body = serde_json::to_vec(&scale_of(object)?).map_err(Status::internal)?;
    Object::from_wire(body.into()).map_err(Status::internal)
}

fn scale_of(object: &Object) -> Result<Scale, Status> {
    let tree = object.to_value().map_err(Status::internal)?;
    let number = |path| tree.pointer(path).and_then(Value::as_i64).unwrap_or_default() as i32;
    let meta = object.meta();
    Ok(Scale {
        metadata: ObjectMeta {
            name: Some(meta.name.clone()),
            namespace: Some(meta.namespace.clone()),
            uid: Some(meta.uid.clone()),
            resource_version: Some(object.revision().to_string()),
            creation_timestamp: meta.creation_timestamp.clone(),
            ..ObjectMeta::default()
        },
        spec: Some(ScaleSpec { replicas: Some(number("/spec/replicas")) }),
        status: Some(ScaleStatus { replicas: number("/status/replicas"), selector: selector(&tree)? }),
    })
}

/// The selector as text: of the object form, or of the plain map that replication controllers have.
fn selector(tree: &Value) -> Result<Option<String>, Status> {
    let Some(selector) = tree.pointer("/spec/selector") else { return Ok(None) };
    let is_object = selector.get("matchLabels").is_some() || selector.get("matchExpressions").is_some();
    let selector = if is_object {
        let selector = serde_json::from_value(selector.clone()).map_err(Status::internal)?;
        Selector::of(Some(&selector)).map_err(Status::internal)?
    } else {
        Selector::of_map(&serde_json::from_value(selector.clone()).map_err(Status::internal)?)
    };
    Ok(Some(selector.to_string()))
}
