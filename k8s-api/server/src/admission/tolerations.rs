use async_trait::async_trait;
use k8s_api::{AnyObject, Status};
use k8s_openapi::api::core::v1::{Pod, Toleration};

use super::{Admission, AdmissionRequest, Lookup, Operation};

/// Lets pods stay five minutes on a node that is not ready or cannot be reached, unless they say otherwise.
///
/// Upstream: `plugin/pkg/admission/defaulttolerationseconds`.
#[derive(Debug)]
pub(super) struct DefaultTolerationSeconds;

const SECONDS: i64 = 300;

#[async_trait]
impl Admission for DefaultTolerationSeconds {
    fn name(&self) -> &'static str {
        "DefaultTolerationSeconds"
    }

    fn handles(&self, request: &AdmissionRequest<'_>) -> bool {
        request.is(Operation::Create, "", "pods") || request.is(Operation::Update, "", "pods")
    }

    async fn admit(
        &self,
        _: &AdmissionRequest<'_>,
        object: Option<&mut dyn AnyObject>,
        _: &dyn Lookup,
    ) -> Result<(), Status> {
        let Some(pod) = object.and_then(|o| o.as_any_mut().downcast_mut::<Pod>()) else { return Ok(()) };
        let Some(spec) = &mut pod.spec else { return Ok(()) };
        let tolerations = spec.tolerations.get_or_insert_default();
        for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
            if !tolerations.iter().any(|t| tolerates(t, key)) {
                tolerations.push(toleration(key));
            }
        }
        Ok(())
    }
}

fn tolerates(toleration: &Toleration, key: &str) -> bool {
    let is_unset_or =
        |field: &Option<String>, wanted: &str| field.as_deref().is_none_or(|f| f.is_empty() || f == wanted);
    is_unset_or(&toleration.key, key) && is_unset_or(&toleration.effect, "NoExecute")
}

fn toleration(key: &str) -> Toleration {
    Toleration {
        key: Some(key.to_owned()),
        operator: Some("Exists".to_owned()),
        effect: Some("NoExecute".to_owned()),
        toleration_seconds: Some(SECONDS),
        value: None,
    }
}
