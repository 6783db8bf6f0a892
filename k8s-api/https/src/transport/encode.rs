use bytes::Bytes;
use http::Method;
use k8s_api::{GroupVersionResource, Status};
use k8s_api_client::{
    Body, Call, DeleteOptions, FieldValidation, ListOptions, PatchKind, Request, ResourceTarget, Target, VersionMatch,
    WriteOptions,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

/// What is encoded in segments of a path, in queries and in the keys of headers.
pub(super) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A request as HTTP has it.
pub(super) struct Wire {
    pub(super) method: Method,
    /// With the query.
    pub(super) path: String,
    pub(super) content_type: Option<&'static str>,
    pub(super) body: Bytes,
    pub(super) expected: Expected,
    /// The resource, for messages.
    pub(super) resource: GroupVersionResource,
    /// The object, for messages.
    pub(super) name: String,
}

/// What a success looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// An object, or a status instead.
    Object,
    /// A list, or a status instead.
    Collection,
    /// A stream of events.
    Watch,
    /// Bytes as they come.
    Stream,
    /// Bytes, all of them.
    Bytes,
}

pub(super) fn wire(request: Request) -> Result<Wire, Status> {
    match request.target {
        Target::Resource(target) => resource(target, request.call),
        Target::Path(path) => match request.call {
            Call::Get { .. } | Call::Connect(_) => {
                let plain = (GroupVersionResource::default(), String::new());
                Ok(Wire::new(Method::GET, path, Expected::Bytes, plain))
            }
            _ => Err(Status::method_not_allowed()),
        },
    }
}

fn resource(mut target: ResourceTarget, call: Call) -> Result<Wire, Status> {
    let mut query = Query::default();
    let (method, expected, content) = match call {
        Call::Get { resource_version } => {
            query.add("resourceVersion", &resource_version);
            (Method::GET, Expected::Object, None)
        }
        Call::List(options) => {
            query.list(&options);
            (Method::GET, Expected::Collection, None)
        }
        Call::Watch(mut options) => {
            one_by_field(&mut target, &mut options);
            query.list(&options);
            query.add("watch", "true");
            if options.bookmarks {
                query.add("allowWatchBookmarks", "true");
            }
            (Method::GET, Expected::Watch, None)
        }
        Call::Create(body, options) => {
            query.write(&options);
            if target.subresource.is_empty() {
                target.name.clear();
            }
            (Method::POST, Expected::Object, Some(encode(body)?))
        }
        Call::Update(body, options) => {
            query.write(&options);
            (Method::PUT, Expected::Object, Some(encode(body)?))
        }
        Call::Patch(kind, body, options) => {
            query.write(&options);
            if kind == PatchKind::Apply && options.force {
                query.add("force", "true");
            }
            (Method::PATCH, Expected::Object, Some((kind.as_str(), body)))
        }
        Call::Delete(options) => (Method::DELETE, Expected::Object, Some(("application/json", delete(&options)))),
        Call::DeleteCollection(options, which) => {
            query.list(&which);
            target.name.clear();
            (Method::DELETE, Expected::Collection, Some(("application/json", delete(&options))))
        }
        Call::Connect(parameters) => {
            for (key, value) in &parameters {
                query.pair(key, value);
            }
            (Method::GET, Expected::Stream, None)
        }
    };
    let path = path(&target) + &query.0;
    let mut wire = Wire::new(method, path, expected, (target.resource, target.name));
    if let Some((content_type, body)) = content {
        wire.content_type = Some(content_type);
        wire.body = body;
    }
    Ok(wire)
}

/// Servers watch collections alone: one object of it is what a field selects.
fn one_by_field(target: &mut ResourceTarget, options: &mut ListOptions) {
    let name = std::mem::take(&mut target.name);
    if !name.is_empty() {
        let rest = std::mem::take(&mut options.field_selector);
        let comma = if rest.is_empty() { "" } else { "," };
        options.field_selector = format!("metadata.name={name}{comma}{rest}");
    }
}

fn encode(body: Body) -> Result<(&'static str, Bytes), Status> {
    let (media, bytes) = body.encode().map_err(|e| Status::bad_request(format!("encoding the object: {e}")))?;
    Ok((media.as_str(), bytes))
}

fn path(target: &ResourceTarget) -> String {
    let GroupVersionResource { group, version, resource } = &target.resource;
    let mut path = String::with_capacity(96);
    let mut push = |segment: &str| {
        path.push('/');
        path.extend(utf8_percent_encode(segment, RESERVED));
    };
    if group.is_empty() {
        push("api");
    } else {
        push("apis");
        push(group);
    }
    push(version);
    if !target.namespace.is_empty() {
        push("namespaces");
        push(&target.namespace);
    }
    push(resource);
    if !target.name.is_empty() {
        push(&target.name);
        // `proxy/healthz` is two segments.
        target.subresource.split('/').filter(|part| !part.is_empty()).for_each(push);
    }
    path
}

/// The body of a deletion. It is sent even when it says nothing, as upstream's clients do.
fn delete(options: &DeleteOptions) -> Bytes {
    let mut body = Map::new();
    let mut set = |key: &str, value: Value| body.insert(key.to_owned(), value);
    set("kind", "DeleteOptions".into());
    set("apiVersion", "v1".into());
    if let Some(seconds) = options.grace_period_seconds {
        set("gracePeriodSeconds", seconds.into());
    }
    if let Some(policy) = options.propagation {
        set("propagationPolicy", policy.as_str().into());
    }
    let mut preconditions = Map::new();
    if let Some(uid) = &options.preconditions.uid {
        preconditions.insert("uid".to_owned(), uid.as_str().into());
    }
    if let Some(version) = &options.preconditions.resource_version {
        preconditions.insert("resourceVersion".to_owned(), version.as_str().into());
    }
    if !preconditions.is_empty() {
        set("preconditions", preconditions.into());
    }
    if options.dry_run {
        set("dryRun", vec!["All"].into());
    }
    if options.ignore_store_read_error {
        set("ignoreStoreReadErrorWithClusterBreakingPotential", true.into());
    }
    Value::Object(body).to_string().into()
}

impl Wire {
    fn new(method: Method, path: String, expected: Expected, of: (GroupVersionResource, String)) -> Self {
        let (resource, name) = of;
        Self { method, path, content_type: None, body: Bytes::new(), expected, resource, name }
    }
}

/// A query with its question mark, or nothing.
#[derive(Default)]
struct Query(String);

impl Query {
    /// Adds a parameter unless it is empty, which means its default everywhere.
    fn add(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            self.pair(key, value);
        }
    }

    fn pair(&mut self, key: &str, value: &str) {
        self.0.push(if self.0.is_empty() { '?' } else { '&' });
        self.0.extend(utf8_percent_encode(key, RESERVED));
        self.0.push('=');
        self.0.extend(utf8_percent_encode(value, RESERVED));
    }

    fn number(&mut self, key: &str, value: u64) {
        if value != 0 {
            self.pair(key, &value.to_string());
        }
    }

    fn list(&mut self, options: &ListOptions) {
        self.add("labelSelector", &options.label_selector);
        self.add("fieldSelector", &options.field_selector);
        self.number("limit", options.limit);
        self.add("continue", &options.continue_token);
        self.add("resourceVersion", &options.resource_version);
        match options.version_match {
            None => {}
            Some(VersionMatch::Exact) => self.add("resourceVersionMatch", "Exact"),
            Some(VersionMatch::NotOlderThan) => self.add("resourceVersionMatch", "NotOlderThan"),
        }
        self.number("timeoutSeconds", options.timeout_seconds);
        if let Some(send) = options.send_initial_events {
            self.add("sendInitialEvents", if send { "true" } else { "false" });
        }
    }

    fn write(&mut self, options: &WriteOptions) {
        if options.dry_run {
            self.add("dryRun", "All");
        }
        self.add("fieldManager", &options.field_manager);
        match options.field_validation {
            FieldValidation::Warn => {}
            FieldValidation::Ignore => self.add("fieldValidation", "Ignore"),
            FieldValidation::Strict => self.add("fieldValidation", "Strict"),
        }
    }
}
