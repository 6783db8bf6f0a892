//! Parts of the cluster that live elsewhere: they see it through its HTTPS port, as whom a kubeconfig says.

use std::time::Duration;

use k8s_kit::api::UserInfo;
use k8s_kit::env::{Env, Tasks};
use k8s_kit::https::{self, Kubeconfig, Pki};
use k8s_kit::node_agent::HollowNode;
use k8s_kit::sched::Scheduler;
use k8s_kit::server::ApiServerBuilder;
use k8s_kit::{Cluster, pod_ready, rolled_out};
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::Pod;

const SOON: Duration = Duration::from_secs(30);

const POD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: 'web:1'}]}}";

const WEB: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: 'web:1'}]}
";

#[tokio::test]
async fn a_scheduler_and_a_controller_work_over_https() {
    let env = Env::system();
    let pki = Pki::generate(&env).unwrap();
    // The server's rules apply: whoever is not allowed to schedule does not.
    let cluster = Cluster::builder()
        .pki(Pki::from_identity(&pki.identity(), &env).unwrap())
        .api_server(ApiServerBuilder::rbac)
        .nodes(["node-1", "node-2"].map(HollowNode::new))
        .without_scheduler()
        .without_controller("deployment")
        .start()
        .await
        .unwrap();
    let served = cluster.serve("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", served.local_addr());
    let admin = cluster.client_as(UserInfo::admin());
    admin.apply(POD).await.unwrap();
    admin.apply(WEB).await.unwrap();

    // Nobody is there yet: the pod has no node, and the deployment no replicas.
    let pod = admin.namespaced::<Pod>("default").get("p").await.unwrap();
    assert_eq!(pod.spec.as_ref().unwrap().node_name, None);
    let sets = async || admin.namespaced::<ReplicaSet>("default").list(Default::default()).await.unwrap().items;
    assert!(sets().await.is_empty());

    let connect = |name: &str, groups: &[&str]| {
        let identity = pki.client(name, groups).unwrap();
        https::client(&Kubeconfig::embedded(&url, pki.certificate_pem(), name, &identity), &env).unwrap()
    };
    let scheduler = connect("system:kube-scheduler", &[]);
    assert_eq!(scheduler.identity().name, "system:kube-scheduler");
    let tasks = Tasks::new();
    tasks.spawn(async move {
        let scheduler =
            Scheduler::new(scheduler).env(Env::system()).default_profile(k8s_sched_plugins::default_profile());
        scheduler.run(std::future::pending()).await.unwrap();
    });
    tokio::time::timeout(SOON, cluster.until(pod_ready("default", "p"))).await.unwrap().unwrap();

    // Each controller acts as an account of its own, which this user may be.
    let manager = connect("manager", &["system:masters"]);
    let running = k8s_ctrl_workloads::controllers().only("deployment").unwrap().start(&manager, &env);
    tokio::time::timeout(SOON, cluster.until(rolled_out("default", "web"))).await.unwrap().unwrap();
    assert_eq!(sets().await.len(), 1);

    running.stop().await;
    tasks.stop().await;
    served.stop().await;
    cluster.stop().await;
}

#[tokio::test]
async fn whoever_shows_no_credentials_sees_next_to_nothing() {
    let pki = Pki::generate(&Env::system()).unwrap();
    let cluster = Cluster::builder().pki(pki).start().await.unwrap();
    let served = cluster.serve("127.0.0.1:0").await.unwrap();
    let mut config = served.kubeconfig().clone();
    let known = https::client(&config, &Env::system()).unwrap();
    known.namespaced::<Pod>("default").list(Default::default()).await.unwrap();
    for named in &mut config.users {
        named.user = Default::default();
    }
    let nobody = https::client(&config, &Env::system()).unwrap();
    assert_eq!(nobody.namespaced::<Pod>("default").list(Default::default()).await.unwrap_err().code, 403);
    nobody.get_path("/version").await.unwrap();
    served.stop().await;
    cluster.stop().await;
}
