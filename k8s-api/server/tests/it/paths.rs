//! What is listed is served.

use serde_json::{Value, json};

use crate::wire::Wire;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

#[tokio::test(start_paused = true)]
async fn every_listed_path_is_there() {
    let wire = Wire::new().await;
    let listed = wire.get("/").await.json();
    for path in listed["paths"].as_array().unwrap() {
        let path = path.as_str().unwrap();
        // Names the documents below it.
        if path == "/openapi/v3/" {
            continue;
        }
        assert_eq!(wire.get(path).await.code, 200, "{path}");
    }
}

async fn names(wire: &Wire, path: &str) -> Vec<String> {
    let answer = wire.get(path).await;
    assert_eq!(answer.code, 200, "{path}: {}", answer.text);
    let event = |line: &str| serde_json::from_str::<Value>(line).unwrap()["object"]["metadata"]["name"].clone();
    answer.text.lines().map(|line| event(line).as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_deprecated_paths_of_watches_are_watches() {
    let wire = Wire::new().await;
    for name in ["a", "b"] {
        wire.create(MAPS, &json!({ "metadata": { "name": name } })).await;
    }
    let short = "timeoutSeconds=1";
    let watch = "/api/v1/watch/namespaces/default/configmaps";
    assert_eq!(names(&wire, &format!("{watch}?{short}")).await, ["a", "b"]);
    assert_eq!(names(&wire, &format!("{watch}?{short}&fieldSelector=metadata.name%3Da")).await, ["a"]);
    assert_eq!(names(&wire, &format!("{watch}/b?{short}&watch=false")).await, ["b"]);
    assert_eq!(names(&wire, &format!("/api/v1/watch/configmaps?{short}")).await, ["a", "b"]);
    assert_eq!(names(&wire, &format!("/api/v1/watch/namespaces/default?{short}")).await, ["default"]);
    assert!(names(&wire, &format!("/apis/apps/v1/watch/deployments?{short}")).await.is_empty());
    let other = wire.get(&format!("{watch}/b?{short}&fieldSelector=metadata.name%3Da")).await;
    assert_eq!(other.code, 400);
    assert_eq!(other.message(), "fieldSelector metadata.name doesn't match requested name");
    assert_eq!(wire.post(watch, &json!({ "metadata": { "name": "c" } })).await.code, 405);
    assert_eq!(wire.get(&format!("{watch}/b/status")).await.code, 404);
}
