use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use k8s_api::{AnyObject, GroupVersionResource, Kind, Object, Status};
use serde::Serialize;

use crate::{
    Body, Call, Client, DeleteOptions, List, ListOptions, PatchKind, ResourceTarget, Response, WatchStream,
    WriteOptions,
};

/// The objects of one resource, as [`Object`]s.
#[derive(Clone, Debug)]
pub struct DynamicApi {
    client: Client,
    resource: GroupVersionResource,
    namespace: String,
}

/// The objects of one kind, decoded once and shared.
///
/// # Cancellation
/// Dropping the future of a write does not say whether it happened; read back to learn.
///
/// # Errors
/// Every method answers with the server's [`Status`]; see [`Status::retry`].
pub struct Api<K> {
    inner: DynamicApi,
    kind: PhantomData<fn() -> K>,
}

/// A page of typed objects.
#[derive(Clone, Debug)]
pub struct TypedList<K> {
    /// The revision of the whole list.
    pub revision: u64,
    /// The token of the next page; empty at the end.
    pub continue_token: String,
    /// The items in key order.
    pub items: Vec<Arc<K>>,
}

impl DynamicApi {
    pub(crate) fn new(client: Client, resource: GroupVersionResource, namespace: &str) -> Self {
        Self { client, resource, namespace: namespace.to_owned() }
    }

    /// Who asks.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The resource.
    pub fn resource(&self) -> &GroupVersionResource {
        &self.resource
    }

    /// The namespace; empty for all or for cluster scope.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Reads one object.
    ///
    /// # Errors
    /// 404 when it is not there; otherwise what the server answered.
    pub async fn get(&self, name: &str) -> Result<Object, Status> {
        self.object(self.target(name), Call::Get { resource_version: String::new() }).await
    }

    /// Reads a page of objects.
    ///
    /// # Errors
    /// What the server answered.
    pub async fn list(&self, options: ListOptions) -> Result<List, Status> {
        match self.client.call(self.target(""), Call::List(options)).await?.response {
            Response::List(list) => Ok(list),
            other => Err(other.unexpected()),
        }
    }

    /// Follows changes.
    ///
    /// # Errors
    /// 410 when the revision to start from is gone; otherwise what the server answered.
    pub async fn watch(&self, options: ListOptions) -> Result<WatchStream, Status> {
        match self.client.call(self.target(""), Call::Watch(options)).await?.response {
            Response::Watch(stream) => Ok(stream),
            other => Err(other.unexpected()),
        }
    }

    /// Makes an object.
    ///
    /// # Errors
    /// 409 when the name is taken, 422 when it breaks a rule; otherwise what the server answered.
    pub async fn create(&self, object: Box<dyn AnyObject>, options: WriteOptions) -> Result<Object, Status> {
        self.object(self.target(""), Call::Create(Body::Object(object), options)).await
    }

    /// Replaces an object, or with a subresource that part of it.
    ///
    /// # Errors
    /// 409 when it has changed since it was read; otherwise what the server answered.
    pub async fn update(
        &self,
        object: Box<dyn AnyObject>,
        subresource: &str,
        options: WriteOptions,
    ) -> Result<Object, Status> {
        let name = object.meta().name.clone().unwrap_or_default();
        let target = self.target(&name).subresource(subresource);
        self.object(target, Call::Update(Body::Object(object), options)).await
    }

    /// Changes parts of an object, or with a subresource of that part of it.
    ///
    /// # Errors
    /// What the server answered.
    pub async fn patch(
        &self,
        name: &str,
        subresource: &str,
        kind: PatchKind,
        patch: &(impl Serialize + ?Sized),
        options: WriteOptions,
    ) -> Result<Object, Status> {
        let patch = serde_json::to_vec(patch).map_err(|e| Status::bad_request(format!("encoding the patch: {e}")))?;
        let target = self.target(name).subresource(subresource);
        self.object(target, Call::Patch(kind, Bytes::from(patch), options)).await
    }

    /// Deletes an object. `None` says that it is gone; an object, that it is on its way.
    ///
    /// # Errors
    /// 404 when it is not there, 409 when a precondition fails; otherwise what the server answered.
    pub async fn delete(&self, name: &str, options: DeleteOptions) -> Result<Option<Object>, Status> {
        match self.client.call(self.target(name), Call::Delete(options)).await?.response {
            Response::Object { object, .. } => Ok(Some(object)),
            Response::Status(_) => Ok(None),
            other => Err(other.unexpected()),
        }
    }

    /// Deletes all that `which` selects.
    ///
    /// # Errors
    /// What the server answered; some may be deleted by then.
    pub async fn delete_collection(&self, options: DeleteOptions, which: ListOptions) -> Result<(), Status> {
        self.client.call(self.target(""), Call::DeleteCollection(options, which)).await.map(drop)
    }

    /// Posts `body` to a subresource: `binding`, `eviction`, `token`. `None` when the answer is a bare success.
    ///
    /// # Errors
    /// What the server answered.
    pub async fn post(
        &self,
        name: &str,
        subresource: &str,
        body: Body,
        options: WriteOptions,
    ) -> Result<Option<Object>, Status> {
        let target = self.target(name).subresource(subresource);
        match self.client.call(target, Call::Create(body, options)).await?.response {
            Response::Object { object, .. } => Ok(Some(object)),
            Response::Status(_) => Ok(None),
            other => Err(other.unexpected()),
        }
    }

    fn target(&self, name: &str) -> ResourceTarget {
        ResourceTarget::object(self.resource.clone(), &self.namespace, name)
    }

    async fn object(&self, target: ResourceTarget, call: Call) -> Result<Object, Status> {
        match self.client.call(target, call).await?.response {
            Response::Object { object, .. } => Ok(object),
            other => Err(other.unexpected()),
        }
    }
}

#[expect(missing_docs, reason = "each method is that of `DynamicApi` on the typed form")]
#[expect(clippy::missing_errors_doc, reason = "the type's own documentation says it once")]
impl<K: Kind> Api<K> {
    pub(crate) fn new(client: Client, namespace: &str) -> Self {
        Self { inner: DynamicApi::new(client, K::gvr(), namespace), kind: PhantomData }
    }

    /// The same objects, undecoded.
    pub fn dynamic(&self) -> &DynamicApi {
        &self.inner
    }

    pub async fn get(&self, name: &str) -> Result<Arc<K>, Status> {
        typed(&self.inner.get(name).await?)
    }

    /// As [`Api::get`], with `None` for 404.
    pub async fn find(&self, name: &str) -> Result<Option<Arc<K>>, Status> {
        match self.get(name).await {
            Ok(object) => Ok(Some(object)),
            Err(status) if status.is_not_found() => Ok(None),
            Err(status) => Err(status),
        }
    }

    pub async fn list(&self, options: ListOptions) -> Result<TypedList<K>, Status> {
        let list = self.inner.list(options).await?;
        let items = list.items.iter().map(typed).collect::<Result<_, _>>()?;
        Ok(TypedList { revision: list.revision, continue_token: list.continue_token, items })
    }

    pub async fn watch(&self, options: ListOptions) -> Result<WatchStream, Status> {
        self.inner.watch(options).await
    }

    pub async fn create(&self, object: K) -> Result<Arc<K>, Status> {
        typed(&self.inner.create(Box::new(object), WriteOptions::default()).await?)
    }

    pub async fn update(&self, object: K) -> Result<Arc<K>, Status> {
        typed(&self.inner.update(Box::new(object), "", WriteOptions::default()).await?)
    }

    pub async fn update_status(&self, object: K) -> Result<Arc<K>, Status> {
        typed(&self.inner.update(Box::new(object), "status", WriteOptions::default()).await?)
    }

    pub async fn patch(
        &self,
        name: &str,
        kind: PatchKind,
        patch: &(impl Serialize + ?Sized),
    ) -> Result<Arc<K>, Status> {
        typed(&self.inner.patch(name, "", kind, patch, WriteOptions::default()).await?)
    }

    pub async fn patch_status(
        &self,
        name: &str,
        kind: PatchKind,
        patch: &(impl Serialize + ?Sized),
    ) -> Result<Arc<K>, Status> {
        typed(&self.inner.patch(name, "status", kind, patch, WriteOptions::default()).await?)
    }

    /// Deletes an object. `None` says that it is gone; an object, that it is on its way.
    pub async fn delete(&self, name: &str, options: DeleteOptions) -> Result<Option<Arc<K>>, Status> {
        self.inner.delete(name, options).await?.as_ref().map(typed).transpose()
    }

    pub async fn delete_collection(&self, options: DeleteOptions, which: ListOptions) -> Result<(), Status> {
        self.inner.delete_collection(options, which).await
    }
}

impl<K> Clone for Api<K> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), kind: PhantomData }
    }
}

impl<K> fmt::Debug for Api<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

fn typed<K: Kind>(object: &Object) -> Result<Arc<K>, Status> {
    object.typed().map_err(|e| Status::internal(format_args!("decoding {}: {e}", K::KIND)))
}
