//! Priority classes.
//!
//! Upstream: `pkg/apis/scheduling`.

use k8s_api::DynamicObject;
use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::Rules;

use crate::checks::{one_of, text};
use crate::trees::{field, fill, fixed};

const HIGHEST: i64 = 1_000_000_000;
const SYSTEM: [(&str, i64); 2] = [("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)];

pub(crate) struct PriorityClasses;

impl Rules for PriorityClasses {
    fn default(&self, class: &mut DynamicObject) {
        let absent = class.rest.get("preemptionPolicy").is_none_or(serde_json::Value::is_null);
        if absent {
            fill(&mut class.rest, "preemptionPolicy", "PreemptLowerPriority");
        }
    }

    fn prepare_for_create(&self, class: &mut DynamicObject) {
        // Set once and never raised.
        class.metadata.generation = Some(1);
    }

    fn validate(&self, class: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        let name = text(&class.metadata.name);
        let value = field(class, "value").int().unwrap_or(0);
        if name.starts_with("system-") {
            if let Some(why) = not_a_system_class(name, value, field(class, "globalDefault").is_true()) {
                let detail = "priority class names with 'system-' prefix are reserved for system use only. error: ";
                errors.push(Error::forbidden("metadata.name", format!("{detail}{why}")));
            }
        } else if value > HIGHEST {
            let detail = format!("maximum allowed value of a user defined priority is {HIGHEST}");
            errors.push(Error::forbidden("value", detail));
        }
        match field(class, "preemptionPolicy").text() {
            "" => errors.push(Error::required("preemptionPolicy", "")),
            policy => one_of(&mut errors, &"preemptionPolicy", policy, &["PreemptLowerPriority", "Never"]),
        }
        errors
    }

    fn validate_update(&self, new: &DynamicObject, old: &DynamicObject) -> ErrorList {
        let mut errors = ErrorList::new();
        if field(new, "value").int() != field(old, "value").int() {
            errors.push(Error::forbidden("value", "may not be changed in an update."));
        }
        let policy = |class| field(class, "preemptionPolicy");
        fixed(&mut errors, &"preemptionPolicy", policy(new), policy(old));
        errors
    }
}

fn not_a_system_class(name: &str, value: i64, global: bool) -> Option<String> {
    match SYSTEM.iter().find(|(known, _)| *known == name) {
        None => Some(format!("{name} is not a known system priority class")),
        Some((_, wanted)) if *wanted != value => Some(format!("value of {name} PriorityClass must be {wanted}")),
        Some(_) if global => Some(format!("globalDefault of {name} PriorityClass must be false")),
        Some(_) => None,
    }
}
