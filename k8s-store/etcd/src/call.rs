use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use k8s_store::Revision;
use k8s_store_etcd_proto::etcdserverpb::cluster_client::ClusterClient;
use k8s_store_etcd_proto::etcdserverpb::kv_client::KvClient;
use k8s_store_etcd_proto::etcdserverpb::{MemberListRequest, RangeRequest, RangeResponse, TxnRequest, TxnResponse};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::{Request, Response, Status};

use crate::failure::{Failure, Refusal, Source, Verdict, verdict};
use crate::login::Login;
use crate::net::{Line, Pool};
use crate::wire;

/// How long one attempt at reading may take before another member is asked. Longer than an election takes.
const READ_ATTEMPT: Duration = Duration::from_secs(4);
/// How often a new token is tried in one call.
const TOKENS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Makes calls until one has an answer, as far as that is safe.
#[derive(Debug)]
pub(crate) struct Calls {
    pub(crate) pool: Pool,
    login: Option<Login>,
    pub(crate) patience: Duration,
    closed: watch::Sender<bool>,
    /// The oldest revision that etcd was found to hold.
    pub(crate) oldest: Mutex<Revision>,
}

/// Whether a call may be made again when nobody knows whether it took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
}

/// One attempt at a call, over one connection.
pub(crate) type Attempt<Q, A> = fn(Line, Request<Q>) -> BoxFuture<'static, Result<Response<A>, Status>>;

/// Pauses between attempts, each longer than the one before.
#[derive(Debug)]
pub(crate) struct Pauses(Duration);

impl Calls {
    pub(crate) fn new(pool: Pool, login: Option<Login>, patience: Duration) -> Self {
        let (closed, oldest) = (watch::Sender::new(false), Mutex::new(Revision::FIRST));
        Self { pool, login, patience, closed, oldest }
    }

    /// # Errors
    /// What etcd refuses; [`Failure::Uncertain`] only of what writes.
    pub(crate) async fn call<Q: Clone, A>(&self, kind: Kind, request: Q, attempt: Attempt<Q, A>) -> Result<A, Failure> {
        let deadline = Instant::now() + self.patience;
        let limit = if kind == Kind::Read { READ_ATTEMPT } else { self.patience };
        let (mut pauses, mut tokens) = (Pauses::default(), 0);
        loop {
            self.open()?;
            let source: Source = match self.line_before(deadline).await {
                Err(source) => source,
                Ok(line) => {
                    let (request, token) = match self.request(&line, request.clone()).await {
                        Ok(made) => made,
                        Err(status) => {
                            self.not_let_in(&line, &status)?;
                            self.pause(&mut pauses, deadline, Arc::new(status)).await?;
                            continue;
                        }
                    };
                    let end = timeout(limit, attempt(line.clone(), request)).await;
                    let end = end.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time")));
                    let status = match end {
                        Ok(answer) => return Ok(answer.into_inner()),
                        Err(status) => status,
                    };
                    self.open()?;
                    match verdict(&status) {
                        Verdict::Final(refusal) => return Err(refusal.into()),
                        Verdict::Unknown if kind == Kind::Write => {
                            self.pool.leave(&line);
                            return Err(Failure::Uncertain(Arc::new(status)));
                        }
                        Verdict::BadToken => {
                            tokens += 1;
                            if !self.forget(token.as_ref()) || tokens > TOKENS {
                                return Err(Refusal::Denied(status.message().to_owned()).into());
                            }
                        }
                        Verdict::NotDone | Verdict::Unknown => self.pool.leave(&line),
                    }
                    Arc::new(status)
                }
            };
            self.pause(&mut pauses, deadline, source).await?;
        }
    }

    /// A request as etcd wants it: of a user, and refused at once by a member that has no leader.
    ///
    /// # Errors
    /// When no token is to be had.
    pub(crate) async fn request<Q>(
        &self,
        line: &Line,
        request: Q,
    ) -> Result<(Request<Q>, Option<MetadataValue<Ascii>>), Status> {
        let token = match &self.login {
            None => None,
            Some(login) => Some(login.token(line).await?),
        };
        let mut request = Request::new(request);
        request.metadata_mut().insert("hasleader", MetadataValue::from_static("true"));
        if let Some(token) = &token {
            request.metadata_mut().insert("token", token.clone());
        }
        Ok((request, token))
    }

    /// Whether there was a token to forget.
    pub(crate) fn forget(&self, token: Option<&MetadataValue<Ascii>>) -> bool {
        match (&self.login, token) {
            (Some(login), Some(token)) => {
                login.forget(token);
                true
            }
            _ => false,
        }
    }

    /// # Errors
    /// When it is etcd who does not let the user in. A token that could not be asked for is asked for again.
    pub(crate) fn not_let_in(&self, line: &Line, status: &Status) -> Result<(), Failure> {
        match verdict(status) {
            Verdict::Final(refusal) => Err(refusal.into()),
            Verdict::BadToken => Err(Refusal::Denied(status.message().to_owned()).into()),
            Verdict::NotDone | Verdict::Unknown => {
                self.pool.leave(line);
                Ok(())
            }
        }
    }

    async fn line_before(&self, deadline: Instant) -> Result<Line, Source> {
        match timeout_at(deadline, self.pool.line()).await {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(error)) => Err(Arc::new(error)),
            Err(elapsed) => Err(Arc::new(elapsed)),
        }
    }

    async fn pause(&self, pauses: &mut Pauses, deadline: Instant, source: Source) -> Result<(), Failure> {
        let pause = pauses.next();
        if Instant::now() + pause >= deadline {
            return Err(Failure::Unavailable(source));
        }
        sleep(pause).await;
        Ok(())
    }

    /// The revision of now, which is at least that of any answer anybody had before this call: that of a transaction
    /// that does nothing, which every user may run, whatever keys it may read.
    ///
    /// # Errors
    /// As with every read.
    pub(crate) async fn now(&self) -> Result<Revision, Failure> {
        let answer = self.call(Kind::Read, TxnRequest::default(), SETTLED_TXN).await?;
        Ok(wire::revision(answer.header))
    }

    /// # Errors
    /// As with every read.
    pub(crate) async fn range(&self, request: RangeRequest) -> Result<RangeResponse, Failure> {
        let attempt: Attempt<_, _> = |line, request| Box::pin(async move { kv(line).range(request).await });
        self.call(Kind::Read, request, attempt).await
    }

    /// The oldest revision that can be read. etcd tells it to nobody who does not watch, but says of each revision
    /// whether it is gone: found by halving, from the last one known, which is still right most times.
    ///
    /// # Errors
    /// As with every read.
    pub(crate) async fn oldest(&self, key: bytes::Bytes, now: Revision) -> Result<Revision, Failure> {
        let known = *self.oldest.lock();
        let (mut gone, mut held) = (known.previous(), now.max(known));
        let mut probe = known;
        while gone.next() < held {
            if self.is_held(&key, probe).await? {
                held = probe;
            } else {
                gone = probe;
            }
            probe = Revision(gone.0 + (held.0 - gone.0).div_ceil(2));
        }
        let mut oldest = self.oldest.lock();
        *oldest = held.max(*oldest);
        Ok(*oldest)
    }

    async fn is_held(&self, key: &bytes::Bytes, revision: Revision) -> Result<bool, Failure> {
        let request =
            RangeRequest { key: key.clone(), revision: revision.0 as i64, count_only: true, ..RangeRequest::default() };
        match self.range(request).await {
            Ok(_) => Ok(true),
            Err(Failure::Refused(Refusal::Compacted)) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// # Errors
    /// [`Refusal::Closed`].
    pub(crate) fn open(&self) -> Result<(), Failure> {
        if self.is_closed() { Err(Refusal::Closed.into()) } else { Ok(()) }
    }

    /// Ends when the store is closed.
    pub(crate) async fn until_closed(&self) {
        // The sender is here, so it is not gone.
        let _ = self.closed.subscribe().wait_for(|closed| *closed).await;
    }

    pub(crate) async fn close(&self) {
        self.closed.send_replace(true);
        self.pool.close().await;
    }
}

/// A transaction without an operation, of a member that is not behind: etcd sees to that for every other one, and lets a
/// member answer this one from what it has. The list of members needs no permission.
pub(crate) const SETTLED_TXN: Attempt<TxnRequest, TxnResponse> = |line, request| {
    Box::pin(async move {
        let (metadata, extensions, txn) = request.into_parts();
        let members = MemberListRequest { linearizable: true };
        let members = Request::from_parts(metadata.clone(), extensions.clone(), members);
        ClusterClient::new(line.clone()).member_list(members).await?;
        kv(line).txn(Request::from_parts(metadata, extensions, txn)).await
    })
};

/// Stubs that take answers of any size.
pub(crate) fn kv(line: Line) -> KvClient<Line> {
    KvClient::new(line).max_decoding_message_size(usize::MAX)
}

impl Pauses {
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(LONGEST_PAUSE);
        pause
    }
}

impl Default for Pauses {
    fn default() -> Self {
        Self(FIRST_PAUSE)
    }
}
