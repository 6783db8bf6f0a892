//! The form of answers, and small things that requests get wrong.

use serde_json::{Value, json};

use crate::wire::Wire;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

#[tokio::test(start_paused = true)]
async fn json_is_indented_for_those_who_read_it() {
    let wire = Wire::new().await;
    wire.create(MAPS, &json!({ "metadata": { "name": "a" } })).await;
    let plain = wire.get(&format!("{MAPS}/a")).await;
    assert!(!plain.text.contains("\n "), "{}", plain.text);
    let pretty = wire.get(&format!("{MAPS}/a?pretty=true")).await;
    assert!(pretty.text.starts_with("{\n  \"apiVersion\": \"v1\",\n"), "{}", pretty.text);
    assert_eq!(pretty.json(), plain.json());
    for (agent, query, indented) in [
        ("curl/8.5.0", "", true),
        ("Mozilla/5.0 (X11)", "", true),
        ("curl/8.5.0", "?pretty=false", false),
        ("kubectl/v1.36.2", "", false),
    ] {
        for path in [MAPS.to_owned(), format!("{MAPS}/none"), "/api/v1".to_owned()] {
            let answer = wire.send("GET", &format!("{path}{query}"), &[("user-agent", agent)], "").await;
            assert_eq!(answer.text.contains("\n  \""), indented, "{agent} {path}{query}: {}", answer.text);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn tables_have_their_older_version_too() {
    let wire = Wire::new().await;
    wire.create(MAPS, &json!({ "metadata": { "name": "a" } })).await;
    for path in [MAPS.to_owned(), format!("{MAPS}/a"), format!("{MAPS}?watch=1&timeoutSeconds=1")] {
        let accept = [("accept", "application/json;as=Table;v=v1beta1;g=meta.k8s.io")];
        let answer = wire.send("GET", &path, &accept, "").await;
        assert_eq!(answer.code, 200, "{path}: {}", answer.text);
        let mut table: Value = serde_json::from_str(answer.text.lines().next().unwrap()).unwrap();
        if path.contains("watch") {
            table = table["object"].clone();
        }
        assert_eq!((&table["kind"], &table["apiVersion"]), (&json!("Table"), &json!("meta.k8s.io/v1beta1")));
        assert_eq!(table["rows"][0]["object"]["apiVersion"], "meta.k8s.io/v1beta1");
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_not_that_of_the_url_comes_before_whether_there_is_such_an_object() {
    let wire = Wire::new().await;
    let body = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" } }).to_string();
    let answer = wire.send("PUT", &format!("{MAPS}/b"), &[("content-type", "application/json")], &body).await;
    assert_eq!(answer.code, 400, "{}", answer.text);
    assert_eq!(answer.message(), "the name of the object (a) does not match the name on the URL (b)");
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_is_named_twice_is_one_owner() {
    let wire = Wire::new().await;
    let owner = json!({ "apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u1" });
    let map = json!({ "metadata": { "name": "a", "ownerReferences": [owner, owner] } });
    let told = "API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix \
                your requests; duplicate UID(s) observed: u1";
    let created = wire.post(MAPS, &map).await;
    assert_eq!(created.json()["metadata"]["ownerReferences"], json!([owner]), "{}", created.text);
    let told_once = format!("299 - \".metadata.ownerReferences contains duplicate entries; {told}\"");
    assert_eq!(created.warnings(), [told_once.as_str()]);
    let media = [("content-type", "application/json")];
    let updated = wire.send("PUT", &format!("{MAPS}/a"), &media, &map.to_string()).await;
    assert_eq!((updated.code, updated.warnings()), (200, vec![told_once.as_str()]));
    let media = [("content-type", "application/merge-patch+json")];
    let patched = wire.send("PATCH", &format!("{MAPS}/a"), &media, &map.to_string()).await;
    let told = format!(
        "299 - \".metadata.ownerReferences contains duplicate entries after mutating admission happens; {told}\""
    );
    assert_eq!((patched.code, patched.warnings()), (200, vec![told.as_str()]));
    assert_eq!(patched.json()["metadata"]["ownerReferences"], json!([owner]));
}
