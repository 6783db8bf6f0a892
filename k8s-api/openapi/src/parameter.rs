use serde_json::{Map, Value, json};

/// A parameter of an operation, other than its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    place: Place,
    ty: &'static str,
    /// The name under which OpenAPI v2 shares it; empty for those that are written out each time.
    shared: &'static str,
    description: &'static str,
    /// For descriptions that end in the kind.
    kind_follows: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Path,
    Query,
}

const fn query(name: &'static str, ty: &'static str, shared: &'static str, description: &'static str) -> Parameter {
    Parameter { name, place: Place::Query, ty, shared, description, kind_follows: false }
}

const fn path(name: &'static str, shared: &'static str, description: &'static str) -> Parameter {
    Parameter { name, place: Place::Path, ty: "string", shared, description, kind_follows: false }
}

pub(crate) const NAME: Parameter = Parameter { kind_follows: true, ..path("name", "", "name of the ") };
pub(crate) const NAMESPACE: Parameter = path("namespace", "namespace-vgWSWtn3", "namespace of the object");
pub(crate) const PATH: Parameter = path("path", "path-z6Ciiujn", "path within what is reached");
pub(crate) const PRETTY: Parameter = query(
    "pretty",
    "string",
    "pretty-tJGM1-ng",
    "'true' asks for indented output; for browsers and curl it is the default",
);

const CONTINUE: Parameter =
    query("continue", "string", "continue-QfD61s0i", "token from the previous page of a list read in pages");
const FIELD_SELECTOR: Parameter =
    query("fieldSelector", "string", "fieldSelector-xIcQKXFG", "keeps only objects whose fields match");
const LABEL_SELECTOR: Parameter =
    query("labelSelector", "string", "labelSelector-5Zw57w4C", "keeps only objects whose labels match");
const LIMIT: Parameter = query("limit", "integer", "limit-1NfNmdNH", "most objects to return in one page");
const RESOURCE_VERSION: Parameter =
    query("resourceVersion", "string", "resourceVersion-5WAnf1kx", "state from which the answer may be served");
const RESOURCE_VERSION_MATCH: Parameter = query(
    "resourceVersionMatch",
    "string",
    "resourceVersionMatch-t8XhRHeC",
    "how resourceVersion is applied to a list: 'Exact' or 'NotOlderThan'",
);
const SEND_INITIAL_EVENTS: Parameter = query(
    "sendInitialEvents",
    "boolean",
    "sendInitialEvents-rLXlEK_k",
    "whether a watch begins with the present objects and a bookmark after them",
);
const SHARD_SELECTOR: Parameter =
    query("shardSelector", "string", "shardSelector-Kgyki_3_", "keeps only objects of one shard");
const TIMEOUT_SECONDS: Parameter =
    query("timeoutSeconds", "integer", "timeoutSeconds-yvYezaOC", "seconds after which a list or watch ends");

/// Of list and watch.
pub(crate) const LIST: &[Parameter] = &[
    query(
        "allowWatchBookmarks",
        "boolean",
        "allowWatchBookmarks-HC2hJt-J",
        "whether a watch may carry bookmarks, which tell how far it is",
    ),
    CONTINUE,
    FIELD_SELECTOR,
    LABEL_SELECTOR,
    LIMIT,
    RESOURCE_VERSION,
    RESOURCE_VERSION_MATCH,
    SEND_INITIAL_EVENTS,
    SHARD_SELECTOR,
    TIMEOUT_SECONDS,
    query("watch", "boolean", "watch-XNNPZGbK", "asks for changes as they come instead of a list"),
];

const DRY_RUN: Parameter = query("dryRun", "string", "", "'All' processes the request without storing anything");
const FIELD_VALIDATION: Parameter = query(
    "fieldValidation",
    "string",
    "",
    "what becomes of unknown and duplicate fields: 'Ignore', 'Warn' (the default) or 'Strict'",
);
const GRACE_PERIOD: Parameter = query(
    "gracePeriodSeconds",
    "integer",
    "gracePeriodSeconds--K5HaBOS",
    "seconds the object is given to end; zero deletes at once",
);
const IGNORE_READ_ERROR: Parameter = query(
    "ignoreStoreReadErrorWithClusterBreakingPotential",
    "boolean",
    "ignoreStoreReadErrorWithClusterBreakingPotential-QbNkfIqj",
    "deletes an object that cannot be read, past finalizers and preconditions",
);
const ORPHAN: Parameter =
    query("orphanDependents", "boolean", "orphanDependents-uRB25kX5", "deprecated: use propagationPolicy");
const PROPAGATION: Parameter = query(
    "propagationPolicy",
    "string",
    "propagationPolicy-6jk3prlO",
    "what becomes of dependents: 'Orphan', 'Background' or 'Foreground'",
);

/// Of DELETE of one object.
pub(crate) const DELETE: &[Parameter] = &[DRY_RUN, GRACE_PERIOD, IGNORE_READ_ERROR, ORPHAN, PROPAGATION];

/// Of DELETE of a collection.
pub(crate) const DELETE_COLLECTION: &[Parameter] = &[
    CONTINUE,
    DRY_RUN,
    FIELD_SELECTOR,
    GRACE_PERIOD,
    IGNORE_READ_ERROR,
    LABEL_SELECTOR,
    LIMIT,
    ORPHAN,
    PROPAGATION,
    RESOURCE_VERSION,
    RESOURCE_VERSION_MATCH,
    SEND_INITIAL_EVENTS,
    SHARD_SELECTOR,
    TIMEOUT_SECONDS,
];

const MANAGER: &str = "name under which changes are recorded in managedFields";

/// Of POST and PUT.
pub(crate) const WRITE: &[Parameter] =
    &[DRY_RUN, query("fieldManager", "string", "fieldManager-Qy4HdaTW", MANAGER), FIELD_VALIDATION];

/// Of PATCH.
pub(crate) const PATCH: &[Parameter] = &[
    DRY_RUN,
    query("fieldManager", "string", "fieldManager-7c6nTn1T", MANAGER),
    FIELD_VALIDATION,
    query("force", "boolean", "force-tOGGb0Yi", "whether an apply patch takes fields that others manage"),
];

/// Of the options kinds which connections and logs take in the query.
pub(crate) fn options(kind: &str, subresource: &str) -> &'static [Parameter] {
    match (kind, subresource) {
        ("Pod", "log") => LOG,
        ("PodAttachOptions", _) => ATTACH,
        ("PodExecOptions", _) => EXEC,
        ("PodPortForwardOptions", _) => PORT_FORWARD,
        ("PodProxyOptions", _) => POD_PROXY,
        ("NodeProxyOptions", _) => NODE_PROXY,
        ("ServiceProxyOptions", _) => SERVICE_PROXY,
        _ => &[],
    }
}

const POD_PROXY: &[Parameter] = &[query("path", "string", "path-oPbzgLUj", "path to ask of the pod")];

const NODE_PROXY: &[Parameter] = &[query("path", "string", "path-rFDtV0x9", "path to ask of the node")];

const SERVICE_PROXY: &[Parameter] = &[query("path", "string", "path-QCf0eosM", "path to ask of the service")];

const LOG: &[Parameter] = &[
    query("container", "string", "container-1GeXxFDC", "container to read; may be left out if there is only one"),
    query("follow", "boolean", "follow-9OIXh_2R", "whether to go on with lines as they come"),
    query(
        "insecureSkipTLSVerifyBackend",
        "boolean",
        "insecureSkipTLSVerifyBackend-gM00jVbe",
        "whether to trust any certificate of the node",
    ),
    query("limitBytes", "integer", "limitBytes-zwd1RXuc", "most bytes to return"),
    query("previous", "boolean", "previous-1jxDPu3y", "whether to read the container before the last restart"),
    query("sinceSeconds", "integer", "sinceSeconds-vE2NLdnP", "how many seconds back to begin"),
    query("stream", "string", "stream-l-48cgXv", "'All', 'Stdout' or 'Stderr'"),
    query("tailLines", "integer", "tailLines-9xQLWHMV", "how many of the last lines to return"),
    query("timestamps", "boolean", "timestamps-c17fW1w_", "whether each line begins with its time"),
];

const ATTACH: &[Parameter] = &[
    query("container", "string", "container-_Q-EJ3nR", "container to attach to; may be left out if there is only one"),
    query("stderr", "boolean", "stderr-26jJhFUR", "whether to receive standard error"),
    query("stdin", "boolean", "stdin-sEFnN3IS", "whether to send standard input"),
    query("stdout", "boolean", "stdout-005YMKE6", "whether to receive standard output"),
    query("tty", "boolean", "tty-g7MlET_l", "whether to attach to a terminal"),
];

const EXEC: &[Parameter] = &[
    query("command", "string", "command-Py3eQybp", "command to run, one word per occurrence, without a shell"),
    query("container", "string", "container-i5dOmRiM", "container to run in; may be left out if there is only one"),
    query("stderr", "boolean", "stderr-W_1TNlWc", "whether to receive standard error"),
    query("stdin", "boolean", "stdin-PSzNhyUC", "whether to send standard input"),
    query("stdout", "boolean", "stdout--EZLRwV1", "whether to receive standard output"),
    query("tty", "boolean", "tty-s0flW37O", "whether to run in a terminal"),
];

const PORT_FORWARD: &[Parameter] = &[query("ports", "integer", "ports-91KROJmm", "ports to forward")];

impl Parameter {
    /// The order in which documents list parameters.
    pub(crate) fn order(&self) -> impl Ord + use<> {
        (self.name, self.place)
    }

    /// As OpenAPI v2 names it in an operation: mostly a reference to the shared ones.
    pub(crate) fn v2(&self, kind: &str) -> Value {
        if self.shared.is_empty() {
            Value::Object(self.v2_written_out(kind))
        } else {
            json!({ "$ref": format!("#/parameters/{}", self.shared) })
        }
    }

    /// As OpenAPI v2 shares it, with its name there.
    pub(crate) fn v2_shared(&self) -> Option<(&'static str, Value)> {
        (!self.shared.is_empty()).then(|| (self.shared, Value::Object(self.v2_written_out(""))))
    }

    fn v2_written_out(&self, kind: &str) -> Map<String, Value> {
        let mut document = self.common(kind);
        document.insert("type".into(), self.ty.into());
        document.insert("uniqueItems".into(), true.into());
        document
    }

    /// As OpenAPI v3 writes it out.
    pub(crate) fn v3(&self, kind: &str) -> Value {
        let mut document = self.common(kind);
        document.insert("schema".into(), json!({ "type": self.ty, "uniqueItems": true }));
        Value::Object(document)
    }

    fn common(&self, kind: &str) -> Map<String, Value> {
        let mut document = Map::new();
        let kind = if self.kind_follows { kind } else { "" };
        document.insert("description".into(), format!("{}{kind}", self.description).into());
        document.insert("name".into(), self.name.into());
        if self.place == Place::Path {
            document.insert("in".into(), "path".into());
            document.insert("required".into(), true.into());
        } else {
            document.insert("in".into(), "query".into());
        }
        document
    }
}
