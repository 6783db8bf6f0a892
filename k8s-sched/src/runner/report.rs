use std::collections::BTreeMap;

use k8s_api::Kind;
use k8s_api_client::events::{EventType, reference};
use k8s_api_client::{Client, PatchKind, Recorder};
use k8s_openapi::api::core::v1::{ObjectReference, Pod, PodCondition};
use serde_json::{Value, json};

use crate::PodInfo;

/// The longest note that an event may carry.
const NOTE_LIMIT: usize = 1024;

/// Tells people what became of pods.
#[derive(Clone, Debug)]
pub(super) struct Reporter {
    recorders: BTreeMap<String, Recorder>,
    fallback: Recorder,
}

impl Reporter {
    pub(super) fn new(recorder: Recorder, names: impl Iterator<Item = String>) -> Self {
        let source = |name: &str| k8s_api_client::events::Source::component(name);
        let recorders = names.map(|name| (name.clone(), recorder.as_source(source(&name)))).collect();
        Self { recorders, fallback: recorder }
    }

    pub(super) fn scheduled(&self, pod: &PodInfo, node: &str) {
        let message = format!("Successfully assigned {}/{} to {node}", pod.namespace, pod.name);
        self.tell(pod, reference_to(pod), EventType::Normal, "Scheduled", "Binding", message, None);
    }

    pub(super) fn failed(&self, pod: &PodInfo, message: &str) {
        self.tell(pod, reference_to(pod), EventType::Warning, "FailedScheduling", "Scheduling", cut(message), None);
    }

    pub(super) fn preempted(&self, victim: &PodInfo, preemptor: &PodInfo, node: &str) {
        let message = format!("Preempted by pod {} on node {node}", preemptor.uid);
        let related = Some(reference_to(preemptor));
        self.tell(preemptor, reference_to(victim), EventType::Normal, "Preempted", "Preempting", message, related);
    }

    #[expect(clippy::too_many_arguments, reason = "they are the fields of an event")]
    fn tell(
        &self,
        speaker: &PodInfo,
        regarding: ObjectReference,
        kind: EventType,
        reason: &'static str,
        action: &str,
        message: String,
        related: Option<ObjectReference>,
    ) {
        let recorder = self.recorders.get(&*speaker.scheduler_name).unwrap_or(&self.fallback);
        let mut draft = recorder.draft(regarding, kind, reason, message).action(action);
        if let Some(related) = related {
            draft = draft.related(related);
        }
        recorder.record(draft);
    }
}

fn reference_to(pod: &PodInfo) -> ObjectReference {
    let mut object = Pod::default();
    object.metadata.name = Some(pod.name.to_string());
    object.metadata.namespace = Some(pod.namespace.to_string());
    object.metadata.uid = Some(pod.uid.to_string());
    reference(&object)
}

fn cut(message: &str) -> String {
    const ELLIPSIS: &str = " ...";
    if message.len() <= NOTE_LIMIT {
        return message.to_owned();
    }
    let mut end = NOTE_LIMIT - ELLIPSIS.len();
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ELLIPSIS}", &message[..end])
}

/// A condition that is to be written into a pod's status.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) kind: &'static str,
    pub(super) status: &'static str,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl Condition {
    /// The patch of `pod`'s status that brings about the condition and the nominated node (empty for none, `None` to
    /// leave it as it is); `None` when all is so already.
    pub(super) fn patch(&self, pod: &Pod, nominated: Option<&str>, now: jiff::Timestamp) -> Option<Value> {
        let status = pod.status.as_ref();
        let known = status.and_then(|s| s.conditions.iter().flatten().find(|c| c.type_ == self.kind));
        let mut patch = json!({});
        if !known.is_some_and(|known| self.is(known, pod)) {
            // The time of the last transition is that of the last change of the status, not of the reason.
            let kept = known.filter(|known| known.status == self.status).and_then(|k| k.last_transition_time.clone());
            let time = kept.map_or(now, |time| time.0);
            patch["conditions"] = json!([{
                "type": self.kind,
                "status": self.status,
                "reason": self.reason,
                "message": self.message,
                "observedGeneration": pod.metadata.generation,
                "lastProbeTime": null,
                "lastTransitionTime": jiff::Timestamp::from_second(time.as_second()).unwrap_or(time).to_string(),
            }]);
        }
        let nominated_now = status.and_then(|s| s.nominated_node_name.as_deref()).unwrap_or_default();
        if let Some(nominated) = nominated
            && nominated != nominated_now
        {
            patch["nominatedNodeName"] = if nominated.is_empty() { Value::Null } else { nominated.into() };
        }
        let changes = patch.as_object().is_some_and(|patch| !patch.is_empty());
        changes.then(|| json!({ "metadata": { "uid": pod.metadata.uid }, "status": patch }))
    }

    fn is(&self, known: &PodCondition, pod: &Pod) -> bool {
        known.status == self.status
            && known.reason.as_deref() == Some(self.reason)
            && known.message.as_deref().unwrap_or_default() == self.message
            && known.observed_generation == pod.metadata.generation
    }
}

/// Writes a patch into the status of a pod.
pub(super) async fn write_status(client: &Client, pod: &Pod, patch: &Value) -> Result<(), k8s_api::Status> {
    let api = client.namespaced::<Pod>(pod.namespace());
    api.patch_status(pod.name(), PatchKind::Strategic, patch).await.map(drop)
}
