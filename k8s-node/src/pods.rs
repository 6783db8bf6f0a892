//! All pods of the node: which task gets which news.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt;
use k8s_api::Kind;
use k8s_api_client::informer::Event;
use k8s_api_client::{Informer, informer};
use k8s_cri::{Event as RuntimeEvent, EventKind, EventStream};
use k8s_env::Spawner;
use k8s_openapi::api::core::v1::{Node, Pod};
use parking_lot::Mutex;

use crate::admission::Admission;
use crate::context::Context;
use crate::pod::{Found, Mailbox, Worker};

/// The pods of one node.
pub(crate) struct Pods {
    context: Arc<Context>,
    spawner: Spawner,
    node: Informer<Node>,
    mailboxes: Mutex<BTreeMap<String, Arc<Mailbox>>>,
    admission: Mutex<Admission>,
    found: Mutex<BTreeMap<String, Found>>,
}

impl Pods {
    pub(crate) fn new(
        context: Arc<Context>,
        spawner: Spawner,
        node: Informer<Node>,
        found: BTreeMap<String, Found>,
    ) -> Arc<Self> {
        let (mailboxes, admission) = (Mutex::default(), Mutex::default());
        Arc::new(Self { context, spawner, node, mailboxes, admission, found: Mutex::new(found) })
    }

    /// Follows the pods that are bound to the node.
    pub(crate) async fn follow(self: Arc<Self>, mut events: informer::Events<Pod>) {
        self.node.synced().await;
        while let Some(batch) = events.next_batch().await {
            for event in batch {
                match event {
                    Event::Added(pod) => self.see(pod),
                    Event::Updated { old, new } if old.uid() != new.uid() => {
                        self.lose(&old);
                        self.see(new);
                    }
                    Event::Updated { new, .. } => self.see(new),
                    Event::Deleted(pod) => self.lose(&pod),
                }
            }
        }
    }

    /// Follows what happens in sandboxes.
    pub(crate) async fn follow_runtime(context: Arc<Context>, mut events: EventStream) {
        while let Some(event) = events.next().await {
            let sandbox = match event {
                RuntimeEvent::Sandbox { id, kind: EventKind::Stopped | EventKind::Deleted, .. } => id,
                RuntimeEvent::Container { sandbox, kind: EventKind::Stopped | EventKind::Deleted, .. } => sandbox,
                RuntimeEvent::Missed => {
                    context.routes.all().iter().for_each(|mailbox| mailbox.runtime_changed());
                    continue;
                }
                // What this agent starts it knows already.
                _ => continue,
            };
            if let Some(mailbox) = context.routes.find(&sandbox) {
                mailbox.runtime_changed();
            }
        }
    }

    fn see(self: &Arc<Self>, pod: Arc<Pod>) {
        let known = self.mailboxes.lock().get(pod.uid()).cloned();
        match known {
            Some(mailbox) => mailbox.pod_changed(pod),
            None => self.begin(pod),
        }
    }

    fn lose(&self, pod: &Pod) {
        if let Some(mailbox) = self.mailboxes.lock().get(pod.uid()) {
            mailbox.pod_gone();
        }
    }

    fn begin(self: &Arc<Self>, pod: Arc<Pod>) {
        let mailbox = Arc::new(Mailbox::default());
        let uid = pod.uid().to_owned();
        self.mailboxes.lock().insert(uid.clone(), mailbox.clone());
        let found = self.found.lock().remove(&uid).unwrap_or_default();
        let node = self.node.reader().get("", &self.context.name);
        let verdict = match node {
            // What ran before the agent started was let in then.
            Some(node) if found.sandboxes.is_empty() => self.admission.lock().admit(&pod, &node),
            _ => {
                self.admission.lock().take(&pod);
                None
            }
        };
        let context = self.context.clone();
        let worker = match verdict {
            Some(verdict) => {
                crate::admission::tell(&context, &pod, &verdict);
                Worker::rejecting(context, pod, mailbox, verdict)
            }
            None => Worker::new(context, pod, mailbox, found),
        };
        let pods = self.clone();
        self.spawner.spawn(async move {
            worker.run().await;
            pods.mailboxes.lock().remove(&uid);
            pods.admission.lock().release(&uid);
        });
    }
}

impl std::fmt::Debug for Pods {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pods").field("known", &self.mailboxes.lock().len()).finish_non_exhaustive()
    }
}
