use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// When owners that are named twice were noticed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Noticed {
    InRequest,
    AfterAdmission,
}

/// Drops owners that are named twice, with a warning.
///
/// Upstream: `dedupOwnerReferencesAndAddWarning` in `k8s.io/apiserver/pkg/endpoints/handlers/rest.go`.
pub(super) fn dedup(meta: &mut ObjectMeta, noticed: Noticed, warnings: &mut Vec<String>) {
    let Some(owners) = meta.owner_references.as_mut().filter(|owners| owners.len() > 1) else { return };
    let mut kept = Vec::with_capacity(owners.len());
    let mut twice = BTreeSet::new();
    for owner in owners.drain(..) {
        if kept.contains(&owner) {
            twice.insert(owner.uid);
        } else {
            kept.push(owner);
        }
    }
    *owners = kept;
    if twice.is_empty() {
        return;
    }
    let when = if noticed == Noticed::InRequest { "" } else { " after mutating admission happens" };
    let uids = twice.into_iter().collect::<Vec<_>>().join(", ");
    warnings.push(format!(
        ".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner references in 1.20+, and \
         may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {uids}"
    ));
}
