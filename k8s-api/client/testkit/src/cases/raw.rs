//! Promise 12: what is no object.

use k8s_api_client::{Call, Raw, Response};
use k8s_openapi::api::core::v1::{Pod, ServiceAccount};
use serde_json::{Value, json};

use super::support::{all, first, refused};
use crate::{Subject, Talker};

/// Documents outside of the resources, with their queries; and what is none.
pub async fn documents_are_read(subject: Subject) {
    let version = subject.client().get_path("/version").await.unwrap();
    assert!(version.content_type.starts_with("application/json"), "{version:?}");
    let version: Value = serde_json::from_slice(&all(version.body).await.unwrap()).unwrap();
    assert_eq!(version["major"], "1");
    let ready = subject.client().get_path("/readyz?verbose=true").await.unwrap();
    let ready = String::from_utf8(all(ready.body).await.unwrap()).unwrap();
    assert!(ready.contains("readyz check passed"), "{ready}");
    let status = refused(subject.client().get_path("/no/such/path").await);
    assert_eq!(status.code, 404, "{status:?}");
}

/// A pod on a node; its containers have said what the node's talker says.
async fn pod(subject: &Subject, name: &str, node: &str) {
    let mut account = ServiceAccount::default();
    account.metadata.name = Some("default".to_owned());
    if let Err(status) = subject.api::<ServiceAccount>().create(account).await {
        assert!(status.is_already_exists(), "{status}");
    }
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": name},
        "spec": {"nodeName": node, "automountServiceAccountToken": false, "containers": [{"name": "c", "image": "kit"}]},
    }))
    .unwrap();
    subject.api::<Pod>().create(pod).await.unwrap();
}

async fn log(subject: &Subject, name: &str, query: &[(&str, &str)]) -> Result<Raw, k8s_api::Status> {
    let target = subject.map_target(name);
    let resource = k8s_api::GroupVersionResource::new("", "v1", "pods");
    let target = k8s_api_client::ResourceTarget { resource, ..target }.subresource("log");
    let query = query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    match subject.client().call(target, Call::Connect(query)).await?.response {
        Response::Raw(raw) => Ok(raw),
        other => panic!("a log was expected, not {other:?}"),
    }
}

/// From the first byte to the last.
pub async fn a_log_comes_whole(subject: Subject) {
    let node = subject.node.clone().unwrap();
    pod(&subject, "a", &node).await;
    let log = log(&subject, "a", &[("container", "c")]).await.unwrap();
    assert!(log.content_type.starts_with("text/plain"), "{log:?}");
    assert_eq!(String::from_utf8(all(log.body).await.unwrap()).unwrap(), Talker::said(&node));
}

/// What is said comes before the end, which never comes; who has read enough lets go.
pub async fn a_followed_log_comes_as_it_is_said(subject: Subject) {
    let node = subject.node.clone().unwrap();
    pod(&subject, "a", &node).await;
    let said = Talker::said(&node);
    for _ in 0..5 {
        let followed = log(&subject, "a", &[("follow", "true")]).await.unwrap();
        let (read, rest) = first(followed.body, said.len()).await;
        assert_eq!(String::from_utf8(read).unwrap(), said);
        assert!(rest.is_some(), "a followed log is a stream");
    }
    assert!(subject.api::<Pod>().find("a").await.unwrap().is_some());
}

/// No pod, no such container, no road to its node.
pub async fn logs_that_cannot_be_had_are_refused(subject: Subject) {
    let node = subject.node.clone().unwrap();
    let status = refused(log(&subject, "none", &[]).await);
    assert_eq!((status.code, status.is_not_found()), (404, true), "{status:?}");
    pod(&subject, "a", &node).await;
    let status = refused(log(&subject, "a", &[("container", "none")]).await);
    assert_eq!(status.code, 400, "{status:?}");
    pod(&subject, "b", "nowhere").await;
    let status = refused(log(&subject, "b", &[]).await);
    assert!(status.code >= 400 && status.message.contains("nowhere"), "{status:?}");
}
