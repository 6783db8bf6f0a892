use k8s_api_client::{Body, DeleteOptions, ListOptions, WriteOptions};
use k8s_openapi::api::core::v1::{Binding, Container, ObjectReference, Pod, PodSpec, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::harness::server;

fn pod(name: &str) -> Pod {
    let container = Container { name: "c".to_owned(), image: Some("i".to_owned()), ..Container::default() };
    Pod {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
        spec: Some(PodSpec { containers: vec![container], ..PodSpec::default() }),
        status: None,
    }
}

fn service_account() -> ServiceAccount {
    let metadata = ObjectMeta { name: Some("default".to_owned()), ..ObjectMeta::default() };
    ServiceAccount { metadata, ..ServiceAccount::default() }
}

#[tokio::test(start_paused = true)]
async fn a_pod_is_defaulted_bound_and_deleted_in_two_steps() {
    let (_server, client) = server().await;
    client.namespaced::<ServiceAccount>("default").create(service_account()).await.unwrap();
    let pods = client.namespaced::<Pod>("default");
    let created = pods.create(pod("p")).await.unwrap();
    let spec = created.spec.as_ref().unwrap();
    assert_eq!(spec.service_account_name.as_deref(), Some("default"));
    assert_eq!(spec.tolerations.as_ref().unwrap().len(), 2);
    assert_eq!(created.status.as_ref().unwrap().phase.as_deref(), Some("Pending"));

    let binding = Binding {
        metadata: ObjectMeta { name: Some("p".to_owned()), ..ObjectMeta::default() },
        target: ObjectReference { name: Some("node-1".to_owned()), ..ObjectReference::default() },
    };
    let bind = |binding: Binding| {
        let body = Body::Object(Box::new(binding));
        async { pods.dynamic().post("p", "binding", body, WriteOptions::default()).await }
    };
    bind(binding.clone()).await.unwrap();
    assert!(bind(binding).await.unwrap_err().is_conflict());
    let on_node = ListOptions::default().fields("spec.nodeName=node-1");
    assert_eq!(pods.list(on_node).await.unwrap().items.len(), 1);

    let going = pods.delete("p", DeleteOptions::default()).await.unwrap().unwrap();
    assert_eq!(going.metadata.deletion_grace_period_seconds, Some(30));
    pods.delete("p", DeleteOptions::default().grace(0)).await.unwrap();
    assert!(pods.find("p").await.unwrap().is_none());
}
