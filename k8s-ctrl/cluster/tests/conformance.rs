//! Each controller before its judge.

use async_trait::async_trait;
use k8s_api::{Kind, Status};
use k8s_ctrl::{Controller, Controllers, owner};
use k8s_ctrl_cluster as ours;
use k8s_ctrl_testkit::roles::{Heartbeats, Kubelet};
use k8s_ctrl_testkit::{Role, Scenario, World};
use k8s_openapi::api::core::v1::{ConfigMap, Endpoints, Node, Pod, ServiceAccount};
use k8s_openapi::api::discovery::v1::EndpointSlice;

/// Pods need the account that another controller would make.
const ACCOUNT: &str = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: default}}";

fn scenario(controller: impl Controller) -> Scenario {
    Scenario::new(controller).rbac()
}

fn pod(name: &str, more: &str) -> String {
    format!(
        "
apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{app: web}}}}
spec:
  containers: [{{name: web, image: 'web:1'}}]
{more}
"
    )
}

const SHOP: &str = "
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: prices, namespace: shop}}
---
{apiVersion: v1, kind: Secret, metadata: {name: keys, namespace: shop}}
";

mod namespaces {
    use super::*;

    k8s_ctrl_testkit::conformance!(|| scenario(ours::Namespaces)
        .apply(SHOP)
        .delete("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}"));
}

mod service_accounts {
    use super::*;

    k8s_ctrl_testkit::conformance!(|| {
        Scenario::of(Controllers::none().with(ours::ServiceAccounts).with(ours::Namespaces))
            .rbac()
            .apply(SHOP)
            .ends_with::<ServiceAccount>(5)
            .heals::<ServiceAccount>()
    });
}

mod service_account_tokens {
    use super::*;

    const ROBOT: &str = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: robot}}";
    const SECRET: &str = "
apiVersion: v1
kind: Secret
metadata: {name: key, annotations: {kubernetes.io/service-account.name: robot}}
type: kubernetes.io/service-account-token
";

    k8s_ctrl_testkit::conformance!(|| scenario(ours::ServiceAccountTokens::new("CERTIFICATE"))
        .given(ROBOT)
        .apply(SECRET)
        .delete(ROBOT));
}

mod root_ca {
    use super::*;

    k8s_ctrl_testkit::conformance!(|| {
        let publisher = ours::RootCaPublisher::new("CERTIFICATE");
        Scenario::of(Controllers::none().with(publisher).with(ours::Namespaces)).rbac().apply(SHOP).heals::<ConfigMap>()
    });
}

const WEB: &str = "
apiVersion: v1
kind: Service
metadata: {name: web, labels: {tier: front}}
spec:
  clusterIP: 10.96.0.77
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}]
";

fn backed(controller: impl Controller) -> Scenario {
    scenario(controller)
        .role(Kubelet::running())
        .given(ACCOUNT)
        .given(node("n1", true))
        .given(pod("p1", ""))
        .given(pod("p2", ""))
        .apply(WEB)
        .apply(pod("p3", ""))
        .delete(pod("p1", ""))
}

mod endpoints {
    use super::*;

    k8s_ctrl_testkit::conformance!(|| backed(ours::Endpoints).heals::<Endpoints>());
}

mod endpoint_slices {
    use super::*;

    k8s_ctrl_testkit::conformance!(|| backed(ours::EndpointSlices).heals::<EndpointSlice>());
}

mod endpoint_slice_mirroring {
    use super::*;

    fn by_hand(addresses: &str) -> String {
        format!(
            "
{{apiVersion: v1, kind: Service, metadata: {{name: db}}, spec: {{clusterIP: 10.96.0.78, ports: [{{port: 5432}}]}}}}
---
apiVersion: v1
kind: Endpoints
metadata: {{name: db}}
subsets:
- {{addresses: [{addresses}], ports: [{{port: 5432}}]}}
"
        )
    }

    k8s_ctrl_testkit::conformance!(|| scenario(ours::EndpointSliceMirroring)
        .apply(by_hand("{ip: 192.0.2.1}, {ip: 192.0.2.2}"))
        .apply(by_hand("{ip: 192.0.2.2}, {ip: 192.0.2.3}"))
        .heals::<EndpointSlice>());
}

fn node(name: &str, beats: bool) -> String {
    let beat = if beats { "loud" } else { "none" };
    format!("{{apiVersion: v1, kind: Node, metadata: {{name: {name}, labels: {{beat: {beat}}}}}}}\n---\n")
}

mod node_lifecycle {
    use super::*;

    // As upstream's, it takes each node for reachable when it sees it first: a taint goes, and comes again.
    k8s_ctrl_testkit::conformance!(|| scenario(ours::NodeLifecycle::default())
        .begins_anew()
        .role(Heartbeats::except("beat", "none"))
        .role(Kubelet::running())
        .given(ACCOUNT)
        .given(node("a", true))
        .apply(node("b", true) + &pod("p", "  nodeName: b"))
        .apply(node("b", false)));
}

mod taint_eviction {
    use super::*;

    fn tolerates(seconds: &str) -> String {
        format!("  nodeName: b\n  tolerations: [{{key: ill, operator: Exists, effect: NoExecute{seconds}}}]")
    }

    const ILL: &str = "
apiVersion: v1
kind: Node
metadata: {name: b}
spec: {taints: [{key: ill, effect: NoExecute}]}
";

    k8s_ctrl_testkit::conformance!(|| scenario(ours::TaintEviction)
        .role(Kubelet::running())
        .given(ACCOUNT)
        .given(node("b", true))
        .apply(
            [
                pod("at-once", "  nodeName: b"),
                pod("later", &tolerates(", tolerationSeconds: 30")),
                pod("never", &tolerates("")),
            ]
            .join("---")
        )
        .apply(ILL)
        .ends_with::<Pod>(1));
}

mod pod_garbage_collector {
    use super::*;

    k8s_ctrl_testkit::conformance!(|| scenario(ours::PodGarbageCollector::default())
        .role(Kubelet::running())
        .given(ACCOUNT)
        .given(node("a", true))
        .given(pod("stays", "  nodeName: a"))
        .apply(node("b", true) + &pod("goes", "  nodeName: b"))
        .delete(node("b", true))
        .ends_with::<Pod>(1)
        .ends_with::<Node>(1));
}

mod garbage_collector {
    use super::*;

    /// Gives each config map that wants them two children, one of which has a child of its own.
    struct Children;

    #[async_trait]
    impl Role for Children {
        async fn play(&self, world: &World) -> Result<bool, Status> {
            let maps = world.all::<ConfigMap>().await?;
            let mut busy = false;
            for parent in &maps {
                let wants = parent.metadata.labels.as_ref().and_then(|labels| labels.get("children"));
                if wants.is_none() || parent.metadata.deletion_timestamp.is_some() {
                    continue;
                }
                let one = child(world, parent, "one", &maps).await?;
                let other = child(world, parent, "other", &maps).await?;
                let grandchild = match maps.iter().find(|map| map.name() == format!("{}-one", parent.name())) {
                    Some(one) => child(world, one, "one", &maps).await?,
                    None => false,
                };
                busy |= one || other || grandchild;
            }
            Ok(busy)
        }
    }

    async fn child(
        world: &World,
        parent: &ConfigMap,
        name: &str,
        maps: &[std::sync::Arc<ConfigMap>],
    ) -> Result<bool, Status> {
        let name = format!("{}-{name}", parent.name());
        if maps.iter().any(|map| map.name() == name) {
            return Ok(false);
        }
        let mut map = ConfigMap::default();
        map.metadata.name = Some(name);
        map.metadata.owner_references = Some(vec![owner::controller_reference(parent)]);
        world.admin().namespaced("default").create(map).await?;
        Ok(true)
    }

    const PARENT: &str = "{apiVersion: v1, kind: ConfigMap, metadata: {name: parent, labels: {children: 'yes'}}}";

    k8s_ctrl_testkit::conformance!(|| scenario(ours::GarbageCollector)
        .role(Children)
        .apply(PARENT)
        .apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: bystander}}")
        .delete(PARENT)
        .ends_with::<ConfigMap>(1));
}
