use super::{Cells, Printed};

pub(super) fn claim(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let mut states = Vec::new();
    if printed.deleted {
        states.push("deleted");
    }
    if object.at("status.allocation").is_there() {
        states.push("allocated");
        if object.list("status.reservedFor").len() > 0 {
            states.push("reserved");
        }
    } else if !printed.deleted {
        states.push("pending");
    }
    vec![printed.name.into(), states.join(",").into(), printed.age().into()]
}

pub(super) fn slice(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    vec![
        printed.name.into(),
        object.text("spec.nodeName").into(),
        object.text("spec.driver").into(),
        object.text("spec.pool.name").into(),
        printed.age().into(),
    ]
}
