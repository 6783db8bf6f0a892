use serde_json::Value;

use super::{Cells, Printed};
use crate::cells::NONE;

pub(super) fn flow_schema(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let mut conditions = object.list("status.conditions");
    let dangling = conditions.find(|condition| condition.text("type") == "Dangling");
    vec![
        printed.name.into(),
        object.text("spec.priorityLevelConfiguration.name").into(),
        object.int("spec.matchingPrecedence").into(),
        object.text_or("spec.distinguisherMethod.type", NONE).into(),
        printed.age().into(),
        dangling.map_or("?", |condition| condition.text("status")).into(),
    ]
}

pub(super) fn priority_level(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let limited = object.at("spec.limited");
    let queuing = limited.at("limitResponse.queuing");
    let number = |there: bool, n: i64| if there { Value::from(n) } else { Value::from(NONE) };
    let queued = |field: &str| number(queuing.is_there(), queuing.int(field));
    vec![
        printed.name.into(),
        object.text("spec.type").into(),
        number(limited.is_there(), limited.int("nominalConcurrencyShares")),
        queued("queues"),
        queued("handSize"),
        queued("queueLengthLimit"),
        printed.age().into(),
    ]
}
