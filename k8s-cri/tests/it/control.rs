use k8s_cri::memory::MemoryRuntime;
use k8s_cri::{
    ContainerConfig, Containers, Exec, Images, Mount, MountSource, Output, Propagation, SandboxState, Sandboxes,
    Sessions,
};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{builder, code, pod, reason, started};

#[tokio::test(start_paused = true)]
async fn containers_are_killed_for_their_reasons() {
    let runtime = builder().build();
    let id = started(&runtime).await;
    assert_eq!(runtime.find("default", "a", "web"), Some(id.clone()));
    runtime.oom_kill(&id).unwrap();
    assert_eq!((code(&runtime, &id).await, reason(&runtime, &id).await.as_str()), (Some(137), "OOMKilled"));
    assert!(runtime.kill(&id, 1).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_sandbox_falls_over() {
    let runtime = builder().build();
    let id = started(&runtime).await;
    let sandbox = runtime.find_sandbox("default", "a").unwrap();
    runtime.crash_sandbox(&sandbox);
    assert_eq!(runtime.sandbox_status(&sandbox).await.unwrap().state, SandboxState::NotReady);
    assert_eq!(code(&runtime, &id).await, Some(137));
}

#[tokio::test(start_paused = true)]
async fn attached_sessions_see_what_is_written_and_the_end() {
    let runtime = builder().build();
    let id = started(&runtime).await;
    runtime.write(&id, Output::Stdout, "before\n").unwrap();
    let mut session = runtime.attach(&id, Exec { stdout: true, ..Exec::default() }).await.unwrap();
    runtime.write(&id, Output::Stdout, "after\n").unwrap();
    runtime.kill(&id, 5).unwrap();
    let mut seen = String::new();
    session.stdout.take().unwrap().read_to_string(&mut seen).await.unwrap();
    assert_eq!(seen, "after\n");
    assert_eq!(session.exit.await.unwrap(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_shell_reads_its_commands_and_mounted_files() {
    let runtime = builder().files(|path| (path.to_str() == Some("/vol/key")).then(|| "value\n".into())).build();
    let sandbox = runtime.run_sandbox(pod("a", 0)).await.unwrap();
    runtime.pull(&"nginx".into(), None, None).await.unwrap();
    let mount = Mount {
        container_path: "/etc/config".into(),
        source: MountSource::HostPath("/vol".into()),
        readonly: true,
        recursive_readonly: false,
        selinux_relabel: false,
        propagation: Propagation::Private,
        uids: Vec::new(),
        gids: Vec::new(),
    };
    let config = ContainerConfig {
        image: "nginx".into(),
        envs: vec![("WHO".into(), "me".into())],
        mounts: vec![mount],
        ..ContainerConfig::default()
    };
    let id = runtime.create_container(&sandbox, Arc::new(config), &pod("a", 0)).await.unwrap();
    runtime.start_container(&id).await.unwrap();
    let exec = Exec { command: vec!["sh".into()], stdin: true, stdout: true, ..Exec::default() };
    let mut session = runtime.exec(&id, exec).await.unwrap();
    let lines = b"echo \"$WHO\" on $HOSTNAME\ncat /etc/config/key && exit 1\nexit 7\n";
    session.stdin.as_mut().unwrap().write_all(lines).await.unwrap();
    let mut out = String::new();
    session.stdout.take().unwrap().read_to_string(&mut out).await.unwrap();
    assert_eq!(out, "me on a\nvalue\n");
    assert_eq!(session.exit.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_ids() {
    async fn ids(runtime: MemoryRuntime) -> String {
        started(&runtime).await.to_string()
    }
    let id = ids(builder().build()).await;
    assert_eq!(id.len(), 64);
    assert_eq!(id, ids(builder().build()).await);
}
