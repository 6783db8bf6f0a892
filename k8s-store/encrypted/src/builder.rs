use std::sync::Arc;

use k8s_env::Random;

use crate::data_keys::DataKeys;
use crate::{Encrypted, KeyProvider};

/// Makes an [`Encrypted`] store.
#[derive(Debug)]
pub struct Builder<S> {
    store: S,
    provider: Box<dyn KeyProvider>,
    random: Random,
    reads_plain: bool,
}

impl<S> Builder<S> {
    pub(crate) fn new(store: S, provider: Box<dyn KeyProvider>) -> Self {
        Self { store, provider, random: Random::from_entropy(), reads_plain: false }
    }

    /// Reads values that were stored without encryption, until [`Encrypted::rewrite`] has encrypted them.
    ///
    /// While this is on, whoever can write to the store below can put values there that are taken as genuine.
    #[must_use]
    pub fn reads_plain_values(self) -> Self {
        Self { reads_plain: true, ..self }
    }

    /// Draws data keys from `random`, for simulations. A source that repeats itself from start to start over the same
    /// store encrypts different values in the same way, which breaks the cipher: the default is the system's entropy.
    #[must_use]
    pub fn random(self, random: Random) -> Self {
        Self { random, ..self }
    }

    /// Makes the store.
    pub fn build(self) -> Encrypted<S> {
        let keys = DataKeys::new(self.provider, self.random, self.reads_plain);
        Encrypted { store: self.store, keys: Arc::new(keys) }
    }
}
