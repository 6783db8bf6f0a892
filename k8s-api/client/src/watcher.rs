use std::fmt;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::ReadyChunks;
use k8s_api::{Object, Status};
use k8s_env::Env;
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::{DynamicApi, ListOptions, WatchEvent, WatchStream};

/// How many changes are taken at once when they wait already.
const BATCH: usize = 512;

/// A watch that ends within this time without having brought anything was in vain; lists closer together are too many.
const SHORT: Duration = Duration::from_secs(1);

/// Follows a collection for ever: lists it, watches it, resumes after a break and lists again after a 410.
///
/// Failures are retried with growing pauses, as upstream's reflector does it (0.8 s to 30 s with jitter); what keeps
/// failing shows in the log. It holds no objects: see [`Informer`](crate::Informer) for a cache.
///
/// Upstream: `k8s.io/client-go/tools/cache.Reflector`.
pub struct Watcher {
    api: DynamicApi,
    selection: ListOptions,
    backoff: Backoff,
    listed: Option<Instant>,
    state: State,
}

/// What happened to a collection.
#[derive(Clone, Debug)]
pub enum Step {
    /// This is all there is now; what was known before and is not in it is gone.
    Replaced(Vec<Object>),
    /// These changes, in order; never empty.
    Changed(Vec<Change>),
}

/// One change of a collection.
#[derive(Clone, Debug)]
pub enum Change {
    /// The object is new or has changed.
    Set(Object),
    /// The object is gone, or has left the selection; this is its last state.
    Removed(Object),
}

enum State {
    /// Nothing is known. The revision to ask for is `0`, whatever the server has at hand, or empty for the newest.
    Listing { at: &'static str },
    /// All up to this revision is known.
    Resuming { revision: u64 },
    /// All up to this revision is known, and the stream brings the rest.
    Following { revision: u64, stream: ReadyChunks<WatchStream>, since: Instant, quiet: bool },
}

impl Watcher {
    /// Prepares to follow what the selectors of `selection` select; nothing is sent yet.
    pub fn new(api: DynamicApi, selection: ListOptions, env: &Env) -> Self {
        let selection = ListOptions {
            label_selector: selection.label_selector,
            field_selector: selection.field_selector,
            ..ListOptions::default()
        };
        let backoff = Backoff::reflector(env.random.clone());
        Self { api, selection, backoff, listed: None, state: State::Listing { at: "0" } }
    }

    /// Waits for the next thing to happen. The first step is always [`Step::Replaced`].
    ///
    /// # Cancellation
    /// Nothing is lost when the future is dropped; the next call goes on.
    pub async fn next(&mut self) -> Step {
        loop {
            match &mut self.state {
                State::Listing { at } => {
                    // A server that forgets faster than it lists must not be asked in a tight loop.
                    if self.listed.take().is_some_and(|listed| listed.elapsed() < SHORT) {
                        tokio::time::sleep(self.backoff.pause()).await;
                    }
                    let options = self.selection.clone().at(*at);
                    match list_all(&self.api, options).await {
                        Ok((revision, items)) => {
                            self.state = State::Resuming { revision };
                            self.listed = Some(Instant::now());
                            self.backoff.reset();
                            return Step::Replaced(items);
                        }
                        Err(status) => self.failed("list", status).await,
                    }
                }
                State::Resuming { revision } => {
                    let revision = *revision;
                    let options = ListOptions { bookmarks: true, ..self.selection.clone().at(revision.to_string()) };
                    match self.api.watch(options).await {
                        Ok(stream) => {
                            let stream = stream.ready_chunks(BATCH);
                            self.state = State::Following { revision, stream, since: Instant::now(), quiet: true };
                        }
                        Err(status) => self.failed("watch", status).await,
                    }
                }
                State::Following { revision, stream, since, quiet } => {
                    let Some(events) = stream.next().await else {
                        let (revision, in_vain) = (*revision, *quiet && since.elapsed() < SHORT);
                        self.state = State::Resuming { revision };
                        // A server that ends every watch at once must not be asked in a tight loop.
                        if in_vain {
                            tokio::time::sleep(self.backoff.pause()).await;
                        }
                        continue;
                    };
                    *quiet = false;
                    let (changes, broken) = sort_out(events, revision);
                    match broken {
                        // The pause of `failed` must not delay what came before the break, nor lose it when cancelled.
                        Some(status) if changes.is_empty() => self.failed("watch", status).await,
                        Some(status) => {
                            self.broken(&status);
                        }
                        None => self.backoff.reset(),
                    }
                    if !changes.is_empty() {
                        return Step::Changed(changes);
                    }
                }
            }
        }
    }

    async fn failed(&mut self, verb: &str, status: Status) {
        let resource = self.api.resource().group_resource();
        let expired = self.broken(&status);
        if expired {
            tracing::debug!(%resource, %status, "listing again");
            return;
        }
        let pause = self.backoff.pause();
        tracing::warn!(%resource, %status, ?pause, "failed to {verb}");
        tokio::time::sleep(pause).await;
    }

    /// Decides what to do next after an error; whether the revision was too old.
    fn broken(&mut self, status: &Status) -> bool {
        let expired = status.is_expired();
        let newest_asked = matches!(self.state, State::Listing { at: "" });
        self.state = match self.state {
            State::Following { revision, .. } | State::Resuming { revision } if !expired => {
                State::Resuming { revision }
            }
            State::Listing { at } if !expired => State::Listing { at },
            _ => State::Listing { at: "" },
        };
        expired && !newest_asked
    }
}

/// Splits what a watch brought into changes and the error that ended it, and advances `revision`.
fn sort_out(events: Vec<WatchEvent>, revision: &mut u64) -> (Vec<Change>, Option<Status>) {
    let mut changes = Vec::with_capacity(events.len());
    for event in events {
        match event {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                *revision = object.revision();
                changes.push(Change::Set(object));
            }
            WatchEvent::Deleted(object) => {
                *revision = object.revision();
                changes.push(Change::Removed(object));
            }
            WatchEvent::Bookmark { revision: newer, .. } => *revision = newer,
            WatchEvent::Error(status) => return (changes, Some(status)),
        }
    }
    (changes, None)
}

async fn list_all(api: &DynamicApi, mut options: ListOptions) -> Result<(u64, Vec<Object>), Status> {
    let mut page = api.list(options.clone()).await?;
    let mut items = std::mem::take(&mut page.items);
    while !page.continue_token.is_empty() {
        options.resource_version.clear();
        options.continue_token = std::mem::take(&mut page.continue_token);
        page = api.list(options.clone()).await?;
        items.append(&mut page.items);
    }
    Ok((page.revision, items))
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Listing { .. } => "listing",
            State::Resuming { .. } => "resuming",
            State::Following { .. } => "following",
        };
        write!(f, "Watcher({}, {state})", self.api.resource().group_resource())
    }
}
