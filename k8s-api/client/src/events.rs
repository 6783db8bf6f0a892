//! Events: what components tell people about objects.
//!
//! A [`Recorder`] never blocks and never fails its caller: it puts the event into a bounded queue, from which one task
//! writes. What does not fit is dropped, as upstream's recorders do.
//!
//! Upstream: `k8s.io/client-go/tools/record` for [`EventApi::Core`], which most controllers and the node agent use, and
//! `k8s.io/client-go/tools/events` for [`EventApi::Events`], which the scheduler uses.

mod aggregate;
mod core_writer;
mod correlate;
mod draft;
mod recent;
mod series;
mod series_writer;

use std::sync::Arc;

use k8s_api::Kind;
use k8s_env::{Env, Spawner};
use k8s_openapi::api::core::v1::ObjectReference;
use tokio::sync::mpsc;

use crate::Client;
pub use draft::{Draft, EventType};

/// How many events may wait to be written; more are dropped. Upstream: `maxQueuedEvents`.
const QUEUED: usize = 1000;

/// Through which API events are written, and with it by which rules they are counted and held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventApi {
    /// `v1`: repetitions are counted; more than ten of one reason within ten minutes become one; after 25 in a row
    /// about one object there is one every five minutes.
    Core,
    /// `events.k8s.io/v1`: repetitions become a series whose count is written now and then.
    Events,
}

/// Who speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The component, `deployment-controller`.
    pub component: Arc<str>,
    /// The machine; empty for controllers.
    pub host: Arc<str>,
}

/// Writes events as one component. Cloning shares the queue.
#[derive(Clone, Debug)]
pub struct Recorder {
    source: Source,
    queue: mpsc::Sender<Draft>,
    env: Env,
}

impl Source {
    /// A component of no particular machine.
    pub fn component(name: &str) -> Self {
        Self { component: name.into(), host: "".into() }
    }

    /// A component of a machine.
    pub fn at(name: &str, host: &str) -> Self {
        Self { component: name.into(), host: host.into() }
    }
}

impl Recorder {
    /// Starts the task that writes events as `client`'s identity; it ends with the tasks that `spawner` belongs to, or
    /// with the last clone of the recorder.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(client: Client, api: EventApi, source: Source, env: Env, spawner: &Spawner) -> Self {
        let (queue, drafts) = mpsc::channel(QUEUED);
        match api {
            EventApi::Core => spawner.spawn(core_writer::run(client, env.clone(), drafts)),
            EventApi::Events => spawner.spawn(series_writer::run(client, env.clone(), drafts)),
        };
        Self { source, queue, env }
    }

    /// The same queue and rules for another component.
    pub fn as_source(&self, source: Source) -> Self {
        Self { source, queue: self.queue.clone(), env: self.env.clone() }
    }

    /// Records that something happened to `object`; `reason` is a word for programs, `message` a sentence for people.
    pub fn event<K: Kind>(&self, object: &K, kind: EventType, reason: &'static str, message: impl Into<String>) {
        self.record(self.draft(reference(object), kind, reason, message));
    }

    /// As [`Recorder::event`] for an object of which only a reference is known.
    pub fn event_for(
        &self,
        object: ObjectReference,
        kind: EventType,
        reason: &'static str,
        message: impl Into<String>,
    ) {
        self.record(self.draft(object, kind, reason, message));
    }

    /// Prepares an event, to be completed with an action or a related object and then [recorded](Recorder::record).
    pub fn draft(
        &self,
        object: ObjectReference,
        kind: EventType,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Draft {
        Draft {
            source: self.source.clone(),
            regarding: object,
            related: None,
            kind,
            reason,
            action: String::new(),
            message: message.into(),
            at: self.env.clock.now(),
        }
    }

    /// Queues an event to be written.
    pub fn record(&self, draft: Draft) {
        if let Err(error) = self.queue.try_send(draft) {
            tracing::debug!(%error, "dropped an event");
        }
    }
}

/// A reference to `object` as events carry it.
pub fn reference<K: Kind>(object: &K) -> ObjectReference {
    let meta = object.metadata();
    ObjectReference {
        api_version: Some(K::API_VERSION.to_owned()),
        kind: Some(K::KIND.to_owned()),
        name: meta.name.clone(),
        namespace: meta.namespace.clone(),
        resource_version: meta.resource_version.clone(),
        uid: meta.uid.clone(),
        field_path: None,
    }
}
