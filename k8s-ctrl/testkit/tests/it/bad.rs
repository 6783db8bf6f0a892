#![expect(clippy::disallowed_methods, reason = "controllers that break the rules")]

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_api_client::informer::Reader;
use k8s_api_client::{Client, DeleteOptions, ObjectKey, PatchKind};
use k8s_ctrl::{Action, Context, Controller, Error, Reconcile, Reconciler};
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::json;

use crate::twins;

/// What may be wrong with a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vice {
    /// A failure is the end of the matter.
    GivesUp,
    /// Each round writes something new.
    Restless,
    /// It reads every minute.
    Polls,
    /// It starts what does not end with it.
    Leaks,
    /// It writes without looking.
    WritesBlindly,
    /// It makes something, to delete it again.
    TriesOut,
    /// It has randomness of its own.
    Draws,
    /// It makes a thing once.
    Neglects,
}

/// Makes twins, badly.
#[derive(Debug)]
pub(crate) struct Bad(pub(crate) Vice);

struct Sync {
    client: Client,
    maps: Reader<ConfigMap>,
    vice: Vice,
}

#[async_trait]
impl Controller for Bad {
    fn name(&self) -> &'static str {
        "bad"
    }

    async fn run(&self, ctx: Context) {
        let maps = ctx.informers().get::<ConfigMap>();
        let sync = Sync { client: ctx.client().clone(), maps: maps.reader(), vice: self.0 };
        if self.0 == Vice::Leaks {
            tokio::spawn(std::future::pending::<()>());
        }
        let reconciler = Reconciler::new(self.name()).watches(&maps);
        let reconciler = match self.0 {
            Vice::Neglects => reconciler,
            _ => reconciler.owns::<ConfigMap, ConfigMap>(&maps),
        };
        reconciler.run(Arc::new(sync)).await;
    }
}

#[async_trait]
impl Reconcile for Sync {
    async fn reconcile(&self, key: &ObjectKey) -> Result<Action, Error> {
        let Some(original) = self.maps.find(key).filter(|map| twins::has_twin(map)) else { return Ok(Action::Done) };
        match self.round(key, twins::twin_of(&original)).await {
            Err(_) if self.vice == Vice::GivesUp => Ok(Action::Done),
            Err(error) => Err(error),
            Ok(()) if self.vice == Vice::Polls => Ok(Action::RequeueAfter(Duration::from_secs(60))),
            Ok(()) => Ok(Action::Done),
        }
    }
}

impl Sync {
    async fn round(&self, key: &ObjectKey, mut twin: ConfigMap) -> Result<(), Error> {
        let api = self.client.namespaced::<ConfigMap>(key.namespace());
        let name = twin.metadata.name.clone().unwrap_or_default();
        let there = self.maps.get(key.namespace(), &name);
        if self.vice == Vice::Draws {
            let chance = RandomState::new().hash_one(0);
            twin.data.get_or_insert_default().insert("chance".to_owned(), chance.to_string());
        }
        match there {
            None => {
                if self.vice == Vice::TriesOut {
                    self.try_out(key.namespace()).await?;
                }
                api.create(twin).await?;
            }
            Some(_) if self.vice == Vice::Polls => drop(api.get(&name).await?),
            Some(there) if self.vice == Vice::Restless => {
                let revision = there.metadata.resource_version.clone();
                api.patch(&name, PatchKind::Merge, &json!({ "data": { "seen": revision } })).await?;
            }
            Some(there) if there.data != twin.data || self.vice == Vice::WritesBlindly => {
                let data = twin.data.filter(|_| self.vice != Vice::Draws);
                let Some(data) = data.or_else(|| there.data.clone()) else { return Ok(()) };
                api.patch(&name, PatchKind::Merge, &json!({ "data": data })).await?;
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Sees whether things can be made here.
    async fn try_out(&self, namespace: &str) -> Result<(), Error> {
        let api = self.client.namespaced::<ConfigMap>(namespace);
        let mut trial = ConfigMap::default();
        trial.metadata.generate_name = Some("trial-".to_owned());
        let trial = api.create(trial).await?;
        let name = trial.metadata.name.as_deref().unwrap_or_default();
        api.delete(name, DeleteOptions::default()).await?;
        Ok(())
    }
}
