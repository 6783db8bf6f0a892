//! Values as error messages print them where `serde_json` would print them otherwise.

use std::fmt::Write as _;

use k8s_api::field::Shown;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, OwnerReference, Time};
use serde::Serialize;
use serde_json::Value;

/// A text that is already what the message shows.
///
/// Upstream prints structs in the order in which Go declares their fields; whoever prints one writes it out with this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal(pub String);

impl Shown for Literal {
    fn shown(self) -> String {
        self.0
    }
}

/// Anything as JSON; maps and lists are shown as upstream shows them, structs with their fields sorted.
pub fn json(value: &(impl Serialize + ?Sized)) -> Literal {
    Literal(serde_json::to_string(value).unwrap_or_default())
}

/// A text or, when there is none, `null`, as upstream prints a pointer.
pub fn optional(value: Option<&str>) -> Value {
    value.map_or(Value::Null, Value::from)
}

/// A time, or `null`.
pub fn time(value: Option<&Time>) -> Value {
    value.and_then(|time| serde_json::to_value(time).ok()).unwrap_or_default()
}

/// An object written field by field, in the order given; fields without a value are left out.
pub fn object(fields: &[(&str, Option<Value>)]) -> Literal {
    let mut text = String::from("{");
    for (name, value) in fields {
        if let Some(value) = value {
            if text.len() > 1 {
                text.push(',');
            }
            let _ = write!(text, "{name:?}:{value}");
        }
    }
    text.push('}');
    Literal(text)
}

/// A list of what [`object`] and its like have written.
pub fn list(items: impl IntoIterator<Item = Literal>) -> Literal {
    let items: Vec<String> = items.into_iter().map(|item| item.0).collect();
    Literal(format!("[{}]", items.join(",")))
}

/// An owner reference.
pub fn owner_reference(owner: &OwnerReference) -> Literal {
    object(&[
        ("apiVersion", Some(owner.api_version.as_str().into())),
        ("kind", Some(owner.kind.as_str().into())),
        ("name", Some(owner.name.as_str().into())),
        ("uid", Some(owner.uid.as_str().into())),
        ("controller", owner.controller.map(Value::from)),
        ("blockOwnerDeletion", owner.block_owner_deletion.map(Value::from)),
    ])
}

/// A label selector.
pub fn label_selector(selector: &LabelSelector) -> Literal {
    let labels = selector.match_labels.as_ref().filter(|labels| !labels.is_empty());
    let mut text = String::from("{");
    if let Some(labels) = labels {
        text.push_str("\"matchLabels\":");
        text.push_str(&json(labels).0);
    }
    if let Some(expressions) = selector.match_expressions.as_ref().filter(|list| !list.is_empty()) {
        let items = expressions.iter().map(|e| {
            let values = e.values.as_ref().filter(|v| !v.is_empty());
            object(&[
                ("key", Some(e.key.as_str().into())),
                ("operator", Some(e.operator.as_str().into())),
                ("values", values.map(|v| v.clone().into())),
            ])
        });
        text.push_str(if labels.is_some() { ",\"matchExpressions\":" } else { "\"matchExpressions\":" });
        text.push_str(&list(items).0);
    }
    text.push('}');
    Literal(text)
}
