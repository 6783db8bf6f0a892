use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use k8s_env::Random;
use k8s_store::Error;
use parking_lot::Mutex;
use ring::aead::{LessSafeKey, NONCE_LEN};

use crate::envelope::{self, Broken};
use crate::ring::sealing;
use crate::{DataKey, KeyError, KeyProvider};

/// How many values one data key encrypts at most: far below what AES-GCM allows with nonces that are counted.
const VALUES_PER_KEY: u64 = 1 << 32;

/// How many unwrapped data keys are kept. One is added with each start and rotation of whoever writes.
const KEPT: usize = 1024;

/// The data keys that were made or met.
pub(crate) struct DataKeys {
    provider: Box<dyn KeyProvider>,
    random: Random,
    pub(crate) reads_plain: bool,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    sealer: Option<Arc<Sealer>>,
    openers: BTreeMap<Bytes, Arc<LessSafeKey>>,
}

/// A data key that encrypts. It was made here, so its nonces can be counted.
pub(crate) struct Sealer {
    name: Bytes,
    head: Bytes,
    key: Arc<LessSafeKey>,
    used: AtomicU64,
}

/// The data keys of some values, by their heads.
#[derive(Default)]
pub(crate) struct Openers(BTreeMap<Bytes, Arc<LessSafeKey>>);

impl DataKeys {
    pub(crate) fn new(provider: Box<dyn KeyProvider>, random: Random, reads_plain: bool) -> Self {
        Self { provider, random, reads_plain, known: Mutex::default() }
    }

    /// The data key for what is written now, under the provider's current key.
    pub(crate) async fn sealer(&self) -> Result<Arc<Sealer>, Error> {
        let current = self.provider.current();
        if let Some(sealer) = &self.known.lock().sealer
            && sealer.name == current
            && sealer.used.load(Ordering::Relaxed) < VALUES_PER_KEY
        {
            return Ok(Arc::clone(sealer));
        }
        let mut data_key = DataKey([0; 32]);
        self.random.fill(&mut data_key.0);
        let wrapped = self.provider.wrap(&data_key).await.map_err(unavailable)?;
        let head = envelope::head_of(&wrapped).ok_or_else(|| Error::invalid("a wrapped data key is too long"))?;
        let key = Arc::new(sealing(&data_key.0));
        let sealer = Arc::new(Sealer { name: wrapped.name, head, key, used: AtomicU64::new(0) });
        let mut known = self.known.lock();
        known.keep(sealer.head.clone(), Arc::clone(&sealer.key));
        known.sealer = Some(Arc::clone(&sealer));
        Ok(sealer)
    }

    /// Whether `stored` is encrypted under the provider's current key.
    pub(crate) fn is_current(&self, stored: &Bytes) -> bool {
        let wrapped = envelope::head(stored).ok().and_then(|head| envelope::wrapped(&head));
        wrapped.is_some_and(|wrapped| wrapped.name == self.provider.current())
    }

    /// The keys of all of `values` if they are at hand.
    pub(crate) fn at_hand<'a>(&self, values: impl IntoIterator<Item = &'a Bytes>) -> Option<Openers> {
        let mut openers = Openers::default();
        let known = self.known.lock();
        for head in values.into_iter().filter_map(|stored| envelope::head(stored).ok()) {
            if !openers.0.contains_key(&head) {
                let key = Arc::clone(known.openers.get(&head)?);
                // Not the value's own bytes, which the head would keep alive.
                openers.0.insert(Bytes::copy_from_slice(&head), key);
            }
        }
        Some(openers)
    }

    /// The keys of all of `values`, unwrapped where they are not at hand.
    pub(crate) async fn openers(&self, values: Vec<Bytes>) -> Result<Openers, Error> {
        if let Some(openers) = self.at_hand(&values) {
            return Ok(openers);
        }
        let mut openers = Openers::default();
        for head in values.iter().filter_map(|stored| envelope::head(stored).ok()) {
            if !openers.0.contains_key(&head) {
                let key = self.opener(&head).await?;
                openers.0.insert(Bytes::copy_from_slice(&head), key);
            }
        }
        Ok(openers)
    }

    async fn opener(&self, head: &Bytes) -> Result<Arc<LessSafeKey>, Error> {
        if let Some(key) = self.known.lock().openers.get(head) {
            return Ok(Arc::clone(key));
        }
        let Some(wrapped) = envelope::wrapped(head) else { return Err(corrupt("a value", Broken::Short)) };
        let data_key = self.provider.unwrap(&wrapped).await.map_err(unavailable)?;
        let key = Arc::new(sealing(&data_key.0));
        self.known.lock().keep(Bytes::copy_from_slice(head), Arc::clone(&key));
        Ok(key)
    }

    /// Decrypts what is stored at `place`.
    pub(crate) fn open(&self, openers: &Openers, place: &[u8], stored: &Bytes) -> Result<Bytes, Error> {
        let broken = |broken| corrupt(&format!("the value of {:?}", String::from_utf8_lossy(place)), broken);
        match envelope::head(stored) {
            Ok(head) => {
                let key = openers.0.get(&head).ok_or_else(|| broken(Broken::Short))?;
                envelope::open(&head, key, place, stored).map_err(broken)
            }
            Err(Broken::Plain) if self.reads_plain => Ok(stored.clone()),
            Err(error) => Err(broken(error)),
        }
    }
}

impl Known {
    fn keep(&mut self, head: Bytes, key: Arc<LessSafeKey>) {
        if self.openers.len() >= KEPT {
            self.openers.pop_first();
        }
        self.openers.insert(head, key);
    }
}

impl Sealer {
    /// Encrypts `value` for `place`.
    pub(crate) fn seal(&self, place: &[u8], value: &[u8]) -> Bytes {
        let mut nonce = [0; NONCE_LEN];
        nonce[..8].copy_from_slice(&self.used.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        envelope::seal(&self.head, &self.key, nonce, place, value)
    }
}

fn unavailable(error: KeyError) -> Error {
    Error::Unavailable { source: Arc::new(error) }
}

fn corrupt(what: &str, broken: Broken) -> Error {
    let why = match broken {
        Broken::Plain => "is not encrypted",
        Broken::Short => "is cut off",
        Broken::Forged => "is not what was encrypted for it",
    };
    Error::Corrupt { place: format!("{what} {why}").into() }
}

impl fmt::Debug for DataKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataKeys").field("provider", &self.provider).finish_non_exhaustive()
    }
}
