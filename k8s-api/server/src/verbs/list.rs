use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, URL_SAFE_NO_PAD};
use k8s_api::field::{self, Path};
use k8s_api::status::Cause;
use k8s_api::{GroupKind, Object, Status};
use k8s_api_client::{List, ListOptions, VersionMatch};
use serde::{Deserialize, Serialize};

use super::select::selection;
use crate::core::{Core, Scope, relative};
use crate::storage::{Cache, Entry, Selection};

/// Where the next page of a list begins, and the revision at which all its pages are read.
///
/// Upstream: `k8s.io/apiserver/pkg/storage/continue.go`.
#[derive(Debug, Serialize, Deserialize)]
struct Continue {
    v: String,
    rv: i64,
    start: String,
}

/// Reads tokens as Go does, which does not mind stray bits in the last letter.
const LENIENT: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, NO_PAD.with_decode_allow_trailing_bits(true));
const CONTINUE_VERSION: &str = "meta.k8s.io/v1";

/// Reads one object.
pub(crate) async fn get(core: &Core, scope: &Scope<'_>, resource_version: &str) -> Result<Object, Status> {
    let cache = core.resources.cache(scope.resource).await?;
    match revision(resource_version)? {
        None => drop(cache.fresh().await?),
        Some(0) => {}
        Some(least) => reach(&cache, least).await?,
    }
    let found = cache.get(&relative(scope.namespace, scope.name));
    found.ok_or_else(|| Status::not_found(scope.resource.gvr(), scope.name))
}

/// Reads a collection, or a page of it.
pub(super) async fn list(core: &Core, scope: &Scope<'_>, options: &ListOptions) -> Result<List, Status> {
    check(options)?;
    let selection = selection(scope, options)?;
    let cache = core.resources.cache(scope.resource).await?;
    let mut list = List { gvk: scope.resource.info.gvk(), ..List::default() };
    let limit = options.limit as usize;
    let (entries, from) = if options.continue_token.is_empty() {
        match (revision(&options.resource_version)?, options.version_match) {
            (Some(exact), Some(VersionMatch::Exact)) => {
                list.revision = exact;
                (at(&cache, &selection, "", exact).await?, String::new())
            }
            // Upstream's cache ignores the limit of a list that takes any version.
            (Some(0), _) => return Ok(finish(list, &selection, cache.snapshot(&selection), 0)),
            (wanted, _) => {
                match wanted {
                    Some(least) => reach(&cache, least).await?,
                    None => drop(cache.fresh().await?),
                }
                return Ok(finish(list, &selection, cache.snapshot(&selection), limit));
            }
        }
    } else {
        let token = Continue::parse(&options.continue_token)?;
        let from = format!("{}{}", selection.scope, token.start.trim_start_matches('/'));
        list.revision = match token.rv {
            // The token of a list whose revision was compacted away goes on with what is there now.
            rv if rv <= 0 => cache.fresh().await?,
            rv => rv as u64,
        };
        (at(&cache, &selection, &from, list.revision).await?, from)
    };
    let entries = entries.into_iter().filter(|(key, _)| *key >= from).collect();
    let revision = list.revision;
    Ok(finish(list, &selection, (entries, revision), limit))
}

async fn at(cache: &Cache, selection: &Selection, from: &str, revision: u64) -> Result<Vec<(String, Entry)>, Status> {
    if cache.fresh().await? == revision {
        return Ok(cache.snapshot(selection).0);
    }
    Ok(cache.at_revision(selection, from, revision, 0).await?.0)
}

fn finish(mut list: List, selection: &Selection, found: (Vec<(String, Entry)>, u64), limit: usize) -> List {
    let (entries, revision) = found;
    list.revision = revision;
    let total = entries.len();
    let mut last = String::new();
    for (seen, (key, entry)) in entries.into_iter().enumerate() {
        if !selection.matches(&entry) {
            continue;
        }
        if limit > 0 && list.items.len() == limit {
            let start = last.strip_prefix(&selection.scope).unwrap_or(&last);
            list.continue_token = Continue::after(start, revision);
            // With a selector nobody knows how many of the rest match.
            list.remaining = selection.is_everything().then_some((total - seen) as i64);
            break;
        }
        list.items.push(entry.object().clone());
        last = key;
    }
    list
}

/// A resource version as a client gives it; `None` when it gives none.
pub(super) fn revision(text: &str) -> Result<Option<u64>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        let why = format!("strconv.ParseUint: parsing {}: invalid syntax", field::quote(text));
        let error = field::Error::invalid(&Path::new("resourceVersion"), text, why);
        Status::bad_request(format!("invalid resource version: {error}"))
    })
}

/// Waits until the cache has a revision; one that is far in the future never comes.
pub(super) async fn reach(cache: &Cache, least: u64) -> Result<(), Status> {
    let patience = std::time::Duration::from_secs(3);
    if cache.revision() >= least {
        return Ok(());
    }
    if let Ok(outcome) = tokio::time::timeout(patience, cache.reach(least)).await {
        return outcome;
    }
    Err(too_large(least, cache.revision()))
}

/// What clients know a resource version from the future by; they list again without one.
fn too_large(least: u64, now: u64) -> Status {
    let mut status = Status::timeout(format!("Too large resource version: {least}, current: {now}"), 1);
    let cause = Cause {
        reason: "ResourceVersionTooLarge".to_owned(),
        message: "Too large resource version".to_owned(),
        field: String::new(),
    };
    status.details.get_or_insert_default().causes.push(cause);
    status
}

fn check(options: &ListOptions) -> Result<(), Status> {
    let path = Path::new("resourceVersionMatch");
    let mut errors = Vec::new();
    if let Some(matching) = options.version_match {
        if options.resource_version.is_empty() {
            errors.push(field::Error::forbidden(
                &path,
                "resourceVersionMatch is forbidden unless resourceVersion is provided",
            ));
        }
        if !options.continue_token.is_empty() {
            errors.push(field::Error::forbidden(&path, "resourceVersionMatch is forbidden when continue is provided"));
        }
        if matching == VersionMatch::Exact && options.resource_version == "0" {
            errors.push(field::Error::forbidden(
                &path,
                "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
            ));
        }
    }
    if options.send_initial_events.is_some() {
        let path = Path::new("sendInitialEvents");
        errors.push(field::Error::forbidden(&path, "sendInitialEvents is forbidden for list"));
    }
    invalid_options(&errors)?;
    if !options.continue_token.is_empty() && !matches!(options.resource_version.as_str(), "" | "0") {
        Continue::parse(&options.continue_token)?;
        return Err(Status::bad_request("specifying resource version is not allowed when using continue"));
    }
    Ok(())
}

/// The 422 of list options, if there are errors.
pub(super) fn invalid_options(errors: &[field::Error]) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    Err(Status::invalid(&GroupKind::new("meta.k8s.io", "ListOptions"), "", errors))
}

impl Continue {
    /// The token of a list that has shown everything up to `key`.
    fn after(key: &str, revision: u64) -> String {
        let token = Self { v: CONTINUE_VERSION.to_owned(), rv: revision as i64, start: format!("/{key}\0") };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap_or_default())
    }

    fn parse(text: &str) -> Result<Self, Status> {
        let bad =
            |why: String| Status::bad_request(format!("invalid continue token: continue key is not valid: {why}"));
        let bytes = LENIENT.decode(text).map_err(|e| bad(e.to_string()))?;
        let token: Self = serde_json::from_slice(&bytes).map_err(|e| bad(go_json_error(&bytes, &e)))?;
        if token.v != CONTINUE_VERSION {
            return Err(bad(format!("server does not recognize this encoded version {}", field::quote(&token.v))));
        }
        if token.start.is_empty() {
            return Err(bad("start key is empty".to_owned()));
        }
        Ok(token)
    }
}

/// The error as Go's decoder words it where the very first byte is wrong, which is what garbage looks like.
fn go_json_error(bytes: &[u8], error: &serde_json::Error) -> String {
    match bytes.first() {
        None => "unexpected end of JSON input".to_owned(),
        Some(first) if *first >= 0x80 => {
            format!("invalid character '\\u{:04x}' looking for beginning of value", u32::from(*first))
        }
        Some(_) => error.to_string(),
    }
}
