use serde_json::Value;

use super::{Cells, Printed};
use crate::cells::{NONE, UNSET, View};

const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

pub(super) fn volume(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let claim = object.at("spec.claimRef");
    let claim =
        if claim.is_there() { format!("{}/{}", claim.text("namespace"), claim.text("name")) } else { String::new() };
    vec![
        printed.name.into(),
        capacity(object.at("spec.capacity")).into(),
        access_modes(object.at("spec")).into(),
        object.text("spec.persistentVolumeReclaimPolicy").into(),
        phase(printed).into(),
        claim.into(),
        class_of(object).into(),
        object.text_or("spec.volumeAttributesClassName", UNSET).into(),
        object.text("status.reason").into(),
        printed.age().into(),
        object.text_or("spec.volumeMode", UNSET).into(),
    ]
}

pub(super) fn claim(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let volume = object.text("spec.volumeName");
    let (mut size, mut modes) = (String::new(), String::new());
    if !volume.is_empty() {
        size = capacity(object.at("status.capacity"));
        modes = access_modes(object.at("status"));
    }
    vec![
        printed.name.into(),
        phase(printed).into(),
        volume.into(),
        size.into(),
        modes.into(),
        class_of(object).into(),
        object.text_or("spec.volumeAttributesClassName", UNSET).into(),
        printed.age().into(),
        object.text_or("spec.volumeMode", UNSET).into(),
    ]
}

fn phase(printed: Printed<'_>) -> &str {
    if printed.deleted { "Terminating" } else { printed.object.text("status.phase") }
}

fn capacity(capacity: View<'_>) -> String {
    capacity.scalar("storage").unwrap_or_else(|| "0".to_owned())
}

fn access_modes(from: View<'_>) -> String {
    let modes = from.texts("accessModes");
    let known =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    let short: Vec<&str> = known.iter().filter(|(mode, _)| modes.contains(mode)).map(|(_, short)| *short).collect();
    short.join(",")
}

fn class_of(object: View<'_>) -> &str {
    let annotated = object.at("metadata.annotations").0.get(CLASS_ANNOTATION).and_then(Value::as_str);
    annotated.unwrap_or_else(|| object.text("spec.storageClassName"))
}

pub(super) fn class(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let annotations = object.at("metadata.annotations").0;
    let is_default =
        ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"]
            .iter()
            .any(|key| annotations.get(key).is_some_and(|value| value == "true"));
    let name = if is_default { format!("{} (default)", printed.name) } else { printed.name.to_owned() };
    vec![
        name.into(),
        object.text("provisioner").into(),
        object.text_or("reclaimPolicy", "Delete").into(),
        object.text_or("volumeBindingMode", "Immediate").into(),
        object.flag("allowVolumeExpansion").into(),
        printed.age().into(),
    ]
}

pub(super) fn attachment(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    vec![
        printed.name.into(),
        object.text("spec.attacher").into(),
        object.text("spec.source.persistentVolumeName").into(),
        object.text("spec.nodeName").into(),
        object.flag("status.attached").into(),
        printed.age().into(),
    ]
}

pub(super) fn attributes_class(printed: Printed<'_>) -> Cells {
    vec![printed.name.into(), printed.object.text("driverName").into(), printed.age().into()]
}

pub(super) fn csi_node(printed: Printed<'_>) -> Cells {
    vec![printed.name.into(), printed.object.list("spec.drivers").len().into(), printed.age().into()]
}

pub(super) fn csi_driver(printed: Printed<'_>) -> Cells {
    let spec = printed.object.at("spec");
    let attach = spec.at("attachRequired").0.as_bool().unwrap_or(true);
    let modes = spec.texts("volumeLifecycleModes").join(",");
    let audiences: Vec<&str> = spec.list("tokenRequests").map(|request| request.text("audience")).collect();
    let tokens = if spec.at("tokenRequests").is_there() { audiences.join(",") } else { UNSET.to_owned() };
    vec![
        printed.name.into(),
        attach.into(),
        spec.flag("podInfoOnMount").into(),
        spec.flag("storageCapacity").into(),
        tokens.into(),
        spec.flag("requiresRepublish").into(),
        if modes.is_empty() { NONE.into() } else { modes.into() },
        printed.age().into(),
    ]
}
