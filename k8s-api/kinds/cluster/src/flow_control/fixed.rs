//! The specs of the schemas and levels that no cluster can do without, which nobody may change.
//!
//! Upstream: `k8s.io/apiserver/pkg/apis/flowcontrol/bootstrap`.

use std::sync::LazyLock;

use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::internal;
use serde_json::{Value, json};

use crate::checks::text;
use crate::trees::field;

static EXEMPT_SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "priorityLevelConfiguration": { "name": "exempt" },
        "matchingPrecedence": 1,
        "rules": [everything(&["system:masters"])],
    })
});

static CATCH_ALL_SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "priorityLevelConfiguration": { "name": "catch-all" },
        "matchingPrecedence": 10_000,
        "distinguisherMethod": { "type": "ByUser" },
        "rules": [everything(&["system:unauthenticated", "system:authenticated"])],
    })
});

static CATCH_ALL_LEVEL: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "type": "Limited",
        "limited": { "nominalConcurrencyShares": 5, "limitResponse": { "type": "Reject" }, "lendablePercent": 0 },
    })
});

fn everything(groups: &[&str]) -> Value {
    let subject = |group: &&str| json!({ "kind": "Group", "group": { "name": group } });
    let all = json!(["*"]);
    let resources =
        json!({ "verbs": all, "apiGroups": all, "resources": all, "clusterScope": true, "namespaces": all });
    json!({
        "subjects": groups.iter().map(subject).collect::<Value>(),
        "resourceRules": [resources],
        "nonResourceRules": [{ "verbs": all, "nonResourceURLs": all }],
    })
}

pub(super) fn check_schema(errors: &mut ErrorList, schema: &DynamicObject) {
    let (name, spec) = (text(&schema.metadata.name), field(schema, "spec").value());
    let fixed = match name {
        "exempt" => &*EXEMPT_SCHEMA,
        "catch-all" => &*CATCH_ALL_SCHEMA,
        _ => return,
    };
    if spec != fixed {
        let shown = internal::show("FlowSchemaSpec", spec);
        errors.push(Error::invalid("spec", shown, format!("spec of '{name}' must equal the fixed value")));
    }
}

pub(super) fn check_level(errors: &mut ErrorList, level: &DynamicObject) {
    let (name, spec) = (text(&level.metadata.name), field(level, "spec"));
    let detail = match name {
        // Its shares may be changed, and nothing else.
        "exempt" if spec.get("type").text() == "Exempt" && spec.get("limited").is_none() => return,
        "exempt" => "spec of 'exempt' except the 'spec.exempt' field must equal the fixed value",
        "catch-all" if *spec.value() == *CATCH_ALL_LEVEL => return,
        "catch-all" => "spec of 'catch-all' must equal the fixed value",
        _ => return,
    };
    let shown = internal::show("PriorityLevelConfigurationSpec", spec.value());
    errors.push(Error::invalid("spec", shown, detail));
}
