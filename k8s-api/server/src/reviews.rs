//! The resources that are questions: who am I, may I.
//!
//! Upstream: `pkg/registry/authentication` and `pkg/registry/authorization`.

use k8s_api::field::{Error, Path};
use k8s_api::{AnyObject, GroupKind, GroupVersionResource, Kind, Object, Status, UserInfo};
use k8s_api_client::{Body, Call, Reply, ResourceTarget, Response, Target, WriteOptions};
use k8s_openapi::api::authentication::v1 as authn;
use k8s_openapi::api::authorization::v1 as authz;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::authorize::{Action, Decision};
use crate::core::Core;
use crate::tokens::{self, Tokens};
use crate::verbs::decode_kind;

/// Whether a resource is never stored.
pub(crate) fn is_virtual(resource: &GroupVersionResource) -> bool {
    match &*resource.group {
        "" => matches!(&*resource.resource, "bindings" | "componentstatuses"),
        "authentication.k8s.io" | "authorization.k8s.io" => true,
        _ => false,
    }
}

/// Answers a question.
pub(crate) async fn call(core: &Core, target: &ResourceTarget, call: Call, user: &UserInfo) -> Result<Reply, Status> {
    match (&*target.resource.resource, call) {
        ("componentstatuses", Call::List(_)) => {
            let gvk = k8s_api::GroupVersionKind::new("", "v1", "ComponentStatus");
            Ok(Response::List(k8s_api_client::List { gvk, ..Default::default() }).into())
        }
        ("componentstatuses", Call::Get { .. }) => Err(Status::not_found(&target.resource, &target.name)),
        ("bindings", Call::Create(body, options)) => bind(core, target, body, options, user).await,
        ("selfsubjectreviews", Call::Create(body, options)) => who_am_i(core, user, body, &options),
        ("tokenreviews", Call::Create(body, options)) => whose_token(core, body, &options).await,
        ("selfsubjectaccessreviews", Call::Create(body, options)) => {
            let (mut review, warnings) = decode_kind::<authz::SelfSubjectAccessReview>(body, options.field_validation)?;
            let spec = &review.spec;
            let asked = asked(
                spec.resource_attributes.as_ref(),
                spec.non_resource_attributes.as_ref(),
                "SelfSubjectAccessReview",
            )?;
            review.status = Some(may(core, user, asked).await);
            made(review, warnings)
        }
        ("subjectaccessreviews", Call::Create(body, options)) => {
            let (mut review, warnings) = decode_kind::<authz::SubjectAccessReview>(body, options.field_validation)?;
            let spec = &review.spec;
            let asked =
                asked(spec.resource_attributes.as_ref(), spec.non_resource_attributes.as_ref(), "SubjectAccessReview")?;
            review.status = Some(may(core, &subject(spec)?, asked).await);
            made(review, warnings)
        }
        ("localsubjectaccessreviews", Call::Create(body, options)) => {
            let (mut review, warnings) =
                decode_kind::<authz::LocalSubjectAccessReview>(body, options.field_validation)?;
            let spec = &review.spec;
            let asked = asked(spec.resource_attributes.as_ref(), None, "LocalSubjectAccessReview")?;
            review.status = Some(may(core, &subject(spec)?, asked).await);
            made(review, warnings)
        }
        ("selfsubjectrulesreviews", Call::Create(body, options)) => {
            let (mut review, warnings) = decode_kind::<authz::SelfSubjectRulesReview>(body, options.field_validation)?;
            let namespace = review.spec.namespace.clone().unwrap_or_default();
            if namespace.is_empty() {
                return Err(Status::bad_request("no namespace on request"));
            }
            review.status = Some(core.authorizer.rules(user, &namespace, core).await);
            made(review, warnings)
        }
        _ => Err(Status::method_not_allowed()),
    }
}

/// The old address of the binding subresource.
async fn bind(
    core: &Core,
    target: &ResourceTarget,
    body: Body,
    options: WriteOptions,
    user: &UserInfo,
) -> Result<Reply, Status> {
    let (binding, _) = decode_kind::<k8s_openapi::api::core::v1::Binding>(body, options.field_validation)?;
    let pods = GroupVersionResource::new("", "v1", "pods");
    let target = ResourceTarget::object(pods, &target.namespace, binding.name()).subresource("binding");
    let body = Body::Object(Box::new(binding));
    Box::pin(crate::subresource::call(core, &target, Call::Create(body, options), user)).await
}

fn who_am_i(core: &Core, user: &UserInfo, body: Body, options: &WriteOptions) -> Result<Reply, Status> {
    let (mut review, warnings) = decode_kind::<authn::SelfSubjectReview>(body, options.field_validation)?;
    review.metadata.creation_timestamp = Some(Time(core.env.clock.now()));
    review.status = Some(authn::SelfSubjectReviewStatus { user_info: Some(info(user)) });
    made(review, warnings)
}

async fn whose_token(core: &Core, body: Body, options: &WriteOptions) -> Result<Reply, Status> {
    let (mut review, warnings) = decode_kind::<authn::TokenReview>(body, options.field_validation)?;
    let token = review.spec.token.as_str();
    if token.is_empty() {
        return Err(Status::bad_request("token is required for TokenReview in authentication"));
    }
    let wanted = review.spec.audiences.clone().unwrap_or_else(|| vec![Tokens::audience().to_owned()]);
    let found = tokens::holder(core, token).await;
    let status = match found {
        Some((user, audiences)) => {
            let shared: Vec<_> = audiences.into_iter().filter(|a| wanted.contains(a)).collect();
            let valid = !shared.is_empty();
            authn::TokenReviewStatus {
                authenticated: valid.then_some(true),
                user: valid.then(|| info(&user)),
                audiences: valid.then_some(shared),
                error: None,
            }
        }
        None => authn::TokenReviewStatus { error: Some("invalid bearer token".to_owned()), ..Default::default() },
    };
    review.status = Some(status);
    made(review, warnings)
}

fn info(user: &UserInfo) -> authn::UserInfo {
    authn::UserInfo {
        username: Some(user.name.clone()),
        uid: (!user.uid.is_empty()).then(|| user.uid.clone()),
        groups: Some(user.groups.clone()),
        extra: (!user.extra.is_empty()).then(|| user.extra.clone()),
    }
}

async fn may(core: &Core, user: &UserInfo, (verb, target): (String, Target)) -> authz::SubjectAccessReviewStatus {
    let action = Action { verb: &verb, target: &target };
    let (allowed, reason) = match core.authorizer.authorize(user, &action, core).await {
        Decision::Allow(reason) => (true, reason),
        Decision::Deny(reason) => (false, reason),
    };
    authz::SubjectAccessReviewStatus {
        allowed,
        reason: (!reason.is_empty()).then_some(reason),
        ..authz::SubjectAccessReviewStatus::default()
    }
}

fn subject(spec: &authz::SubjectAccessReviewSpec) -> Result<UserInfo, Status> {
    let name = spec.user.clone().unwrap_or_default();
    let groups = spec.groups.clone().unwrap_or_default();
    if name.is_empty() && groups.is_empty() {
        let path = Path::new("spec");
        let error = Error::invalid(&path.child("user"), "", "at least one of user or group must be specified");
        return Err(Status::invalid(&GroupKind::new("authorization.k8s.io", "SubjectAccessReview"), "", &[error]));
    }
    Ok(UserInfo {
        name,
        groups,
        uid: spec.uid.clone().unwrap_or_default(),
        extra: spec.extra.clone().unwrap_or_default(),
    })
}

fn asked(
    resource: Option<&authz::ResourceAttributes>,
    path: Option<&authz::NonResourceAttributes>,
    kind: &'static str,
) -> Result<(String, Target), Status> {
    match (resource, path) {
        (Some(asked), None) => {
            let text = |field: &Option<String>| field.clone().unwrap_or_default();
            let gvr = GroupVersionResource::new(text(&asked.group), text(&asked.version), text(&asked.resource));
            let target = ResourceTarget::object(gvr, &text(&asked.namespace), &text(&asked.name));
            Ok((text(&asked.verb), Target::Resource(target.subresource(&text(&asked.subresource)))))
        }
        (None, Some(asked)) => {
            Ok((asked.verb.clone().unwrap_or_default(), Target::Path(asked.path.clone().unwrap_or_default())))
        }
        _ => {
            let path = Path::new("spec");
            let path = path.child("resourceAttributes");
            let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            let error = Error::invalid(&path, serde_json::Value::Null, why);
            Err(Status::invalid(&GroupKind::new("authorization.k8s.io", kind), "", &[error]))
        }
    }
}

fn made(object: impl AnyObject, warnings: Vec<String>) -> Result<Reply, Status> {
    let body = object.to_json().map_err(Status::internal)?;
    let object = Object::from_wire(body.into()).map_err(Status::internal)?;
    Ok(Reply { response: Response::Object { object, created: true }, warnings })
}
