//! What the subresources refuse.

use serde_json::{Value, json};

use crate::wire::Wire;

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

async fn deployment(wire: &Wire) {
    let labels = json!({ "app": "a" });
    let template =
        json!({ "metadata": { "labels": labels }, "spec": { "containers": [{ "name": "c", "image": "i" }] } });
    let spec = json!({ "selector": { "matchLabels": labels }, "template": template });
    wire.create(DEPLOYMENTS, &json!({ "metadata": { "name": "d" }, "spec": spec })).await;
}

#[tokio::test(start_paused = true)]
async fn server_side_apply_is_an_unknown_format_whether_or_not_the_object_exists() {
    let wire = Wire::new().await;
    deployment(&wire).await;
    for media in ["application/apply-patch+yaml", "application/apply-patch+cbor"] {
        for path in ["/d", "/none", "/d/scale", "/none/scale", "/none/status"] {
            let path = format!("{DEPLOYMENTS}{path}?fieldManager=me");
            let answer = wire.send("PATCH", &path, &[("content-type", media)], "{}").await;
            assert_eq!(answer.code, 415, "{media} {path}: {}", answer.text);
            assert_eq!(answer.json()["reason"], "UnsupportedMediaType");
            assert!(answer.message().starts_with("the body of the request was in an unknown format - accepted"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_scale_minds_field_validation() {
    let wire = Wire::new().await;
    deployment(&wire).await;
    let media = [("content-type", "application/merge-patch+json")];
    let patch = r#"{"spec":{"replicas":2,"replcas":3}}"#;
    let strict = wire.send("PATCH", &format!("{DEPLOYMENTS}/d/scale?fieldValidation=Strict"), &media, patch).await;
    assert_eq!(strict.code, 422, "{}", strict.text);
    assert!(strict.message().contains(r#"unknown field "spec.replcas""#), "{}", strict.text);
    let warned = wire.send("PATCH", &format!("{DEPLOYMENTS}/d/scale"), &media, patch).await;
    assert_eq!((warned.code, warned.warnings()), (200, vec![r#"299 - "unknown field \"spec.replcas\"""#]));
    let ignored = wire.send("PATCH", &format!("{DEPLOYMENTS}/d/scale?fieldValidation=Ignore"), &media, patch).await;
    assert_eq!((ignored.code, ignored.warnings().len()), (200, 0));
}

#[tokio::test(start_paused = true)]
async fn options_of_logs_are_checked() {
    let wire = Wire::new().await;
    let refused: [(&str, u16, &str); 8] = [
        ("tailLines=-1", 422, "tailLines: Invalid value: -1: must be greater than or equal to 0"),
        ("limitBytes=0", 422, "limitBytes: Invalid value: 0: must be greater than 0"),
        ("sinceSeconds=0", 422, "sinceSeconds: Invalid value: 0: must be greater than 0"),
        ("sinceSeconds=-5&tailLines=0", 422, "sinceSeconds: Invalid value: -5: must be greater than 0"),
        (
            "sinceSeconds=1&sinceTime=2024-01-01T00:00:00Z",
            422,
            "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
        ),
        ("stream=Stdout", 422, "stream: Forbidden: may not be specified"),
        ("tailLines=many", 400, r#"strconv.ParseInt: parsing "many": invalid syntax"#),
        ("sinceTime=now", 400, r#"parsing time "now""#),
    ];
    for (query, code, why) in refused {
        let answer = wire.get(&format!("/api/v1/namespaces/default/pods/p/log?{query}")).await;
        assert_eq!(answer.code, code, "{query}: {}", answer.text);
        assert!(answer.message().contains(why), "{query}: {}", answer.text);
        if code == 422 {
            assert_eq!(answer.json()["details"]["kind"], "PodLogOptions");
        }
    }
    assert_eq!(wire.get("/api/v1/namespaces/default/pods/p/log?tailLines=0&limitBytes=1").await.code, 404);
}

#[tokio::test(start_paused = true)]
async fn what_lies_behind_a_proxy_is_not_offered_whatever_its_path() {
    let wire = Wire::new().await;
    let whole: Value = wire.get("/api/v1/nodes/x/proxy").await.json();
    assert_eq!(whole["code"], 501);
    for path in [
        "nodes/x/proxy/healthz",
        "namespaces/default/pods/p/proxy/foo/bar",
        "namespaces/default/services/https:kubernetes:443/proxy/x",
    ] {
        assert_eq!(wire.get(&format!("/api/v1/{path}")).await.json(), whole, "{path}");
    }
    assert_eq!(wire.get("/api/v1/nodes/x/status/healthz").await.code, 404);
}
