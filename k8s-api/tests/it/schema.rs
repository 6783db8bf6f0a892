//! The table of types against what is known of Kubernetes.

use k8s_api::GroupVersionKind;
use k8s_api::schema::{ListKind, MapKind, Shape, Table};

#[test]
fn every_field_is_found_by_its_name() {
    let table = Table::builtin();
    assert!(table.types().len() > 700, "{}", table.types().len());
    for ty in table.types() {
        assert_eq!(table.ty(ty.name()).unwrap().name(), ty.name());
        for field in ty.fields() {
            assert_eq!(ty.field(field.name()).unwrap().name(), field.name());
        }
    }
}

#[test]
fn every_kind_is_found() {
    let table = Table::builtin();
    let kinds: Vec<_> = table.types().iter().filter_map(|ty| ty.gvk()).collect();
    assert!(kinds.len() > 180, "{}", kinds.len());
    for kind in kinds {
        assert_eq!(table.kind(kind).unwrap().gvk(), Some(kind));
    }
    assert!(table.kind(&GroupVersionKind::new("apps", "v1", "Pod")).is_none());
}

#[test]
fn go_names_are_those_of_upstreams_messages() {
    let table = Table::builtin();
    let go_type = |ty: &str, field: &str| table.ty(ty).unwrap().field(field).unwrap().go_type(table);
    assert_eq!(go_type("io.k8s.api.core.v1.PodSpec", "containers"), "[]v1.Container");
    assert_eq!(go_type("io.k8s.api.core.v1.Pod", "metadata"), "v1.ObjectMeta");
    assert_eq!(go_type("io.k8s.api.core.v1.ContainerPort", "protocol"), "v1.Protocol");
    assert_eq!(go_type("io.k8s.api.core.v1.Secret", "data"), "map[string][]uint8");
    assert_eq!(go_type("io.k8s.api.core.v1.ResourceRequirements", "limits"), "v1.ResourceList");
    assert_eq!(go_type("io.k8s.api.apps.v1.DeploymentSpec", "replicas"), "int32");
    let modes = table.ty("io.k8s.api.core.v1.PersistentVolumeClaimSpec").unwrap().field("accessModes").unwrap();
    assert_eq!(modes.go_item_type(table).unwrap(), "v1.PersistentVolumeAccessMode");
}

#[test]
fn merge_facts() {
    let table = Table::builtin();
    let ports = table.ty("io.k8s.api.core.v1.Container").unwrap().field("ports").unwrap();
    assert_eq!((ports.list(), ports.patch().merge_key), (ListKind::Map, Some("containerPort")));
    assert_eq!(ports.list_map_keys(), ["containerPort", "protocol"]);
    assert!(!table.is_atomic(ports));
    let volume_spec = table.ty("io.k8s.api.core.v1.PersistentVolumeSpec").unwrap();
    let claim = volume_spec.field("claimRef").unwrap();
    assert_eq!(claim.map_kind(), Some(MapKind::Granular));
    let selector = table.ty("io.k8s.api.apps.v1.DeploymentSpec").unwrap().field("selector").unwrap();
    assert!(table.is_atomic(selector));
    assert!(matches!(selector.shape(), Shape::Object(_)));
    let volumes = table.ty("io.k8s.api.core.v1.PodSpec").unwrap().field("volumes").unwrap().patch();
    assert!(volumes.merge && volumes.retain_keys && !volumes.replace);
}
