use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use k8s_api::UserInfo;
use k8s_api_client::PatchKind;
use k8s_api_server::ApiServer;
use k8s_env::Env;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_store::{
    Error, KeyRange, Memory, Page, RangeOptions, Revision, Status, Store, StoreExt, Txn, TxnOutcome, Watch,
    WatchOptions,
};
use serde_json::json;

const KEY: &str = "/registry/configmaps/default/one";

/// A store in which somebody else writes the config map `one` right before the next transaction, once armed.
#[derive(Debug)]
struct Racing {
    inner: Memory,
    armed: AtomicBool,
}

#[async_trait::async_trait]
impl Store for Racing {
    async fn range(&self, range: KeyRange, options: RangeOptions) -> Result<Page, Error> {
        self.inner.range(range, options).await
    }

    async fn txn(&self, txn: Txn) -> Result<TxnOutcome, Error> {
        if self.armed.swap(false, Ordering::SeqCst) {
            let now = self.inner.get(KEY.into()).await?.unwrap();
            let text = String::from_utf8(now.value.to_vec()).unwrap();
            self.inner.put(KEY.into(), text.replace("\"key\":\"a\"", "\"key\":\"theirs\"").into()).await?;
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
    let store = Arc::new(Racing { inner: Memory::new(), armed: AtomicBool::new(false) });
    let server = ApiServer::builder(store.clone(), Env::simulated(1)).start().await.unwrap();
    let api = server.client_as(UserInfo::admin()).namespaced::<ConfigMap>("default");
    let metadata = ObjectMeta { name: Some("one".to_owned()), ..ObjectMeta::default() };
    let data = Some([("key".to_owned(), "a".to_owned())].into());
    let created = api.create(ConfigMap { metadata, data, ..ConfigMap::default() }).await.unwrap();

    store.armed.store(true, Ordering::SeqCst);
    let patched = api.patch("one", PatchKind::Merge, &json!({"data": {"mine": "b"}})).await.unwrap();
    let data = patched.data.as_ref().unwrap();
    assert_eq!((data["key"].as_str(), data["mine"].as_str()), ("theirs", "b"));

    // A patch that names the version it was made from is refused when that is gone.
    let version = created.metadata.resource_version.clone().unwrap();
    let stale = json!({"metadata": {"resourceVersion": version}, "data": {"mine": "c"}});
    assert!(api.patch("one", PatchKind::Merge, &stale).await.unwrap_err().is_conflict());
}
