//! Promise 1: who asks.

use futures_util::future::join_all;
use k8s_api::{GroupVersionResource, UserInfo};
use k8s_api_client::{Body, Call, Client, ListOptions, PatchKind, ResourceTarget, WriteOptions};
use k8s_openapi::api::authentication::v1::{SelfSubjectReview, UserInfo as Told};
use k8s_openapi::api::core::v1::ConfigMap;

use super::support::{object, refused};
use crate::Subject;
use crate::subject::map;

/// Who the server takes a client for.
async fn who(client: &Client) -> Told {
    let reviews = GroupVersionResource::new("authentication.k8s.io", "v1", "selfsubjectreviews");
    let review = Body::Object(Box::new(SelfSubjectReview::default()));
    let call = Call::Create(review, WriteOptions::default());
    let reply = client.call(ResourceTarget::collection(reviews, ""), call).await.unwrap();
    let review = object(reply).0.typed::<SelfSubjectReview>().unwrap();
    review.status.clone().unwrap().user_info.unwrap()
}

fn assert_is(told: &Told, user: &UserInfo) {
    assert_eq!(told.username.as_deref(), Some(user.name.as_str()));
    let groups = told.groups.clone().unwrap_or_default();
    for group in &user.groups {
        assert!(groups.contains(group), "{} belongs to {group}, not only to {groups:?}", user.name);
    }
}

/// The administrator is told that they are.
pub async fn who_asks_is_known(subject: Subject) {
    assert_is(&who(&subject.client()).await, &subject.admin);
}

/// Each request is its own sender's, also when many are on their way.
pub async fn each_request_has_its_own_sender(subject: Subject) {
    let stranger = subject.stranger.clone().unwrap();
    let account = UserInfo::service_account(&subject.namespace, "kit");
    let users = [&subject.admin, &stranger, &account];
    let asked = (0..30).map(|i| {
        let user = users[i % users.len()];
        let client = subject.client_as(user);
        async move { (user, who(&client).await) }
    });
    for (user, told) in join_all(asked).await {
        assert_is(&told, user);
        let admins = told.groups.iter().flatten().any(|group| group == "system:masters");
        assert_eq!(admins, user.is_in("system:masters"), "{} is in {:?}", user.name, told.groups);
    }
}

/// Whoever may not is told so, whatever they try, and nothing has happened.
pub async fn a_stranger_is_refused(subject: Subject) {
    let stranger = subject.client_as(subject.stranger.as_ref().unwrap());
    let maps = stranger.namespaced::<ConfigMap>(&subject.namespace);
    let before = subject.write("a", "1").await;
    let patch = serde_json::json!({"data": {"v": "2"}});
    let refusals = [
        refused(maps.get("a").await),
        refused(maps.list(ListOptions::default()).await),
        refused(maps.watch(ListOptions::default()).await.map(drop)),
        refused(maps.create(map("b", "1")).await),
        refused(maps.update(map("a", "2")).await),
        refused(maps.patch("a", PatchKind::Merge, &patch).await),
        refused(maps.delete("a", Default::default()).await),
        refused(maps.delete_collection(Default::default(), ListOptions::default()).await),
    ];
    for status in refusals {
        assert!(matches!(status.code, 401 | 403), "{status:?}");
    }
    let left = subject.maps().list(ListOptions::default()).await.unwrap();
    assert_eq!(left.items.len(), 1);
    assert_eq!(subject.maps().dynamic().get("a").await.unwrap().revision(), before.revision());
}
