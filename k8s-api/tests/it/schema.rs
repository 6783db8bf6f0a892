//! The table of types against what is known of Kubernetes.
#![expect(clippy::unwrap_used, reason = "tests")]

use k8s_api::GroupVersionKind;
use k8s_api::schema::{ListKind, MapKind, Shape, Table, Type};
use serde_json::Value;

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

#[test]
fn protobuf_numbers() {
    let table = Table::builtin();
    let numbers = |ty: &str, field: &str| {
        let field = table.ty(ty).unwrap().field(field).unwrap();
        (field.outer_number(), field.number())
    };
    assert_eq!(numbers("io.k8s.api.core.v1.Pod", "spec"), (0, 2));
    assert_eq!(numbers("io.k8s.api.core.v1.Pod", "kind"), (0, 0));
    assert_eq!(numbers("io.k8s.api.core.v1.Probe", "httpGet"), (1, 2));
    assert_eq!(numbers("io.k8s.api.core.v1.Probe", "periodSeconds"), (0, 4));
}

/// Where upstream's decoder names a field and its Go type, the table names the same.
#[test]
fn go_names_are_those_of_recorded_messages() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/golden/api");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("SKIPPED: there is no {}", folder.display());
        return;
    };
    let mut n_checked = 0;
    for file in files {
        let recorded: Value = serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
        for one in recorded.as_array().into_iter().flatten() {
            let message = one["response"]["body"]["message"].as_str().unwrap_or_default();
            let Some((_, named)) = message.split_once("into Go struct field ") else { continue };
            let (place, go_type) = named.split_once(" of type ").unwrap();
            let body = &one["request"]["body"];
            let Some((api_version, kind)) = body["apiVersion"].as_str().zip(body["kind"].as_str()) else { continue };
            let ty = Table::builtin().kind(&GroupVersionKind::parse(api_version, kind)).unwrap();
            check_message(ty, place, go_type);
            n_checked += 1;
        }
    }
    println!("{n_checked} messages");
    assert!(n_checked > 15, "{n_checked}");
}

/// `place` is `PodSpec.spec.containers`: the innermost struct, then the way to the field.
fn check_message(mut ty: &Type, place: &str, go_type: &str) {
    let table = Table::builtin();
    let mut words = place.split('.');
    let go_name = words.next();
    let way: Vec<&str> = words.collect();
    let (last, before) = way.split_last().unwrap();
    for word in before {
        let mut shape = ty.field(word).unwrap().shape();
        while let Some(inner) = shape.inner() {
            shape = inner;
        }
        ty = &table[shape.object().unwrap()];
    }
    assert_eq!(Some(ty.go_name()), go_name, "{place}");
    let field = ty.field(last).unwrap();
    let known = match field.shape() {
        Shape::IntOrString => vec!["int32".to_owned(), "string".to_owned()],
        _ => [Some(field.go_type(table)), field.go_item_type(table)].into_iter().flatten().collect(),
    };
    assert!(known.iter().any(|known| known == go_type), "{place}: {go_type} is not of {known:?}");
}
