//! Roles and bindings decide, from the moment they are written.

use std::sync::Arc;

use k8s_api::{GroupVersionResource, UserInfo};
use k8s_api_client::{Client, DynamicApi, ListOptions, WriteOptions};
use k8s_api_server::ApiServer;
use k8s_env::Env;
use k8s_openapi::api::core::v1::{ConfigMap, Node, Secret};
use k8s_store::Memory;
use serde_json::{Value, json};

async fn server() -> (ApiServer, Client) {
    let server = ApiServer::builder(Arc::new(Memory::new()), Env::simulated(1)).rbac().start().await.unwrap();
    let admin = server.client_as(UserInfo::admin());
    (server, admin)
}

fn rbac(client: &Client, resource: &'static str, namespace: &str) -> DynamicApi {
    client.dynamic(GroupVersionResource::new("rbac.authorization.k8s.io", "v1", resource), namespace)
}

async fn create(api: &DynamicApi, object: Value) {
    let object: k8s_api::DynamicObject = serde_json::from_value(object).unwrap();
    api.create(Box::new(object), WriteOptions::default()).await.unwrap();
}

fn binding(name: &str, role: &str, subject: &Value) -> Value {
    let reference = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role});
    json!({"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]})
}

fn user(name: &str) -> Value {
    json!({"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": name})
}

async fn may_list<K: k8s_api::Kind>(client: &Client, namespace: &str) -> bool {
    match client.namespaced::<K>(namespace).list(ListOptions::default()).await {
        Ok(_) => true,
        Err(status) => {
            assert_eq!(status.code, 403, "{status:?}");
            false
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_binding_grants_in_its_namespace_what_the_sum_of_roles_says() {
    let (server, admin) = server().await;
    let alice = server.client_as(UserInfo::new("alice", &[]));
    assert!(!may_list::<ConfigMap>(&alice, "default").await);
    create(&rbac(&admin, "rolebindings", "default"), binding("b", "view", &user("alice"))).await;
    assert!(may_list::<ConfigMap>(&alice, "default").await);
    assert!(!may_list::<ConfigMap>(&alice, "kube-system").await);
    assert!(!may_list::<Secret>(&alice, "default").await);

    let part = json!({
        "metadata": {"name": "more", "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},
        "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}],
    });
    create(&rbac(&admin, "clusterroles", ""), part).await;
    assert!(may_list::<Secret>(&alice, "default").await);
}

#[tokio::test(start_paused = true)]
async fn a_service_account_is_a_subject() {
    let (server, admin) = server().await;
    let robot = server.client_as(UserInfo::service_account("default", "robot"));
    assert!(!may_list::<ConfigMap>(&robot, "").await);
    let subject = json!({"kind": "ServiceAccount", "namespace": "default", "name": "robot"});
    create(&rbac(&admin, "clusterrolebindings", ""), binding("b", "view", &subject)).await;
    assert!(may_list::<ConfigMap>(&robot, "").await);
}

#[tokio::test(start_paused = true)]
async fn a_node_agent_writes_its_own_node_alone() {
    let (server, _) = server().await;
    let agent = server.client_as(UserInfo::node("n1"));
    let node = |name: &str| serde_json::from_value::<Node>(json!({"metadata": {"name": name}})).unwrap();
    let nodes = agent.api::<Node>();
    nodes.create(node("n1")).await.unwrap();
    server.client_as(UserInfo::admin()).api::<Node>().create(node("n2")).await.unwrap();
    let label = json!({"metadata": {"labels": {"a": "b"}}});
    let merge = k8s_api_client::PatchKind::Merge;
    assert!(nodes.patch("n1", merge, &label).await.is_ok());
    assert_eq!(nodes.patch("n2", merge, &label).await.unwrap_err().code, 403);
}

#[tokio::test(start_paused = true)]
async fn everybody_can_ask_what_they_may() {
    let (server, _) = server().await;
    let bob = server.client_as(UserInfo::new("bob", &[]));
    let reviews = GroupVersionResource::new("authorization.k8s.io", "v1", "selfsubjectrulesreviews");
    let review: k8s_api::DynamicObject = serde_json::from_value(json!({"spec": {"namespace": "default"}})).unwrap();
    let answer = bob.dynamic(reviews, "").create(Box::new(review), WriteOptions::default()).await.unwrap();
    let answer = answer.to_value().unwrap();
    let rules = answer["status"]["resourceRules"].as_array().unwrap();
    assert!(rules.iter().any(|rule| rule["resources"][0] == "selfsubjectaccessreviews"));
    assert!(!answer["status"]["nonResourceRules"].as_array().unwrap().is_empty());
}
