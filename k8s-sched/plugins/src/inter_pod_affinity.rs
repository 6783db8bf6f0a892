use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Deserialize;

use k8s_sched::plugin::Plugin;
use k8s_sched::{AffinityTerm, Labels, NodeInfo, PodInfo, Selector, Surroundings};

mod filter;
mod hints;
mod score;

/// Keeps pods near others or apart from them, as they ask for: strictly when required, otherwise by score.
///
/// What pods on nodes require of newcomers counts as well as what the newcomer requires.
#[derive(Clone, Debug, Default)]
pub struct InterPodAffinity {
    args: InterPodAffinityArgs,
}

/// Arguments of [`InterPodAffinity`].
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InterPodAffinityArgs {
    /// How much the score counts that a pod on a node requires the newcomer to be near; 0 to 100.
    pub hard_pod_affinity_weight: i64,
    /// Whether what pods on nodes prefer plays no role for newcomers that prefer nothing.
    pub ignore_preferred_terms_of_existing_pods: bool,
}

impl Default for InterPodAffinityArgs {
    fn default() -> Self {
        Self { hard_pod_affinity_weight: 1, ignore_preferred_terms_of_existing_pods: false }
    }
}

impl InterPodAffinity {
    /// The name in configurations.
    pub const NAME: &str = "InterPodAffinity";

    /// With arguments.
    pub fn new(args: InterPodAffinityArgs) -> Self {
        Self { args }
    }

    /// The plugin.
    pub fn plugin(self) -> Plugin {
        let plugin = Plugin::new(Self::NAME, self).pre_filter().pre_filter_extensions().filter();
        plugin.pre_score().score().normalize().enqueue().weight(2).build()
    }
}

/// Numbers by topology key and value of a node.
#[derive(Clone, Debug, Default)]
struct Topologies(BTreeMap<Arc<str>, HashMap<String, i64, foldhash::fast::RandomState>>);

impl Topologies {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds to the domain of `node`, if it has the key; what comes to nothing is forgotten.
    fn add(&mut self, key: &Arc<str>, node: &NodeInfo, amount: i64) {
        let Some(value) = node.labels().value(key) else { return };
        let domains = match self.0.get_mut(key) {
            Some(domains) => domains,
            None => self.0.entry(key.clone()).or_default(),
        };
        match domains.get_mut(value) {
            Some(count) => *count += amount,
            None => drop(domains.insert(value.to_owned(), amount)),
        }
        if domains.get(value) == Some(&0) {
            domains.remove(value);
            if domains.is_empty() {
                self.0.remove(key);
            }
        }
    }

    fn get(&self, key: &str, node: &NodeInfo) -> i64 {
        let number = |domains: &HashMap<String, i64, _>| domains.get(node.labels().value(key)?).copied();
        self.0.get(key).and_then(number).unwrap_or(0)
    }

    /// The number of `node` in each topology that it is part of.
    fn of<'a>(&'a self, node: &'a NodeInfo) -> impl Iterator<Item = i64> + 'a {
        self.0.iter().filter_map(|(key, domains)| domains.get(node.labels().value(key)?).copied())
    }
}

/// The pod's own terms, with namespaces that are meant by label named outright: existing pods are then compared by
/// namespace alone.
fn resolved(terms: &[AffinityTerm], surroundings: &Surroundings) -> Vec<AffinityTerm> {
    let resolve = |term: &AffinityTerm| {
        let mut term = term.clone();
        if !term.namespace_selector.is_everything() && !term.namespace_selector.is_nothing() {
            let meant = surroundings.namespaces().filter(|(_, labels)| term.namespace_selector.matches(&***labels));
            let names: Vec<_> = meant.map(|(name, _)| name.clone()).collect();
            term.namespaces.extend(names);
            term.namespace_selector = Selector::nothing();
        }
        term
    };
    terms.iter().map(resolve).collect()
}

/// Whether `pod` is meant by all terms; not if there are none.
fn meant_by_all(terms: &[AffinityTerm], pod: &PodInfo) -> bool {
    let nothing = Labels::default();
    !terms.is_empty() && terms.iter().all(|term| term.matches(pod, &nothing))
}
