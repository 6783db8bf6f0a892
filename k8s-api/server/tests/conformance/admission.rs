//! The plugins of the standard chain, one by one.

use std::sync::Arc;

use k8s_api_server::admission::{Admission, AdmissionChain};
use k8s_api_server_testkit::Admitting;
use k8s_env::Env;

fn plugin(name: &str) -> Admitting {
    let chain = AdmissionChain::standard(Env::simulated(1));
    let plugin = chain.plugins().find(|plugin| plugin.name() == name).unwrap_or_else(|| panic!("there is no {name}"));
    Admitting::new(Arc::<dyn Admission>::clone(plugin))
}

#[test]
fn each_plugin_of_the_standard_chain_is_judged() {
    let chain = AdmissionChain::standard(Env::simulated(1));
    let names: Vec<_> = chain.plugins().map(|plugin| plugin.name()).collect();
    let judged = [
        "NamespaceLifecycle",
        "LimitRanger",
        "ServiceAccount",
        "TaintNodesByCondition",
        "Priority",
        "DefaultTolerationSeconds",
        "DefaultStorageClass",
        "DefaultIngressClass",
    ];
    assert_eq!(names, judged, "a new plugin wants a line below");
}

const POD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: 'web:1'}]}}";

mod namespace_lifecycle {
    k8s_api_server_testkit::admission_conformance!(simulated: || async {
        super::plugin("NamespaceLifecycle")
            .given("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}")
            .given("{apiVersion: v1, kind: Namespace, metadata: {name: going}}")
            .deleted("{apiVersion: v1, kind: Namespace, metadata: {name: going}}")
            .accepts("create", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: shop}}")
            .accepts("delete", "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}")
            .refuses("create", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: nowhere}}")
            .refuses("create", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: going}}")
            .refuses("delete", "{apiVersion: v1, kind: Namespace, metadata: {name: kube-system}}")
    });
}

mod limit_ranger {
    k8s_api_server_testkit::admission_conformance!(simulated: || async {
        super::plugin("LimitRanger")
            .given(
                "{apiVersion: v1, kind: LimitRange, metadata: {name: a}, spec: {limits: [{type: Container,
                  default: {cpu: 200m}, defaultRequest: {cpu: 100m}, max: {cpu: '1'}}]}}",
            )
            .given(
                "{apiVersion: v1, kind: LimitRange, metadata: {name: b}, spec: {limits: [
                  {type: PersistentVolumeClaim, max: {storage: 1Gi}}]}}",
            )
            .accepts("create", super::POD)
            .accepts(
                "create",
                "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, spec: {accessModes: [ReadWriteOnce],
                  resources: {requests: {storage: 1Gi}}}}",
            )
            .refuses(
                "create",
                "{apiVersion: v1, kind: Pod, metadata: {name: q}, spec: {containers: [
                  {name: c, image: 'web:1', resources: {limits: {cpu: '2'}}}]}}",
            )
            .refuses(
                "create",
                "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: d}, spec: {accessModes: [ReadWriteOnce],
                  resources: {requests: {storage: 2Gi}}}}",
            )
    });
}

mod service_account {
    k8s_api_server_testkit::admission_conformance!(simulated: || async {
        super::plugin("ServiceAccount")
            .given("{apiVersion: v1, kind: ServiceAccount, metadata: {name: default}}")
            .given("{apiVersion: v1, kind: ServiceAccount, metadata: {name: quiet}, automountServiceAccountToken: false}")
            .accepts("create", super::POD)
            .accepts(
                "create",
                "{apiVersion: v1, kind: Pod, metadata: {name: q}, spec: {serviceAccountName: quiet,
                  containers: [{name: c, image: 'web:1'}]}}",
            )
            .refuses(
                "create",
                "{apiVersion: v1, kind: Pod, metadata: {name: r}, spec: {serviceAccountName: none,
                  containers: [{name: c, image: 'web:1'}]}}",
            )
    });
}

mod taint_nodes_by_condition {
    k8s_api_server_testkit::admission_conformance!(simulated: || async {
        super::plugin("TaintNodesByCondition")
            .accepts("create", "{apiVersion: v1, kind: Node, metadata: {name: n1}}")
            .accepts(
                "create",
                "{apiVersion: v1, kind: Node, metadata: {name: n2}, spec: {taints: [
                  {key: node.kubernetes.io/not-ready, effect: NoSchedule}, {key: a, effect: NoExecute}]}}",
            )
    });
}

mod priority {
    k8s_api_server_testkit::admission_conformance!(simulated: || async {
        super::plugin("Priority")
            .given("{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: usual}, value: 5, globalDefault: true}")
            .given("{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}, value: 9}")
            .accepts("create", super::POD)
            .accepts(
                "create",
                "{apiVersion: v1, kind: Pod, metadata: {name: q}, spec: {priorityClassName: high,
                  containers: [{name: c, image: 'web:1'}]}}",
            )
            .refuses(
                "create",
                "{apiVersion: v1, kind: Pod, metadata: {name: r}, spec: {priorityClassName: none,
                  containers: [{name: c, image: 'web:1'}]}}",
            )
            .refuses(
                "create",
                "{apiVersion: v1, kind: Pod, metadata: {name: r}, spec: {priorityClassName: high, priority: 7,
                  containers: [{name: c, image: 'web:1'}]}}",
            )
            .refuses(
                "create",
                "{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: other}, value: 6, globalDefault: true}",
            )
    });
}

mod default_toleration_seconds {
    k8s_api_server_testkit::admission_conformance!(simulated: || async {
        super::plugin("DefaultTolerationSeconds").accepts("create", super::POD).accepts(
            "create",
            "{apiVersion: v1, kind: Pod, metadata: {name: q}, spec: {containers: [{name: c, image: 'web:1'}],
              tolerations: [{key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 3}]}}",
        )
    });
}

mod default_storage_class {
    k8s_api_server_testkit::admission_conformance!(simulated: || async {
        super::plugin("DefaultStorageClass")
            .given(
                "{apiVersion: storage.k8s.io/v1, kind: StorageClass, provisioner: example.org/p, metadata: {name: fast,
                  annotations: {storageclass.kubernetes.io/is-default-class: 'true'}}}",
            )
            .accepts(
                "create",
                "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {accessModes: [ReadWriteOnce],
                  resources: {requests: {storage: 1Gi}}}}",
            )
            .accepts(
                "create",
                "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: b}, spec: {accessModes: [ReadWriteOnce],
                  storageClassName: slow, resources: {requests: {storage: 1Gi}}}}",
            )
    });
}

mod default_ingress_class {
    k8s_api_server_testkit::admission_conformance!(simulated: || async {
        super::plugin("DefaultIngressClass")
            .given(
                "{apiVersion: networking.k8s.io/v1, kind: IngressClass, spec: {controller: example.org/c},
                  metadata: {name: door, annotations: {ingressclass.kubernetes.io/is-default-class: 'true'}}}",
            )
            .accepts(
                "create",
                "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a},
                  spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}}",
            )
    });
}
