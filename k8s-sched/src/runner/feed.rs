use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use k8s_api::Kind;
use k8s_api_client::informer::{Event, Events};
use k8s_api_client::{Informer, Informers};

/// The changes of one kind, of which those that have arrived can be taken without waiting.
pub(super) struct Feed<K> {
    informer: Informer<K>,
    events: Events<K>,
    arrived: VecDeque<Event<K>>,
}

impl<K: Kind> Feed<K> {
    pub(super) fn of(informers: &Informers) -> Self {
        Self::from(informers.get())
    }

    pub(super) fn from(informer: Informer<K>) -> Self {
        Self { events: informer.subscribe(), informer, arrived: VecDeque::new() }
    }

    pub(super) fn informer(&self) -> &Informer<K> {
        &self.informer
    }

    pub(super) async fn synced(&self) {
        self.informer.synced().await;
    }

    /// Ready when something has arrived; keeps it to be [taken](Feed::take).
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.arrived.is_empty() {
            return Poll::Ready(());
        }
        match Pin::new(&mut self.events).poll_next(cx) {
            Poll::Ready(Some(event)) => {
                self.arrived.push_back(event);
                Poll::Ready(())
            }
            // An informer that has ended has nothing more to say.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    /// The next change that has arrived.
    pub(super) fn take(&mut self) -> Option<Event<K>> {
        if self.arrived.is_empty() {
            let mut cx = Context::from_waker(std::task::Waker::noop());
            let _ = self.poll(&mut cx);
        }
        self.arrived.pop_front()
    }
}
