//! Who may do what in a cluster whose embedder did not say.

use async_trait::async_trait;
use k8s_api::UserInfo;
use k8s_api_client::Target;
use k8s_api_server::admission::Lookup;
use k8s_api_server::authorize::{Action, AllowAll, Authorizer, Decision};
use k8s_openapi::api::authorization::v1::{NonResourceRule, SubjectRulesReviewStatus};

/// What everybody may see. Upstream: the cluster role `system:public-info-viewer`.
const PUBLIC: [&str; 5] = ["/healthz", "/livez", "/readyz", "/version", "/version/"];

/// Lets everybody do everything who is somebody; who showed no credentials sees the version and the health of the
/// server.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AllowKnown;

#[async_trait]
impl Authorizer for AllowKnown {
    async fn authorize(&self, user: &UserInfo, action: &Action<'_>, cluster: &dyn Lookup) -> Decision {
        let public = match action.target {
            Target::Path(path) => action.verb == "get" && PUBLIC.contains(&path.split('?').next().unwrap_or_default()),
            Target::Resource(_) => false,
        };
        if is_anonymous(user) && !public {
            return Decision::Deny(String::new());
        }
        AllowAll.authorize(user, action, cluster).await
    }

    async fn rules(&self, user: &UserInfo, namespace: &str, cluster: &dyn Lookup) -> SubjectRulesReviewStatus {
        if !is_anonymous(user) {
            return AllowAll.rules(user, namespace, cluster).await;
        }
        let paths = PUBLIC.map(str::to_owned).into();
        SubjectRulesReviewStatus {
            non_resource_rules: vec![NonResourceRule { non_resource_urls: Some(paths), verbs: vec!["get".to_owned()] }],
            ..SubjectRulesReviewStatus::default()
        }
    }
}

fn is_anonymous(user: &UserInfo) -> bool {
    user.groups.iter().any(|group| group == "system:unauthenticated")
}
