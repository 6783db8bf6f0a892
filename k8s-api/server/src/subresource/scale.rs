use k8s_api::selector::Selector;
use k8s_api::{AnyObject, Object, Status};
use k8s_api_client::{Call, FieldValidation, Reply, Response};
use k8s_openapi::api::autoscaling::v1::{Scale, ScaleSpec, ScaleStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use crate::core::{Core, Scope};
use crate::verbs::{self, Change};

/// How often a scaling that names no resourceVersion is made again after losing a race.
const ATTEMPTS: usize = 16;

/// Reads or writes how many replicas an object wants.
///
/// Upstream: `ScaleREST` of the workload kinds; works on every object that has `spec.replicas`.
pub(super) async fn call(core: &Core, scope: &Scope<'_>, call: Call) -> Result<Reply, Status> {
    let (wanted, dry_run, mut warnings) = match call {
        Call::Get { resource_version } => {
            let object = verbs::get_object(core, scope, &resource_version).await?;
            return Ok(Response::Object { object: shown(&object)?, created: false }.into());
        }
        Call::Update(body, options) => {
            let (scale, warnings) = verbs::decode_kind::<Scale>(body, options.field_validation)?;
            (Wanted::Scale(Box::new(scale)), options.dry_run, warnings)
        }
        Call::Patch(kind, patch, options) => (Wanted::Patch(kind, patch), options.dry_run, Vec::new()),
        _ => return Err(Status::method_not_allowed()),
    };
    let mut make = |current: &Object, _: &dyn AnyObject| {
        let scale = wanted.scale(current)?;
        scaled(scope, current, &scale)
    };
    let mut notes = Vec::new();
    let object = verbs::change(
        core,
        &Scope { subresource: "", ..*scope },
        Change { make: &mut make, attempts: ATTEMPTS, dry_run },
        &mut notes,
    )
    .await?;
    warnings.append(&mut notes);
    Ok(Reply { response: Response::Object { object: shown(&object)?, created: false }, warnings })
}

enum Wanted {
    Scale(Box<Scale>),
    Patch(k8s_api_client::PatchKind, bytes::Bytes),
}

impl Wanted {
    fn scale(&self, current: &Object) -> Result<Scale, Status> {
        match self {
            Self::Scale(scale) => Ok((**scale).clone()),
            Self::Patch(kind, patch) => {
                let tree = serde_json::to_value(scale_of(current)?).map_err(Status::internal)?;
                let gvk = <Scale as k8s_api::Kind>::gvk();
                let patched = verbs::patched(*kind, tree, patch, FieldValidation::Warn, &gvk)?;
                serde_json::from_value(patched.tree).map_err(|e| Status::bad_request(e.to_string()))
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
