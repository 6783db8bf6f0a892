//! What makes a job wrong.
//!
//! Upstream: `pkg/apis/batch/validation/validation.go`.

use std::collections::BTreeMap;

use k8s_api::field::{Error, ErrorList};
use k8s_api::selector::Selector;
use k8s_api_kinds::labels::validate_label_selector;
use k8s_api_kinds::{At, internal, names, shown};
use k8s_openapi::api::batch::v1::{Job, JobSpec};

use super::{NAME_LABELS, UID_LABELS, failure, is_indexed, success};
use crate::blank::text;
use crate::checks::non_negatives;
use crate::pod::validation::Options;
use crate::template;

const MAX_INDEXED_PARALLELISM: i32 = 100_000;
const MAX_FAILED_INDEXES: i32 = 100_000;
const MANY_COMPLETIONS: i32 = 100_000;
const MAX_WITH_MANY_COMPLETIONS: i32 = 10_000;
const MAX_MANAGER: usize = 63;

/// All mistakes in a job; old jobs may lack the labels with a prefix.
pub(super) fn job(job: &Job, options: &Options, prefixed_labels: bool) -> ErrorList {
    let mut errors = ErrorList::new();
    let Some(spec) = &job.spec else { return errors };
    generated_selector(job, spec, prefixed_labels, &mut errors);
    self::spec(spec, options, &mut errors);
    let name = job.metadata.name.as_deref().unwrap_or_default();
    if let Some(completions) = spec.completions.filter(|completions| is_indexed(spec) && *completions > 0) {
        let hostname = format!("{name}-{}", completions - 1);
        if !names::dns1123_label(&hostname).is_empty() {
            let at = At::new("metadata");
            let detail = format!("will not able to create pod with invalid DNS label: {hostname}");
            errors.push(Error::invalid(&at.child("name"), name, detail));
        }
    }
    errors
}

/// The selector and the labels that make it match must be those the server generates.
fn generated_selector(job: &Job, spec: &JobSpec, prefixed: bool, errors: &mut ErrorList) {
    let (false, Some(selector)) = (spec.manual_selector == Some(true), &spec.selector) else { return };
    let name = job.metadata.name.clone().unwrap_or_default();
    let uid = job.metadata.uid.clone().unwrap_or_default();
    if uid.is_empty() {
        errors.push(Error::required("metadata.uid", ""));
    }
    let mut expected: BTreeMap<String, String> = BTreeMap::new();
    for i in 0..=usize::from(prefixed) {
        for (label, value) in [(UID_LABELS[i], &uid), (NAME_LABELS[i], &name)] {
            has_label(spec, label, value, errors);
            expected.insert(label.to_owned(), value.clone());
        }
    }
    if Selector::of(Some(selector)).is_ok_and(|selector| !selector.matches(&expected)) {
        let shown = shown::label_selector(selector);
        errors.push(Error::invalid("spec.selector", shown, "`selector` not auto-generated"));
    }
}

fn has_label(spec: &JobSpec, label: &str, expected: &str, errors: &mut ErrorList) {
    let at = At::new("spec.template.metadata");
    let at = at.child("labels");
    match template::labels(&spec.template).and_then(|labels| labels.get(label)) {
        None => errors.push(Error::required(&at.key(label), format!("must be '{expected}'"))),
        Some(value) if value != expected => {
            let shown = shown::json(&template::labels(&spec.template));
            errors.push(Error::invalid(&at.key(label), shown, format!("must be '{expected}'")));
        }
        Some(_) => {}
    }
}

pub(super) fn spec(spec: &JobSpec, options: &Options, errors: &mut ErrorList) {
    let at = At::new("spec");
    spec_without_selector(spec, options, &at, errors);
    match &spec.selector {
        None => errors.push(Error::required(&at.child("selector"), "")),
        Some(selector) => {
            let at = at.child("selector");
            errors.extend(validate_label_selector(Some(selector), options.selectors(), &at));
        }
    }
    if let Ok(selector) = Selector::of(spec.selector.as_ref()) {
        template::selected(&selector, &spec.template, &at.child("template"), errors);
    }
}

/// All mistakes in the spec of a job that may not have its selector yet.
pub(crate) fn spec_without_selector(spec: &JobSpec, options: &Options, at: &At<'_>, errors: &mut ErrorList) {
    let counts = [
        ("parallelism", spec.parallelism.map(i64::from)),
        ("completions", spec.completions.map(i64::from)),
        ("activeDeadlineSeconds", spec.active_deadline_seconds),
        ("backoffLimit", spec.backoff_limit.map(i64::from)),
        ("ttlSecondsAfterFinished", spec.ttl_seconds_after_finished.map(i64::from)),
        ("backoffLimitPerIndex", spec.backoff_limit_per_index.map(i64::from)),
        ("maxFailedIndexes", spec.max_failed_indexes.map(i64::from)),
    ];
    non_negatives(counts, at, errors);
    if spec.max_failed_indexes.is_some() && spec.backoff_limit_per_index.is_none() {
        errors.push(Error::required(&at.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified"));
    }
    if let Some(manager) = &spec.managed_by {
        managed_by(manager, &at.child("managedBy"), errors);
    }
    completion_mode(spec, at, errors);
    failure::policy(spec, &at.child("podFailurePolicy"), errors);
    if let Some(policy) = &spec.success_policy {
        let at = at.child("successPolicy");
        if is_indexed(spec) {
            success::policy(policy, spec.completions.unwrap_or_default(), &at, errors);
        } else {
            let shown = internal::show("SuccessPolicy", policy);
            errors.push(Error::invalid(&at, shown, "requires indexed completion mode"));
        }
    }
    replacement_policy(spec, &at.child("podReplacementPolicy"), errors);
    let at = at.child("template");
    template::validate(&spec.template, options, &at, errors);
    restart_policy(spec, &at, errors);
}

fn managed_by(manager: &str, at: &At<'_>, errors: &mut ErrorList) {
    match manager.split_once('/') {
        _ if manager.is_empty() => errors.push(Error::required(at, "")),
        None | Some(("", _) | (_, "")) => {
            errors.push(Error::invalid(at, manager, "must be a domain-prefixed path (such as \"acme.io/foo\")"));
        }
        Some((host, path)) => {
            for message in names::dns1123_subdomain(host) {
                errors.push(Error::invalid(at, host, message));
            }
            if !is_path(path) {
                let detail = names::regex_error("Invalid path", r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+", &[]);
                errors.push(Error::invalid(at, path, detail));
            }
        }
    }
    if manager.len() > MAX_MANAGER {
        errors.push(Error::too_long(at, MAX_MANAGER));
    }
}

fn is_path(path: &str) -> bool {
    let punctuation = b"/-._~%!$&'()*+,;=:";
    path.bytes().all(|b| b.is_ascii_alphanumeric() || punctuation.contains(&b))
}

fn completion_mode(spec: &JobSpec, at: &At<'_>, errors: &mut ErrorList) {
    let mode = spec.completion_mode.as_deref();
    let modes = ["NonIndexed", "Indexed"];
    if let Some(mode) = mode.filter(|mode| !modes.contains(mode)) {
        errors.push(Error::not_supported(&at.child("completionMode"), mode, &modes));
    }
    if is_indexed(spec) {
        indexed(spec, at, errors);
    }
    if mode.is_none_or(|mode| mode == "NonIndexed") {
        let limits =
            [(spec.backoff_limit_per_index, "backoffLimitPerIndex"), (spec.max_failed_indexes, "maxFailedIndexes")];
        for (limit, field) in limits {
            if let Some(limit) = limit {
                errors.push(Error::invalid(&at.child(field), limit, "requires indexed completion mode"));
            }
        }
    }
}

fn indexed(spec: &JobSpec, at: &At<'_>, errors: &mut ErrorList) {
    let (parallelism, failed) = (at.child("parallelism"), at.child("maxFailedIndexes"));
    if spec.completions.is_none() {
        errors.push(Error::required(&at.child("completions"), "when completion mode is Indexed"));
    }
    if let Some(number) = spec.parallelism.filter(|number| *number > MAX_INDEXED_PARALLELISM) {
        let detail = format!("must be less than or equal to {MAX_INDEXED_PARALLELISM} when completion mode is Indexed");
        errors.push(Error::invalid(&parallelism, number, detail));
    }
    if let (Some(completions), Some(max)) = (spec.completions, spec.max_failed_indexes)
        && max > completions
    {
        errors.push(Error::invalid(&failed, max, "must be less than or equal to completions"));
    }
    if let Some(max) = spec.max_failed_indexes.filter(|max| *max > MAX_FAILED_INDEXES) {
        errors.push(Error::invalid(&failed, max, format!("must be less than or equal to {MAX_FAILED_INDEXES}")));
    }
    if spec.completions.is_none_or(|completions| completions <= MANY_COMPLETIONS)
        || spec.backoff_limit_per_index.is_none()
    {
        return;
    }
    if spec.max_failed_indexes.is_none() {
        let detail = format!("must be specified when completions is above {MANY_COMPLETIONS}");
        errors.push(Error::required(&failed, detail));
    }
    let detail = format!(
        "must be less than or equal to {MAX_WITH_MANY_COMPLETIONS} when completions are above {MANY_COMPLETIONS} and \
         used with backoff limit per index"
    );
    for (number, at) in [(spec.parallelism, &parallelism), (spec.max_failed_indexes, &failed)] {
        if let Some(number) = number.filter(|number| *number > MAX_WITH_MANY_COMPLETIONS) {
            errors.push(Error::invalid(at, number, detail.clone()));
        }
    }
}

fn replacement_policy(spec: &JobSpec, at: &At<'_>, errors: &mut ErrorList) {
    let Some(policy) = &spec.pod_replacement_policy else { return };
    let allowed: &[&str] =
        if spec.pod_failure_policy.is_some() { &["Failed"] } else { &["Failed", "TerminatingOrFailed"] };
    if !allowed.contains(&policy.as_str()) {
        errors.push(Error::not_supported(at, policy, allowed));
    }
}

/// The pods of a job come to an end.
fn restart_policy(spec: &JobSpec, at: &At<'_>, errors: &mut ErrorList) {
    let at = at.child("spec");
    let at = at.child("restartPolicy");
    let policy = template::spec(&spec.template).map(|spec| text(&spec.restart_policy)).unwrap_or_default();
    match policy {
        "Always" | "" => errors.push(Error::required(&at, "valid values: \"OnFailure\", \"Never\"")),
        "OnFailure" if spec.pod_failure_policy.is_some() => {
            let detail = "only \"Never\" is supported when podFailurePolicy is specified";
            errors.push(Error::invalid(&at, policy, detail));
        }
        "OnFailure" | "Never" => {}
        other => errors.push(Error::not_supported(&at, other, &["OnFailure", "Never"])),
    }
}
