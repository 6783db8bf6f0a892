//! Every active namespace has the service account `default`.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller/serviceaccount` (`serviceaccounts_controller.go`).

use std::sync::Arc;

use async_trait::async_trait;
use k8s_api::Status;
use k8s_api_client::informer::{Event, Reader};
use k8s_api_client::{Client, ObjectKey};
use k8s_ctrl::{Action, Context, Controller, Error, Reconcile, Reconciler};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};

/// The account that pods run as when they name none.
const NAME: &str = "default";

/// Makes sure of the service account `default` in every active namespace.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServiceAccounts;

struct Sync {
    client: Client,
    namespaces: Reader<Namespace>,
    accounts: Reader<ServiceAccount>,
}

#[async_trait]
impl Controller for ServiceAccounts {
    fn name(&self) -> &'static str {
        "serviceaccount-controller"
    }

    fn account(&self) -> &'static str {
        "service-account-controller"
    }

    async fn run(&self, ctx: Context) {
        let namespaces = ctx.informers().get::<Namespace>();
        let accounts = ctx.informers().get::<ServiceAccount>();
        let sync = Sync { client: ctx.client().clone(), namespaces: namespaces.reader(), accounts: accounts.reader() };
        Reconciler::new(self.name())
            .workers(1)
            .maps(&namespaces, |event, keys| {
                if let Some(namespace) = event.current() {
                    keys.push(ObjectKey::of(&**namespace));
                }
            })
            .maps(&accounts, |event, keys| {
                if let Event::Deleted(account) = event {
                    keys.push(ObjectKey::new("", account.metadata.namespace.as_deref().unwrap_or_default()));
                }
            })
            .run(Arc::new(sync))
            .await;
    }
}

#[async_trait]
impl Reconcile for Sync {
    async fn reconcile(&self, key: &ObjectKey) -> Result<Action, Error> {
        let active = self.namespaces.find(key).is_some_and(|namespace| is_active(&namespace));
        if !active || self.accounts.get(key.name(), NAME).is_some() {
            return Ok(Action::Done);
        }
        let mut account = ServiceAccount::default();
        account.metadata.name = Some(NAME.to_owned());
        account.metadata.namespace = Some(key.name().to_owned());
        match self.client.namespaced::<ServiceAccount>(key.name()).create(account).await {
            Err(status) if !status.is_already_exists() && !is_namespace_terminating(&status) => Err(status.into()),
            _ => Ok(Action::Done),
        }
    }
}

pub(crate) fn is_active(namespace: &Namespace) -> bool {
    namespace.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Active")
}

/// Whether a write was refused because its namespace is on its way out.
pub(crate) fn is_namespace_terminating(status: &Status) -> bool {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes.into_iter().any(|cause| cause.reason == "NamespaceTerminating")
}
