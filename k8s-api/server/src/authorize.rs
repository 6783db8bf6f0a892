//! Who may do what.
//!
//! Upstream: `k8s.io/apiserver/pkg/authorization/authorizer`.

mod rbac;

use std::fmt::Debug;

use async_trait::async_trait;
use k8s_api::{GroupVersionResource, Status, UserInfo, field};
use k8s_api_client::{ResourceTarget, Target};
use k8s_openapi::api::authorization::v1::{NonResourceRule, ResourceRule, SubjectRulesReviewStatus};

pub use rbac::Rbac;
pub(crate) use rbac::policy;

use crate::admission::Lookup;

/// Decides whether a user may make a request.
///
/// Implemented by whoever has rules of their own; called by the server once for each request, before anything is read or
/// admitted, and for each review of access. The front page of this crate numbers the promises, and
/// `k8s-api-server-testkit` has a test for each.
///
/// # Contract
/// Deciding changes nothing: the same question about the same cluster has the same answer, whoever asks what in between.
/// Every question has an answer; nothing in it makes an authorizer panic. What is behind a question mark in a path does
/// not count. `cluster` is the server's own view of its objects, read without being authorized in turn; where it cannot
/// be read, nobody is allowed who would not be allowed otherwise.
///
/// There is one authorizer in a server, and it has the last word; one that asks several decides what their answers come
/// to.
///
/// # Cancellation
/// The future may be dropped at any time, and any number may be under way.
#[async_trait]
pub trait Authorizer: Send + Sync + Debug + 'static {
    /// Decides.
    async fn authorize(&self, user: &UserInfo, action: &Action<'_>, cluster: &dyn Lookup) -> Decision;

    /// What a user may do in a namespace and outside of the resources, as far as the authorizer can list it.
    ///
    /// What is listed is allowed. What is allowed is listed, or the answer says that it is `incomplete`.
    async fn rules(&self, user: &UserInfo, namespace: &str, cluster: &dyn Lookup) -> SubjectRulesReviewStatus;
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug)]
pub struct Action<'a> {
    /// `get`, `list`, `create`, `impersonate`; for paths outside of the resources the HTTP method in lower case.
    pub verb: &'a str,
    /// To what.
    pub target: &'a Target,
}

/// What becomes of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It goes on; the reason is for those who ask beforehand.
    Allow(String),
    /// It ends with 403; the reason is appended to the message when it says something.
    Deny(String),
}

/// Lets everybody do everything: for tests and for embedders who decide elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllowAll;

#[async_trait]
impl Authorizer for AllowAll {
    async fn authorize(&self, _: &UserInfo, _: &Action<'_>, _: &dyn Lookup) -> Decision {
        Decision::Allow(String::new())
    }

    async fn rules(&self, _: &UserInfo, _: &str, _: &dyn Lookup) -> SubjectRulesReviewStatus {
        everything()
    }
}

/// The rules of those who may do everything.
fn everything() -> SubjectRulesReviewStatus {
    let all = || vec!["*".to_owned()];
    SubjectRulesReviewStatus {
        resource_rules: vec![ResourceRule {
            api_groups: Some(all()),
            resources: Some(all()),
            verbs: all(),
            resource_names: None,
        }],
        non_resource_rules: vec![NonResourceRule { non_resource_urls: Some(all()), verbs: all() }],
        incomplete: false,
        evaluation_error: None,
    }
}

/// The 403 of a request that was denied.
pub(crate) fn denied(user: &UserInfo, action: &Action<'_>, reason: &str) -> Status {
    let who = format!("User {} cannot {}", field::quote(&user.name), action.verb);
    let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    match action.target {
        Target::Path(path) => {
            let path = path.split('?').next().unwrap_or_default();
            let why = format!("{who} path {}{reason}", field::quote(path));
            Status::forbidden(&GroupVersionResource::default(), "", &why)
        }
        Target::Resource(target) => {
            let why = format!("{who} {}{reason}", on(target));
            Status::forbidden(&target.resource, &target.name, &why)
        }
    }
}

fn on(target: &ResourceTarget) -> String {
    let (gvr, sub) = (&target.resource, &target.subresource);
    let resource = if sub.is_empty() { gvr.resource.to_string() } else { format!("{}/{sub}", gvr.resource) };
    let place = if target.namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {}", field::quote(&target.namespace))
    };
    format!("resource {} in API group {} {place}", field::quote(&resource), field::quote(&gvr.group))
}
