use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use futures_core::Stream;
use parking_lot::Mutex;

use super::MemoryRuntime;
use crate::{Event, EventStream, Events, Result};

/// How many events one subscriber may leave unread.
const QUEUE: usize = 4096;

#[async_trait]
impl Events for MemoryRuntime {
    async fn subscribe(&self) -> Result<EventStream> {
        Ok(Box::pin(self.lock().subscribers.add()))
    }
}

/// Everybody who listens.
#[derive(Debug, Default)]
pub(super) struct Subscribers(Vec<Weak<Mutex<Queue>>>);

#[derive(Debug, Default)]
struct Queue {
    unread: VecDeque<Event>,
    missed: bool,
    ended: bool,
    waker: Option<Waker>,
}

struct Subscription(Arc<Mutex<Queue>>);

impl Subscribers {
    fn add(&mut self) -> Subscription {
        let queue = Arc::new(Mutex::new(Queue::default()));
        self.0.push(Arc::downgrade(&queue));
        Subscription(queue)
    }

    pub(super) fn publish(&mut self, event: &Event) {
        self.0.retain(|queue| {
            let Some(queue) = queue.upgrade() else { return false };
            queue.lock().push(event.clone());
            true
        });
    }
}

impl Drop for Subscribers {
    fn drop(&mut self) {
        for queue in self.0.iter().filter_map(Weak::upgrade) {
            let mut queue = queue.lock();
            queue.ended = true;
            queue.wake();
        }
    }
}

impl Queue {
    fn push(&mut self, event: Event) {
        if self.unread.len() >= QUEUE {
            // Who is told to list anew has no use for what came before.
            self.unread.clear();
            self.missed = true;
        } else if !self.missed {
            self.unread.push_back(event);
        }
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Stream for Subscription {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        let mut queue = self.0.lock();
        if std::mem::take(&mut queue.missed) {
            return Poll::Ready(Some(Event::Missed));
        }
        if let Some(event) = queue.unread.pop_front() {
            return Poll::Ready(Some(event));
        }
        if queue.ended {
            return Poll::Ready(None);
        }
        queue.waker = Some(context.waker().clone());
        Poll::Pending
    }
}
