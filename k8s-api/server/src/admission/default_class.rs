use async_trait::async_trait;
use k8s_api::{AnyObject, GroupVersionResource, Status};
use serde_json::Value;

use super::{Admission, AdmissionRequest, Lookup, Operation};

/// Gives claims that name no storage class the default one.
///
/// Upstream: `plugin/pkg/admission/storage/storageclass/setdefault`.
#[derive(Debug)]
pub(super) struct DefaultStorageClass;

/// Gives ingresses that name no class the default one.
///
/// Upstream: `plugin/pkg/admission/network/defaultingressclass`.
#[derive(Debug)]
pub(super) struct DefaultIngressClass;

#[async_trait]
impl Admission for DefaultStorageClass {
    fn name(&self) -> &'static str {
        "DefaultStorageClass"
    }

    fn handles(&self, request: &AdmissionRequest<'_>) -> bool {
        request.is(Operation::Create, "", "persistentvolumeclaims")
    }

    async fn admit(
        &self,
        _: &AdmissionRequest<'_>,
        object: Option<&mut dyn AnyObject>,
        cluster: &dyn Lookup,
    ) -> Result<(), Status> {
        let classes = GroupVersionResource::new("storage.k8s.io", "v1", "storageclasses");
        let annotation = "storageclass.kubernetes.io/is-default-class";
        set_default(object, cluster, &classes, annotation, "storageClassName").await
    }

    async fn validate(
        &self,
        _: &AdmissionRequest<'_>,
        _: Option<&dyn AnyObject>,
        _: &dyn Lookup,
    ) -> Result<(), Status> {
        Ok(())
    }
}

#[async_trait]
impl Admission for DefaultIngressClass {
    fn name(&self) -> &'static str {
        "DefaultIngressClass"
    }

    fn handles(&self, request: &AdmissionRequest<'_>) -> bool {
        request.is(Operation::Create, "networking.k8s.io", "ingresses")
    }

    async fn admit(
        &self,
        _: &AdmissionRequest<'_>,
        object: Option<&mut dyn AnyObject>,
        cluster: &dyn Lookup,
    ) -> Result<(), Status> {
        let classes = GroupVersionResource::new("networking.k8s.io", "v1", "ingressclasses");
        let annotation = "ingressclass.kubernetes.io/is-default-class";
        set_default(object, cluster, &classes, annotation, "ingressClassName").await
    }

    async fn validate(
        &self,
        _: &AdmissionRequest<'_>,
        _: Option<&dyn AnyObject>,
        _: &dyn Lookup,
    ) -> Result<(), Status> {
        Ok(())
    }
}

/// Sets `spec.<field>` to the class that is annotated as the default; of several, the youngest counts.
async fn set_default(
    object: Option<&mut dyn AnyObject>,
    cluster: &dyn Lookup,
    classes: &GroupVersionResource,
    annotation: &str,
    field: &str,
) -> Result<(), Status> {
    let Some(object) = object else { return Ok(()) };
    let mut tree = object.to_value().map_err(Status::internal)?;
    if tree.pointer(&format!("/spec/{field}")).is_some_and(|v| !v.is_null()) {
        return Ok(());
    }
    let mut found: Option<(String, String)> = None;
    for class in cluster.list(classes, "").await? {
        let class_tree = class.to_value().map_err(Status::internal)?;
        let marked = class_tree.pointer("/metadata/annotations").and_then(|a| a.get(annotation));
        if marked.and_then(Value::as_str) != Some("true") {
            continue;
        }
        let born = class_tree.pointer("/metadata/creationTimestamp").and_then(Value::as_str).unwrap_or_default();
        if found.as_ref().is_none_or(|(other, _)| born > other.as_str()) {
            found = Some((born.to_owned(), class.meta().name.clone()));
        }
    }
    let (Some((_, name)), Some(spec)) = (found, tree.get_mut("spec").and_then(Value::as_object_mut)) else {
        return Ok(());
    };
    spec.insert(field.to_owned(), name.into());
    object.replace(tree).map_err(Status::internal)
}
