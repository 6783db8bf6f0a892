use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::{ClusterEvent, EventKinds, Hint};
use crate::plugin::{Enqueue, Filter, IntoPlugin, Plugin, PreFilter, PreScore, Score};
use crate::{Error, PodInfo, QueuedPod, Status};

/// The scheduler that pods get unless they name one.
pub const DEFAULT_SCHEDULER_NAME: &str = "default-scheduler";

/// A set of plugins under the name by which pods choose it (`spec.schedulerName`).
///
/// There is no default one here, for the plugins that make a scheduler what it is elsewhere are in another crate:
/// `k8s_sched_plugins::default_profile()` schedules as upstream does. [`Profile::empty`] has no plugin at all.
#[derive(Clone, Debug)]
pub struct Profile {
    scheduler_name: Arc<str>,
    plugins: Vec<Plugin>,
    left_out: Vec<Arc<str>>,
    percentage_of_nodes_to_score: Option<u32>,
}

impl Profile {
    /// The profile of pods that name no scheduler, without any plugin: every node fits, and all are equally good.
    pub fn empty() -> Self {
        Self::new(DEFAULT_SCHEDULER_NAME)
    }

    /// As [`Profile::empty`], for pods that name this scheduler.
    pub fn new(scheduler_name: impl Into<Arc<str>>) -> Self {
        Self {
            scheduler_name: scheduler_name.into(),
            plugins: Vec::new(),
            left_out: Vec::new(),
            percentage_of_nodes_to_score: None,
        }
    }

    /// Adds a plugin, in place of one with the same name if there is one. Plugins are called in this order.
    pub fn with<Kind>(mut self, plugin: impl IntoPlugin<Kind>) -> Self {
        let plugin = plugin.into_plugin();
        match self.plugins.iter_mut().find(|known| known.name() == plugin.name()) {
            Some(known) => *known = plugin,
            None => self.plugins.push(plugin),
        }
        self
    }

    /// Removes a plugin by name.
    pub fn without(mut self, name: &str) -> Self {
        self.plugins.retain(|plugin| plugin.name() != name);
        self
    }

    /// Sets the factor with which a plugin's scores count.
    pub fn with_weight(mut self, name: &str, weight: i64) -> Self {
        for plugin in &mut self.plugins {
            if plugin.name() == name {
                *plugin = plugin.clone().with_weight(weight);
            }
        }
        self
    }

    /// Stops looking for feasible nodes when this share of all nodes (1 to 100) has been found; 0 or unset adapts to
    /// the size of the cluster. At least 100 nodes are always looked for.
    pub fn percentage_of_nodes_to_score(mut self, percentage: u32) -> Self {
        self.percentage_of_nodes_to_score = Some(percentage);
        self
    }

    /// The name by which pods choose it.
    pub fn scheduler_name(&self) -> &Arc<str> {
        &self.scheduler_name
    }

    /// The same profile under another name.
    pub fn named(mut self, scheduler_name: impl Into<Arc<str>>) -> Self {
        self.scheduler_name = scheduler_name.into();
        self
    }

    /// The plugins, in the order in which they are called.
    pub fn plugins(&self) -> &[Plugin] {
        &self.plugins
    }

    /// Names of plugins that a configuration enabled and that this scheduler knows but does not have.
    pub fn left_out(&self) -> &[Arc<str>] {
        &self.left_out
    }

    pub(crate) fn plugins_mut(&mut self) -> &mut [Plugin] {
        &mut self.plugins
    }

    pub(crate) fn leave_out(&mut self, name: Arc<str>) {
        self.left_out.push(name);
    }

    /// How many feasible nodes are enough, of `all`.
    ///
    /// Upstream: `numFeasibleNodesToFind`.
    pub(crate) fn nodes_to_find(&self, all: usize) -> usize {
        const AT_LEAST: usize = 100;
        if !self.plugins.iter().any(|plugin| plugin.points.score.is_some()) {
            return 1;
        }
        if all < AT_LEAST {
            return all;
        }
        let share = match self.percentage_of_nodes_to_score {
            None | Some(0) => 50_usize.saturating_sub(all / 125).max(5),
            Some(percentage) => percentage as usize,
        };
        (all * share / 100).max(AT_LEAST).min(all)
    }
}

/// Profiles by scheduler name, ready to be run.
#[derive(Debug, Default)]
pub struct Profiles(BTreeMap<Arc<str>, Framework>);

impl Profiles {
    /// Prepares profiles.
    ///
    /// # Errors
    /// [`Error::Profile`] when two have the same name or one has more than 64 plugins.
    pub fn new(profiles: impl IntoIterator<Item = Profile>) -> Result<Self, Error> {
        let mut by_name = BTreeMap::new();
        for profile in profiles {
            let name = profile.scheduler_name.clone();
            if profile.plugins.len() > 64 {
                return Err(Error::Profile { name, message: "more than 64 plugins".to_owned() });
            }
            if by_name.insert(name.clone(), Framework::new(profile)).is_some() {
                return Err(Error::Profile { name, message: "defined twice".to_owned() });
            }
        }
        Ok(Self(by_name))
    }

    /// Whether pods that name this scheduler are ours.
    pub fn contains(&self, scheduler_name: &str) -> bool {
        self.0.contains_key(scheduler_name)
    }

    /// The names by which pods choose the profiles.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.keys()
    }

    pub(crate) fn get(&self, scheduler_name: &str) -> Option<&Framework> {
        self.0.get(scheduler_name)
    }

    /// Which pod the queue gives out first.
    pub(crate) fn compare(&self, a: &QueuedPod, b: &QueuedPod) -> Ordering {
        // One queue serves all profiles; as upstream demands, they share one order.
        match self.0.values().find_map(|f| f.profile.plugins.iter().find_map(|p| p.points.queue_sort.as_ref())) {
            Some(sort) => sort.compare(a, b),
            None => b.pod.priority.cmp(&a.pod.priority).then(a.since.cmp(&b.since)),
        }
    }

    /// The plugin that keeps `pod` out of the queue, if any, and what it says.
    pub(crate) fn gate(&self, pod: &PodInfo) -> Option<(PluginSet, Status)> {
        let framework = self.get(&pod.scheduler_name)?;
        framework.profile.plugins.iter().enumerate().find_map(|(id, plugin)| {
            let status = plugin.points.pre_enqueue.as_ref()?.pre_enqueue(pod).err()?;
            Some((PluginSet::one(id), status))
        })
    }

    /// Whether `event` may help a pod that `rejectors` turned down.
    pub(crate) fn hint(&self, pod: &PodInfo, rejectors: PluginSet, event: &ClusterEvent) -> Hint {
        let Some(framework) = self.get(&pod.scheduler_name) else { return Hint::Skip };
        let kind = event.kind();
        let asked = framework.enqueue.iter().filter(|w| rejectors.contains(w.id) && w.events.contains(kind));
        let wakes = |w: &Wakeable| w.enqueue.as_ref().is_none_or(|enqueue| enqueue.hint(pod, event) == Hint::Queue);
        Hint::queue_if(asked.into_iter().any(wakes))
    }
}

/// A plugin and the events that may wake the pods it turned down.
struct Wakeable {
    id: usize,
    events: EventKinds,
    /// Which of them do; all, without it.
    enqueue: Option<Arc<dyn Enqueue>>,
}

/// A profile with its plugins sorted by extension point.
pub(crate) struct Framework {
    pub(crate) profile: Profile,
    pub(crate) pre_filters: Vec<(usize, Arc<dyn PreFilter>)>,
    pub(crate) filters: Vec<(usize, Arc<dyn Filter>)>,
    pub(crate) pre_scores: Vec<(usize, Arc<dyn PreScore>)>,
    pub(crate) scores: Vec<(usize, Arc<dyn Score>)>,
    enqueue: Vec<Wakeable>,
}

impl Framework {
    fn new(profile: Profile) -> Self {
        Self {
            pre_filters: at_point(&profile, |plugin| plugin.points.pre_filter.clone()),
            filters: at_point(&profile, |plugin| plugin.points.filter.clone()),
            pre_scores: at_point(&profile, |plugin| plugin.points.pre_score.clone()),
            scores: at_point(&profile, |plugin| plugin.points.score.clone()),
            enqueue: (profile.plugins.iter().enumerate())
                .map(|(id, plugin)| {
                    let enqueue = plugin.points.enqueue.clone();
                    Wakeable { id, events: enqueue.as_ref().map_or(EventKinds::ALL, |e| e.events()), enqueue }
                })
                .collect(),
            profile,
        }
    }

    pub(crate) fn plugin(&self, id: usize) -> &Plugin {
        &self.profile.plugins[id]
    }
}

impl std::fmt::Debug for Framework {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.profile.fmt(f)
    }
}

fn at_point<T>(profile: &Profile, point: impl Fn(&Plugin) -> Option<T>) -> Vec<(usize, T)> {
    profile.plugins.iter().enumerate().filter_map(|(id, plugin)| Some((id, point(plugin)?))).collect()
}

/// A set of plugins of one profile, by their place in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PluginSet(u64);

impl PluginSet {
    pub(crate) fn one(id: usize) -> Self {
        Self(1 << id)
    }

    pub(crate) fn insert(&mut self, id: usize) {
        self.0 |= 1 << id;
    }

    pub(crate) fn contains(self, id: usize) -> bool {
        self.0 & (1 << id) != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}
