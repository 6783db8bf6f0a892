//! A controller of one's own on a true API server, in simulated time: no port, no binary, no sleep for luck.
//!
//! `cargo run --release --example controller`
#![expect(clippy::print_stdout, reason = "an example talks to people")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_api_testkit::TestServer;
use k8s_kit::api::Status;
use k8s_kit::client::informer::Reader;
use k8s_kit::client::{Client, DeleteOptions, ObjectKey};
use k8s_kit::ctrl::{Action, Context, Controller, Controllers, Error, Reconcile, Reconciler};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};

const SHOP: &str = "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: till}}}";

/// Keeps a config map `contact` in every namespace that says which team it belongs to.
#[derive(Debug)]
struct Contacts;

/// What a round reads, and whom it writes as.
struct Round {
    namespaces: Reader<Namespace>,
    maps: Reader<ConfigMap>,
    client: Client,
}

#[async_trait]
impl Controller for Contacts {
    fn name(&self) -> &'static str {
        "contacts"
    }

    async fn run(&self, ctx: Context) {
        let (namespaces, maps) = (ctx.informers().get::<Namespace>(), ctx.informers().get::<ConfigMap>());
        let round = Round { namespaces: namespaces.reader(), maps: maps.reader(), client: ctx.client().clone() };
        Reconciler::new(self.name())
            .watches(&namespaces)
            .maps(&maps, |event, keys| keys.extend(namespace_of(event.object())))
            .run(Arc::new(round))
            .await;
    }
}

#[async_trait]
impl Reconcile for Round {
    async fn reconcile(&self, key: &ObjectKey) -> Result<Action, Error> {
        let namespace = self.namespaces.find(key);
        let team = namespace.as_ref().and_then(|n| n.metadata.labels.as_ref()?.get("team"));
        if let (Some(team), None) = (team, self.maps.get(key.name(), "contact")) {
            self.client.namespaced(key.name()).create(contact(team)).await?;
        }
        Ok(Action::Done)
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let api = TestServer::new().await;
    let admin = api.client();
    let maps = admin.namespaced::<ConfigMap>("shop");
    let running = Controllers::none().with(Contacts).start(&admin, api.env());

    println!("-- A namespace of team till");
    println!("{}", admin.apply(SHOP).await?[0]);
    api.settled(Duration::from_secs(1)).await;
    println!("   the controller made {}", told(&*maps.get("contact").await?));

    println!("\n-- Somebody deletes its config map, all connections break, and the server is down for a moment");
    maps.delete("contact", DeleteOptions::default()).await?;
    api.fault().cut_watches().fail_next(3, &Status::unavailable("down"));
    api.settled(Duration::from_secs(60)).await;
    println!("   the controller made {}", told(&*maps.get("contact").await?));

    println!("\n{} requests were made, and nothing is left to do.", api.fault().requests());
    running.stop().await;
    api.stop().await;
    Ok(())
}

fn contact(team: &str) -> ConfigMap {
    let mut map = ConfigMap::default();
    map.metadata.name = Some("contact".to_owned());
    map.data = Some(BTreeMap::from([("team".to_owned(), team.to_owned())]));
    map
}

fn namespace_of(map: &ConfigMap) -> Option<ObjectKey> {
    Some(ObjectKey::new("", map.metadata.namespace.as_deref()?))
}

fn told(map: &ConfigMap) -> String {
    let uid = map.metadata.uid.as_deref().unwrap_or_default();
    format!("configmap/contact {uid}: {:?}", map.data.iter().flatten().collect::<Vec<_>>())
}
