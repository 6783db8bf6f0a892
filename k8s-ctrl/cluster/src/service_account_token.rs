//! Secrets that ask for a token of a service account get one, and go with the account.
//!
//! Upstream: `k8s.io/kubernetes/pkg/controller/serviceaccount` (`tokens_controller.go`).

use std::sync::Arc;

use async_trait::async_trait;
use k8s_api::{Kind, Status};
use k8s_api_client::informer::{Event, Reader};
use k8s_api_client::{Body, Client, DeleteOptions, ObjectKey, Preconditions, WriteOptions};
use k8s_ctrl::edit::edit;
use k8s_ctrl::{Action, Context, Controller, Error, Reconcile, Reconciler};
use k8s_openapi::ByteString;
use k8s_openapi::api::authentication::v1::{BoundObjectReference, TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use serde_json::{Value, json};

const TYPE: &str = "kubernetes.io/service-account-token";
const NAME: &str = "kubernetes.io/service-account.name";
const UID: &str = "kubernetes.io/service-account.uid";
/// The longest time that a token can be asked for, 136 years: it ends with its secret.
const SECONDS: i64 = 1 << 32;

/// Fills the secrets of type `kubernetes.io/service-account-token`, and deletes those whose account is gone.
///
/// It acts as `system:kube-controller-manager`, as upstream's does, for no controller's own role may make tokens.
#[derive(Clone, Debug)]
pub struct ServiceAccountTokens {
    bundle: Arc<str>,
}

struct Sync {
    client: Client,
    accounts: Reader<ServiceAccount>,
    secrets: Reader<Secret>,
    bundle: Arc<str>,
}

impl ServiceAccountTokens {
    /// Gives this bundle beside each token: certificates in PEM, or nothing.
    pub fn new(bundle: impl Into<Arc<str>>) -> Self {
        Self { bundle: bundle.into() }
    }
}

#[async_trait]
impl Controller for ServiceAccountTokens {
    fn name(&self) -> &'static str {
        "serviceaccount-token-controller"
    }

    async fn run(&self, ctx: Context) {
        let accounts = ctx.informers().get::<ServiceAccount>();
        let secrets = ctx.informers().get::<Secret>();
        let reader = secrets.reader();
        let sync = Sync {
            client: ctx.informers().client().clone(),
            accounts: accounts.reader(),
            secrets: reader.clone(),
            bundle: self.bundle.clone(),
        };
        Reconciler::new(self.name())
            .maps(&secrets, |event, keys| {
                if account_of(event.object()).is_some() {
                    keys.push(ObjectKey::of(&**event.object()));
                }
            })
            .maps(&accounts, move |event, keys| {
                if matches!(event, Event::Added(_)) {
                    return;
                }
                let account = event.object();
                reader.for_each_in(account.namespace(), |secret| {
                    if account_of(secret) == Some(account.name()) {
                        keys.push(ObjectKey::of(&**secret));
                    }
                });
            })
            .run(Arc::new(sync))
            .await;
    }
}

#[async_trait]
impl Reconcile for Sync {
    async fn reconcile(&self, key: &ObjectKey) -> Result<Action, Error> {
        let Some(secret) = self.secrets.find(key) else {
            self.forget(key).await?;
            return Ok(Action::Done);
        };
        let Some(name) = account_of(&secret) else { return Ok(Action::Done) };
        let done = match self.account(&secret, name).await? {
            Some(account) => self.fill(&secret, &account).await,
            None => self.delete(&secret).await,
        };
        match done {
            Err(status) if !status.is_not_found() => Err(status.into()),
            _ => Ok(Action::Done),
        }
    }
}

impl Sync {
    /// The account that a secret is of, which the cache may not have yet.
    async fn account(&self, secret: &Secret, name: &str) -> Result<Option<Arc<ServiceAccount>>, Status> {
        let uid = annotation(secret, UID);
        let is_meant = |account: &Arc<ServiceAccount>| uid.is_none_or(|uid| uid == account.uid());
        if let Some(account) = self.accounts.get(secret.namespace(), name).filter(is_meant) {
            return Ok(Some(account));
        }
        let live = self.client.namespaced::<ServiceAccount>(secret.namespace()).find(name).await?;
        Ok(live.filter(is_meant))
    }

    async fn fill(&self, secret: &Secret, account: &ServiceAccount) -> Result<(), Status> {
        let has = |key: &str| secret.data.as_ref().and_then(|data| data.get(key)).is_some_and(|v| !v.0.is_empty());
        let mut missing = Vec::new();
        let bundle = self.bundle.as_bytes();
        let known = secret.data.as_ref().and_then(|data| data.get("ca.crt"));
        if !bundle.is_empty() && known.is_none_or(|known| known.0 != bundle) {
            missing.push(("ca.crt", ByteString(bundle.to_vec())));
        }
        if !has("namespace") {
            missing.push(("namespace", ByteString(secret.namespace().as_bytes().to_vec())));
        }
        if !has("token") {
            missing.push(("token", ByteString(self.token(secret, account).await?.into_bytes())));
        }
        if missing.is_empty() {
            return Ok(());
        }
        edit::<Secret>(&self.client, secret.namespace(), secret.name(), "", |live| {
            // A secret that has changed meanwhile is looked at again by its own event.
            if live.metadata.resource_version != secret.metadata.resource_version {
                return false;
            }
            let data = live.rest.entry("data").or_insert(Value::Null);
            for (key, value) in &missing {
                data[*key] = json!(value);
            }
            let annotations = live.metadata.annotations.get_or_insert_default();
            annotations.insert(NAME.to_owned(), account.name().to_owned());
            annotations.insert(UID.to_owned(), account.uid().to_owned());
            true
        })
        .await
        .map(drop)
    }

    /// A token that ends with the secret.
    async fn token(&self, secret: &Secret, account: &ServiceAccount) -> Result<String, Status> {
        let mut request = TokenRequest {
            spec: Some(TokenRequestSpec {
                expiration_seconds: Some(SECONDS),
                bound_object_ref: Some(BoundObjectReference {
                    api_version: Some("v1".to_owned()),
                    kind: Some("Secret".to_owned()),
                    name: secret.metadata.name.clone(),
                    uid: secret.metadata.uid.clone(),
                }),
                ..TokenRequestSpec::default()
            }),
            ..TokenRequest::default()
        };
        request.metadata.uid.clone_from(&account.metadata.uid);
        let api = self.client.namespaced::<ServiceAccount>(secret.namespace());
        let body = Body::Object(Box::new(request));
        let answer = api.dynamic().post(account.name(), "token", body, WriteOptions::default()).await?;
        let granted = answer.and_then(|object| object.typed::<TokenRequest>().ok());
        let token = granted.and_then(|granted| granted.status.as_ref()?.token.clone());
        token.ok_or_else(|| Status::internal("the server sent no token"))
    }

    async fn delete(&self, secret: &Secret) -> Result<(), Status> {
        let preconditions = Preconditions { uid: secret.metadata.uid.clone(), ..Preconditions::default() };
        let options = DeleteOptions { preconditions, ..DeleteOptions::default() };
        self.client.namespaced::<Secret>(secret.namespace()).delete(secret.name(), options).await.map(drop)
    }

    /// Takes a secret that is gone off the lists of the accounts that name it.
    async fn forget(&self, key: &ObjectKey) -> Result<(), Status> {
        let mut naming = Vec::new();
        self.accounts.for_each_in(key.namespace(), |account| {
            if account.secrets.iter().flatten().any(|secret| secret.name.as_deref() == Some(key.name())) {
                naming.push(account.name().to_owned());
            }
        });
        for account in naming {
            let edited = edit::<ServiceAccount>(&self.client, key.namespace(), &account, "", |live| {
                let Some(secrets) = live.rest.get_mut("secrets").and_then(Value::as_array_mut) else { return false };
                let before = secrets.len();
                secrets.retain(|secret| secret["name"] != key.name());
                secrets.len() != before
            });
            match edited.await {
                Err(status) if !status.is_not_found() => return Err(status),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The account that a secret is to hold a token of.
fn account_of(secret: &Secret) -> Option<&str> {
    (secret.type_.as_deref() == Some(TYPE)).then(|| annotation(secret, NAME)).flatten()
}

fn annotation<'a>(secret: &'a Secret, key: &str) -> Option<&'a str> {
    let text = secret.metadata.annotations.as_ref()?.get(key)?;
    Some(text.as_str()).filter(|text| !text.is_empty())
}
