use std::time::Duration;

use k8s_api::{Reason, Status};
use k8s_env::Env;
use k8s_openapi::api::core::v1::{Event, EventSource};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::json;
use tokio::sync::mpsc;

use super::Draft;
use super::correlate::{Correlator, Seen};
use crate::{Client, PatchKind};

/// How often a write is tried when no server answers. Upstream: `maxTriesPerEvent`.
const TRIES: u32 = 12;

/// The pause between tries.
const PAUSE: Duration = Duration::from_secs(10);

/// Writes core events until the last recorder is gone.
pub(super) async fn run(client: Client, env: Env, mut drafts: mpsc::Receiver<Draft>) {
    let mut correlator = Correlator::new(env.random.clone());
    while let Some(mut draft) = drafts.recv().await {
        let Some(seen) = correlator.correlate(&mut draft) else { continue };
        let mut tries = Tries::default();
        while let Some(pause) = tries.after(write(&client, &env, &draft, &seen).await, &env) {
            tokio::time::sleep(pause).await;
        }
    }
}

/// Counts the tries of one write: until a server has answered, whatever it said, or patience ends.
#[derive(Default)]
pub(super) struct Tries(u32);

impl Tries {
    /// The pause before the next try; `None` when there should be none.
    pub(super) fn after(&mut self, outcome: Result<(), Status>, env: &Env) -> Option<Duration> {
        let status = outcome.err()?;
        if !matches!(status.reason, Reason::ServiceUnavailable | Reason::Timeout) {
            tracing::debug!(%status, "the server refused an event");
            return None;
        }
        self.0 += 1;
        tracing::debug!(%status, tries = self.0, "no server took an event");
        // All recorders lose their server at once; the first pause spreads them.
        let share = if self.0 == 1 { env.random.unit() } else { 1.0 };
        (self.0 < TRIES).then(|| PAUSE.mul_f64(share))
    }
}

async fn write(client: &Client, env: &Env, draft: &Draft, seen: &Seen) -> Result<(), Status> {
    let api = client.namespaced::<Event>(draft.namespace());
    if seen.count > 1 {
        let patch = json!({ "count": seen.count, "lastTimestamp": Time(draft.at), "message": draft.message });
        match api.patch(&seen.name, PatchKind::Strategic, &patch).await {
            Err(status) if status.is_not_found() => {}
            other => return other.map(drop),
        }
    }
    match api.create(to_event(draft, seen, seen.name.clone())).await {
        // Another component said something about the same object in the same moment.
        Err(status) if status.is_already_exists() => {
            api.create(to_event(draft, seen, draft.new_name(&env.random))).await.map(drop)
        }
        other => other.map(drop),
    }
}

fn to_event(draft: &Draft, seen: &Seen, name: String) -> Event {
    let host = draft.source.host.to_string();
    let component = draft.source.component.to_string();
    let mut event = Event::default();
    event.metadata.name = Some(name);
    event.metadata.namespace = Some(draft.namespace().to_owned());
    event.involved_object = draft.regarding.clone();
    event.reason = Some(draft.reason.to_owned());
    event.message = Some(draft.message.clone());
    event.type_ = Some(draft.kind.as_str().to_owned());
    event.count = Some(seen.count);
    event.first_timestamp = Some(Time(seen.first.unwrap_or(draft.at)));
    event.last_timestamp = Some(Time(draft.at));
    event.reporting_component = Some(component.clone());
    event.reporting_instance = Some(host.clone());
    event.source = Some(EventSource { component: Some(component), host: (!host.is_empty()).then_some(host) });
    event
}
