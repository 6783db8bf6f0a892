use super::{Cells, Printed};
use crate::cells::NONE;

const CONTAINERS: &str = "spec.template.spec.containers";

pub(super) fn deployment(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let selector = object.selector("spec.selector").map(|selector| selector.to_string());
    let mut cells: Cells = vec![
        printed.name.into(),
        format!("{}/{}", object.int("status.readyReplicas"), object.int("spec.replicas")).into(),
        object.int("status.updatedReplicas").into(),
        object.int("status.availableReplicas").into(),
        printed.age().into(),
    ];
    cells.extend(object.containers(CONTAINERS));
    cells.push(selector.unwrap_or_else(|| "<invalid>".to_owned()).into());
    cells
}

pub(super) fn replica_set(printed: Printed<'_>) -> Cells {
    let mut cells = replicas(printed);
    cells.push(printed.object.shown_selector("spec.selector").into());
    cells
}

pub(super) fn replication_controller(printed: Printed<'_>) -> Cells {
    let mut cells = replicas(printed);
    cells.push(printed.object.labels("spec.selector").into());
    cells
}

fn replicas(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let mut cells: Cells = vec![
        printed.name.into(),
        object.int("spec.replicas").into(),
        object.int("status.replicas").into(),
        object.int("status.readyReplicas").into(),
        printed.age().into(),
    ];
    cells.extend(object.containers(CONTAINERS));
    cells
}

pub(super) fn stateful_set(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let ready = format!("{}/{}", object.int("status.readyReplicas"), object.int("spec.replicas"));
    let mut cells: Cells = vec![printed.name.into(), ready.into(), printed.age().into()];
    cells.extend(object.containers(CONTAINERS));
    cells
}

pub(super) fn daemon_set(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let mut cells: Cells = vec![
        printed.name.into(),
        object.int("status.desiredNumberScheduled").into(),
        object.int("status.currentNumberScheduled").into(),
        object.int("status.numberReady").into(),
        object.int("status.updatedNumberScheduled").into(),
        object.int("status.numberAvailable").into(),
        object.labels("spec.template.spec.nodeSelector").into(),
        printed.age().into(),
    ];
    cells.extend(object.containers(CONTAINERS));
    cells.push(object.shown_selector("spec.selector").into());
    cells
}

pub(super) fn pod_template(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let [names, images] = object.containers("template.spec.containers");
    vec![printed.name.into(), names, images, object.labels("template.metadata.labels").into()]
}

pub(super) fn disruption_budget(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let bound = |field: &str| object.scalar(field).unwrap_or_else(|| "N/A".to_owned());
    vec![
        printed.name.into(),
        bound("spec.minAvailable").into(),
        bound("spec.maxUnavailable").into(),
        object.int("status.disruptionsAllowed").into(),
        printed.age().into(),
    ]
}

pub(super) fn controller_revision(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let owner = object.list("metadata.ownerReferences").find(|owner| owner.flag("controller"));
    let controller = owner.map_or_else(
        || NONE.to_owned(),
        |owner| {
            let kind = owner.text("kind").to_lowercase();
            match owner.text("apiVersion").split_once('/') {
                Some((group, _)) => format!("{kind}.{group}/{}", owner.text("name")),
                None => format!("{kind}/{}", owner.text("name")),
            }
        },
    );
    vec![printed.name.into(), controller.into(), object.int("revision").into(), printed.age().into()]
}
