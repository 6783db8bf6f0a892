use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use k8s_api::{GroupVersionResource, UserInfo};
use k8s_api_client::{Call, PatchKind, ResourceTarget, WriteOptions};
use k8s_api_server::ApiServer;
use k8s_env::Env;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_store::{
    Error, KeyRange, Memory, Page, RangeOptions, Revision, Status, Store, StoreExt, Txn, TxnOutcome, Watch,
    WatchOptions,
};
use serde_json::{Value, json};

/// A store in which somebody else labels an object right before each of the next transactions.
#[derive(Debug)]
struct Racing {
    inner: Memory,
    key: &'static str,
    /// How many transactions lose.
    left: AtomicUsize,
}

impl Racing {
    fn new(key: &'static str) -> Arc<Self> {
        Arc::new(Self { inner: Memory::new(), key, left: AtomicUsize::new(0) })
    }
}

#[async_trait::async_trait]
impl Store for Racing {
    async fn range(&self, range: KeyRange, options: RangeOptions) -> Result<Page, Error> {
        self.inner.range(range, options).await
    }

    async fn txn(&self, txn: Txn) -> Result<TxnOutcome, Error> {
        let left = self.left.load(Ordering::SeqCst);
        if left > 0 {
            self.left.store(left - 1, Ordering::SeqCst);
            let now = self.inner.get(self.key.into()).await?.unwrap();
            let mut object: Value = serde_json::from_slice(&now.value).unwrap();
            object["metadata"]["labels"] = json!({ "race": left.to_string() });
            self.inner.put(self.key.into(), object.to_string().into()).await?;
        }
        self.inner.txn(txn).await
    }

    async fn watch(&self, range: KeyRange, options: WatchOptions) -> Result<Watch, Error> {
        self.inner.watch(range, options).await
    }

    async fn compact(&self, revision: Revision) -> Result<(), Error> {
        self.inner.compact(revision).await
    }

    async fn status(&self) -> Result<Status, Error> {
        self.inner.status().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_patch_that_loses_a_race_is_applied_to_what_won() {
    let store = Racing::new("/registry/configmaps/default/one");
    let server = ApiServer::builder(store.clone(), Env::simulated(1)).start().await.unwrap();
    let api = server.client_as(UserInfo::admin()).namespaced::<ConfigMap>("default");
    let metadata = ObjectMeta { name: Some("one".to_owned()), ..ObjectMeta::default() };
    let data = Some([("key".to_owned(), "a".to_owned())].into());
    let created = api.create(ConfigMap { metadata, data, ..ConfigMap::default() }).await.unwrap();

    store.left.store(100, Ordering::SeqCst);
    let patched = api.patch("one", PatchKind::Merge, &json!({"data": {"mine": "b"}})).await.unwrap();
    assert_eq!(patched.data.as_ref().unwrap()["mine"], "b");
    assert_eq!(patched.metadata.labels.as_ref().unwrap()["race"], "1");

    // So does an update that names no version.
    store.left.store(100, Ordering::SeqCst);
    let mut whole = (*patched).clone();
    (whole.metadata.resource_version, whole.data) = (None, Some([("mine".to_owned(), "c".to_owned())].into()));
    assert_eq!(api.update(whole).await.unwrap().data.as_ref().unwrap()["mine"], "c");

    // A patch that names the version it was made from is refused when that is gone.
    let version = created.metadata.resource_version.clone().unwrap();
    let stale = json!({"metadata": {"resourceVersion": version}, "data": {"mine": "c"}});
    assert!(api.patch("one", PatchKind::Merge, &stale).await.unwrap_err().is_conflict());
}

#[tokio::test(start_paused = true)]
async fn a_scaling_that_loses_races_is_made_again() {
    let store = Racing::new("/registry/deployments/default/web");
    let server = ApiServer::builder(store.clone(), Env::simulated(1)).start().await.unwrap();
    let client = server.client_as(UserInfo::admin());
    let labels = json!({ "app": "web" });
    let template =
        json!({ "metadata": { "labels": labels }, "spec": { "containers": [{ "name": "c", "image": "i" }] } });
    let spec = json!({ "selector": { "matchLabels": labels }, "template": template });
    let web: k8s_api::DynamicObject =
        serde_json::from_value(json!({ "metadata": { "name": "web" }, "spec": spec })).unwrap();
    let deployments = GroupVersionResource::new("apps", "v1", "deployments");
    client.dynamic(deployments.clone(), "default").create(Box::new(web), WriteOptions::default()).await.unwrap();

    store.left.store(100, Ordering::SeqCst);
    let patch = json!({ "spec": { "replicas": 3 } }).to_string();
    let target = ResourceTarget::object(deployments.clone(), "default", "web").subresource("scale");
    client.call(target, Call::Patch(PatchKind::Merge, patch.into(), WriteOptions::default())).await.unwrap();
    let scaled = client.dynamic(deployments, "default").get("web").await.unwrap().to_value().unwrap();
    assert_eq!((&scaled["spec"]["replicas"], &scaled["metadata"]["labels"]["race"]), (&json!(3), &json!("1")));
}
