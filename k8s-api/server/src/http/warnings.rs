use k8s_api_client::ResourceTarget;

/// What every request about an outdated version is told.
///
/// Upstream: `k8s.io/apiserver/pkg/endpoints/deprecation` and the types' lifecycle.
pub(super) fn of_version(target: &ResourceTarget) -> Option<String> {
    let gvr = &target.resource;
    if !gvr.group.is_empty() || &*gvr.version != "v1" {
        return None;
    }
    let text = match &*gvr.resource {
        "endpoints" => "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
        "componentstatuses" => "v1 ComponentStatus is deprecated in v1.19+",
        _ => return None,
    };
    Some(text.to_owned())
}
