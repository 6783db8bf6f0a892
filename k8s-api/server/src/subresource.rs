//! What calls about subresources do.

mod binding;
mod eviction;
mod log;
mod scale;
mod token;

use k8s_api::{Status, UserInfo};
use k8s_api_client::{Call, Reply, ResourceTarget, Response};

use crate::core::{Core, Scope};
use crate::verbs;

/// The subresources that are a part of their object and are read and written like it.
const PARTS: [&str; 5] = ["status", "ephemeralcontainers", "resize", "finalize", "approval"];

pub(crate) async fn call(core: &Core, target: &ResourceTarget, call: Call, user: &UserInfo) -> Result<Reply, Status> {
    let resource = core.resources.get(&target.resource)?;
    if resource.info.subresource(&target.subresource).is_none() {
        return Err(Status::no_such_path());
    }
    let scope = Scope {
        resource: &resource,
        namespace: &target.namespace,
        name: &target.name,
        subresource: &target.subresource,
        user,
    };
    match (target.subresource.as_str(), call) {
        ("scale", call) => scale::call(core, &scope, call).await,
        ("binding", Call::Create(body, options)) => binding::bind(core, &scope, body, &options).await,
        ("eviction", Call::Create(body, options)) => eviction::evict(core, &scope, body, &options).await,
        ("token", Call::Create(body, options)) => token::issue(core, &scope, body, &options).await,
        ("log", Call::Connect(query)) => log::read(core, &scope, &query).await,
        ("exec" | "attach" | "portforward" | "proxy", _) => Err(not_connected(&target.subresource)),
        (part, call) if PARTS.contains(&part) => part_of(core, &scope, call).await,
        _ => Err(Status::method_not_allowed()),
    }
}

async fn part_of(core: &Core, scope: &Scope<'_>, call: Call) -> Result<Reply, Status> {
    match call {
        Call::Get { resource_version } => {
            let object = verbs::get_object(core, scope, &resource_version).await?;
            Ok(Response::Object { object, created: false }.into())
        }
        Call::Update(body, options) => verbs::update_object(core, scope, body, &options).await,
        Call::Patch(kind, patch, options) => verbs::patch_object(core, scope, kind, &patch, &options).await,
        _ => Err(Status::method_not_allowed()),
    }
}

/// The 501 of the streams that need an HTTP upgrade, which this server does not offer.
fn not_connected(what: &str) -> Status {
    let message = format!("this server does not offer {what}: it has no streaming connection to its nodes");
    Status::failure(501, k8s_api::Reason::Unknown, message)
}
