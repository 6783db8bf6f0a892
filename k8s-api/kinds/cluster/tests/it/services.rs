//! What a service carries over from what it was.
#![expect(clippy::unwrap_used, reason = "tests")]

use k8s_api::AnyObject;
use k8s_api_kinds::AnyStrategy;
use k8s_api_kinds_cluster::service::Services;
use serde_json::{Value, json};

fn service(spec: Value) -> Box<dyn AnyObject> {
    let tree = json!({"metadata": {"name": "s", "namespace": "n"}, "spec": spec});
    let mut object = AnyStrategy::decode(&Services, tree).unwrap();
    AnyStrategy::default(&Services, object.as_mut());
    object
}

fn node_port() -> Value {
    json!({"type": "NodePort", "clusterIP": "10.0.0.9", "clusterIPs": ["10.0.0.9"], "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack", "ports": [{"name": "a", "port": 80, "nodePort": 30080}]})
}

fn updated(new: Value) -> Value {
    let (old, mut new) = (service(node_port()), service(new));
    AnyStrategy::prepare_for_update(&Services, new.as_mut(), old.as_ref());
    let errors = AnyStrategy::validate_update(&Services, new.as_ref(), old.as_ref());
    assert!(errors.is_empty(), "{errors:?}");
    new.to_value().unwrap()["spec"].take()
}

#[test]
fn the_same_manifest_can_be_sent_twice() {
    let spec = updated(json!({"type": "NodePort", "ports": [{"name": "a", "port": 81}], "ipFamilies": ["IPv4"]}));
    assert_eq!(spec["clusterIP"], "10.0.0.9");
    assert_eq!(spec["clusterIPs"], json!(["10.0.0.9"]));
    assert_eq!(spec["ports"][0]["nodePort"], 30080);
}

#[test]
fn a_type_without_node_ports_drops_them() {
    let mut spec = node_port();
    spec["type"] = json!("ClusterIP");
    spec["externalTrafficPolicy"] = json!("Cluster");
    let spec = updated(spec);
    assert_eq!(spec["ports"][0].get("nodePort"), None);
    assert_eq!(spec.get("externalTrafficPolicy"), None);
}

#[test]
fn a_type_without_addresses_drops_them() {
    let mut spec = node_port();
    spec["type"] = json!("ExternalName");
    spec["externalName"] = json!("x.y");
    let spec = updated(spec);
    for gone in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        assert_eq!(spec.get(gone), None, "{gone}");
    }
}

#[test]
fn an_address_stays() {
    let old = service(node_port());
    let mut spec = node_port();
    spec["clusterIP"] = json!("10.0.0.8");
    spec["clusterIPs"] = json!(["10.0.0.8"]);
    let new = service(spec);
    let errors = AnyStrategy::validate_update(&Services, new.as_ref(), old.as_ref());
    assert_eq!(errors[0].to_string(), r#"spec.clusterIPs[0]: Invalid value: ["10.0.0.8"]: may not change once set"#);
}
