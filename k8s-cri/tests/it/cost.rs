use k8s_cri::{ContainerFilter, Containers, Images, Sandboxes};

use crate::{builder, container, pod};

/// A thousand pods start and are listed without a single timer: time does not move.
#[tokio::test(start_paused = true)]
async fn what_runs_forever_has_no_timers() {
    let before = tokio::time::Instant::now();
    let runtime = builder().build();
    runtime.pull(&"nginx".into(), None, None).await.unwrap();
    for i in 0..1000 {
        let config = pod(&format!("pod-{i}"), 0);
        let sandbox = runtime.run_sandbox(config.clone()).await.unwrap();
        let id = runtime.create_container(&sandbox, container(0), &config).await.unwrap();
        runtime.start_container(&id).await.unwrap();
    }
    assert_eq!(runtime.list_containers(&ContainerFilter::default()).await.unwrap().len(), 1000);
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
    assert_eq!(before.elapsed(), std::time::Duration::ZERO);
}
