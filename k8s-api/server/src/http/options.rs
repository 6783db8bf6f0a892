use k8s_api::field::{Error, Path, quote};
use k8s_api::{GroupKind, Status};
use k8s_api_client::{
    DeleteOptions, FieldValidation, ListOptions, Preconditions, Propagation, VersionMatch, WriteOptions,
};
use k8s_api_protobuf::Codec;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Value, json};

use super::protobuf;

/// A request's query parameters in order.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(query: &str) -> Self {
        let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        });
        Self(pairs.collect())
    }

    /// The first value of a parameter; empty when there is none.
    pub(super) fn text(&self, key: &str) -> &str {
        self.0.iter().find(|(k, _)| k == key).map_or("", |(_, value)| value)
    }

    /// Whether a parameter is set to anything but false, as Go's conversion reads it.
    pub(super) fn flag(&self, key: &str) -> bool {
        self.optional_flag(key).unwrap_or(false)
    }

    /// The same parameters of a request that watches whatever they say.
    pub(super) fn of_watch(mut self) -> Self {
        self.0.retain(|(key, _)| key != "watch");
        self.0.push(("watch".to_owned(), "true".to_owned()));
        self
    }

    /// Whether JSON is to be indented: as the parameter `pretty` says, or else for browsers and command lines.
    ///
    /// Upstream: `isPrettyPrint` in `k8s.io/apiserver/pkg/endpoints/handlers/negotiation`.
    pub(super) fn is_pretty(&self, agent: &str) -> bool {
        match self.text("pretty") {
            "" => ["curl", "Wget", "Mozilla/5.0"].iter().any(|known| agent.starts_with(known)),
            text => matches!(text, "1" | "t" | "T" | "TRUE" | "true" | "True"),
        }
    }

    pub(super) fn pairs(&self) -> Vec<(String, String)> {
        self.0.clone()
    }

    fn optional_flag(&self, key: &str) -> Option<bool> {
        let (_, value) = self.0.iter().find(|(k, _)| k == key)?;
        Some(!matches!(value.to_ascii_lowercase().as_str(), "false" | "0"))
    }

    fn values(&self, key: &str) -> Vec<&str> {
        self.0.iter().filter(|(k, _)| k == key).map(|(_, value)| value.as_str()).collect()
    }

    fn number(&self, key: &str) -> Result<Option<i64>, Status> {
        let text = self.text(key);
        if text.is_empty() {
            return Ok(None);
        }
        text.parse()
            .map(Some)
            .map_err(|_| Status::bad_request(format!("strconv.ParseInt: parsing {}: invalid syntax", quote(text))))
    }
}

/// The options of a list or watch.
pub(super) fn list(query: &Query) -> Result<ListOptions, Status> {
    let version_match = match query.text("resourceVersionMatch") {
        "" => None,
        "Exact" => Some(VersionMatch::Exact),
        "NotOlderThan" => Some(VersionMatch::NotOlderThan),
        other => {
            let path = Path::new("resourceVersionMatch");
            let error = Error::not_supported(&path, other, &["", "Exact", "NotOlderThan"]);
            return Err(Status::invalid(&GroupKind::new("meta.k8s.io", "ListOptions"), "", &[error]));
        }
    };
    Ok(ListOptions {
        label_selector: query.text("labelSelector").to_owned(),
        field_selector: query.text("fieldSelector").to_owned(),
        limit: query.number("limit")?.and_then(|n| u64::try_from(n).ok()).unwrap_or_default(),
        continue_token: query.text("continue").to_owned(),
        resource_version: query.text("resourceVersion").to_owned(),
        version_match,
        timeout_seconds: query.number("timeoutSeconds")?.and_then(|n| u64::try_from(n).ok()).unwrap_or_default(),
        bookmarks: query.flag("allowWatchBookmarks"),
        send_initial_events: query.optional_flag("sendInitialEvents"),
    })
}

/// The options of a create, update or patch; `kind` names them in errors.
pub(super) fn write(query: &Query, kind: &'static str) -> Result<WriteOptions, Status> {
    let mut errors = Vec::new();
    let dry_run = dry_run(&query.values("dryRun"), &mut errors);
    let field_validation = match query.text("fieldValidation") {
        "Ignore" => FieldValidation::Ignore,
        "Strict" => FieldValidation::Strict,
        "" | "Warn" => FieldValidation::Warn,
        other => {
            let supported = ["", "Ignore", "Strict", "Warn"];
            errors.push(Error::not_supported(&Path::new("fieldValidation"), other, &supported));
            FieldValidation::Warn
        }
    };
    if !errors.is_empty() {
        return Err(Status::invalid(&GroupKind::new("meta.k8s.io", kind), "", &errors));
    }
    Ok(WriteOptions {
        dry_run,
        field_manager: query.text("fieldManager").to_owned(),
        field_validation,
        force: query.flag("force"),
    })
}

fn dry_run(values: &[&str], errors: &mut Vec<Error>) -> bool {
    let given: Vec<&str> = values.iter().copied().filter(|value| !value.is_empty()).collect();
    if given.iter().any(|value| *value != "All") {
        errors.push(Error::not_supported(&Path::new("dryRun"), json!(given), &["All"]));
    }
    !given.is_empty()
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct DeleteBody {
    grace_period_seconds: Option<i64>,
    propagation_policy: Option<String>,
    orphan_dependents: Option<bool>,
    preconditions: Option<PreconditionsBody>,
    dry_run: Option<Vec<String>>,
    ignore_store_read_error_with_cluster_breaking_potential: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PreconditionsBody {
    uid: Option<String>,
    resource_version: Option<String>,
}

/// The options of a delete: those of the body if there is one, else those of the query.
pub(super) fn delete(query: &Query, body: &[u8], media: &str) -> Result<DeleteOptions, Status> {
    let mut errors = Vec::new();
    let given = if body.is_empty() { from_query(query)? } else { from_body(body, media)? };
    let propagation = match given.propagation_policy.as_deref() {
        None => {
            given.orphan_dependents.map(|orphan| if orphan { Propagation::Orphan } else { Propagation::Background })
        }
        Some(text) => {
            let policy = Propagation::parse(text);
            if policy.is_none() {
                let supported = ["Foreground", "Background", "Orphan", "nil"];
                errors.push(Error::not_supported(&Path::new("propagationPolicy"), text, &supported));
            }
            policy
        }
    };
    if given.propagation_policy.is_some() && given.orphan_dependents.is_some() {
        let why = "orphanDependents and deletionPropagation cannot be both set";
        errors.push(Error::invalid(
            &Path::new("propagationPolicy"),
            given.propagation_policy.clone().unwrap_or_default(),
            why,
        ));
    }
    let dry: Vec<&str> = given.dry_run.iter().flatten().map(String::as_str).collect();
    let dry_run = dry_run(&dry, &mut errors);
    if !errors.is_empty() {
        return Err(Status::invalid(&GroupKind::new("meta.k8s.io", "DeleteOptions"), "", &errors));
    }
    let preconditions = given.preconditions.unwrap_or_default();
    Ok(DeleteOptions {
        grace_period_seconds: given.grace_period_seconds,
        propagation,
        preconditions: Preconditions { uid: preconditions.uid, resource_version: preconditions.resource_version },
        dry_run,
        ignore_store_read_error: given.ignore_store_read_error_with_cluster_breaking_potential.unwrap_or_default(),
    })
}

fn from_query(query: &Query) -> Result<DeleteBody, Status> {
    let text = |key| Some(query.text(key)).filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(DeleteBody {
        grace_period_seconds: query.number("gracePeriodSeconds")?,
        propagation_policy: text("propagationPolicy"),
        orphan_dependents: query.optional_flag("orphanDependents"),
        dry_run: Some(query.values("dryRun").into_iter().map(str::to_owned).collect()),
        ..DeleteBody::default()
    })
}

fn from_body(body: &[u8], media: &str) -> Result<DeleteBody, Status> {
    let bad = |why: String| {
        Status::bad_request(format!("DeleteOptions in version \"v1\" cannot be handled as a DeleteOptions: {why}"))
    };
    let tree: Value = if media == protobuf::MEDIA_TYPE {
        let decoded = Codec::builtin().decode(body).map_err(|error| Status::bad_request(error.to_string()))?;
        decoded.1
    } else if media == "application/yaml" {
        let text = std::str::from_utf8(body).map_err(|e| bad(e.to_string()))?;
        if k8s_api_patch::decode::is_too_deep(text) {
            return Err(bad("exceeded max depth".to_owned()));
        }
        serde_saphyr::from_str(text).map_err(|e| bad(e.to_string()))?
    } else {
        serde_json::from_slice(body).map_err(|e| bad(e.to_string()))?
    };
    let kind = tree.get("kind").and_then(Value::as_str).unwrap_or("DeleteOptions");
    if kind != "DeleteOptions" {
        return Err(bad(format!("no kind {} is registered", quote(kind))));
    }
    serde_json::from_value(tree).map_err(|e| bad(e.to_string()))
}
