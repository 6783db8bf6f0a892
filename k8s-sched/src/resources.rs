use std::sync::Arc;

/// Amounts of compute resources in the scheduler's units.
///
/// Used for what a pod requests, what a node can give and what its pods have taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// CPU in milli-cores.
    pub milli_cpu: i64,
    /// Memory in bytes.
    pub memory: i64,
    /// Local scratch space in bytes.
    pub ephemeral_storage: i64,
    /// How many pods a node may hold; 0 in a pod's request.
    pub pods: i64,
    /// Everything else (huge pages, extended resources), sorted by name, in whole units.
    scalars: Vec<(Arc<str>, i64)>,
}

impl Resources {
    /// Whether nothing is asked for; [`Resources::pods`] is not looked at.
    pub fn is_zero(&self) -> bool {
        self.milli_cpu == 0 && self.memory == 0 && self.ephemeral_storage == 0 && self.scalars.is_empty()
    }

    /// The amount of a resource by its API name: milli-cores for `cpu`, otherwise whole units; 0 when absent.
    pub fn get(&self, name: &str) -> i64 {
        match name {
            "cpu" => self.milli_cpu,
            "memory" => self.memory,
            "ephemeral-storage" => self.ephemeral_storage,
            "pods" => self.pods,
            _ => self.scalar(name),
        }
    }

    /// Sets the amount of a resource by its API name, in the units of [`Resources::get`].
    pub fn set(&mut self, name: &str, amount: i64) {
        match name {
            "cpu" => self.milli_cpu = amount,
            "memory" => self.memory = amount,
            "ephemeral-storage" => self.ephemeral_storage = amount,
            "pods" => self.pods = amount,
            _ => *self.scalar_mut(name) = amount,
        }
    }

    /// The amount of a scalar resource; 0 when absent.
    pub fn scalar(&self, name: &str) -> i64 {
        self.position(name).map_or(0, |i| self.scalars[i].1)
    }

    /// All scalar resources, sorted by name.
    pub fn scalars(&self) -> impl Iterator<Item = (&Arc<str>, i64)> {
        self.scalars.iter().map(|(name, amount)| (name, *amount))
    }

    /// Adds `other`, except its [`Resources::pods`].
    pub fn add(&mut self, other: &Self) {
        self.accumulate(other, 1);
    }

    /// Takes `other` away, except its [`Resources::pods`].
    pub fn sub(&mut self, other: &Self) {
        self.accumulate(other, -1);
    }

    /// Raises each amount to at least that of `other`.
    pub fn max(&mut self, other: &Self) {
        self.milli_cpu = self.milli_cpu.max(other.milli_cpu);
        self.memory = self.memory.max(other.memory);
        self.ephemeral_storage = self.ephemeral_storage.max(other.ephemeral_storage);
        for (name, amount) in other.scalars() {
            let slot = self.scalar_mut(name);
            *slot = (*slot).max(amount);
        }
    }

    fn accumulate(&mut self, other: &Self, sign: i64) {
        self.milli_cpu = self.milli_cpu.saturating_add(sign * other.milli_cpu);
        self.memory = self.memory.saturating_add(sign * other.memory);
        self.ephemeral_storage = self.ephemeral_storage.saturating_add(sign * other.ephemeral_storage);
        for (name, amount) in other.scalars() {
            let slot = self.scalar_mut(name);
            *slot = slot.saturating_add(sign * amount);
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        // A handful of entries at most: scanning beats searching.
        self.scalars.iter().position(|(known, _)| &**known == name)
    }

    fn scalar_mut(&mut self, name: &str) -> &mut i64 {
        let at = match self.scalars.binary_search_by(|(known, _)| (**known).cmp(name)) {
            Ok(at) => at,
            Err(at) => {
                self.scalars.insert(at, (name.into(), 0));
                at
            }
        };
        &mut self.scalars[at].1
    }
}
