//! Each controller before its judge.

use k8s_ctrl::{Controller, Controllers};
use k8s_ctrl_testkit::Scenario;
use k8s_ctrl_testkit::roles::{GarbageCollector, Kubelet};
use k8s_ctrl_workloads as ours;
use k8s_openapi::api::apps::v1::{ControllerRevision, ReplicaSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;

/// Pods need the account that another controller would make.
const ACCOUNT: &str = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: default}}";

fn scenario(controller: impl Controller) -> Scenario {
    scenario_of(Controllers::none().with(controller))
}

fn scenario_of(controllers: Controllers) -> Scenario {
    Scenario::of(controllers).rbac().given(ACCOUNT)
}

mod replica_sets {
    use super::*;

    fn set(replicas: u32) -> String {
        format!(
            "
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: web}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: 'web:1'}}]}}
"
        )
    }

    k8s_ctrl_testkit::conformance!(|| scenario(ours::ReplicaSets)
        .role(Kubelet::running())
        .apply(set(3))
        .apply(set(5))
        .apply(set(2))
        .ends_with::<Pod>(2)
        .heals::<Pod>());
}

mod replication_controllers {
    use super::*;

    const OLD: &str = "
apiVersion: v1
kind: ReplicationController
metadata: {name: old}
spec:
  replicas: 3
  selector: {app: old}
  template:
    metadata: {labels: {app: old}}
    spec: {containers: [{name: old, image: 'old:1'}]}
";

    k8s_ctrl_testkit::conformance!(|| scenario(ours::ReplicationControllers)
        .role(Kubelet::running())
        .apply(OLD)
        .ends_with::<Pod>(3)
        .heals::<Pod>());
}

mod deployments {
    use super::*;

    fn deployment(image: &str) -> String {
        format!(
            "
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 3
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: '{image}'}}]}}
"
        )
    }

    k8s_ctrl_testkit::conformance!(|| {
        scenario_of(Controllers::none().with(ours::Deployments).with(ours::ReplicaSets))
            .role(Kubelet::running())
            .apply(deployment("web:1"))
            .apply(deployment("web:2"))
            .ends_with::<ReplicaSet>(2)
            .ends_with::<Pod>(3)
            .heals::<Pod>()
    });
}

mod stateful_sets {
    use super::*;

    fn set(image: &str) -> String {
        format!(
            "
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db}}
spec:
  serviceName: db
  replicas: 3
  selector: {{matchLabels: {{app: db}}}}
  template:
    metadata: {{labels: {{app: db}}}}
    spec: {{containers: [{{name: db, image: '{image}'}}]}}
"
        )
    }

    k8s_ctrl_testkit::conformance!(|| scenario(ours::StatefulSets)
        .role(Kubelet::running())
        // Its pods have names of their own: another set of its name waits until they are gone.
        .role(GarbageCollector)
        .apply(set("db:1"))
        .apply(set("db:2"))
        .ends_with::<Pod>(3)
        .ends_with::<ControllerRevision>(2)
        .heals::<Pod>());
}

mod daemon_sets {
    use super::*;

    const NODES: &str = "
{apiVersion: v1, kind: Node, metadata: {name: a}}
---
{apiVersion: v1, kind: Node, metadata: {name: b}}
";

    fn set(image: &str) -> String {
        format!(
            "
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: agent}}
spec:
  selector: {{matchLabels: {{app: agent}}}}
  template:
    metadata: {{labels: {{app: agent}}}}
    spec:
      tolerations: [{{operator: Exists}}]
      containers: [{{name: agent, image: '{image}'}}]
"
        )
    }

    k8s_ctrl_testkit::conformance!(|| scenario(ours::DaemonSets)
        .role(Kubelet::running())
        .given(NODES)
        .apply(set("agent:1"))
        .apply(set("agent:2"))
        .apply("{apiVersion: v1, kind: Node, metadata: {name: c}}")
        .ends_with::<Pod>(3)
        .ends_with::<ControllerRevision>(2)
        .heals::<Pod>());
}

fn job(parallelism: u32, more: &str) -> String {
    format!(
        "
apiVersion: batch/v1
kind: Job
metadata: {{name: sum}}
spec:
  completions: 4
  parallelism: {parallelism}
  backoffLimit: 2
{more}
  template:
    spec:
      restartPolicy: Never
      containers: [{{name: sum, image: 'sum:1'}}]
"
    )
}

mod jobs {
    use super::*;

    k8s_ctrl_testkit::conformance!(|| scenario(ours::Jobs)
        .role(Kubelet::succeeding())
        .apply(job(2, ""))
        .ends_with::<Pod>(4));
}

mod failing_jobs {
    use super::*;

    // One at a time: how many of two fail before the first is counted is a matter of luck.
    k8s_ctrl_testkit::conformance!(|| scenario(ours::Jobs)
        .role(Kubelet::failing())
        .apply(job(1, ""))
        .ends_with::<Pod>(3));
}

mod indexed_jobs {
    use super::*;

    k8s_ctrl_testkit::conformance!(|| scenario(ours::Jobs)
        .role(Kubelet::succeeding())
        .apply(job(2, "  completionMode: Indexed"))
        .ends_with::<Pod>(4));
}

mod ttl_after_finished {
    use super::*;

    k8s_ctrl_testkit::conformance!(|| {
        scenario_of(Controllers::none().with(ours::Jobs).with(ours::TtlAfterFinished))
            .role(Kubelet::succeeding())
            .role(GarbageCollector)
            .apply(job(2, "  ttlSecondsAfterFinished: 30"))
            .ends_with::<Job>(0)
            .ends_with::<Pod>(0)
    });
}

mod disruption {
    use super::*;

    fn pod(name: &str) -> String {
        format!(
            "
apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{app: web}}}}
spec: {{containers: [{{name: web, image: 'web:1'}}]}}
"
        )
    }

    const BUDGET: &str = "
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
";

    k8s_ctrl_testkit::conformance!(|| scenario(ours::Disruption)
        .role(Kubelet::running())
        .given(pod("p1"))
        .given(pod("p2"))
        .apply(BUDGET)
        .apply(pod("p3"))
        .delete(pod("p1")));
}
