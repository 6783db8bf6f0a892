use std::sync::Arc;

use async_trait::async_trait;
use k8s_api_client::informer::Reader;
use k8s_api_client::{Client, ObjectKey};
use k8s_ctrl::{Action, Context, Controller, Error, Reconcile, Reconciler, owner};
use k8s_ctrl_testkit::Scenario;
use k8s_openapi::api::core::v1::ConfigMap;

/// A good controller: it makes, for each config map that says so, another one with the same data, and keeps it so.
#[derive(Debug)]
pub(crate) struct Twins;

struct Sync {
    client: Client,
    maps: Reader<ConfigMap>,
}

#[async_trait]
impl Controller for Twins {
    fn name(&self) -> &'static str {
        "twins"
    }

    async fn run(&self, ctx: Context) {
        let maps = ctx.informers().get::<ConfigMap>();
        let sync = Sync { client: ctx.client().clone(), maps: maps.reader() };
        Reconciler::new(self.name()).watches(&maps).owns::<ConfigMap, ConfigMap>(&maps).run(Arc::new(sync)).await;
    }
}

#[async_trait]
impl Reconcile for Sync {
    async fn reconcile(&self, key: &ObjectKey) -> Result<Action, Error> {
        let Some(original) = self.maps.find(key).filter(|map| has_twin(map)) else { return Ok(Action::Done) };
        let twin = twin_of(&original);
        let api = self.client.namespaced::<ConfigMap>(key.namespace());
        match self.maps.get(key.namespace(), twin.metadata.name.as_deref().unwrap_or_default()) {
            None => drop(api.create(twin).await?),
            Some(there) if there.data != twin.data => {
                let mut there = (*there).clone();
                there.data = twin.data;
                api.update(there).await?;
            }
            Some(_) => {}
        }
        Ok(Action::Done)
    }
}

pub(crate) fn has_twin(map: &ConfigMap) -> bool {
    map.metadata.labels.as_ref().is_some_and(|labels| labels.contains_key("twin"))
}

pub(crate) fn twin_of(original: &ConfigMap) -> ConfigMap {
    let mut twin = ConfigMap { data: original.data.clone(), ..ConfigMap::default() };
    twin.metadata.name = original.metadata.name.as_ref().map(|name| format!("{name}-twin"));
    twin.metadata.owner_references = Some(vec![owner::controller_reference(original)]);
    twin
}

/// What every maker of twins is tried with.
pub(crate) fn scenario(controller: impl Controller) -> Scenario {
    Scenario::new(controller)
        .given("{apiVersion: v1, kind: ConfigMap, metadata: {name: other}}")
        .apply(
            "
apiVersion: v1
kind: ConfigMap
metadata: {name: a, labels: {twin: 'yes'}}
data: {x: '1'}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: b, labels: {twin: 'yes'}}
data: {x: '1'}
",
        )
        .apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {twin: 'yes'}}, data: {x: '2'}}")
        .ends_with::<ConfigMap>(5)
        .heals::<ConfigMap>()
}
