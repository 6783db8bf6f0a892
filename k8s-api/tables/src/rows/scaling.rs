use super::{Cells, Printed};
use crate::cells::{NONE, UNKNOWN, UNSET, View};

pub(super) fn scale(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    vec![
        printed.name.into(),
        object.int("spec.replicas").into(),
        object.int("status.replicas").into(),
        printed.age().into(),
    ]
}

pub(super) fn autoscaler(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let target = object.at("spec.scaleTargetRef");
    vec![
        printed.name.into(),
        format!("{}/{}", target.text("kind"), target.text("name")).into(),
        metrics(object).into(),
        object.scalar("spec.minReplicas").unwrap_or_else(|| UNSET.to_owned()).into(),
        object.int("spec.maxReplicas").into(),
        object.int("status.currentReplicas").into(),
        printed.age().into(),
    ]
}

fn metrics(object: View<'_>) -> String {
    // The older version has one metric and a field of its own for it.
    if let Some(target) = object.scalar("spec.targetCPUUtilizationPercentage") {
        let current = object.scalar("status.currentCPUUtilizationPercentage");
        let current = current.map_or_else(|| UNKNOWN.to_owned(), |current| format!("{current}%"));
        return format!("cpu: {current}/{target}%");
    }
    let mut statuses = object.list("status.currentMetrics");
    let shown: Vec<String> = object.list("spec.metrics").map(|spec| metric(spec, statuses.next())).collect();
    match shown.as_slice() {
        [] => NONE.to_owned(),
        [first, second, rest @ ..] if !rest.is_empty() => format!("{first}, {second} + {} more...", rest.len()),
        few => few.join(", "),
    }
}

fn metric(spec: View<'_>, status: Option<View<'_>>) -> String {
    let source = match spec.text("type") {
        "External" => "external",
        "Pods" => "pods",
        "Object" => "object",
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        _ => return "<unknown type>".to_owned(),
    };
    let spec = spec.at(source);
    let current = |field: &str| status.and_then(|status| status.at(source).at("current").scalar(field));
    let quantity = |field: &str| current(field).unwrap_or_else(|| UNKNOWN.to_owned());
    let percent = |n: Option<String>, otherwise: &str| n.map_or_else(|| otherwise.to_owned(), |n| format!("{n}%"));
    let average = spec.scalar("target.averageValue");
    let zero = || "0".to_owned();
    match (source, average) {
        ("pods", average) => format!("{}/{}", quantity("averageValue"), average.unwrap_or_else(zero)),
        ("external" | "object", Some(average)) => format!("{}/{average} (avg)", quantity("averageValue")),
        ("external" | "object", None) => {
            format!("{}/{}", quantity("value"), spec.scalar("target.value").unwrap_or_else(zero))
        }
        (_, Some(average)) => format!("{}: {}/{average}", spec.text("name"), quantity("averageValue")),
        (_, None) => {
            let now = percent(current("averageUtilization"), UNKNOWN);
            let wanted = percent(spec.scalar("target.averageUtilization"), "<auto>");
            format!("{}: {now}/{wanted}", spec.text("name"))
        }
    }
}
