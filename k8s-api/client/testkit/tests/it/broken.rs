use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use k8s_api::{Object, Reason, Status, UserInfo};
use k8s_api_client::{
    Body, Call, DeleteOptions, ListOptions, MediaType, PatchKind, RawBody, Reply, Request, Response, Target, Transport,
    WatchEvent, WatchStream, WriteOptions,
};
use k8s_api_server::ApiServer;
use parking_lot::Mutex;

/// What is wrong with a [`Broken`] road.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    EverybodyIsAdmin,
    NobodyIsAdmin,
    IdentityOfTheOneBefore,
    ReadsStale,
    WritesInVain,
    NothingIsNew,
    EverythingIsJson,
    NamesEndAtQuestionMarks,
    StrategicIsMerge,
    ApplyIsMerge,
    RefusalsAreInternal,
    RefusalsHaveNoDetails,
    ReasonsByCodeAlone,
    WarningsAreLost,
    WarningsOfRefusalsAreLost,
    DryRunsAreReal,
    StrictnessIsLost,
    PreconditionsAreLost,
    PoliciesAreLost,
    EverythingIsDeleted,
    FieldSelectorsAreLost,
    LabelSelectorsAreLost,
    LimitsAreLost,
    OnePageIsAll,
    VersionsOfListsAreLost,
    NamespacesAreLost,
    WatchesBeginAnew,
    WatchesOfOneAreOfAll,
    EventsAreRepeated,
    EventsAreLost,
    DeletionsAreLost,
    EventsAreSwapped,
    ExpiryIsSilence,
    InitialEventsAreLost,
    WatchesNeverEnd,
    SendsTwice,
    LocksWhenDropped,
    AnswersAreMixedUp,
    StreamsAreCollected,
    LogsAreCut,
    ContentTypesAreLost,
}

/// A road with a defect.
#[derive(Debug)]
pub(crate) struct Broken {
    server: ApiServer,
    defect: Defect,
    before: Mutex<Option<std::sync::Arc<UserInfo>>>,
    read: Mutex<BTreeMap<String, Object>>,
    waiting: Mutex<Vec<Result<Reply, Status>>>,
    locked: AtomicBool,
}

impl Broken {
    pub(crate) fn new(server: ApiServer, defect: Defect) -> Self {
        Self {
            server,
            defect,
            before: Mutex::default(),
            read: Mutex::default(),
            waiting: Mutex::default(),
            locked: AtomicBool::default(),
        }
    }

    fn bend(&self, request: &mut Request) {
        match self.defect {
            Defect::EverybodyIsAdmin => request.identity = UserInfo::admin().into(),
            Defect::NobodyIsAdmin => {
                let groups =
                    request.identity.groups.iter().filter(|group| *group != "system:masters").cloned().collect();
                request.identity = UserInfo { groups, ..(*request.identity).clone() }.into();
            }
            Defect::IdentityOfTheOneBefore => {
                let before = self.before.lock().replace(request.identity.clone());
                request.identity = before.unwrap_or_else(|| request.identity.clone());
            }
            _ => {}
        }
        if let Target::Resource(target) = &mut request.target {
            match self.defect {
                Defect::NamesEndAtQuestionMarks => {
                    target.name.truncate(target.name.find('?').unwrap_or(target.name.len()));
                }
                Defect::NamespacesAreLost if matches!(request.call, Call::List(_)) => target.namespace.clear(),
                Defect::WatchesOfOneAreOfAll if matches!(request.call, Call::Watch(_)) => target.name.clear(),
                _ => {}
            }
        }
        match &mut request.call {
            Call::List(options) => self.bend_list(options),
            Call::Watch(options) => self.bend_watch(options),
            Call::Create(body, options) | Call::Update(body, options) => {
                if let (Defect::EverythingIsJson, Body::Encoded(media, _)) = (self.defect, body) {
                    *media = MediaType::Json;
                }
                self.bend_write(options);
            }
            Call::Patch(kind, _, options) => {
                match (self.defect, &kind) {
                    (Defect::StrategicIsMerge, PatchKind::Strategic) | (Defect::ApplyIsMerge, PatchKind::Apply) => {
                        *kind = PatchKind::Merge;
                    }
                    _ => {}
                }
                self.bend_write(options);
            }
            Call::Delete(options) => self.bend_delete(options),
            Call::DeleteCollection(options, which) => {
                self.bend_delete(options);
                if self.defect == Defect::EverythingIsDeleted {
                    *which = ListOptions::default();
                }
                self.bend_list(which);
            }
            Call::Get { .. } | Call::Connect(_) => {}
        }
    }

    fn bend_list(&self, options: &mut ListOptions) {
        match self.defect {
            Defect::FieldSelectorsAreLost => options.field_selector.clear(),
            Defect::LabelSelectorsAreLost => options.label_selector.clear(),
            Defect::LimitsAreLost => options.limit = 0,
            Defect::VersionsOfListsAreLost => {
                options.resource_version.clear();
                options.version_match = None;
            }
            _ => {}
        }
    }

    fn bend_watch(&self, options: &mut ListOptions) {
        match self.defect {
            Defect::WatchesBeginAnew => options.resource_version.clear(),
            Defect::LabelSelectorsAreLost => options.label_selector.clear(),
            Defect::WatchesNeverEnd => options.timeout_seconds = 0,
            Defect::InitialEventsAreLost => {
                options.send_initial_events = None;
                options.version_match = None;
            }
            _ => {}
        }
    }

    fn bend_write(&self, options: &mut WriteOptions) {
        match self.defect {
            Defect::WritesInVain => options.dry_run = true,
            Defect::DryRunsAreReal => options.dry_run = false,
            Defect::StrictnessIsLost => options.field_validation = Default::default(),
            _ => {}
        }
    }

    fn bend_delete(&self, options: &mut DeleteOptions) {
        match self.defect {
            Defect::DryRunsAreReal => options.dry_run = false,
            Defect::PreconditionsAreLost => options.preconditions = Default::default(),
            Defect::PoliciesAreLost => options.propagation = None,
            _ => {}
        }
    }

    async fn bend_reply(&self, mut reply: Reply) -> Reply {
        if self.defect == Defect::WarningsAreLost {
            reply.warnings.clear();
        }
        reply.response = match reply.response {
            Response::Object { object, .. } if self.defect == Defect::NothingIsNew => {
                Response::Object { object, created: false }
            }
            Response::List(mut list) => {
                if self.defect == Defect::OnePageIsAll {
                    list.continue_token.clear();
                }
                Response::List(list)
            }
            Response::Watch(events) => Response::Watch(self.bend_events(events)),
            Response::Raw(mut raw) => {
                if self.defect == Defect::ContentTypesAreLost {
                    "application/octet-stream".clone_into(&mut raw.content_type);
                }
                raw.body = self.bend_body(raw.body).await;
                Response::Raw(raw)
            }
            other => other,
        };
        reply
    }

    fn bend_events(&self, events: WatchStream) -> WatchStream {
        let counted = events.enumerate();
        match self.defect {
            Defect::EventsAreRepeated => counted
                .flat_map(|(n, event)| stream::iter(std::iter::repeat_n(event, if n % 3 == 2 { 2 } else { 1 })))
                .boxed(),
            Defect::EventsAreLost => {
                counted.filter_map(|(n, event)| std::future::ready((n % 5 != 1).then_some(event))).boxed()
            }
            Defect::DeletionsAreLost => counted
                .map(|(_, event)| event)
                .filter(|event| std::future::ready(!matches!(event, WatchEvent::Deleted(_))))
                .boxed(),
            Defect::EventsAreSwapped => counted
                .map(|(_, event)| event)
                .ready_chunks(2)
                .flat_map(|events| stream::iter(events.into_iter().rev()))
                .boxed(),
            Defect::ExpiryIsSilence => counted
                .map(|(_, event)| event)
                .take_while(|event| std::future::ready(!matches!(event, WatchEvent::Error(_))))
                .boxed(),
            _ => counted.map(|(_, event)| event).boxed(),
        }
    }

    async fn bend_body(&self, body: RawBody) -> RawBody {
        match (self.defect, body) {
            (Defect::StreamsAreCollected, RawBody::Stream(mut parts)) => {
                let mut all = Vec::new();
                while let Some(Ok(part)) = parts.next().await {
                    all.extend_from_slice(&part);
                }
                RawBody::Full(all.into())
            }
            (Defect::LogsAreCut, RawBody::Full(bytes)) => RawBody::Full(bytes.slice(..bytes.len() / 2)),
            (_, body) => body,
        }
    }

    fn bend_refusal(&self, mut status: Status) -> Status {
        match self.defect {
            Defect::RefusalsAreInternal => return Status::internal(status),
            Defect::RefusalsHaveNoDetails => status.details = None,
            Defect::ReasonsByCodeAlone if status.code == 409 => status.reason = Reason::Conflict,
            Defect::WarningsAreLost | Defect::WarningsOfRefusalsAreLost => status.warnings.clear(),
            _ => {}
        }
        status
    }

    /// Sends it a second time, as after an answer that was lost.
    async fn again(&self, request: &Request) -> Result<(), Status> {
        let (Defect::SendsTwice, Call::Create(Body::Object(object), options)) = (self.defect, &request.call) else {
            return Ok(());
        };
        let call = Call::Create(Body::Object(object.clone_box()), options.clone());
        let (target, user_agent) = (request.target.clone(), request.user_agent.clone());
        self.server.call(Request { target, call, identity: request.identity.clone(), user_agent }).await.map(drop)
    }

    /// The object as it was read for the first time.
    fn stale(&self, request: &Request, reply: &mut Reply) {
        if let (Defect::ReadsStale, Call::Get { .. }, Target::Resource(target), Response::Object { object, .. }) =
            (self.defect, &request.call, &request.target, &mut reply.response)
        {
            *object = self.read.lock().entry(target.name.clone()).or_insert_with(|| object.clone()).clone();
        }
    }
}

#[async_trait]
impl Transport for Broken {
    async fn call(&self, mut request: Request) -> Result<Reply, Status> {
        if self.defect == Defect::LocksWhenDropped {
            if self.locked.swap(true, Ordering::SeqCst) {
                return Err(Status::unavailable("locked"));
            }
            tokio::task::yield_now().await;
        }
        self.bend(&mut request);
        self.again(&request).await?;
        let copy = Request {
            target: request.target.clone(),
            call: match &request.call {
                Call::Get { resource_version } => Call::Get { resource_version: resource_version.clone() },
                _ => Call::Connect(Vec::new()),
            },
            identity: request.identity.clone(),
            user_agent: request.user_agent.clone(),
        };
        let mut answer = match self.server.call(request).await {
            Ok(mut reply) => {
                self.stale(&copy, &mut reply);
                Ok(self.bend_reply(reply).await)
            }
            Err(status) => Err(self.bend_refusal(status)),
        };
        if self.defect == Defect::AnswersAreMixedUp {
            self.waiting.lock().push(answer);
            tokio::task::yield_now().await;
            let mut waiting = self.waiting.lock();
            let middle = waiting.len() / 2;
            answer = waiting.remove(middle);
        }
        self.locked.store(false, Ordering::SeqCst);
        answer
    }
}
