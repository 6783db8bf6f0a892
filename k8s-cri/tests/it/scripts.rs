use std::time::Duration;

use k8s_cri::memory::{Behavior, Health, Match, MemoryRuntime};
use k8s_cri::{Containers, Error, ExecOutput, Images, Probe, ProbeAnswer, Prober, Sandboxes, Sessions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep};

use crate::{builder, code, container, pod, reason, started};

const SECOND: Duration = Duration::from_secs(1);

async fn ask(runtime: &MemoryRuntime, id: &k8s_cri::ContainerId) -> ProbeAnswer {
    let probe = Probe::Tcp { host: String::new(), port: 80 };
    runtime.probe(id, &probe, SECOND).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn attempts_follow_their_stages() {
    let flaky = Behavior::new().runs_for(SECOND).exits_with(1).then();
    let runtime = builder().script(Match::container("web").in_pod("a*"), flaky).build();
    let first = started(&runtime).await;
    sleep(2 * SECOND).await;
    assert_eq!(code(&runtime, &first).await, Some(1));
    let sandbox = runtime.find_sandbox("default", "a").unwrap();
    let second = runtime.create_container(&sandbox, container(1), &pod("a", 0)).await.unwrap();
    runtime.start_container(&second).await.unwrap();
    sleep(100 * SECOND).await;
    assert_eq!(code(&runtime, &second).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_stop_signal_is_taken_as_scripted() {
    let grace = 10 * SECOND;
    for (behavior, takes, expected) in [
        (Behavior::new(), 0, 0),
        (Behavior::new().stops_after(3 * SECOND, 143), 3, 143),
        (Behavior::new().ignores_stop(), 10, 137),
        (Behavior::new().stops_after(11 * SECOND, 0), 10, 137),
    ] {
        let runtime = builder().script(Match::any(), behavior).build();
        let id = started(&runtime).await;
        let start = Instant::now();
        runtime.stop_container(&id, grace).await.unwrap();
        assert_eq!((start.elapsed().as_secs(), code(&runtime, &id).await), (takes, Some(expected)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_reaction_outlives_an_impatient_caller() {
    let runtime = builder().script(Match::any(), Behavior::new().stops_after(3 * SECOND, 9)).build();
    let id = started(&runtime).await;
    let stop = runtime.stop_container(&id, 10 * SECOND);
    assert!(tokio::time::timeout(SECOND, stop).await.is_err());
    sleep(3 * SECOND).await;
    assert_eq!(code(&runtime, &id).await, Some(9));
}

#[tokio::test(start_paused = true)]
async fn pulls_sandboxes_creation_and_start_fail_as_scripted() {
    let runtime = builder()
        .script(Match::image("nginx"), Behavior::new().fails_pulls(1, "no such host").pull_delay(SECOND))
        .script(Match::pod("b"), Behavior::new().fails_sandbox("no network"))
        .build();
    let start = Instant::now();
    let error = runtime.pull(&"nginx".into(), None, None).await.unwrap_err();
    assert_eq!(error.to_string(), "image nginx: no such host");
    assert_eq!(start.elapsed(), SECOND);
    assert_eq!(runtime.run_sandbox(pod("b", 0)).await.unwrap_err().to_string(), "no network");

    runtime.script(Match::container("web"), Behavior::new().fails_create("no space"));
    let sandbox = runtime.run_sandbox(pod("a", 0)).await.unwrap();
    runtime.pull(&"nginx".into(), None, None).await.unwrap();
    let create = runtime.create_container(&sandbox, container(0), &pod("a", 0)).await;
    assert_eq!(create.unwrap_err().to_string(), "no space");

    runtime.script(Match::container("web"), Behavior::new().fails_start("exec: \"x\": not found"));
    let id = runtime.create_container(&sandbox, container(0), &pod("a", 0)).await.unwrap();
    assert!(matches!(runtime.start_container(&id).await, Err(Error::Failed { .. })));
    assert_eq!((code(&runtime, &id).await, reason(&runtime, &id).await.as_str()), (Some(128), "StartError"));
}

#[tokio::test(start_paused = true)]
async fn health_follows_the_script_and_then_the_test() {
    let slow = Behavior::new().health(Health::Failing).health_after(5 * SECOND, Health::Healthy);
    let runtime = builder().script(Match::any(), slow).build();
    let id = started(&runtime).await;
    assert_eq!(ask(&runtime, &id).await, ProbeAnswer::Refused);
    sleep(5 * SECOND).await;
    assert_eq!(ask(&runtime, &id).await, ProbeAnswer::Connected);
    runtime.set_health(&id, Health::Hanging).unwrap();
    let start = Instant::now();
    assert_eq!(ask(&runtime, &id).await, ProbeAnswer::TimedOut);
    assert_eq!(start.elapsed(), SECOND);
    runtime.set_health(&id, None).unwrap();
    assert_eq!(ask(&runtime, &id).await, ProbeAnswer::Connected);
}

#[tokio::test(start_paused = true)]
async fn commands_answer_as_scripted() {
    let output = ExecOutput { stdout: "pong\n".into(), code: 2, ..ExecOutput::default() };
    let runtime = builder().script(Match::any(), Behavior::new().exec_for(["ping"], SECOND, output.clone())).build();
    let id = started(&runtime).await;
    let command = ["ping".to_owned(), "-c1".to_owned()];
    assert_eq!(runtime.exec_sync(&id, &command, None).await.unwrap(), output);
    let probe = Probe::Exec { command: command.to_vec() };
    let answer = runtime.probe(&id, &probe, 2 * SECOND).await.unwrap();
    assert_eq!(answer, ProbeAnswer::Exited { code: 2, output: "pong\n".into() });
    assert_eq!(runtime.probe(&id, &probe, SECOND / 2).await.unwrap(), ProbeAnswer::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn ports_are_served() {
    let runtime = builder().script(Match::any(), Behavior::new().answers_http(80, "hi")).build();
    started(&runtime).await;
    let sandbox = runtime.find_sandbox("default", "a").unwrap();
    let mut stream = runtime.port_forward(&sandbox, 80).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n") && response.ends_with("\r\n\r\nhi"), "{response}");
    assert!(runtime.port_forward(&sandbox, 81).await.is_err());
}
