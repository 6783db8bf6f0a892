//! A controller written with kube-rs, on the true server: over HTTPS and without a socket.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use k8s_api::UserInfo;
use k8s_api_https::in_process;
use k8s_api_server::ApiServer;
use k8s_api_server::http::TokenFile;
use k8s_env::{Env, Tasks};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::api::events;
use kube::Resource;
use kube::api::{Api, DeleteParams, ListParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::runtime::finalizer::{Error, Event as Finalizer, finalizer};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::wait::{Condition, await_condition, conditions::is_deleted};
use kube::runtime::{WatchStreamExt, reflector, watcher};
use serde_json::json;
use tokio::time::timeout;

use crate::api_server::{admin, cluster};

const SOON: Duration = Duration::from_secs(10);
const FINALIZER: &str = "example.com/sealed";

/// What the reconciler works with.
struct Sealer {
    client: kube::Client,
    recorder: Recorder,
    applied: AtomicUsize,
    cleaned: AtomicUsize,
}

impl Sealer {
    /// Keeps a secret with the data of each config map, and says so once.
    async fn reconcile(map: Arc<ConfigMap>, sealer: Arc<Self>) -> Result<Action, Error<kube::Error>> {
        let maps = Api::default_namespaced(sealer.client.clone());
        finalizer(&maps, FINALIZER, map, async |event| match event {
            Finalizer::Apply(map) => sealer.apply(&map).await,
            Finalizer::Cleanup(_) => {
                sealer.cleaned.fetch_add(1, Ordering::Relaxed);
                Ok(Action::await_change())
            }
        })
        .await
    }

    async fn apply(&self, map: &ConfigMap) -> kube::Result<Action> {
        let name = map.metadata.name.as_deref().unwrap();
        let secrets = Api::<Secret>::default_namespaced(self.client.clone());
        let data = map.data.iter().flatten().map(|(key, value)| (key.clone(), ByteString(value.clone().into_bytes())));
        let data: BTreeMap<_, _> = data.collect();
        match secrets.get_opt(name).await? {
            None => {
                let owner_references = map.controller_owner_ref(&()).map(|owner| vec![owner]);
                let metadata = ObjectMeta { name: Some(name.to_owned()), owner_references, ..ObjectMeta::default() };
                let secret = Secret { metadata, data: Some(data), ..Secret::default() };
                secrets.create(&PostParams::default(), &secret).await?;
                let event = Event {
                    type_: EventType::Normal,
                    reason: "Sealed".to_owned(),
                    note: Some(format!("made secret {name}")),
                    action: "Sealing".to_owned(),
                    secondary: None,
                };
                self.recorder.publish(&event, &map.object_ref(&())).await?;
            }
            Some(secret) if secret.data.as_ref() != Some(&data) => {
                secrets.patch(name, &PatchParams::default(), &Patch::Merge(json!({ "data": data }))).await?;
            }
            Some(_) => {}
        }
        self.applied.fetch_add(1, Ordering::Relaxed);
        Ok(Action::requeue(Duration::from_millis(200)))
    }
}

#[tokio::test]
async fn a_kube_rs_controller_works_over_https() {
    let (_server, served) = cluster().await;
    let config: kube::config::Kubeconfig = serde_saphyr::from_str(&admin(&served).to_yaml().unwrap()).unwrap();
    let options = kube::config::KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(config, &options).await.unwrap();
    controller_story(kube::Client::try_from(config).unwrap()).await;
}

#[tokio::test]
async fn a_kube_rs_controller_works_without_a_socket() {
    let server = ApiServer::builder(Arc::new(k8s_store::Memory::new()), Env::system()).start().await.unwrap();
    let service = in_process(server.http(TokenFile::new()), UserInfo::admin());
    controller_story(kube::Client::new(service, "default")).await;
}

async fn controller_story(client: kube::Client) {
    let maps = Api::<ConfigMap>::default_namespaced(client.clone());
    let secrets = Api::<Secret>::default_namespaced(client.clone());
    let recorder = Recorder::new(client.clone(), Reporter { controller: "sealer".to_owned(), instance: None });
    let (applied, cleaned) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let sealer = Arc::new(Sealer { client: client.clone(), recorder, applied, cleaned });
    let watched = watcher::Config::default().labels("seal=yes");
    let controller = Controller::new(maps.clone(), watched).owns(secrets.clone(), watcher::Config::default());
    let store = controller.store();
    let rounds =
        controller.run(Sealer::reconcile, |_, _, _| Action::requeue(Duration::from_millis(50)), sealer.clone());
    let tasks = Tasks::new();
    tasks.spawn(rounds.for_each(|_| std::future::ready(())));

    // It makes what is missing, and its finalizer is there before.
    let map = json!({ "metadata": { "name": "a", "labels": { "seal": "yes" } }, "data": { "k": "1" } });
    let map = maps.create(&PostParams::default(), &serde_json::from_value(map).unwrap()).await.unwrap();
    let secret = until(&secrets, holds("1")).await.unwrap();
    assert_eq!(secret.metadata.owner_references.unwrap()[0].uid, map.metadata.uid.clone().unwrap());
    let finalizers = maps.get("a").await.unwrap().metadata.finalizers;
    assert_eq!(finalizers, Some(vec![FINALIZER.to_owned()]));
    timeout(SOON, store.wait_until_ready()).await.unwrap().unwrap();
    assert!(store.get(&ObjectRef::new("a").within("default")).is_some());
    let events: Api<events::v1::Event> = Api::default_namespaced(client.clone());
    let told = async || events.list(&ListParams::default().fields("regarding.name=a")).await.unwrap().items;
    let told = timeout(SOON, async {
        loop {
            match told().await {
                none if none.is_empty() => tokio::time::sleep(Duration::from_millis(10)).await,
                some => return some,
            }
        }
    });
    assert_eq!(told.await.unwrap()[0].note.as_deref(), Some("made secret a"));

    // It follows changes, and puts right what others do to what it owns.
    let patch = Patch::Merge(json!({ "data": { "k": "2" } }));
    maps.patch("a", &PatchParams::default(), &patch).await.unwrap();
    let second = until(&secrets, holds("2")).await.unwrap();
    secrets.delete("a", &DeleteParams::default()).await.unwrap();
    let third = until(&secrets, |secret: Option<&Secret>| {
        secret.is_some_and(|secret| secret.metadata.uid != second.metadata.uid)
    });
    assert!(third.await.unwrap().data.is_some());

    // It comes again without being told.
    let before = sealer.applied.load(Ordering::Relaxed);
    let requeued = async {
        while sealer.applied.load(Ordering::Relaxed) < before + 3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, requeued).await.unwrap();

    // A deletion waits for it.
    maps.delete("a", &DeleteParams::default()).await.unwrap();
    let uid = map.metadata.uid.unwrap();
    let gone = await_condition(maps.clone(), "a", is_deleted(&uid));
    timeout(SOON, gone).await.unwrap().unwrap();
    assert_eq!(sealer.cleaned.load(Ordering::Relaxed), 1);
    tasks.stop().await;
}

/// Waits until something holds of the secret `a`.
async fn until(secrets: &Api<Secret>, holds: impl Condition<Secret>) -> Option<Secret> {
    timeout(SOON, await_condition(secrets.clone(), "a", holds)).await.unwrap().unwrap()
}

fn holds(value: &'static str) -> impl Condition<Secret> {
    move |secret: Option<&Secret>| {
        let data = secret.and_then(|secret| secret.data.as_ref()?.get("k"));
        data.is_some_and(|data| data.0 == value.as_bytes())
    }
}

#[tokio::test]
async fn a_kube_rs_reflector_holds_what_the_server_has() {
    let server = ApiServer::builder(Arc::new(k8s_store::Memory::new()), Env::system()).start().await.unwrap();
    let client = kube::Client::new(in_process(server.http(TokenFile::new()), UserInfo::admin()), "default");
    for initial in [watcher::InitialListStrategy::ListWatch, watcher::InitialListStrategy::StreamingList] {
        let maps = Api::<ConfigMap>::default_namespaced(client.clone());
        for name in ["one", "two"] {
            let map = json!({ "metadata": { "name": name, "labels": { "kept": "yes" } } });
            maps.create(&PostParams::default(), &serde_json::from_value(map).unwrap()).await.unwrap();
        }
        let (store, writer) = reflector::store();
        let config = watcher::Config { initial_list_strategy: initial, ..watcher::Config::default() };
        let stream = watcher(maps.clone(), config.labels("kept=yes")).default_backoff();
        let mut stream = pin!(stream.reflect(writer).touched_objects());
        let mut names = Vec::new();
        while names.len() < 2 {
            let object = timeout(SOON, stream.try_next()).await.unwrap().unwrap().unwrap();
            names.push(object.metadata.name.unwrap());
        }
        assert_eq!(names, ["one", "two"]);
        maps.delete("one", &DeleteParams::default()).await.unwrap();
        let gone = timeout(SOON, stream.try_next()).await.unwrap().unwrap().unwrap();
        assert_eq!(gone.metadata.name.as_deref(), Some("one"));
        assert_eq!(store.state().len(), 1);
        maps.delete("two", &DeleteParams::default()).await.unwrap();
    }
}
