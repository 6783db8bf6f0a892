#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use k8s_api::Kind;
use k8s_openapi::api::batch::v1::{Job, JobStatus};
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use crate::support::World;

fn job(spec: Value) -> Value {
    let mut job = json!({
        "metadata": { "name": "sum" },
        "spec": { "template": { "spec": {
            "restartPolicy": "Never", "containers": [{ "name": "sum", "image": "sum:1" }],
        } } },
    });
    for (key, value) in spec.as_object().unwrap() {
        job["spec"][key] = value.clone();
    }
    job
}

async fn status(world: &World) -> JobStatus {
    world.get::<Job>("sum").await.status.clone().unwrap()
}

/// The conditions as `TYPE/REASON`.
async fn conditions(world: &World) -> String {
    let status = status(world).await;
    let conditions = status.conditions.iter().flatten();
    let words: Vec<_> =
        conditions.map(|c| format!("{}={}/{}", c.type_, c.status, c.reason.clone().unwrap_or_default())).collect();
    words.join(" ")
}

/// The pods that are about to run.
async fn active(world: &World) -> Vec<String> {
    let pods = world.pods().await;
    let active = pods.iter().filter(|pod| k8s_ctrl::pod::is_active(pod));
    active.map(|pod| pod.name().to_owned()).collect()
}

async fn succeed(world: &World, pod: &str) {
    world.end(pod, json!({ "phase": "Succeeded" })).await;
}

async fn fail(world: &World, pod: &str, code: i32) {
    let end = world.env.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let state = json!({ "terminated": { "exitCode": code, "finishedAt": end } });
    let container = json!({
        "name": "sum", "state": state, "ready": false, "restartCount": 0, "image": "sum:1", "imageID": "",
    });
    world.end(pod, json!({ "phase": "Failed", "containerStatuses": [container] })).await;
}

#[tokio::test(start_paused = true)]
async fn a_job_is_complete_when_enough_pods_have_succeeded() {
    let world = World::start().await;
    world.create::<Job>(job(json!({ "completions": 3, "parallelism": 2 }))).await;
    let first = active(&world).await;
    assert_eq!(first.len(), 2);
    let finalizers = world.get::<Pod>(&first[0]).await.metadata.finalizers.clone();
    assert_eq!(finalizers, Some(vec!["batch.kubernetes.io/job-tracking".to_owned()]));
    let running = status(&world).await;
    assert_eq!((running.active, running.ready, running.terminating), (Some(2), Some(0), Some(0)));
    assert!(running.start_time.is_some());
    for pod in &first {
        succeed(&world, pod).await;
    }
    assert_eq!(status(&world).await.succeeded, Some(2));
    assert_eq!(world.get::<Pod>(&first[0]).await.metadata.finalizers, None);
    let last = active(&world).await;
    assert_eq!(last.len(), 1);
    succeed(&world, &last[0]).await;
    let done = status(&world).await;
    assert_eq!((done.active, done.succeeded, done.failed), (None, Some(3), None));
    assert!(done.completion_time.is_some());
    assert_eq!(conditions(&world).await, "SuccessCriteriaMet=True/CompletionsReached Complete=True/CompletionsReached");
    let events = world.events("Job", "sum").await;
    assert_eq!(events.lines().filter(|line| line.starts_with("Normal SuccessfulCreate Created pod: sum-")).count(), 3);
    assert!(events.ends_with("Normal Completed Job completed\n"), "{events}");
}

#[tokio::test(start_paused = true)]
async fn failures_are_tried_again_later_and_later_until_the_limit() {
    let world = World::start().await;
    world.create::<Job>(job(json!({ "backoffLimit": 2 }))).await;
    for pause in [10, 20] {
        let pods = active(&world).await;
        fail(&world, &pods[0], 1).await;
        tokio::time::sleep(Duration::from_secs(pause - 3)).await;
        assert_eq!(active(&world).await.len(), 0);
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(active(&world).await.len(), 1);
    }
    fail(&world, &active(&world).await[0], 1).await;
    let failed = status(&world).await;
    assert_eq!((failed.failed, failed.active), (Some(3), None));
    assert_eq!(conditions(&world).await, "FailureTarget=True/BackoffLimitExceeded Failed=True/BackoffLimitExceeded");
    let message = failed.conditions.unwrap()[1].message.clone();
    assert_eq!(message.as_deref(), Some("Job has reached the specified backoff limit"));
    let events = world.events("Job", "sum").await;
    let last = "Warning BackoffLimitExceeded Job has reached the specified backoff limit\n";
    assert!(events.ends_with(last), "{events}");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_a_job_and_its_pods() {
    let world = World::start().await;
    world.create::<Job>(job(json!({ "activeDeadlineSeconds": 30, "parallelism": 2, "completions": 2 }))).await;
    world.ready(&world.pods().await, true).await;
    tokio::time::sleep(Duration::from_secs(31)).await;
    let pods = world.pods().await;
    assert!(pods.len() == 2 && pods.iter().all(|pod| pod.metadata.deletion_timestamp.is_some()));
    assert_eq!(conditions(&world).await, "FailureTarget=True/DeadlineExceeded");
    world.gone(&pods).await;
    world.settle().await;
    assert_eq!(conditions(&world).await, "FailureTarget=True/DeadlineExceeded Failed=True/DeadlineExceeded");
    let failed = status(&world).await;
    assert_eq!((failed.failed, failed.active, failed.terminating), (Some(2), None, Some(0)));
}

#[tokio::test(start_paused = true)]
async fn indexed_jobs_number_their_pods() {
    let world = World::start().await;
    let spec = json!({ "completions": 4, "parallelism": 3, "completionMode": "Indexed" });
    world.create::<Job>(job(spec)).await;
    let pods = world.pods().await;
    let indexes: Vec<_> = pods.iter().map(|pod| index(pod)).collect();
    assert_eq!(indexes, ["0", "1", "2"]);
    assert!(pods[1].name().starts_with("sum-1-"));
    let spec = pods[1].spec.as_ref().unwrap();
    assert_eq!(spec.hostname.as_deref(), Some("sum-1"));
    let env = &spec.containers[0].env.as_ref().unwrap()[0];
    let field = env.value_from.as_ref().unwrap().field_ref.as_ref().unwrap();
    assert_eq!(env.name, "JOB_COMPLETION_INDEX");
    assert_eq!(field.field_path, "metadata.labels['batch.kubernetes.io/job-completion-index']");
    for pod in &pods {
        succeed(&world, pod.name()).await;
    }
    assert_eq!(status(&world).await.completed_indexes.as_deref(), Some("0-2"));
    succeed(&world, &active(&world).await[0]).await;
    let done = status(&world).await;
    assert_eq!((done.completed_indexes.as_deref(), done.succeeded), (Some("0-3"), Some(4)));
    assert!(conditions(&world).await.ends_with("Complete=True/CompletionsReached"));
}

fn index(pod: &Pod) -> String {
    pod.metadata.annotations.as_ref().unwrap()["batch.kubernetes.io/job-completion-index"].clone()
}

#[tokio::test(start_paused = true)]
async fn an_index_fails_alone() {
    let world = World::start().await;
    let spec = json!({ "completions": 2, "parallelism": 2, "completionMode": "Indexed", "backoffLimitPerIndex": 1 });
    world.create::<Job>(job(spec)).await;
    let pods = active(&world).await;
    succeed(&world, &pods[0]).await;
    fail(&world, &pods[1], 1).await;
    tokio::time::sleep(Duration::from_secs(15)).await;
    let again = active(&world).await;
    let failures = world.get::<Pod>(&again[0]).await.metadata.annotations.clone().unwrap();
    assert_eq!(failures["batch.kubernetes.io/job-index-failure-count"], "1");
    fail(&world, &again[0], 1).await;
    let failed = status(&world).await;
    assert_eq!((failed.completed_indexes.as_deref(), failed.failed_indexes.as_deref()), (Some("0"), Some("1")));
    assert_eq!((failed.succeeded, failed.failed), (Some(1), Some(2)));
    assert_eq!(conditions(&world).await, "FailureTarget=True/FailedIndexes Failed=True/FailedIndexes");
}

#[tokio::test(start_paused = true)]
async fn a_failure_policy_judges_exit_codes() {
    let world = World::start().await;
    let rule = |action: &str, code: i32| {
        json!({
            "action": action, "onExitCodes": { "operator": "In", "values": [code] },
        })
    };
    let policy = json!({ "rules": [rule("Ignore", 7), rule("FailJob", 42)] });
    world.create::<Job>(job(json!({ "backoffLimit": 0, "podFailurePolicy": policy }))).await;
    fail(&world, &active(&world).await[0], 7).await;
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert_eq!(status(&world).await.failed, None);
    let pod = active(&world).await[0].clone();
    fail(&world, &pod, 42).await;
    assert_eq!(conditions(&world).await, "FailureTarget=True/PodFailurePolicy Failed=True/PodFailurePolicy");
    let message = status(&world).await.conditions.unwrap()[1].message.clone().unwrap();
    let expected =
        format!("Container sum for pod shop/{pod} failed with exit code 42 matching FailJob rule at index 1");
    assert_eq!(message, expected);
}

#[tokio::test(start_paused = true)]
async fn a_success_policy_ends_a_job_early() {
    let world = World::start().await;
    let policy = json!({ "rules": [{ "succeededIndexes": "0", "succeededCount": 1 }] });
    let spec = json!({ "completions": 3, "parallelism": 3, "completionMode": "Indexed", "successPolicy": policy });
    world.create::<Job>(job(spec)).await;
    succeed(&world, &active(&world).await[0]).await;
    assert_eq!(conditions(&world).await, "SuccessCriteriaMet=True/SuccessPolicy Complete=True/SuccessPolicy");
    let message = status(&world).await.conditions.unwrap()[1].message.clone();
    assert_eq!(message.as_deref(), Some("Matched rules at index 0"));
    assert_eq!(active(&world).await.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_held_job_has_no_pods() {
    let world = World::start().await;
    world.create::<Job>(job(json!({ "suspend": true }))).await;
    assert_eq!(world.pods().await.len(), 0);
    assert_eq!(conditions(&world).await, "Suspended=True/JobSuspended");
    assert_eq!(status(&world).await.start_time, None);
    world.patch::<Job>("sum", json!({ "spec": { "suspend": false } })).await;
    assert_eq!(world.pods().await.len(), 1);
    assert_eq!(conditions(&world).await, "Suspended=False/JobResumed");
    world.patch::<Job>("sum", json!({ "spec": { "suspend": true } })).await;
    assert_eq!(active(&world).await.len(), 0);
    let events = world.events("Job", "sum").await;
    assert!(events.contains("Normal Suspended Job suspended\n"), "{events}");
    assert!(events.contains("Normal Resumed Job resumed\n"), "{events}");
}

#[tokio::test(start_paused = true)]
async fn pods_of_a_deleted_job_are_let_go() {
    let world = World::start().await;
    world.create::<Job>(job(json!({}))).await;
    let pod = active(&world).await[0].clone();
    let options = k8s_api_client::DeleteOptions::default().propagation(k8s_api_client::Propagation::Background);
    world.client.namespaced::<Job>("shop").delete("sum", options).await.unwrap();
    world.settle().await;
    assert_eq!(world.get::<Pod>(&pod).await.metadata.finalizers, None);
}

#[tokio::test(start_paused = true)]
async fn a_job_goes_some_time_after_its_end() {
    let world = World::start().await;
    world.create::<Job>(job(json!({ "ttlSecondsAfterFinished": 20 }))).await;
    succeed(&world, &active(&world).await[0]).await;
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert_eq!(world.get::<Job>("sum").await.metadata.deletion_timestamp, None);
    tokio::time::sleep(Duration::from_secs(6)).await;
    // Its pods go first, which is the garbage collector's.
    assert!(world.get::<Job>("sum").await.metadata.deletion_timestamp.is_some());
}
