//! Service accounts.
//!
//! Upstream: `pkg/registry/core/serviceaccount`.

use k8s_api::field::ErrorList;
use k8s_api_kinds::{Facts, Strategy, canonical, count, tidy};
use k8s_openapi::api::core::v1::{ObjectReference, ServiceAccount};

use crate::checks::{no_field_labels, no_subresources};

const MOUNTABLE: &str = "kubernetes.io/enforce-mountable-secrets";

/// The strategy of service accounts.
#[derive(Clone, Copy, Debug)]
pub struct ServiceAccounts;

impl Strategy for ServiceAccounts {
    type Object = ServiceAccount;

    fn facts(&self) -> Facts {
        Facts::new()
    }

    fn default(&self, account: &mut ServiceAccount) {
        canonical::meta(&mut account.metadata);
        tidy!(account => secrets, image_pull_secrets);
    }

    fn prepare_for_create(&self, account: &mut ServiceAccount) {
        keep_names_of_secrets(account);
    }

    fn validate_create(&self, _: &ServiceAccount) -> ErrorList {
        ErrorList::new()
    }

    fn prepare_for_update(&self, new: &mut ServiceAccount, old: &ServiceAccount) {
        keep_names_of_secrets(new);
        count(&mut new.metadata, &old.metadata, false);
    }

    fn validate_update(&self, _: &ServiceAccount, _: &ServiceAccount) -> ErrorList {
        ErrorList::new()
    }

    fn warnings(&self, new: &ServiceAccount, old: Option<&ServiceAccount>) -> Vec<String> {
        if !enforces_mountable(new) || old.is_some_and(enforces_mountable) {
            return Vec::new();
        }
        vec![format!(
            "metadata.annotations[{MOUNTABLE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to \
             mounted secrets"
        )]
    }

    no_subresources!();
    no_field_labels!();
}

fn keep_names_of_secrets(account: &mut ServiceAccount) {
    for secret in account.secrets.iter_mut().flatten() {
        *secret = ObjectReference { name: secret.name.take(), ..ObjectReference::default() };
    }
}

fn enforces_mountable(account: &ServiceAccount) -> bool {
    account.metadata.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(MOUNTABLE))
}
