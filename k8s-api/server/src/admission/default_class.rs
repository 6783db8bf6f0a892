use async_trait::async_trait;
use k8s_api::{AnyObject, GroupVersionResource, Status};
use serde_json::Value;

use super::{Admission, AdmissionRequest, Lookup, Operation};

/// Gives objects that name no class the one that is annotated as the default.
#[derive(Debug)]
pub(super) struct DefaultClass {
    name: &'static str,
    /// Group and resource of the objects.
    of: (&'static str, &'static str),
    /// Group and resource of the classes, and the annotation of the default.
    classes: (&'static str, &'static str),
    annotation: &'static str,
    /// The field of `spec` that names the class.
    field: &'static str,
}

/// Upstream: `plugin/pkg/admission/storage/storageclass/setdefault`.
pub(super) const STORAGE: DefaultClass = DefaultClass {
    name: "DefaultStorageClass",
    of: ("", "persistentvolumeclaims"),
    classes: ("storage.k8s.io", "storageclasses"),
    annotation: "storageclass.kubernetes.io/is-default-class",
    field: "storageClassName",
};

/// Upstream: `plugin/pkg/admission/network/defaultingressclass`.
pub(super) const INGRESS: DefaultClass = DefaultClass {
    name: "DefaultIngressClass",
    of: ("networking.k8s.io", "ingresses"),
    classes: ("networking.k8s.io", "ingressclasses"),
    annotation: "ingressclass.kubernetes.io/is-default-class",
    field: "ingressClassName",
};

#[async_trait]
impl Admission for DefaultClass {
    fn name(&self) -> &'static str {
        self.name
    }

    fn handles(&self, request: &AdmissionRequest<'_>) -> bool {
        request.is(Operation::Create, self.of.0, self.of.1)
    }

    async fn admit(
        &self,
        _: &AdmissionRequest<'_>,
        object: Option<&mut dyn AnyObject>,
        cluster: &dyn Lookup,
    ) -> Result<(), Status> {
        let Some(object) = object else { return Ok(()) };
        let mut tree = object.to_value().map_err(Status::internal)?;
        if tree.pointer("/spec").and_then(|spec| spec.get(self.field)).is_some_and(|class| !class.is_null()) {
            return Ok(());
        }
        let Some(name) = self.default(cluster).await? else { return Ok(()) };
        let Some(spec) = tree.get_mut("spec").and_then(Value::as_object_mut) else { return Ok(()) };
        spec.insert(self.field.to_owned(), name.into());
        object.replace(tree).map_err(Status::internal)
    }
}

impl DefaultClass {
    /// The class with the annotation; of several, the youngest counts.
    async fn default(&self, cluster: &dyn Lookup) -> Result<Option<String>, Status> {
        let classes = GroupVersionResource::new(self.classes.0, "v1", self.classes.1);
        let mut found: Option<(String, String)> = None;
        for class in cluster.list(&classes, "").await? {
            let tree = class.to_value().map_err(Status::internal)?;
            let marked = tree.pointer("/metadata/annotations").and_then(|a| a.get(self.annotation));
            if marked.and_then(Value::as_str) != Some("true") {
                continue;
            }
            let born = tree.pointer("/metadata/creationTimestamp").and_then(Value::as_str).unwrap_or_default();
            if found.as_ref().is_none_or(|(other, _)| born > other.as_str()) {
                found = Some((born.to_owned(), class.meta().name.clone()));
            }
        }
        Ok(found.map(|(_, name)| name))
    }
}
