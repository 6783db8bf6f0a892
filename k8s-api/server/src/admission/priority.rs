use async_trait::async_trait;
use k8s_api::{AnyObject, GroupVersionResource, Status};
use k8s_openapi::api::core::v1::{Pod, PodSpec};
use k8s_openapi::api::scheduling::v1::PriorityClass;
use serde_json::Value;

use super::{Admission, AdmissionRequest, Lookup, Operation};

/// Resolves a pod's priority class to the number that the scheduler compares.
///
/// Upstream: `plugin/pkg/admission/priority`.
#[derive(Debug)]
pub(super) struct Priority;

#[async_trait]
impl Admission for Priority {
    fn name(&self) -> &'static str {
        "Priority"
    }

    fn handles(&self, request: &AdmissionRequest<'_>) -> bool {
        let class = |operation| request.is(operation, "scheduling.k8s.io", "priorityclasses");
        request.is(Operation::Create, "", "pods") || class(Operation::Create) || class(Operation::Update)
    }

    async fn admit(
        &self,
        request: &AdmissionRequest<'_>,
        object: Option<&mut dyn AnyObject>,
        cluster: &dyn Lookup,
    ) -> Result<(), Status> {
        let Some(spec) = object.and_then(|o| o.as_any_mut().downcast_mut::<Pod>()).and_then(|pod| pod.spec.as_mut())
        else {
            return Ok(());
        };
        let class = match spec.priority_class_name.as_deref() {
            None | Some("") => default_class(cluster).await?,
            Some(name) => {
                let found = cluster.get(&classes(), "", name).await?;
                let Some(found) = found else {
                    return Err(request.forbid(&format!("no PriorityClass with name {name} was found")));
                };
                Some(found.typed::<PriorityClass>().map_err(Status::internal)?)
            }
        };
        resolve(request, spec, class.as_deref())
    }

    async fn validate(
        &self,
        request: &AdmissionRequest<'_>,
        object: Option<&dyn AnyObject>,
        cluster: &dyn Lookup,
    ) -> Result<(), Status> {
        let Some(class) = object.filter(|_| request.resource.resource == "priorityclasses") else { return Ok(()) };
        // The server has no type for classes: they come as trees.
        let tree = class.to_value().map_err(Status::internal)?;
        if tree.get("globalDefault").and_then(Value::as_bool) != Some(true) {
            return Ok(());
        }
        match default_class(cluster).await? {
            Some(other) if other.metadata.name != class.meta().name => {
                let other = other.metadata.name.as_deref().unwrap_or_default();
                Err(request.forbid(&format!(
                    "PriorityClass {other} is already marked as globalDefault. Only one default can exist"
                )))
            }
            _ => Ok(()),
        }
    }
}

fn resolve(request: &AdmissionRequest<'_>, spec: &mut PodSpec, class: Option<&PriorityClass>) -> Result<(), Status> {
    let priority = class.and_then(|c| c.value).unwrap_or_default();
    let preemption = class.and_then(|c| c.preemption_policy.as_deref()).unwrap_or("PreemptLowerPriority");
    if spec.priority_class_name.as_deref().is_none_or(str::is_empty) {
        spec.priority_class_name = class.and_then(|c| c.metadata.name.clone());
    }
    let refuse = |what: &str, computed: &str| {
        request.forbid(&format!(
            "the {what} must not be provided in pod spec; priority admission controller computed {computed} from the given PriorityClass name"
        ))
    };
    if let Some(given) = spec.priority.filter(|given| *given != priority) {
        return Err(refuse(&format!("integer value of priority ({given})"), &priority.to_string()));
    }
    if let Some(given) = spec.preemption_policy.as_deref().filter(|given| *given != preemption) {
        return Err(refuse(&format!("string value of PreemptionPolicy ({given})"), preemption));
    }
    spec.priority = Some(priority);
    spec.preemption_policy = Some(preemption.to_owned());
    Ok(())
}

/// Of several default classes the one with the lowest value counts.
async fn default_class(cluster: &dyn Lookup) -> Result<Option<std::sync::Arc<PriorityClass>>, Status> {
    let mut found: Option<std::sync::Arc<PriorityClass>> = None;
    for object in cluster.list(&classes(), "").await? {
        let class = object.typed::<PriorityClass>().map_err(Status::internal)?;
        if class.global_default == Some(true) && found.as_ref().is_none_or(|f| class.value < f.value) {
            found = Some(class);
        }
    }
    Ok(found)
}

fn classes() -> GroupVersionResource {
    GroupVersionResource::new("scheduling.k8s.io", "v1", "priorityclasses")
}
