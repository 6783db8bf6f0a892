use k8s_api::registry::Verb;
use k8s_api::{GroupVersionResource, Status};
use k8s_api_client::{ResourceTarget, Target};
use percent_encoding::percent_decode_str;

use super::options::Query;
use crate::core::Core;

/// Where a path leads.
pub(super) enum Route {
    /// Outside of the resources.
    Path(String),
    /// To a resource; `known` tells whether there is such a resource and subresource.
    Resource { target: ResourceTarget, known: bool },
}

/// What stands before the resource in the deprecated paths of watches.
const WATCH: &str = "watch";

/// Reads the parameters of a request; those of a deprecated path of a watch say that it is one.
pub(super) fn query(parts: &http::request::Parts) -> Result<Query, Status> {
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let place = match parts.uri.path().split('/').nth(1) {
        Some("api") => 3,
        Some("apis") => 4,
        _ => return Ok(query),
    };
    let mut parts_of_path = parts.uri.path().split('/').skip(place);
    if parts_of_path.next() != Some(WATCH) || parts_of_path.next().is_none_or(str::is_empty) {
        return Ok(query);
    }
    if !matches!(parts.method, http::Method::GET | http::Method::HEAD) {
        return Err(Status::method_not_allowed());
    }
    Ok(query.of_watch())
}

/// Reads a path as upstream's request info does.
///
/// Upstream: `k8s.io/apiserver/pkg/endpoints/request/requestinfo.go`.
pub(super) fn parse(path: &str, core: &Core) -> Route {
    let decoded: Vec<String> =
        path.split('/').skip(1).map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect();
    let mut parts: Vec<&str> = decoded.iter().map(String::as_str).collect();
    if parts.last() == Some(&"") {
        parts.pop();
    }
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
        ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
        _ => return Route::Path(path.to_owned()),
    };
    let (rest, watch) = rest.strip_prefix(&[WATCH]).map_or((rest, false), |rest| (rest, true));
    let snapshot = core.registry.snapshot();
    if snapshot.group(group).is_none() {
        return Route::Path(path.to_owned());
    }
    let (namespace, resource, rest) = match rest {
        ["namespaces", name] => ("", "namespaces", vec![*name]),
        ["namespaces", name, sub @ ("status" | "finalize")] => ("", "namespaces", vec![*name, *sub]),
        ["namespaces", namespace, resource, rest @ ..] => (*namespace, *resource, rest.to_vec()),
        [resource, rest @ ..] => ("", *resource, rest.to_vec()),
        [] => return Route::Path(path.to_owned()),
    };
    let gvr = match snapshot.resource(group, version, resource) {
        // The registry's own names are free to clone.
        Some(info) => info.gvr.clone(),
        None => GroupVersionResource::new(group.to_owned(), version.to_owned(), resource.to_owned()),
    };
    let target = ResourceTarget {
        namespace: namespace.to_owned(),
        name: rest.first().copied().unwrap_or_default().to_owned(),
        subresource: rest.get(1).copied().unwrap_or_default().to_owned(),
        resource: gvr,
    };
    let known = snapshot.gvr(&target.resource).is_some_and(|info| {
        let scoped = info.namespaced || target.namespace.is_empty();
        let sub = target.subresource.as_str();
        let one_of_many = info.namespaced && target.namespace.is_empty() && !target.name.is_empty();
        // What lies behind a proxy has paths of its own.
        let fits = if watch { rest.len() <= 1 } else { rest.len() <= 2 || sub == "proxy" };
        scoped && !one_of_many && (sub.is_empty() || info.subresource(sub).is_some()) && fits
    });
    Route::Resource { target, known }
}

/// Refuses a verb that the resource does not have.
pub(super) fn check_method(core: &Core, target: &ResourceTarget, verb: &str) -> Result<(), Status> {
    let snapshot = core.registry.snapshot();
    let Some(info) = snapshot.gvr(&target.resource) else { return Err(Status::no_such_path()) };
    let verbs = match target.subresource.as_str() {
        "" => Some(info.verbs),
        sub => info.subresource(sub).map(|sub| sub.verbs),
    };
    let served = verbs.zip(Verb::parse(verb)).is_some_and(|(verbs, verb)| verbs.contains(verb));
    let fits = match verb {
        "create" => target.name.is_empty() || !target.subresource.is_empty(),
        "deletecollection" | "list" | "watch" => true,
        _ => !target.name.is_empty(),
    };
    if served && fits { Ok(()) } else { Err(Status::method_not_allowed()) }
}

/// The verb of a request about a resource as authorization names it; of others it is the method.
pub(super) fn verb(method: &http::Method, target: &Target, query: &Query) -> Option<&'static str> {
    let Target::Resource(target) = target else { return None };
    let collection = target.name.is_empty();
    Some(match *method {
        http::Method::POST => "create",
        http::Method::PUT => "update",
        http::Method::PATCH => "patch",
        http::Method::DELETE if collection => "deletecollection",
        http::Method::DELETE => "delete",
        http::Method::GET | http::Method::HEAD if query.flag("watch") => "watch",
        http::Method::GET | http::Method::HEAD if collection => "list",
        http::Method::GET | http::Method::HEAD => "get",
        _ => return None,
    })
}
