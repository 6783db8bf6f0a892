use k8s_api::Reason;
use k8s_api_client::Client;
use k8s_openapi::api::core::v1::{LimitRange, PersistentVolumeClaim, Pod, ServiceAccount};
use serde_json::{Value, json};

use crate::harness::server;

async fn limit(client: &Client, limits: Value) {
    let range = json!({ "metadata": { "name": "r" }, "spec": { "limits": limits } });
    let range: LimitRange = serde_json::from_value(range).unwrap();
    client.namespaced::<LimitRange>("default").create(range).await.unwrap();
    let account = serde_json::from_value(json!({ "metadata": { "name": "default" } })).unwrap();
    client.namespaced::<ServiceAccount>("default").create(account).await.unwrap();
}

fn pod(spec: &Value) -> Pod {
    serde_json::from_value(json!({ "metadata": { "name": "p" }, "spec": spec })).unwrap()
}

#[tokio::test(start_paused = true)]
async fn containers_are_given_what_the_namespace_says() {
    let (_server, client) = server().await;
    let defaults = json!({ "type": "Container", "default": { "cpu": "2" }, "defaultRequest": { "cpu": "100m" } });
    limit(&client, json!([defaults])).await;
    let spec = json!({
        "initContainers": [{ "name": "i", "image": "i" }],
        "containers": [
            { "name": "a", "image": "a" },
            { "name": "b", "image": "b", "resources": { "requests": { "cpu": "1" } } },
        ],
    });
    let made = client.namespaced::<Pod>("default").create(pod(&spec)).await.unwrap();
    let note = "LimitRanger plugin set: cpu request for container a; cpu limit for container a; \
                cpu limit for container b; cpu request for init container i; cpu limit for init container i";
    assert_eq!(made.metadata.annotations.as_ref().unwrap()["kubernetes.io/limit-ranger"], note);
    let resources = made.spec.as_ref().unwrap().containers[1].resources.as_ref().unwrap();
    assert_eq!(
        serde_json::to_value(resources).unwrap(),
        json!({ "limits": { "cpu": "2" }, "requests": { "cpu": "1" } })
    );
    assert_eq!(made.status.as_ref().unwrap().qos_class.as_deref(), Some("Burstable"));
}

#[tokio::test(start_paused = true)]
async fn what_is_out_of_range_is_refused() {
    let (_server, client) = server().await;
    let container = json!({ "type": "Container", "min": { "cpu": "200m" }, "max": { "memory": "1Gi" } });
    let whole = json!({ "type": "Pod", "maxLimitRequestRatio": { "cpu": "2" } });
    let claim = json!({ "type": "PersistentVolumeClaim", "max": { "storage": "1Gi" } });
    limit(&client, json!([container, whole, claim])).await;
    let resources = json!({ "requests": { "cpu": "100m" }, "limits": { "cpu": "250m", "memory": "2Gi" } });
    let spec = json!({ "containers": [{ "name": "a", "image": "a", "resources": resources }] });
    let refused = client.namespaced::<Pod>("default").create(pod(&spec)).await.unwrap_err();
    assert_eq!(refused.reason, Reason::Forbidden);
    let why = "pods \"p\" is forbidden: [minimum cpu usage per Container is 200m, but request is 100m, \
               maximum memory usage per Container is 1Gi, but limit is 2Gi, \
               cpu max limit to request ratio per Pod is 2, but provided ratio is 2.500000]";
    assert_eq!(refused.message, why);

    let spec = json!({ "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "2Gi" } } });
    let claim: PersistentVolumeClaim =
        serde_json::from_value(json!({ "metadata": { "name": "c" }, "spec": spec })).unwrap();
    let refused = client.namespaced::<PersistentVolumeClaim>("default").create(claim).await.unwrap_err();
    let why = "persistentvolumeclaims \"c\" is forbidden: \
               maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi";
    assert_eq!(refused.message, why);
}
