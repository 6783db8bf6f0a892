//! Tokens of service accounts end with what they are bound to.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::wire::Wire;

const CORE: &str = "/api/v1/namespaces/default";

async fn account(wire: &Wire) -> String {
    let made = wire.create(&format!("{CORE}/serviceaccounts"), &json!({ "metadata": { "name": "robot" } })).await;
    made["metadata"]["uid"].as_str().unwrap().to_owned()
}

async fn request(wire: &Wire, bound: &Value) -> crate::wire::Answer {
    let body = json!({ "spec": { "boundObjectRef": bound } });
    wire.post(&format!("{CORE}/serviceaccounts/robot/token"), &body).await
}

async fn token(wire: &Wire, bound: &Value) -> String {
    let answer = request(wire, bound).await;
    assert_eq!(answer.code, 201, "{}", answer.text);
    answer.json()["status"]["token"].as_str().unwrap().to_owned()
}

fn claims(token: &str) -> Value {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&payload).unwrap()["kubernetes.io"].clone()
}

async fn works(wire: &Wire, token: &str) -> bool {
    let bearer = format!("Bearer {token}");
    let code = wire.send("GET", "/version", &[("authorization", &bearer)], "").await.code;
    let review =
        wire.create("/apis/authentication.k8s.io/v1/tokenreviews", &json!({ "spec": { "token": token } })).await;
    assert_eq!(review["status"]["authenticated"] == true, code == 200, "{review}");
    assert!(code == 200 || code == 401, "{code}");
    code == 200
}

async fn delete(wire: &Wire, path: &str) {
    let answer = wire.send("DELETE", &format!("{path}?gracePeriodSeconds=0"), &[], "").await;
    assert_eq!(answer.code, 200, "{}", answer.text);
}

fn pod(account: &str) -> Value {
    json!({ "metadata": { "name": "p" }, "spec": {
        "serviceAccountName": account, "nodeName": "n", "containers": [{ "name": "c", "image": "i" }],
    }})
}

#[tokio::test(start_paused = true)]
async fn a_token_ends_with_its_account_and_does_not_come_back_with_another_of_that_name() {
    let wire = Wire::new().await;
    account(&wire).await;
    let token = token(&wire, &Value::Null).await;
    assert!(works(&wire, &token).await);
    delete(&wire, &format!("{CORE}/serviceaccounts/robot")).await;
    assert!(!works(&wire, &token).await);
    account(&wire).await;
    assert!(!works(&wire, &token).await);
}

#[tokio::test(start_paused = true)]
async fn a_token_names_what_it_is_bound_to_and_ends_with_it() {
    let wire = Wire::new().await;
    account(&wire).await;
    let node = wire.create("/api/v1/nodes", &json!({ "metadata": { "name": "n" } })).await["metadata"]["uid"].clone();
    let pod = wire.create(&format!("{CORE}/pods"), &pod("robot")).await["metadata"]["uid"].clone();
    let secret = json!({ "metadata": { "name": "s" } });
    let secret = wire.create(&format!("{CORE}/secrets"), &secret).await["metadata"]["uid"].clone();
    let of_pod = token(&wire, &json!({ "apiVersion": "v1", "kind": "Pod", "name": "p", "uid": pod })).await;
    let of_secret = token(&wire, &json!({ "apiVersion": "v1", "kind": "Secret", "name": "s" })).await;
    let of_node = token(&wire, &json!({ "apiVersion": "v1", "kind": "Node", "name": "n" })).await;
    let bound = claims(&of_pod);
    assert_eq!(bound["pod"], json!({ "name": "p", "uid": pod }));
    assert_eq!(bound["node"], json!({ "name": "n", "uid": node }));
    assert_eq!(claims(&of_secret)["secret"], json!({ "name": "s", "uid": secret }));
    assert_eq!(claims(&of_node)["node"], json!({ "name": "n", "uid": node }));
    for token in [&of_pod, &of_secret, &of_node] {
        assert!(works(&wire, token).await);
    }
    delete(&wire, &format!("{CORE}/secrets/s")).await;
    assert!(!works(&wire, &of_secret).await);
    // The node of a pod is told, and nothing hangs on it.
    delete(&wire, "/api/v1/nodes/n").await;
    assert!(!works(&wire, &of_node).await);
    assert!(works(&wire, &of_pod).await);
    delete(&wire, &format!("{CORE}/pods/p")).await;
    assert!(!works(&wire, &of_pod).await);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_bound_to_what_exists_alone() {
    let wire = Wire::new().await;
    account(&wire).await;
    wire.create(&format!("{CORE}/serviceaccounts"), &json!({ "metadata": { "name": "other" } })).await;
    wire.create(&format!("{CORE}/pods"), &pod("other")).await;
    wire.create(&format!("{CORE}/secrets"), &json!({ "metadata": { "name": "s" } })).await;
    let refused = [
        (json!({ "kind": "Pod", "apiVersion": "v1", "name": "none" }), 404, r#"pods "none" not found"#),
        (json!({ "kind": "Node", "apiVersion": "v1", "name": "none" }), 404, r#"nodes "none" not found"#),
        (json!({ "kind": "Secret", "apiVersion": "v1", "name": "none" }), 404, r#"secrets "none" not found"#),
        (
            json!({ "kind": "Secret", "apiVersion": "v1", "name": "s", "uid": "other" }),
            409,
            r#"Operation cannot be fulfilled on Secret "s": the UID in the bound object reference (other) does not"#,
        ),
        (
            json!({ "kind": "Pod", "apiVersion": "v1", "name": "p" }),
            400,
            "cannot bind token for serviceaccount \"robot\"",
        ),
        (json!({ "kind": "Job", "apiVersion": "batch/v1", "name": "j" }), 400, "of type batch/v1, Kind=Job"),
    ];
    for (bound, code, why) in refused {
        let answer = request(&wire, &bound).await;
        assert_eq!(answer.code, code, "{bound}: {}", answer.text);
        assert!(answer.message().contains(why), "{bound}: {}", answer.text);
    }
}
