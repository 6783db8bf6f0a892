//! StatefulSets.
//!
//! Upstream: `pkg/registry/apps/statefulset/strategy.go`, `pkg/apis/apps/validation`.

use std::collections::BTreeMap;

use k8s_api::field::{Error, ErrorList};
use k8s_api::selector::Selector;
use k8s_api_kinds::{At, Facts, NameRule, Strategy, canonical, count, internal, names, tidy};
use k8s_openapi::api::apps::v1::{
    StatefulSet as Object, StatefulSetSpec, StatefulSetStatus, StatefulSetUpdateStrategy,
};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, PodTemplateSpec, Volume};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::amounts::tidy_list;
use crate::blank::{items, items_mut, or_text, text};
use crate::checks::{collision_count, non_negative, non_negatives, not_greater};
use crate::pod::validation::{self, Options};
use crate::pod::{defaults, warnings};
use crate::template;

/// The strategy of StatefulSets.
#[derive(Clone, Copy, Debug, Default)]
pub struct StatefulSet;

impl Strategy for StatefulSet {
    type Object = Object;

    fn facts(&self) -> Facts {
        Facts { name: NameRule::Label, ..Facts::new() }
    }

    fn default(&self, set: &mut Object) {
        canonical::meta(&mut set.metadata);
        default_spec(set.spec.get_or_insert_default());
        default_status(set.status.get_or_insert_default());
    }

    fn prepare_for_create(&self, set: &mut Object) {
        set.status = Some(StatefulSetStatus::default());
        default_status(set.status.get_or_insert_default());
        set.metadata.generation = Some(1);
        if let Some(spec) = &mut set.spec {
            drop_fields(spec, None);
        }
    }

    fn validate_create(&self, set: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        if let Some(spec) = &set.spec {
            validate(spec, &template::options(None), Leniency::default(), &mut errors);
        }
        errors
    }

    fn prepare_for_update(&self, new: &mut Object, old: &Object) {
        new.status.clone_from(&old.status);
        if let Some(spec) = &mut new.spec {
            drop_fields(spec, old.spec.as_ref());
        }
        let changed = new.spec != old.spec;
        count(&mut new.metadata, &old.metadata, changed);
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        if let (Some(new), Some(old)) = (&new.spec, &old.spec) {
            validate_change(new, old, &mut errors);
        }
        errors
    }

    fn prepare_for_subresource_update(&self, _: &str, new: &mut Object, old: &Object) {
        new.spec.clone_from(&old.spec);
        count(&mut new.metadata, &old.metadata, false);
    }

    fn validate_subresource_update(&self, _: &str, new: &Object, old: &Object) -> ErrorList {
        let none = StatefulSetStatus::default();
        validate_status(new.status.as_ref().unwrap_or(&none), old.status.as_ref().unwrap_or(&none))
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let (mut all, at) = (Vec::new(), At::new("spec"));
        let Some(spec) = &new.spec else { return all };
        if old.is_none_or(|old| old.metadata.generation != new.metadata.generation) {
            all = warnings::template(&spec.template, &at.child("template"));
        }
        let place = at.child("volumeClaimTemplates");
        for (i, claim) in items(&spec.volume_claim_templates).iter().enumerate() {
            let (at, Some(spec)) = (place.index(i), &claim.spec) else { continue };
            let inner = at.child("Spec");
            warnings::claim(spec, if old.is_some() { &inner } else { &at }, &mut all);
        }
        if spec.revision_history_limit.is_some_and(|limit| limit < 0) {
            all.push(
                "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is \
                 recommended"
                    .to_owned(),
            );
        }
        all
    }

    fn field_labels(&self, _: &Object) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

fn default_spec(spec: &mut StatefulSetSpec) {
    tidy!(spec => min_ready_seconds, volume_claim_templates);
    or_text(&mut spec.pod_management_policy, "OrderedReady");
    default_strategy(spec.update_strategy.get_or_insert_default());
    let policy = spec.persistent_volume_claim_retention_policy.get_or_insert_default();
    or_text(&mut policy.when_deleted, "Retain");
    or_text(&mut policy.when_scaled, "Retain");
    spec.replicas.get_or_insert(1);
    spec.revision_history_limit.get_or_insert(10);
    spec.service_name.get_or_insert_default();
    if let Some(ordinals) = &mut spec.ordinals {
        ordinals.start.get_or_insert(0);
    }
    template::default_selector(&mut spec.selector);
    template::default(&mut spec.template);
    items_mut(&mut spec.volume_claim_templates).iter_mut().for_each(default_claim);
}

fn default_strategy(strategy: &mut StatefulSetUpdateStrategy) {
    if text(&strategy.type_).is_empty() {
        strategy.type_ = Some("RollingUpdate".to_owned());
        strategy.rolling_update.get_or_insert_default();
    }
    if text(&strategy.type_) == "RollingUpdate"
        && let Some(rolling) = &mut strategy.rolling_update
    {
        rolling.partition.get_or_insert(0);
    }
}

fn default_claim(claim: &mut PersistentVolumeClaim) {
    canonical::meta(&mut claim.metadata);
    defaults::claim_spec(claim.spec.get_or_insert_default());
    let status = claim.status.get_or_insert_default();
    or_text(&mut status.phase, "Pending");
    tidy!(status => access_modes, conditions, allocated_resource_statuses);
    tidy_list(&mut status.capacity);
    tidy_list(&mut status.allocated_resources);
}

/// Upstream writes these two even when they are zero.
fn default_status(status: &mut StatefulSetStatus) {
    status.available_replicas.get_or_insert(0);
    tidy!(status => conditions, current_replicas, current_revision, ready_replicas, update_revision, updated_replicas);
}

/// `maxUnavailable` is behind a feature that is off.
fn drop_fields(new: &mut StatefulSetSpec, old: Option<&StatefulSetSpec>) {
    let rolling = |spec: &StatefulSetSpec| spec.update_strategy.as_ref().and_then(|s| s.rolling_update.clone());
    let used = old.and_then(rolling).is_some_and(|rolling| rolling.max_unavailable.is_some());
    if let Some(rolling) = new.update_strategy.as_mut().and_then(|s| s.rolling_update.as_mut())
        && !used
    {
        rolling.max_unavailable = None;
    }
    template::drop_fields(&mut new.template, old.map(|old| &old.template));
}

/// What an update need not repair.
#[derive(Clone, Copy, Default)]
struct Leniency {
    /// The service name and the claims, which cannot be changed anyway.
    fixed: bool,
    /// A template that was wrong before.
    template: bool,
}

fn validate(spec: &StatefulSetSpec, options: &Options, leniency: Leniency, errors: &mut ErrorList) {
    let at = At::new("spec");
    let policy = text(&spec.pod_management_policy);
    if !matches!(policy, "OrderedReady" | "Parallel") {
        let detail = "must be 'OrderedReady' or 'Parallel'";
        errors.push(Error::invalid(&at.child("podManagementPolicy"), policy, detail));
    }
    if let Some(strategy) = &spec.update_strategy {
        validate_strategy(strategy, &at.child("updateStrategy"), errors);
    }
    retention(spec, &at, errors);
    let claims = items(&spec.volume_claim_templates);
    let place = at.child("volumeClaimTemplates");
    for (i, claim) in claims.iter().enumerate().filter(|_| !leniency.fixed) {
        let at = place.index(i);
        validation::claim_spec(&claim.spec.clone().unwrap_or_default(), &at.child("spec"), errors);
    }
    let counts = [
        ("replicas", spec.replicas.map(i64::from)),
        ("minReadySeconds", spec.min_ready_seconds.map(i64::from)),
        ("ordinals.start", spec.ordinals.as_ref().and_then(|ordinals| ordinals.start).map(i64::from)),
    ];
    non_negatives(counts, &at, errors);
    if let Some(name) = spec.service_name.as_deref().filter(|name| !leniency.fixed && !name.is_empty()) {
        let at = at.child("serviceName");
        errors.extend(names::dns1123_label(name).into_iter().map(|m| Error::invalid(&at, name, m)));
    }
    let selector = template::given(&spec.selector);
    let (place, inner) = (at.child("selector"), at.child("template"));
    if let Some(selector) = template::required_selector(selector, "statefulset", "", &place, errors) {
        validate_template(spec, &selector, options, leniency, &inner, errors);
    }
    template::runs_for_ever(&spec.template, "StatefulSet", &inner, errors);
}

fn validate_strategy(strategy: &StatefulSetUpdateStrategy, at: &At<'_>, errors: &mut ErrorList) {
    let place = at.child("rollingUpdate");
    match (text(&strategy.type_), &strategy.rolling_update) {
        ("OnDelete", Some(rolling)) => {
            let shown = internal::show("RollingUpdateStatefulSetStrategy", rolling);
            errors.push(Error::invalid(&place, shown, "only allowed for updateStrategy 'RollingUpdate'"));
        }
        ("RollingUpdate", Some(rolling)) => {
            non_negative(rolling.partition.unwrap_or_default().into(), &place.child("partition"), errors);
            if let Some(share) = &rolling.max_unavailable {
                let at = place.child("maxUnavailable");
                crate::checks::number_or_percent(share, &at, errors);
                if crate::checks::is_zero(share) {
                    errors.push(Error::invalid(&at, crate::checks::Share(share), "cannot be 0"));
                }
                crate::checks::at_most_all(share, &at, errors);
            }
        }
        ("OnDelete" | "RollingUpdate", None) => {}
        _ => {
            let shown = internal::show("StatefulSetUpdateStrategy", strategy);
            errors.push(Error::invalid(at, shown, "must be 'RollingUpdate' or 'OnDelete'"));
        }
    }
}

fn retention(spec: &StatefulSetSpec, at: &At<'_>, errors: &mut ErrorList) {
    let Some(policy) = &spec.persistent_volume_claim_retention_policy else { return };
    let at = at.child("persistentVolumeClaimRetentionPolicy");
    for (policy, field) in [(&policy.when_deleted, "whenDeleted"), (&policy.when_scaled, "whenScaled")] {
        let policy = text(policy);
        if !matches!(policy, "Retain" | "Delete") {
            errors.push(Error::not_supported(&at.child(field), policy, &["Retain", "Delete"]));
        }
    }
}

/// The template is checked as its pods will be: with volumes of the claims made for them.
fn validate_template(
    spec: &StatefulSetSpec,
    selector: &Selector,
    options: &Options,
    leniency: Leniency,
    at: &At<'_>,
    errors: &mut ErrorList,
) {
    let template = as_pods_get_it(spec);
    if !selector.is_everything() {
        template::selected(selector, &template, at, errors);
    }
    if !leniency.template {
        template::validate(&template, options, at, errors);
    }
    let none = ObjectMeta::default();
    template::validate_metadata(template.metadata.as_ref().unwrap_or(&none), &template, options, at, errors);
}

fn as_pods_get_it(spec: &StatefulSetSpec) -> PodTemplateSpec {
    let mut template = spec.template.clone();
    let Some(pod) = &mut template.spec else { return template };
    (pod.hostname, pod.subdomain) = (None, None);
    let mut volumes: BTreeMap<String, Volume> = BTreeMap::new();
    for claim in items(&spec.volume_claim_templates) {
        let name = claim.metadata.name.clone().unwrap_or_default();
        let source = PersistentVolumeClaimVolumeSource { claim_name: name.clone(), read_only: None };
        let volume = Volume { name: name.clone(), persistent_volume_claim: Some(source), ..Default::default() };
        volumes.insert(name, volume);
    }
    if !volumes.is_empty() {
        let own = pod.volumes.take().unwrap_or_default();
        let own: Vec<Volume> = own.into_iter().filter(|volume| !volumes.contains_key(&volume.name)).collect();
        pod.volumes = Some(volumes.into_values().chain(own).collect());
    }
    template
}

fn validate_change(new: &StatefulSetSpec, old: &StatefulSetSpec, errors: &mut ErrorList) {
    let options = template::options(Some(&old.template));
    let mut leniency = Leniency { fixed: true, template: false };
    let mut before = ErrorList::new();
    validate(old, &options, leniency, &mut before);
    leniency.template = !before.is_empty();
    validate(new, &options, leniency, errors);
    let allowed = StatefulSetSpec {
        replicas: old.replicas,
        template: old.template.clone(),
        update_strategy: old.update_strategy.clone(),
        min_ready_seconds: old.min_ready_seconds,
        ordinals: old.ordinals.clone(),
        revision_history_limit: old.revision_history_limit,
        persistent_volume_claim_retention_policy: old.persistent_volume_claim_retention_policy.clone(),
        ..new.clone()
    };
    if allowed != *old {
        let detail = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
                      'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and \
                      'minReadySeconds' are forbidden";
        errors.push(Error::forbidden("spec", detail));
    }
}

fn validate_status(new: &StatefulSetStatus, old: &StatefulSetStatus) -> ErrorList {
    let (mut errors, at) = (ErrorList::new(), At::new("status"));
    let wide = |count: Option<i32>| count.map(i64::from);
    non_negatives(
        [
            ("replicas", Some(new.replicas.into())),
            ("readyReplicas", wide(new.ready_replicas)),
            ("currentReplicas", wide(new.current_replicas)),
            ("updatedReplicas", wide(new.updated_replicas)),
            ("availableReplicas", wide(new.available_replicas)),
            ("observedGeneration", new.observed_generation),
            ("collisionCount", wide(new.collision_count)),
        ],
        &at,
        &mut errors,
    );
    let (all, detail) = (Some(new.replicas), "cannot be greater than status.replicas");
    let ready = "cannot be greater than status.readyReplicas";
    not_greater(
        [
            ("readyReplicas", new.ready_replicas, all, detail),
            ("currentReplicas", new.current_replicas, all, detail),
            ("updatedReplicas", new.updated_replicas, all, detail),
            ("availableReplicas", new.available_replicas, all, detail),
            ("availableReplicas", new.available_replicas, new.ready_replicas, ready),
        ],
        &at,
        &mut errors,
    );
    collision_count(new.collision_count, old.collision_count, &at, &mut errors);
    errors
}
