use k8s_api::{Kind, UserInfo};
use k8s_openapi::api::core::v1::{Node, Pod, Secret, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};

use super::{Ref, Subject};
use crate::core::{Core, relative};

/// What is being deleted counts for so long after its time has come.
const LEEWAY: SignedDuration = SignedDuration::from_mins(1);

/// Whose token this is, and for which audiences.
///
/// It is nobody's when it is none of ours or has run out, or when its account or what it is bound to has gone. All of
/// that is read from the caches; the store is asked only about what they do not have.
///
/// Upstream: `Validate` in `pkg/serviceaccount/claims.go`.
pub(crate) async fn holder(core: &Core, token: &str) -> Option<(UserInfo, Vec<String>)> {
    let stated = core.tokens.read(token)?;
    let Subject { namespace, account, bound } = &stated.subject;
    let mut valid = is_there::<ServiceAccount>(core, namespace, account).await;
    if let Some(secret) = &bound.secret {
        valid = valid && is_there::<Secret>(core, namespace, secret).await;
    }
    match (&bound.pod, &bound.node) {
        // The node of a pod is told, and nothing hangs on it.
        (Some(pod), _) => valid = valid && is_there::<Pod>(core, namespace, pod).await,
        (None, Some(node)) => valid = valid && is_there::<Node>(core, "", node).await,
        (None, None) => {}
    }
    valid.then(|| (user(&stated.subject, &stated.id), stated.audiences))
}

async fn is_there<K: Kind>(core: &Core, namespace: &str, reference: &Ref) -> bool {
    let Ok(resource) = core.resources.get(&K::gvr()) else { return false };
    let Ok(cache) = core.resources.cache(&resource).await else { return false };
    let key = relative(namespace, &reference.name);
    let mut found = cache.get(&key);
    // Another server may have made it a moment ago.
    if found.is_none() && cache.fresh().await.is_ok() {
        found = cache.get(&key);
    }
    found.is_some_and(|object| {
        let meta = object.meta();
        meta.uid == reference.uid && !is_gone(meta.deletion_timestamp.as_ref(), core.env.clock.now())
    })
}

fn is_gone(deletion: Option<&Time>, now: Timestamp) -> bool {
    deletion.is_some_and(|Time(deletion)| *deletion < now.saturating_sub(LEEWAY).unwrap_or(Timestamp::MIN))
}

fn user(subject: &Subject, id: &str) -> UserInfo {
    let mut user = UserInfo::service_account(&subject.namespace, &subject.account.name);
    user.uid.clone_from(&subject.account.uid);
    let mut note = |key: &str, value: &str| {
        if !value.is_empty() {
            user.extra.insert(format!("authentication.kubernetes.io/{key}"), vec![value.to_owned()]);
        }
    };
    note("credential-id", &format!("JTI={id}"));
    if let Some(pod) = &subject.bound.pod {
        note("pod-name", &pod.name);
        note("pod-uid", &pod.uid);
    }
    if let Some(node) = &subject.bound.node {
        note("node-name", &node.name);
        note("node-uid", &node.uid);
    }
    user
}
