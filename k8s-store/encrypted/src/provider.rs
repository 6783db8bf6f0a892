use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

/// Wraps and unwraps data keys with keys that never leave it: a key management service, or a [`KeyRing`](crate::KeyRing).
///
/// # Contract
/// Called by [`Encrypted`](crate::Encrypted): `wrap` once per start and rotation, `unwrap` once per data key that is
/// met, `current` at every write. What a name wrapped must be unwrapped by the same name as long as values are stored
/// that need it.
///
/// # Cancellation
/// Dropping a future must leave the provider usable.
#[async_trait]
pub trait KeyProvider: fmt::Debug + Send + Sync + 'static {
    /// The name of the key that [`KeyProvider::wrap`] uses now, of at most 255 bytes. Another name is a rotation: what
    /// is written from then on is encrypted under the new key.
    fn current(&self) -> Bytes;

    /// Encrypts a data key under the current key.
    ///
    /// # Errors
    /// [`KeyError::Unavailable`]; nothing is written to the store then.
    async fn wrap(&self, data_key: &DataKey) -> Result<WrappedKey, KeyError>;

    /// Decrypts a data key.
    ///
    /// # Errors
    /// [`KeyError::Unknown`] for a name that is not known here, [`KeyError::Refused`] for what it did not wrap, and
    /// [`KeyError::Unavailable`].
    async fn unwrap(&self, wrapped: &WrappedKey) -> Result<DataKey, KeyError>;
}

/// A key that encrypts values. Its bytes are not printed.
#[derive(Clone)]
pub struct DataKey(pub [u8; 32]);

/// A data key that only its provider can read. It is stored with every value that it encrypts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// The name of the key that wraps it, of at most 255 bytes.
    pub name: Bytes,
    /// The data key, encrypted; of at most 65,535 bytes.
    pub bytes: Bytes,
}

/// Why a provider did not wrap or unwrap.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key was never known here, or was taken away too early.
    #[error("key {name:?} is unknown")]
    Unknown {
        /// Its name.
        name: String,
    },
    /// What should be unwrapped was not wrapped by this key, or is damaged.
    #[error("key {name:?} does not unwrap the data key")]
    Refused {
        /// The name of the key.
        name: String,
    },
    /// The provider cannot be reached.
    #[error("key provider is unavailable")]
    Unavailable {
        /// What failed.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey")
    }
}

#[async_trait]
impl<P: KeyProvider + ?Sized> KeyProvider for Arc<P> {
    fn current(&self) -> Bytes {
        (**self).current()
    }

    async fn wrap(&self, data_key: &DataKey) -> Result<WrappedKey, KeyError> {
        (**self).wrap(data_key).await
    }

    async fn unwrap(&self, wrapped: &WrappedKey) -> Result<DataKey, KeyError> {
        (**self).unwrap(wrapped).await
    }
}
