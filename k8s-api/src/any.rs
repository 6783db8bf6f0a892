use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{GroupVersionKind, Kind};

/// An object whose type is known to those who made it, on its way through code that need not know it.
///
/// This is how a typed body travels through a transport without being encoded. Implemented for every [`Kind`] and for
/// [`DynamicObject`].
pub trait AnyObject: Any + Debug + Send + Sync {
    /// `apiVersion` and `kind`.
    fn gvk(&self) -> GroupVersionKind;
    /// Its metadata.
    fn meta(&self) -> &ObjectMeta;
    /// Its metadata, to change.
    fn meta_mut(&mut self) -> &mut ObjectMeta;
    /// Encodes it as JSON.
    ///
    /// # Errors
    /// When the type's own `Serialize` fails, as with a map key that is no string.
    fn to_json(&self) -> serde_json::Result<Vec<u8>>;
    /// Encodes it as a tree.
    ///
    /// # Errors
    /// As [`AnyObject::to_json`].
    fn to_value(&self) -> serde_json::Result<Value>;
    /// Becomes what the tree says, of the same type.
    ///
    /// # Errors
    /// When the tree does not fit the type; the object is then as it was.
    fn replace(&mut self, tree: Value) -> serde_json::Result<()>;
    /// A copy.
    fn clone_box(&self) -> Box<dyn AnyObject>;
    /// To borrow the concrete type.
    fn as_any(&self) -> &dyn Any;
    /// To change the concrete type.
    fn as_any_mut(&mut self) -> &mut dyn Any;
    /// To take the concrete type out.
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send + Sync>;
    /// To share it.
    fn into_shared(self: Box<Self>) -> Arc<dyn AnyObject>;
    /// To share the concrete type.
    fn into_shared_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

macro_rules! erased_parts {
    () => {
        fn to_json(&self) -> serde_json::Result<Vec<u8>> {
            serde_json::to_vec(self)
        }
        fn to_value(&self) -> serde_json::Result<Value> {
            serde_json::to_value(self)
        }
        fn replace(&mut self, tree: Value) -> serde_json::Result<()> {
            *self = serde_json::from_value(tree)?;
            Ok(())
        }
        fn clone_box(&self) -> Box<dyn AnyObject> {
            Box::new(self.clone())
        }
        fn as_any(&self) -> &dyn Any {
            self
        }
        fn as_any_mut(&mut self) -> &mut dyn Any {
            self
        }
        fn into_any(self: Box<Self>) -> Box<dyn Any + Send + Sync> {
            self
        }
        fn into_shared(self: Box<Self>) -> Arc<dyn AnyObject> {
            let shared: Arc<Self> = Arc::from(self);
            shared
        }
        fn into_shared_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
            self
        }
    };
}

impl<K: Kind> AnyObject for K {
    fn gvk(&self) -> GroupVersionKind {
        K::gvk()
    }
    fn meta(&self) -> &ObjectMeta {
        self.metadata()
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        self.metadata_mut()
    }
    erased_parts!();
}

/// An object of a kind that has no Rust type here: metadata and a tree of the rest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DynamicObject {
    /// `v1`, `apps/v1`.
    #[serde(rename = "apiVersion", default)]
    pub api_version: String,
    /// `Pod`.
    #[serde(default)]
    pub kind: String,
    /// Standard metadata.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// Every other field.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl AnyObject for DynamicObject {
    fn gvk(&self) -> GroupVersionKind {
        GroupVersionKind::parse(&self.api_version, &self.kind)
    }
    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
    erased_parts!();
}
