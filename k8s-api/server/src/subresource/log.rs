mod options;

use std::fmt::Write;

use bytes::Bytes;
use k8s_api::Status;
use k8s_api_client::{Raw, RawBody, Reply, Response};
use k8s_openapi::api::core::v1::Pod;

use crate::core::{Core, Scope, relative};

/// Reads a container's log from its node.
///
/// Upstream: `LogLocation` in `pkg/registry/core/pod/strategy.go`.
pub(super) async fn read(core: &Core, scope: &Scope<'_>, query: &[(String, String)]) -> Result<Reply, Status> {
    options::check(scope.name, query)?;
    let cache = core.resources.cache(scope.resource).await?;
    let found = cache.get(&relative(scope.namespace, scope.name));
    let found = found.ok_or_else(|| Status::not_found(scope.resource.gvr(), scope.name))?;
    let pod = found.typed::<Pod>().map_err(Status::internal)?;
    let given = query.iter().find(|(key, _)| key == "container").map_or("", |(_, value)| value.as_str());
    let container = container(&pod, given)?;
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).unwrap_or_default();
    if node.is_empty() {
        // A pod that is on no node has said nothing yet.
        return Ok(Response::Raw(Raw::text(Bytes::new())).into());
    }
    let unreachable = || Status::internal(format_args!("no road to the node {node}"));
    let agent = core.nodes.connect(node).ok_or_else(unreachable)?;
    let options: Vec<String> =
        query.iter().filter(|(key, _)| key != "container").map(|(key, value)| format!("{key}={value}")).collect();
    let path = format!("/containerLogs/{}/{}/{container}?{}", scope.namespace, scope.name, options.join("&"));
    let request = http::Request::get(path).body(Bytes::new()).map_err(|e| Status::bad_request(e.to_string()))?;
    let answer = agent.handle(request).await;
    let status = answer.status();
    let body = answer.into_body();
    if status.is_success() {
        return Ok(Response::Raw(Raw { content_type: "text/plain".to_owned(), body }).into());
    }
    let why = match body {
        RawBody::Full(bytes) => String::from_utf8_lossy(&bytes).trim().to_owned(),
        RawBody::Stream(_) => status.to_string(),
    };
    Err(match status.as_u16() {
        400 => Status::bad_request(why),
        404 => Status::failure(404, k8s_api::Reason::NotFound, why),
        _ => Status::internal(why),
    })
}

/// The container asked for, or the only one there is.
fn container<'a>(pod: &'a Pod, given: &'a str) -> Result<&'a str, Status> {
    let pod_name = pod.metadata.name.as_deref().unwrap_or_default();
    let Some(spec) = &pod.spec else { return Err(Status::bad_request("the pod has no spec")) };
    let init: Vec<&str> = spec.init_containers.iter().flatten().map(|c| c.name.as_str()).collect();
    let main: Vec<&str> = spec.containers.iter().map(|c| c.name.as_str()).collect();
    let ephemeral: Vec<&str> = spec.ephemeral_containers.iter().flatten().map(|c| c.name.as_str()).collect();
    if !given.is_empty() {
        if init.iter().chain(&main).chain(&ephemeral).any(|name| *name == given) {
            return Ok(given);
        }
        return Err(Status::bad_request(format!("container {given} is not valid for pod {pod_name}")));
    }
    if let [only] = main.as_slice()
        && init.is_empty()
        && ephemeral.is_empty()
    {
        return Ok(only);
    }
    if main.len() == 1 && spec.init_containers.is_none() && spec.ephemeral_containers.is_none() {
        return Ok(main[0]);
    }
    let mut message =
        format!("a container name must be specified for pod {pod_name}, choose one of: [{}]", main.join(" "));
    if !init.is_empty() {
        let _ = write!(message, " or one of the init containers: [{}]", init.join(" "));
    }
    if !ephemeral.is_empty() {
        let _ = write!(message, " or one of the ephemeral containers: [{}]", ephemeral.join(" "));
    }
    Err(Status::bad_request(message))
}
