//! Leases.
//!
//! Upstream: `pkg/registry/coordination/lease`, `ValidateLease`; coordinated election is off by default.

use k8s_api::field::{Error, ErrorList};
use k8s_api_kinds::{At, Facts, Strategy, canonical, count};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};

use crate::checks::{no_field_labels, no_subresources, no_warnings, one_of, qualified_name, text};

const SPEC: At<'static> = At::new("spec");

/// The strategy of leases.
#[derive(Clone, Copy, Debug)]
pub struct Leases;

impl Strategy for Leases {
    type Object = Lease;

    fn facts(&self) -> Facts {
        Facts { create_on_update: true, unconditional_update: false, standard_finalizers: false, ..Facts::new() }
    }

    fn default(&self, lease: &mut Lease) {
        canonical::meta(&mut lease.metadata);
        lease.spec.get_or_insert_default();
    }

    fn prepare_for_create(&self, lease: &mut Lease) {
        drop_coordination(lease, None);
    }

    fn validate_create(&self, lease: &Lease) -> ErrorList {
        lease.spec.as_ref().map(validate_spec).unwrap_or_default()
    }

    fn prepare_for_update(&self, new: &mut Lease, old: &Lease) {
        drop_coordination(new, old.spec.as_ref());
        count(&mut new.metadata, &old.metadata, false);
    }

    fn validate_update(&self, new: &Lease, _: &Lease) -> ErrorList {
        self.validate_create(new)
    }

    no_subresources!();
    no_warnings!();
    no_field_labels!();
}

fn drop_coordination(lease: &mut Lease, old: Option<&LeaseSpec>) {
    let Some(spec) = &mut lease.spec else { return };
    if old.is_none_or(|old| old.strategy.is_none()) {
        spec.strategy = None;
    }
    if old.is_none_or(|old| old.preferred_holder.is_none()) {
        spec.preferred_holder = None;
    }
}

fn validate_spec(spec: &LeaseSpec) -> ErrorList {
    let mut errors = ErrorList::new();
    if let Some(seconds) = spec.lease_duration_seconds.filter(|seconds| *seconds <= 0) {
        errors.push(Error::invalid(&SPEC.child("leaseDurationSeconds"), seconds, "must be greater than 0"));
    }
    if let Some(transitions) = spec.lease_transitions.filter(|transitions| *transitions < 0) {
        let detail = "must be greater than or equal to 0";
        errors.push(Error::invalid(&SPEC.child("leaseTransitions"), transitions, detail));
    }
    if let Some(strategy) = &spec.strategy {
        let at = SPEC.child("strategy");
        let at = at.child("strategy");
        if strategy.contains('/') {
            qualified_name(&mut errors, &at, strategy);
        } else {
            one_of(&mut errors, &at, strategy, &["OldestEmulationVersion"]);
        }
    }
    if !text(&spec.preferred_holder).is_empty() && text(&spec.strategy).is_empty() {
        let detail = "may only be specified if `strategy` is defined";
        errors.push(Error::forbidden(&SPEC.child("preferredHolder"), detail));
    }
    errors
}
