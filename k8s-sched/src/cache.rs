use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use tokio::time::Instant;

use crate::snapshot::Mark;
use crate::{NodeFacts, NodeInfo, PodInfo, Snapshot, Surroundings};

/// The scheduler's own memory of the cluster: nodes, the pods on them, and pods assumed to go there soon.
///
/// Every change raises a generation, and [`Cache::refresh`] brings a snapshot up to date by copying (sharing, in fact)
/// only the nodes that changed since. Time is an argument.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    slots: Vec<Slot>,
    free: Vec<usize>,
    by_name: Map<usize>,
    pods: Map<CachedPod>,
    surroundings: Arc<Surroundings>,
    generation: u64,
    structure: u64,
    /// Generation and slot of the latest changes, oldest first.
    changes: VecDeque<(u64, usize)>,
    assumed_ttl: Option<Duration>,
}

type Map<V> = HashMap<Arc<str>, V, foldhash::fast::RandomState>;

#[derive(Clone, Debug)]
struct Slot {
    info: Arc<NodeInfo>,
    /// Whether the node exists; pods may be known before or after their node is.
    exists: bool,
}

#[derive(Clone, Debug)]
struct CachedPod {
    pod: Arc<PodInfo>,
    slot: usize,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The API server says it is on the node.
    Confirmed,
    /// It was decided, and is being bound.
    Assumed,
    /// It was bound; unless confirmed by then, it is forgotten at this moment.
    Expires(Instant),
}

impl Cache {
    /// An empty cache in which assumed pods never expire, as upstream's.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets pods that were bound but not confirmed within `ttl`.
    pub fn with_assumed_ttl(mut self, ttl: Duration) -> Self {
        self.assumed_ttl = Some(ttl);
        self
    }

    /// Sets what a node is; its pods stay. Returns the states before, if it was known, and after.
    pub fn set_node(&mut self, facts: NodeFacts) -> (Option<Arc<NodeInfo>>, Arc<NodeInfo>) {
        let slot = self.slot(&facts.name);
        let known = self.slots[slot].exists;
        let old = known.then(|| self.slots[slot].info.clone());
        let moved = old.as_ref().is_none_or(|old| zone(old) != zone_of(&facts));
        if moved {
            self.structure += 1;
        }
        self.slots[slot].exists = true;
        self.change(slot, |node| node.set_facts(facts));
        (old, self.slots[slot].info.clone())
    }

    /// Forgets a node; pods still on it are kept until they are removed themselves. Returns its last state.
    pub fn remove_node(&mut self, name: &str) -> Option<Arc<NodeInfo>> {
        let slot = *self.by_name.get(name)?;
        if !self.slots[slot].exists {
            return None;
        }
        self.slots[slot].exists = false;
        self.structure += 1;
        let last = self.slots[slot].info.clone();
        self.release_if_unused(slot);
        Some(last)
    }

    /// A node's present state.
    pub fn node(&self, name: &str) -> Option<&Arc<NodeInfo>> {
        let slot = &self.slots[*self.by_name.get(name)?];
        slot.exists.then_some(&slot.info)
    }

    /// How many nodes exist.
    pub fn node_count(&self) -> usize {
        self.slots.iter().filter(|slot| slot.exists).count()
    }

    /// The pod with this uid, if it is on a node or assumed to be.
    pub fn pod(&self, uid: &str) -> Option<&Arc<PodInfo>> {
        self.pods.get(uid).map(|cached| &cached.pod)
    }

    /// Whether the pod with this uid is assumed and not yet confirmed.
    pub fn is_assumed(&self, uid: &str) -> bool {
        self.pods.get(uid).is_some_and(|cached| cached.stage != Stage::Confirmed)
    }

    /// Records that the API server has `pod` on `node`: confirms it if assumed, moves it if assumed elsewhere.
    /// Returns its state before, if it was confirmed before.
    pub fn set_pod(&mut self, pod: Arc<PodInfo>, node: &Arc<str>) -> Option<Arc<PodInfo>> {
        let before = self.take(&pod.uid);
        self.put(pod, node, Stage::Confirmed);
        before.filter(|cached| cached.stage == Stage::Confirmed).map(|cached| cached.pod)
    }

    /// Forgets the pod with this uid. Returns its last state.
    pub fn remove_pod(&mut self, uid: &str) -> Option<Arc<PodInfo>> {
        self.take(uid).map(|cached| cached.pod)
    }

    /// Counts `pod` as being on `node` from now on. False, and nothing happens, when it is counted already.
    pub fn assume(&mut self, pod: Arc<PodInfo>, node: &Arc<str>) -> bool {
        if self.pods.contains_key(&pod.uid) {
            return false;
        }
        self.put(pod, node, Stage::Assumed);
        true
    }

    /// Notes that an assumed pod was bound: its time to be confirmed starts to run.
    pub fn finish_binding(&mut self, uid: &str, now: Instant) {
        if let Some(ttl) = self.assumed_ttl
            && let Some(cached) = self.pods.get_mut(uid)
            && cached.stage == Stage::Assumed
        {
            cached.stage = Stage::Expires(now + ttl);
        }
    }

    /// Takes back an assumption; a confirmed pod stays. Returns the pod if it was assumed.
    pub fn forget(&mut self, uid: &str) -> Option<Arc<PodInfo>> {
        if !self.is_assumed(uid) {
            return None;
        }
        self.remove_pod(uid)
    }

    /// Forgets assumed pods whose time to be confirmed is over, and returns them ordered by uid.
    pub fn expire(&mut self, now: Instant) -> Vec<Arc<PodInfo>> {
        let due = |cached: &CachedPod| matches!(cached.stage, Stage::Expires(at) if at <= now);
        let mut uids: Vec<_> = self.pods.iter().filter(|(_, c)| due(c)).map(|(uid, _)| uid.clone()).collect();
        uids.sort_unstable();
        uids.iter().filter_map(|uid| self.remove_pod(uid)).collect()
    }

    /// What is known beyond pods and nodes.
    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// Changes what is known beyond pods and nodes.
    pub fn surroundings_mut(&mut self) -> &mut Surroundings {
        Arc::make_mut(&mut self.surroundings)
    }

    /// Brings `snapshot` up to date. It must have been empty or refreshed from this cache before.
    ///
    /// Costs what changed since; the whole list only when nodes came, went or moved to another zone.
    pub fn refresh(&self, snapshot: &mut Snapshot) {
        let behind = snapshot.mark.generation;
        let lost = self.changes.front().is_some_and(|(oldest, _)| *oldest > behind + 1);
        if snapshot.mark.structure != self.structure || lost {
            *snapshot = self.rebuild();
            return;
        }
        let start = self.changes.partition_point(|(generation, _)| *generation <= behind);
        for (_, slot) in self.changes.range(start..) {
            if self.slots[*slot].exists {
                let at = snapshot.mark.position[*slot];
                snapshot.replace(at, self.slots[*slot].info.clone());
            }
        }
        snapshot.mark.generation = self.generation;
        snapshot.set_surroundings(&self.surroundings);
    }

    fn rebuild(&self) -> Snapshot {
        let order = self.order();
        let mut position = vec![usize::MAX; self.slots.len()];
        for (at, slot) in order.iter().enumerate() {
            position[*slot] = at;
        }
        let nodes = order.iter().map(|slot| self.slots[*slot].info.clone()).collect();
        let mut snapshot = Snapshot::new(nodes, self.surroundings.clone());
        snapshot.mark = Mark { structure: self.structure, generation: self.generation, position: Arc::new(position) };
        snapshot
    }

    /// Slots of existing nodes, one of each zone in turn.
    fn order(&self) -> Vec<usize> {
        let mut zones: IndexMap<(&str, &str), VecDeque<usize>> = IndexMap::new();
        for (at, slot) in self.slots.iter().enumerate().filter(|(_, slot)| slot.exists) {
            zones.entry(zone(&slot.info)).or_default().push_back(at);
        }
        let mut order = Vec::with_capacity(self.slots.len());
        while !zones.is_empty() {
            order.extend(zones.values_mut().filter_map(VecDeque::pop_front));
            zones.retain(|_, rest| !rest.is_empty());
        }
        order
    }

    fn put(&mut self, pod: Arc<PodInfo>, node: &Arc<str>, stage: Stage) {
        let slot = self.slot(node);
        self.change(slot, |info| info.add_pod(pod.clone()));
        self.pods.insert(pod.uid.clone(), CachedPod { pod, slot, stage });
    }

    fn take(&mut self, uid: &str) -> Option<CachedPod> {
        let cached = self.pods.remove(uid)?;
        self.change(cached.slot, |info| drop(info.remove_pod(uid)));
        self.release_if_unused(cached.slot);
        Some(cached)
    }

    fn release_if_unused(&mut self, slot: usize) {
        let unused = !self.slots[slot].exists && self.slots[slot].info.pods().is_empty();
        if unused && self.by_name.remove(self.slots[slot].info.name()).is_some() {
            self.free.push(slot);
        }
    }

    fn slot(&mut self, name: &Arc<str>) -> usize {
        if let Some(slot) = self.by_name.get(name) {
            return *slot;
        }
        let facts = NodeFacts { name: name.clone(), ..NodeFacts::default() };
        let slot = Slot { info: Arc::new(NodeInfo::new(facts)), exists: false };
        let at = self.free.pop().unwrap_or(self.slots.len());
        match self.slots.get_mut(at) {
            Some(reused) => *reused = slot,
            None => self.slots.push(slot),
        }
        self.by_name.insert(name.clone(), at);
        at
    }

    fn change(&mut self, slot: usize, edit: impl FnOnce(&mut NodeInfo)) {
        self.generation += 1;
        let info = Arc::make_mut(&mut self.slots[slot].info);
        edit(info);
        info.set_generation(self.generation);
        self.changes.push_back((self.generation, slot));
        // Past this length, walking the changes costs more than copying the list.
        if self.changes.len() > self.slots.len().max(1024) {
            self.changes.pop_front();
        }
    }
}

fn zone(node: &NodeInfo) -> (&str, &str) {
    zone_of(node.facts())
}

fn zone_of(facts: &NodeFacts) -> (&str, &str) {
    let label = |key| facts.labels.value(key).unwrap_or_default();
    (label("topology.kubernetes.io/region"), label("topology.kubernetes.io/zone"))
}
