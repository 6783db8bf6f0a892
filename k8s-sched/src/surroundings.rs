use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{Labels, PodInfo, Selector};

/// What plugins may know of a cluster beyond its pods and nodes.
///
/// All of it may be absent, as in a simulation; then namespaces have no labels, nothing owns pods and no budget
/// protects them.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    namespaces: BTreeMap<Arc<str>, Labels>,
    services: BTreeMap<(Arc<str>, Arc<str>), Labels>,
    owners: BTreeMap<OwnerKey, Selector>,
    budgets: BTreeMap<(Arc<str>, Arc<str>), Budget>,
}

/// Kind, namespace and name.
type OwnerKey = (Arc<str>, Arc<str>, Arc<str>);

/// A pod disruption budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Which pods of its namespace it protects.
    pub selector: Selector,
    /// How many of them may go now.
    pub disruptions_allowed: i32,
    /// Names of pods whose disruption has been granted already.
    pub disrupted: Vec<String>,
}

impl Surroundings {
    /// The labels of a namespace; none when it is not known.
    pub fn namespace_labels(&self, namespace: &str) -> Labels {
        self.namespaces.get(namespace).cloned().unwrap_or_default()
    }

    /// The selector of a service.
    pub fn service(&self, namespace: &Arc<str>, name: &Arc<str>) -> Option<&Labels> {
        self.services.get(&(namespace.clone(), name.clone()))
    }

    /// The selector of a controller of pods; see [`Surroundings::set_owner`].
    pub fn owner(&self, kind: &Arc<str>, namespace: &Arc<str>, name: &Arc<str>) -> Option<&Selector> {
        self.owners.get(&(kind.clone(), namespace.clone(), name.clone()))
    }

    /// A pod disruption budget.
    pub fn budget(&self, namespace: &Arc<str>, name: &Arc<str>) -> Option<&Budget> {
        self.budgets.get(&(namespace.clone(), name.clone()))
    }

    /// The labels of a namespace; `None` when it is not known.
    pub fn namespace(&self, name: &str) -> Option<&Labels> {
        self.namespaces.get(name)
    }

    /// All known namespaces and their labels, by name.
    pub fn namespaces(&self) -> impl Iterator<Item = (&Arc<str>, &Labels)> {
        self.namespaces.iter()
    }

    /// Sets or, with `None`, forgets a namespace.
    pub fn set_namespace(&mut self, name: Arc<str>, labels: Option<Labels>) {
        put(&mut self.namespaces, name, labels);
    }

    /// Sets or, with `None`, forgets the selector of a service.
    pub fn set_service(&mut self, namespace: Arc<str>, name: Arc<str>, selector: Option<Labels>) {
        put(&mut self.services, (namespace, name), selector);
    }

    /// Sets or, with `None`, forgets the selector of a controller of pods.
    ///
    /// `kind` is `ReplicationController`, `ReplicaSet` or `StatefulSet`.
    pub fn set_owner(&mut self, kind: Arc<str>, namespace: Arc<str>, name: Arc<str>, selector: Option<Selector>) {
        put(&mut self.owners, (kind, namespace, name), selector);
    }

    /// Sets or, with `None`, forgets a pod disruption budget.
    pub fn set_budget(&mut self, namespace: Arc<str>, name: Arc<str>, budget: Option<Budget>) {
        put(&mut self.budgets, (namespace, name), budget);
    }

    /// The budgets of a namespace, by name.
    pub fn budgets(&self, namespace: &str) -> impl Iterator<Item = &Budget> {
        self.budgets.iter().filter(move |((ns, _), _)| **ns == *namespace).map(|(_, budget)| budget)
    }

    /// Selects the pods that belong together with `pod`: those of its services and of its controller.
    ///
    /// Everything when it has neither; callers treat that as "no selector".
    pub fn default_selector(&self, pod: &PodInfo) -> Selector {
        // A later service's value for a label replaces an earlier one's.
        let mut labels = BTreeMap::new();
        let from = (pod.namespace.clone(), Arc::from(""));
        for ((namespace, _), service) in self.services.range(from..) {
            if *namespace != pod.namespace {
                break;
            }
            if service.iter().all(|(key, value)| pod.labels.value(key) == Some(value)) {
                labels.extend(service.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
        }
        let services = Selector::of_map(&labels);
        let owned = pod.owner.as_ref().and_then(|(kind, name)| {
            self.owners.get(&(kind.clone(), pod.namespace.clone(), name.clone())).filter(|owned| !owned.is_nothing())
        });
        match owned {
            Some(owned) => Selector::all(services.requirements().iter().chain(owned.requirements()).cloned()),
            None => services,
        }
    }
}

fn put<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => drop(map.insert(key, value)),
        None => drop(map.remove(&key)),
    }
}
