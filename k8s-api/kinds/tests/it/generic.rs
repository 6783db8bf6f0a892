#![expect(clippy::unwrap_used, reason = "tests")]

use k8s_api::{AnyObject, DynamicObject, GroupVersionKind};
use k8s_api_kinds::{AnyStrategy, Facts, Generic};
use serde_json::{Value, json};

fn custom() -> Generic {
    Generic::custom().with_status(true)
}

fn decoded(strategy: &Generic, tree: Value) -> Box<dyn AnyObject> {
    let mut object = strategy.decode(tree).unwrap();
    strategy.default(object.as_mut());
    object
}

fn rest(object: &dyn AnyObject) -> Value {
    Value::Object(object.as_any().downcast_ref::<DynamicObject>().unwrap().rest.clone())
}

#[test]
fn status_has_its_own_road() {
    let strategy = custom();
    let mut old = decoded(&strategy, json!({"spec": {"a": 1}, "status": {"s": 1}}));
    strategy.prepare_for_create(old.as_mut());
    assert_eq!(rest(old.as_ref()), json!({"spec": {"a": 1}}));
    assert_eq!(old.meta().generation, Some(1));

    let mut new = decoded(&strategy, json!({"spec": {"a": 2}, "status": {"s": 2}}));
    strategy.prepare_for_update(new.as_mut(), old.as_ref());
    assert_eq!(rest(new.as_ref()), json!({"spec": {"a": 2}}));
    assert_eq!(new.meta().generation, Some(2));

    let tree = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"a": 3}, "status": {"s": 3}});
    let mut report = decoded(&strategy, tree);
    strategy.prepare_for_subresource_update("status", report.as_mut(), new.as_ref());
    assert_eq!(rest(report.as_ref()), json!({"spec": {"a": 2}, "status": {"s": 3}}));
    assert_eq!(report.meta().generation, Some(2));
    assert!(report.meta().labels.is_none());
}

#[test]
fn a_change_of_status_alone_does_not_count() {
    let strategy = custom();
    let mut old = decoded(&strategy, json!({"spec": {"a": 1}}));
    strategy.prepare_for_create(old.as_mut());
    let mut new = decoded(&strategy, json!({"spec": {"a": 1}, "status": {"s": 1}}));
    strategy.prepare_for_update(new.as_mut(), old.as_ref());
    assert_eq!(new.meta().generation, Some(1));
}

#[test]
fn built_in_kinds_are_written_as_go_writes_them() {
    let gvk = GroupVersionKind::new("networking.k8s.io", "v1", "Ingress");
    let strategy = Generic::builtin(&gvk, Facts::new());
    let tree = json!({"metadata": {"labels": {}}, "spec": {"rules": [], "tls": null, "ingressClassName": ""}});
    let object = decoded(&strategy, tree);
    assert_eq!(rest(object.as_ref()), json!({"spec": {"ingressClassName": ""}, "status": {"loadBalancer": {}}}));
    assert!(object.meta().labels.is_none());

    let gvk = GroupVersionKind::new("rbac.authorization.k8s.io", "v1", "ClusterRole");
    let strategy = Generic::builtin(&gvk, Facts::new());
    assert_eq!(rest(decoded(&strategy, json!({"rules": []})).as_ref()), json!({"rules": null}));

    let gvk = GroupVersionKind::new("", "v1", "ResourceQuota");
    let strategy = Generic::builtin(&gvk, Facts::new());
    let object = decoded(&strategy, json!({"spec": {"hard": {"cpu": "1000m"}}}));
    assert_eq!(rest(object.as_ref()), json!({"spec": {"hard": {"cpu": "1"}}, "status": {}}));
}
