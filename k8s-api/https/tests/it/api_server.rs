//! The true server behind the wire, asked by our own client and by kube-rs.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use k8s_api::UserInfo;
use k8s_api_client::{Client, DeleteOptions, Informers, ListOptions, PatchKind, WatchEvent};
use k8s_api_https::{Kubeconfig, client, in_process};
use k8s_api_server::ApiServer;
use k8s_api_server::http::TokenFile;
use k8s_env::Env;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use serde_json::json;
use tokio::time::timeout;

use crate::fixture::{Served, served};

const SOON: Duration = Duration::from_secs(5);

pub(crate) async fn cluster() -> (ApiServer, Served) {
    let server = ApiServer::builder(Arc::new(k8s_store::Memory::new()), Env::system()).start().await.unwrap();
    let served = served(server.http(TokenFile::new())).await;
    (server, served)
}

pub(crate) fn admin(served: &Served) -> Kubeconfig {
    let identity = served.pki.admin().unwrap();
    Kubeconfig::embedded(&served.url(), served.pki.certificate_pem(), "kubernetes-admin", &identity)
}

fn config_map(name: &str) -> ConfigMap {
    let mut map = ConfigMap::default();
    map.metadata.name = Some(name.to_owned());
    map.data = Some(BTreeMap::from([("a".to_owned(), "1".to_owned())]));
    map
}

#[tokio::test]
async fn every_verb_works_over_https() {
    let (_server, served) = cluster().await;
    let client = client(&admin(&served), &served.env).unwrap();
    every_verb(client).await;
}

async fn every_verb(client: Client) {
    let maps = client.namespaced::<ConfigMap>("default");
    let begin = maps.list(ListOptions::default()).await.unwrap().revision;
    let mut watch = maps.watch(ListOptions::default().at(begin.to_string())).await.unwrap();
    let created = maps.create(config_map("x")).await.unwrap();
    assert!(created.metadata.uid.is_some());
    assert!(maps.create(config_map("x")).await.unwrap_err().is_already_exists());
    assert_eq!(maps.get("x").await.unwrap(), created);
    let list = maps.list(ListOptions::default().fields("metadata.name=x")).await.unwrap();
    assert_eq!(list.items, std::slice::from_ref(&created));
    let patch = json!({"data": {"b": "2"}});
    let patched = maps.patch("x", PatchKind::Strategic, &patch).await.unwrap();
    assert_eq!(patched.data.as_ref().unwrap().len(), 2);
    let stale = (*created).clone();
    assert!(maps.update(stale).await.unwrap_err().is_conflict());
    let mut changed = (*patched).clone();
    changed.data = None;
    maps.update(changed).await.unwrap();
    maps.delete("x", DeleteOptions::default()).await.unwrap();
    assert!(maps.find("x").await.unwrap().is_none());
    let mut seen = Vec::new();
    while seen.len() < 4 {
        match timeout(SOON, watch.next()).await.unwrap().unwrap() {
            WatchEvent::Added(o) => seen.push(format!("+{}", o.meta().name)),
            WatchEvent::Modified(o) => seen.push(format!("~{}", o.meta().name)),
            WatchEvent::Deleted(o) => seen.push(format!("-{}", o.meta().name)),
            WatchEvent::Bookmark { .. } => {}
            WatchEvent::Error(status) => panic!("{status}"),
        }
    }
    assert_eq!(seen, ["+x", "~x", "~x", "-x"]);
}

#[tokio::test]
async fn informers_follow_over_https() {
    let (_server, served) = cluster().await;
    let client = client(&admin(&served), &served.env).unwrap();
    let informers = Informers::new(client.clone(), served.env.clone());
    let namespaces = informers.get::<Namespace>();
    timeout(SOON, namespaces.synced()).await.unwrap();
    let names: Vec<_> = namespaces.reader().list().iter().filter_map(|n| n.metadata.name.clone()).collect();
    assert!(names.iter().any(|name| name == "kube-system"), "{names:?}");
}

#[tokio::test]
async fn discovery_works_over_https() {
    let (_server, served) = cluster().await;
    let client = client(&admin(&served), &served.env).unwrap();
    let (found, failed) = client.discover().await.unwrap();
    assert!(failed.is_empty(), "{failed:?}");
    assert!(found.iter().any(|d| d.resource.resource == "pods"));
}

#[tokio::test]
async fn kube_rs_works_over_https() {
    let (_server, served) = cluster().await;
    let config: kube::config::Kubeconfig = serde_saphyr::from_str(&admin(&served).to_yaml().unwrap()).unwrap();
    let config =
        kube::Config::from_custom_kubeconfig(config, &kube::config::KubeConfigOptions::default()).await.unwrap();
    kube_verbs(kube::Client::try_from(config).unwrap()).await;
}

#[tokio::test]
async fn kube_rs_works_without_a_socket() {
    let server = ApiServer::builder(Arc::new(k8s_store::Memory::new()), Env::system()).start().await.unwrap();
    let service = in_process(server.http(TokenFile::new()), UserInfo::admin());
    kube_verbs(kube::Client::new(service, "default")).await;
}

async fn kube_verbs(client: kube::Client) {
    use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
    use kube::runtime::{WatchStreamExt, watcher};

    assert_eq!(client.apiserver_version().await.unwrap().minor, "36");
    let maps: Api<ConfigMap> = Api::default_namespaced(client);
    let stream = watcher(maps.clone(), watcher::Config::default().labels("watched=yes")).applied_objects();
    let mut stream = std::pin::pin!(stream);
    let mut map = config_map("k");
    map.metadata.labels = Some(BTreeMap::from([("watched".to_owned(), "yes".to_owned())]));
    let created = maps.create(&PostParams::default(), &map).await.unwrap();
    assert_eq!(maps.get("k").await.unwrap(), created);
    assert_eq!(maps.list(&ListParams::default().labels("watched=yes")).await.unwrap().items.len(), 1);
    let seen = timeout(SOON, stream.try_next()).await.unwrap().unwrap().unwrap();
    assert_eq!(seen.metadata.name.as_deref(), Some("k"));
    let patch = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"b": "2"}});
    maps.patch("k", &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
    let seen = timeout(SOON, stream.try_next()).await.unwrap().unwrap().unwrap();
    assert_eq!(seen.data.unwrap().len(), 2);
    maps.delete("k", &DeleteParams::default()).await.unwrap();
    let error = maps.get("k").await.unwrap_err();
    assert!(matches!(error, kube::Error::Api(ref status) if status.code == 404), "{error}");
}
