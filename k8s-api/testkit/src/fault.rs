use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use futures_core::Stream;
use k8s_api::{GroupVersionResource, Status};
use k8s_api_client::{Call, Reply, Request, Response, Target, Transport, WatchEvent, WatchStream};
use k8s_api_server::ApiServer;
use parking_lot::Mutex;

/// What goes wrong between the clients of a [`TestServer`](crate::TestServer) and the server.
///
/// Clones share what was asked for. Each method returns the same fault, so that several can be asked for in a row.
#[derive(Clone, Debug, Default)]
pub struct Fault(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    requests: u64,
    /// Answers for the next requests, whatever they are.
    failures: VecDeque<Status>,
    /// Resource and name of objects whose next write loses a race.
    conflicts: Vec<(String, String)>,
    /// Rises with each cut; a watch remembers the number it began with.
    cuts: u64,
    /// What a cut watch says last.
    last_words: Option<Status>,
    next_watch: u64,
    /// Open watches by number, woken in that order.
    watches: BTreeMap<u64, Waker>,
}

impl Fault {
    /// Answers the next update, patch or delete of this object (`deployments`, `web`) with 409, as if somebody else had
    /// been faster.
    pub fn conflict_once(&self, resource: &str, name: &str) -> &Self {
        self.0.lock().conflicts.push((resource.to_owned(), name.to_owned()));
        self
    }

    /// Answers the next `n` requests with `status`; they do not reach the server.
    pub fn fail_next(&self, n: usize, status: &Status) -> &Self {
        self.0.lock().failures.extend(std::iter::repeat_n(status.clone(), n));
        self
    }

    /// Ends every open watch without a word, as a broken connection does.
    pub fn cut_watches(&self) -> &Self {
        self.cut(None)
    }

    /// Ends every open watch with 410, as a server does whose history is gone.
    pub fn expire_watches(&self) -> &Self {
        self.cut(Some(Status::expired("too old resource version")))
    }

    /// How many requests the clients have sent so far.
    pub fn requests(&self) -> u64 {
        self.0.lock().requests
    }

    fn cut(&self, last_words: Option<Status>) -> &Self {
        let wake = {
            let mut state = self.0.lock();
            state.cuts += 1;
            state.last_words = last_words;
            std::mem::take(&mut state.watches)
        };
        wake.into_values().for_each(Waker::wake);
        self
    }

    /// The failure that is due for a request, if any; `written` is the object that it changes or deletes.
    pub(crate) fn strike(&self, written: Option<(&GroupVersionResource, &str)>) -> Option<Status> {
        let mut state = self.0.lock();
        state.requests += 1;
        if let Some(status) = state.failures.pop_front() {
            return Some(status);
        }
        let (resource, name) = written?;
        let hit = |(other, object): &(String, String)| **other == *resource.resource && object == name;
        let found = state.conflicts.iter().position(hit)?;
        state.conflicts.remove(found);
        Some(Status::stale(resource, name))
    }

    /// For a watch that begins now.
    pub(crate) fn scissors(&self) -> Scissors {
        let mut state = self.0.lock();
        state.next_watch += 1;
        Scissors { fault: self.clone(), number: state.next_watch, cuts: state.cuts }
    }
}

/// The server behind its faults.
#[derive(Debug)]
pub(crate) struct Faulty {
    server: ApiServer,
    fault: Fault,
}

impl Faulty {
    pub(crate) fn new(server: ApiServer, fault: Fault) -> Self {
        Self { server, fault }
    }
}

#[async_trait]
impl Transport for Faulty {
    async fn call(&self, request: Request) -> Result<Reply, Status> {
        if let Some(status) = self.fault.strike(written(&request)) {
            return Err(status);
        }
        let mut reply = self.server.call(request).await?;
        if let Response::Watch(stream) = reply.response {
            reply.response =
                Response::Watch(Box::pin(Watched { stream, scissors: self.fault.scissors(), ended: false }));
        }
        Ok(reply)
    }
}

fn written(request: &Request) -> Option<(&GroupVersionResource, &str)> {
    let Target::Resource(target) = &request.target else { return None };
    let writes = matches!(request.call, Call::Update(..) | Call::Patch(..) | Call::Delete(_));
    writes.then_some((&target.resource, &target.name))
}

/// What cuts one watch.
#[derive(Debug)]
pub(crate) struct Scissors {
    fault: Fault,
    number: u64,
    cuts: u64,
}

impl Scissors {
    /// `Some` when the watch is cut, with what it says last; otherwise the task is woken then.
    pub(crate) fn poll(&self, cx: &Context<'_>) -> Option<Option<Status>> {
        let mut state = self.fault.0.lock();
        if state.cuts != self.cuts {
            return Some(state.last_words.clone());
        }
        state.watches.insert(self.number, cx.waker().clone());
        None
    }
}

impl Drop for Scissors {
    fn drop(&mut self) {
        self.fault.0.lock().watches.remove(&self.number);
    }
}

/// A watch that can be cut.
struct Watched {
    stream: WatchStream,
    scissors: Scissors,
    ended: bool,
}

impl Stream for Watched {
    type Item = WatchEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<WatchEvent>> {
        if self.ended {
            return Poll::Ready(None);
        }
        match self.scissors.poll(cx) {
            Some(last_words) => {
                self.ended = true;
                Poll::Ready(last_words.map(WatchEvent::Error))
            }
            None => self.stream.as_mut().poll_next(cx),
        }
    }
}
