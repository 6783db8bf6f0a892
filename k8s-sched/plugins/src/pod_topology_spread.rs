use std::collections::HashMap;

use k8s_openapi::api::core::v1::TopologySpreadConstraint;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;

use k8s_sched::plugin::Plugin;
use k8s_sched::{Labels, NodeInfo, PodInfo, Selector, SpreadConstraint, Surroundings, convert};

mod filter;
mod hints;
mod score;

const HOSTNAME: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

/// Spreads pods over the values of node labels, as the pods ask for or, if they do not, over hosts and zones together
/// with the other pods of their services and controllers.
#[derive(Clone, Debug)]
pub struct PodTopologySpread {
    defaults: Vec<SpreadConstraint>,
    /// Whether the defaults are upstream's own, which also count nodes that lack one of the labels.
    system_defaults: bool,
}

/// Arguments of [`PodTopologySpread`].
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodTopologySpreadArgs {
    /// For pods without constraints of their own; must not have label selectors.
    pub default_constraints: Vec<TopologySpreadConstraint>,
    /// Where the default constraints come from.
    pub defaulting_type: DefaultingType,
}

/// Where default constraints come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum DefaultingType {
    /// Upstream's: softly over hosts and zones.
    #[default]
    System,
    /// The arguments.
    List,
}

impl PodTopologySpread {
    /// The name in configurations.
    pub const NAME: &str = "PodTopologySpread";

    /// With arguments.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn new(args: &PodTopologySpreadArgs) -> Result<Self, String> {
        let constraints = &args.default_constraints;
        if args.defaulting_type == DefaultingType::System {
            if !constraints.is_empty() {
                return Err("defaultConstraints and defaultingType System exclude each other".to_owned());
            }
            let soft = |skew, key| SpreadConstraint::new(skew, key, false, Selector::nothing());
            return Ok(Self { defaults: vec![soft(3, HOSTNAME), soft(5, ZONE)], system_defaults: true });
        }
        if constraints.iter().any(|constraint| constraint.label_selector.is_some()) {
            return Err("defaultConstraints must not have label selectors".to_owned());
        }
        let read = |constraint| convert::spread_constraint(&ObjectMeta::default(), constraint, &Labels::default());
        let defaults = constraints.iter().map(read).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        Ok(Self { defaults, system_defaults: false })
    }

    /// The plugin.
    pub fn plugin(self) -> Plugin {
        let plugin = Plugin::new(Self::NAME, self).pre_filter().pre_filter_extensions().filter();
        plugin.pre_score().score().normalize().enqueue().weight(2).build()
    }

    fn constraints(&self, pod: &PodInfo, hard: bool, surroundings: &Surroundings) -> Vec<SpreadConstraint> {
        if !pod.spread.is_empty() {
            return pod.spread.iter().filter(|constraint| constraint.hard == hard).cloned().collect();
        }
        if !self.defaults.iter().any(|constraint| constraint.hard == hard) {
            return Vec::new();
        }
        let selector = surroundings.default_selector(pod);
        if selector.is_everything() {
            return Vec::new();
        }
        let mut constraints: Vec<_> = self.defaults.iter().filter(|c| c.hard == hard).cloned().collect();
        for constraint in &mut constraints {
            constraint.selector = selector.clone();
        }
        constraints
    }
}

/// Numbers by the value of a node label.
type Domains = HashMap<String, i64, foldhash::fast::RandomState>;

fn domain<'a>(domains: &'a mut Domains, value: &str) -> &'a mut i64 {
    // Looking up twice saves making a key for every node; there are far fewer domains.
    if !domains.contains_key(value) {
        domains.insert(value.to_owned(), 0);
    }
    domains.get_mut(value).expect("inserted above")
}

fn has_all_keys(node: &NodeInfo, constraints: &[SpreadConstraint]) -> bool {
    constraints.iter().all(|constraint| node.labels().contains_key(&*constraint.topology_key))
}

/// Whether the node counts, as the constraint's inclusion policies have it.
fn counts(constraint: &SpreadConstraint, pod: &PodInfo, node: &NodeInfo) -> bool {
    let admitted = || pod.required_nodes.as_ref().is_none_or(|required| required.matches(node));
    (!constraint.honor_affinity || admitted()) && (!constraint.honor_taints || pod.tolerates(node.taints()))
}

/// How many pods on the node are meant; those on their way out are not. A selector that selects everything selects
/// nothing here, as upstream has it.
fn matching_pods(node: &NodeInfo, selector: &Selector, namespace: &str) -> i64 {
    if selector.is_everything() { 0 } else { node.count_staying(namespace, selector) as i64 }
}
