use super::{Cells, Printed};
use crate::cells::{UNSET, View};

pub(super) fn webhooks(printed: Printed<'_>) -> Cells {
    vec![printed.name.into(), printed.object.list("webhooks").len().into(), printed.age().into()]
}

pub(super) fn mutating_policy(printed: Printed<'_>) -> Cells {
    policy(printed, "spec.mutations")
}

pub(super) fn validating_policy(printed: Printed<'_>) -> Cells {
    policy(printed, "spec.validations")
}

fn policy(printed: Printed<'_>, counted: &str) -> Cells {
    let kind = printed.object.at("spec.paramKind");
    let kind =
        if kind.is_there() { format!("{}/{}", kind.text("apiVersion"), kind.text("kind")) } else { UNSET.to_owned() };
    vec![printed.name.into(), printed.object.list(counted).len().into(), kind.into(), printed.age().into()]
}

pub(super) fn policy_binding(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let parameter = parameter(object.at("spec.paramRef"));
    vec![printed.name.into(), object.text("spec.policyName").into(), parameter.into(), printed.age().into()]
}

fn parameter(reference: View<'_>) -> String {
    let name = reference.text("name");
    if !name.is_empty() {
        // Whether parameters have namespaces cannot be told from here.
        return format!("{}/{name}", reference.filled_or("namespace", "*"));
    }
    if reference.at("selector").is_there() { go_selector(reference.at("selector")) } else { UNSET.to_owned() }
}

/// A selector as its Go type prints itself.
fn go_selector(selector: View<'_>) -> String {
    let mut out = "&LabelSelector{MatchLabels:map[string]string{".to_owned();
    for (key, value) in selector.entries("matchLabels") {
        out.push_str(&[key, ": ", value.0.as_str().unwrap_or_default(), ","].concat());
    }
    out.push_str("},MatchExpressions:[]LabelSelectorRequirement{");
    for expression in selector.list("matchExpressions") {
        let values = expression.texts("values").join(" ");
        let (key, operator) = (expression.text("key"), expression.text("operator"));
        let parts = ["LabelSelectorRequirement{Key:", key, ",Operator:", operator, ",Values:[", &values, "],},"];
        out.push_str(&parts.concat());
    }
    out.push_str("},}");
    out
}
