use std::time::Duration;

use k8s_api::Status;
use k8s_env::Env;
use k8s_openapi::api::events::v1::{Event, EventSeries};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Draft;
use super::core_writer::Tries;
use super::series::{Memory, Todo, Written};
use crate::{Client, PatchKind};

/// How often finished series are looked for, while there are any.
const FINISH_PERIOD: Duration = Duration::from_secs(6 * 60);

/// Every so many of those periods, running series are written as well: after 30 minutes.
const REFRESH_EVERY: u32 = 5;

/// Writes `events.k8s.io` events until the last recorder is gone.
pub(super) async fn run(client: Client, env: Env, mut drafts: mpsc::Receiver<Draft>) {
    let mut memory = Memory::default();
    let mut tick: Option<Instant> = None;
    let mut n_ticks = 0;
    loop {
        tokio::select! {
            biased;
            draft = drafts.recv() => {
                let Some(draft) = draft else { return };
                match memory.observe(draft, |draft| draft.new_name(&env.random)) {
                    Todo::Create(event) => create(&client, &env, &event).await,
                    Todo::Update(event) => {
                        tick.get_or_insert_with(|| Instant::now() + FINISH_PERIOD);
                        update(&client, &env, &event).await;
                    }
                    Todo::Nothing => {}
                }
            }
            () = sleep_until(tick) => {
                n_ticks += 1;
                let mut due = memory.finished(env.clock.now());
                if n_ticks % REFRESH_EVERY == 0 {
                    due.extend(memory.running());
                }
                for event in due {
                    update(&client, &env, &event).await;
                }
                tick = memory.has_series().then(|| Instant::now() + FINISH_PERIOD);
            }
        }
    }
}

async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

async fn create(client: &Client, env: &Env, event: &Written) {
    let api = client.namespaced::<Event>(event.draft.namespace());
    let mut tries = Tries::default();
    while let Some(pause) = tries.after(api.create(to_event(event)).await.map(drop), env) {
        tokio::time::sleep(pause).await;
    }
}

async fn update(client: &Client, env: &Env, event: &Written) {
    let mut tries = Tries::default();
    while let Some(pause) = tries.after(update_once(client, event).await, env) {
        tokio::time::sleep(pause).await;
    }
}

async fn update_once(client: &Client, event: &Written) -> Result<(), Status> {
    let api = client.namespaced::<Event>(event.draft.namespace());
    let patch = json!({ "series": series(event) });
    match api.patch(&event.name, PatchKind::Strategic, &patch).await {
        Err(status) if status.is_not_found() => api.create(to_event(event)).await.map(drop),
        other => other.map(drop),
    }
}

fn series(event: &Written) -> Option<EventSeries> {
    event.series.map(|(count, last)| EventSeries { count, last_observed_time: MicroTime(last) })
}

fn to_event(event: &Written) -> Event {
    let draft = &event.draft;
    let mut object = Event::default();
    object.metadata.name = Some(event.name.clone());
    object.metadata.namespace = Some(draft.namespace().to_owned());
    object.event_time = Some(MicroTime(draft.at));
    object.series = series(event);
    object.reporting_controller = Some(draft.source.component.to_string());
    object.reporting_instance = Some(instance(draft));
    object.action = Some(draft.action.clone());
    object.reason = Some(draft.reason.to_owned());
    object.regarding = Some(draft.regarding.clone());
    object.related.clone_from(&draft.related);
    object.note = Some(draft.message.clone());
    object.type_ = Some(draft.kind.as_str().to_owned());
    object
}

/// Upstream: the component and the host name. The API requires it, so without a host the component stands alone.
fn instance(draft: &Draft) -> String {
    let (component, host) = (&draft.source.component, &draft.source.host);
    if host.is_empty() { component.to_string() } else { format!("{component}-{host}") }
}
