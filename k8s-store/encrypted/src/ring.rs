use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use k8s_env::Random;
use parking_lot::RwLock;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::{DataKey, KeyError, KeyProvider, WrappedKey};

/// Keys that the process holds itself, by name. The one added last is the current one; the others only unwrap.
pub struct KeyRing {
    keys: RwLock<Keys>,
    random: Random,
}

struct Keys {
    current: Bytes,
    all: BTreeMap<Bytes, LessSafeKey>,
}

impl KeyRing {
    /// A ring of one key. `random` must not repeat itself: from entropy but in simulations.
    pub fn new(name: impl Into<Bytes>, key: [u8; 32], random: Random) -> Self {
        let name = name.into();
        let all = BTreeMap::from([(name.clone(), sealing(&key))]);
        Self { keys: RwLock::new(Keys { current: name, all }), random }
    }

    /// Adds a key that is only for what it wrapped in the past.
    #[must_use]
    pub fn with_old(self, name: impl Into<Bytes>, key: [u8; 32]) -> Self {
        self.keys.write().all.insert(name.into(), sealing(&key));
        self
    }

    /// Adds a key and makes it the current one. The one before still unwraps.
    pub fn rotate(&self, name: impl Into<Bytes>, key: [u8; 32]) {
        let name = name.into();
        let mut keys = self.keys.write();
        keys.all.insert(name.clone(), sealing(&key));
        keys.current = name;
    }

    /// Takes a key away, once nothing is stored any more that needs it. The current key stays.
    pub fn retire(&self, name: &[u8]) {
        let mut keys = self.keys.write();
        if keys.current != name {
            keys.all.remove(name);
        }
    }
}

#[async_trait]
impl KeyProvider for KeyRing {
    fn current(&self) -> Bytes {
        self.keys.read().current.clone()
    }

    async fn wrap(&self, data_key: &DataKey) -> Result<WrappedKey, KeyError> {
        let keys = self.keys.read();
        let name = keys.current.clone();
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce);
        let mut bytes = data_key.0.to_vec();
        let sealed = keys
            .all
            .get(&name)
            .map(|key| key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&name), &mut bytes));
        match sealed {
            Some(Ok(())) => Ok(WrappedKey { name, bytes: [&nonce[..], &bytes].concat().into() }),
            _ => Err(refused(&name)),
        }
    }

    async fn unwrap(&self, wrapped: &WrappedKey) -> Result<DataKey, KeyError> {
        let keys = self.keys.read();
        let Some(key) = keys.all.get(&wrapped.name) else {
            return Err(KeyError::Unknown { name: text(&wrapped.name) });
        };
        let Some((nonce, sealed)) = wrapped.bytes.split_first_chunk() else { return Err(refused(&wrapped.name)) };
        let mut bytes = sealed.to_vec();
        let opened = key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(&wrapped.name), &mut bytes);
        let data_key = opened.ok().and_then(|bytes| <[u8; 32]>::try_from(&*bytes).ok());
        data_key.map(DataKey).ok_or_else(|| refused(&wrapped.name))
    }
}

/// The key in the form that the cipher uses.
pub(crate) fn sealing(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("AES-256 takes 32 bytes"))
}

fn refused(name: &[u8]) -> KeyError {
    KeyError::Refused { name: text(name) }
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys.read();
        let names: Vec<_> = keys.all.keys().map(|name| text(name)).collect();
        f.debug_struct("KeyRing").field("current", &text(&keys.current)).field("names", &names).finish_non_exhaustive()
    }
}
