//! Gates and tolerations.

use std::collections::BTreeSet;

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, labels, names};
use k8s_openapi::api::core::v1::{PodSpec, Toleration};

use super::{Options, check};
use crate::blank::{items, text};

/// Readiness gates and scheduling gates.
pub(super) fn gates(spec: &PodSpec, at: &At<'_>, errors: &mut ErrorList) {
    let place = at.child("readinessGates");
    for (i, gate) in items(&spec.readiness_gates).iter().enumerate() {
        let at = place.index(i);
        let condition = &gate.condition_type;
        check(names::qualified_name(condition), condition, &at.child("conditionType"), errors);
    }
    let (place, mut taken) = (at.child("schedulingGates"), BTreeSet::new());
    for (i, gate) in items(&spec.scheduling_gates).iter().enumerate() {
        let at = place.index(i);
        check(names::qualified_name(&gate.name), &gate.name, &at, errors);
        if !taken.insert(&gate.name) {
            errors.push(Error::duplicate(&at, &gate.name));
        }
    }
}

pub(crate) fn tolerations(tolerations: &[Toleration], at: &At<'_>, errors: &mut ErrorList) {
    tolerations_by(tolerations, &Options::default(), at, errors);
}

/// Tolerations by rules that may be relaxed.
pub(crate) fn tolerations_by(tolerations: &[Toleration], options: &Options, at: &At<'_>, errors: &mut ErrorList) {
    for (i, toleration) in tolerations.iter().enumerate() {
        self::toleration(toleration, options, &at.index(i), errors);
    }
}

fn toleration(toleration: &Toleration, options: &Options, at: &At<'_>, errors: &mut ErrorList) {
    let (key, effect) = (text(&toleration.key), text(&toleration.effect));
    let operator = text(&toleration.operator);
    if !key.is_empty() {
        errors.extend(labels::validate_label_name(key, &at.child("key")));
    } else if operator != "Exists" {
        let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
        errors.push(Error::invalid(&at.child("operator"), operator, detail));
    }
    if toleration.toleration_seconds.is_some() && effect != "NoExecute" {
        let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
        errors.push(Error::invalid(&at.child("effect"), effect, detail));
    }
    value(text(&toleration.value), operator, options, at, errors);
    let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
    if !effect.is_empty() && !effects.contains(&effect) {
        errors.push(Error::not_supported(&at.child("effect"), effect, &effects));
    }
}

fn value(value: &str, operator: &str, options: &Options, at: &At<'_>, errors: &mut ErrorList) {
    let place = at.child("operator");
    match operator {
        "Equal" | "" => {
            let messages = names::label_value(value);
            if !messages.is_empty() {
                errors.push(Error::invalid(&place, value, messages.join(";")));
            }
        }
        "Exists" if value.is_empty() => {}
        "Exists" => errors.push(Error::invalid(&place, value, "value must be empty when `operator` is 'Exists'")),
        "Lt" | "Gt" if options.comparing_tolerations => number(value, &at.child("value"), errors),
        "Lt" | "Gt" => errors.push(Error::not_supported(&place, operator, &["Equal", "Exists", "Lt", "Gt"])),
        _ => errors.push(Error::not_supported(&place, operator, &["Equal", "Exists"])),
    }
}

fn number(value: &str, at: &At<'_>, errors: &mut ErrorList) {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let plain = digits == "0" && value == "0" || !digits.is_empty() && !digits.starts_with('0');
    if !plain || !digits.bytes().all(|b| b.is_ascii_digit()) {
        let detail = "must be a valid decimal integer in canonical form";
        errors.push(Error::invalid(at, value, detail));
    }
    if value.parse::<i64>().is_err() {
        let range = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let why = if range { "value out of range" } else { "invalid syntax" };
        let quoted = k8s_api::field::quote(value);
        errors.push(Error::invalid(at, value, format!("strconv.ParseInt: parsing {quoted}: {why}")));
    }
}
