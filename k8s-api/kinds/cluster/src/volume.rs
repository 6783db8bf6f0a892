//! Persistent volumes and the claims on them.
//!
//! Upstream: `pkg/registry/core/persistentvolume*`, `pkg/api/persistentvolume*`, `ValidatePersistentVolume*`.

mod claim;
mod node_selector;
mod source;
mod spec;

use std::fmt;

pub(crate) use claim::Claims;
use k8s_api::field::{Error, ErrorList};
use k8s_api::quantity::Quantity;
use k8s_api_kinds::View;
pub(crate) use spec::Volumes;

use crate::checks::one_of;

const ACCESS_MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
const VOLUME_MODES: [&str; 2] = ["Block", "Filesystem"];
const BETA_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

fn access_modes(errors: &mut ErrorList, modes: View<'_>, at: &dyn fmt::Display) {
    let single = "ReadWriteOncePod";
    for mode in modes.texts() {
        one_of(errors, at, mode, &ACCESS_MODES);
    }
    let other = modes.texts().any(|mode| mode != single && ACCESS_MODES.contains(&mode));
    if other && modes.texts().any(|mode| mode == single) {
        errors.push(Error::forbidden(at, "may not use ReadWriteOncePod with other access modes"));
    }
}

fn positive(errors: &mut ErrorList, amount: &Quantity, at: &dyn fmt::Display) -> bool {
    if amount.signum() <= 0 {
        errors.push(Error::invalid(at, amount.to_string(), "must be greater than zero"));
    }
    amount.signum() > 0
}

fn amount(view: View<'_>) -> Option<Quantity> {
    Quantity::parse(view.text()).ok()
}
