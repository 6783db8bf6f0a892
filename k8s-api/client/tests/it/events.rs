#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use k8s_api_client::Recorder;
use k8s_api_client::events::{EventApi, EventType, Source, reference};
use k8s_env::Tasks;
use k8s_openapi::api::core::v1::{ConfigMap, Event};
use k8s_openapi::api::events::v1::Event as Modern;

use crate::world::World;

struct Desk {
    world: World,
    recorder: Recorder,
    subject: ConfigMap,
    _tasks: Tasks,
}

async fn desk(api: EventApi) -> Desk {
    let world = World::new().await;
    let tasks = Tasks::new();
    let source = Source::component("teller");
    let recorder = Recorder::start(world.rough.clone(), api, source, world.env.clone(), &tasks.spawner());
    let mut subject = ConfigMap::default();
    subject.metadata.name = Some("subject".to_owned());
    subject.metadata.namespace = Some("default".to_owned());
    Desk { world, recorder, subject, _tasks: tasks }
}

impl Desk {
    fn say(&self, message: impl Into<String>) {
        self.recorder.event(&self.subject, EventType::Normal, "Said", message);
    }

    /// Message and count of all events, sorted.
    async fn written(&self) -> Vec<String> {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let events = self.world.admin.namespaced::<Event>("default").list(Default::default()).await.unwrap().items;
        let text = |event: &Event| {
            format!("{} x{}", event.message.as_deref().unwrap_or_default(), event.count.unwrap_or_default())
        };
        let mut texts: Vec<_> = events.iter().map(|event| text(event)).collect();
        texts.sort();
        texts
    }
}

#[tokio::test(start_paused = true)]
async fn repetitions_are_counted() {
    let desk = desk(EventApi::Core).await;
    for _ in 0..3 {
        desk.say("hello");
    }
    desk.say("bye");
    assert_eq!(desk.written().await, ["bye x1", "hello x3"]);
    let events = desk.world.admin.namespaced::<Event>("default").list(Default::default()).await.unwrap().items;
    let event = &events[0];
    assert!(event.metadata.name.as_ref().unwrap().starts_with("subject."));
    assert_eq!(event.reporting_component.as_deref(), Some("teller"));
    assert_eq!(event.involved_object.name.as_deref(), Some("subject"));
}

#[tokio::test(start_paused = true)]
async fn many_messages_of_one_reason_become_one_event() {
    let desk = desk(EventApi::Core).await;
    for i in 0..15 {
        desk.say(format!("number {i}"));
    }
    let written = desk.written().await;
    assert_eq!(written.len(), 10);
    assert_eq!(written[0], "(combined from similar events): number 14 x6");
}

#[tokio::test(start_paused = true)]
async fn after_a_burst_there_is_one_every_five_minutes() {
    let desk = desk(EventApi::Core).await;
    for _ in 0..100 {
        desk.say("hello");
    }
    assert_eq!(desk.written().await, ["hello x25"]);
    tokio::time::sleep(Duration::from_secs(301)).await;
    desk.say("hello");
    assert_eq!(desk.written().await, ["hello x101"]);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_drops_and_blocks_nobody() {
    let desk = desk(EventApi::Core).await;
    desk.world.road.unreachable.store(usize::MAX, std::sync::atomic::Ordering::SeqCst);
    for i in 0..5000 {
        desk.say(format!("number {i}"));
    }
    assert!(desk.written().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_series_is_written_when_it_begins_and_when_it_ends() {
    let desk = desk(EventApi::Events).await;
    let draft = || desk.recorder.draft(reference(&desk.subject), EventType::Normal, "Said", "hello").action("Saying");
    for _ in 0..5 {
        desk.recorder.record(draft());
    }
    let count = async || {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let events = desk.world.admin.namespaced::<Modern>("default").list(Default::default()).await.unwrap().items;
        assert_eq!(events.len(), 1);
        events[0].series.as_ref().map(|series| series.count)
    };
    assert_eq!(count().await, Some(2));
    tokio::time::sleep(Duration::from_secs(13 * 60)).await;
    assert_eq!(count().await, Some(5));
}
