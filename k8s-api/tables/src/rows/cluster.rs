use super::{Cells, Printed};

pub(super) fn namespace(printed: Printed<'_>) -> Cells {
    vec![printed.name.into(), printed.object.text("status.phase").into(), printed.age().into()]
}

pub(super) fn component_status(printed: Printed<'_>) -> Cells {
    let mut conditions = printed.object.list("conditions");
    let (status, message, error) = match conditions.find(|condition| condition.text("type") == "Healthy") {
        None => ("Unknown", "", ""),
        Some(healthy) => {
            let status = if healthy.text("status") == "True" { "Healthy" } else { "Unhealthy" };
            (status, healthy.text("message"), healthy.text("error"))
        }
    };
    vec![printed.name.into(), status.into(), message.into(), error.into()]
}

pub(super) fn api_service(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let service = object.at("spec.service");
    let service = if service.is_there() {
        format!("{}/{}", service.text("namespace"), service.text("name"))
    } else {
        "Local".to_owned()
    };
    let mut conditions = object.list("status.conditions");
    let available = match conditions.find(|condition| condition.text("type") == "Available") {
        None => "Unknown".to_owned(),
        Some(found) => match (found.text("status"), found.text("reason")) {
            (status @ "True", _) | (status, "") => status.to_owned(),
            (status, reason) => format!("{status} ({reason})"),
        },
    };
    vec![printed.name.into(), service.into(), available.into(), printed.age().into()]
}

pub(super) fn lease(printed: Printed<'_>) -> Cells {
    vec![printed.name.into(), printed.object.text("spec.holderIdentity").into(), printed.age().into()]
}

pub(super) fn runtime_class(printed: Printed<'_>) -> Cells {
    vec![printed.name.into(), printed.object.text("handler").into(), printed.age().into()]
}

pub(super) fn priority_class(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    vec![
        printed.name.into(),
        object.int("value").into(),
        object.flag("globalDefault").into(),
        printed.age().into(),
        object.text("preemptionPolicy").into(),
    ]
}
