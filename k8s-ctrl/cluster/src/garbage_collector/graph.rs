use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use foldhash::fast::RandomState;
use k8s_api::{GroupVersionKind, Meta, Object};
use k8s_api_client::discovery::Discovered;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

/// The finalizer of an owner whose dependents stay.
pub(super) const ORPHAN: &str = "orphan";

/// The finalizer of an owner that goes after its dependents.
pub(super) const FOREGROUND: &str = "foregroundDeletion";

/// How many owners are remembered not to exist.
const ABSENT: usize = 500;

pub(super) type Uid = Arc<str>;

/// Who owns whom, by uid.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: HashMap<Uid, Node, RandomState>,
    /// The dependents of every uid that is named as an owner, whether such an object was seen or not.
    dependents: HashMap<Uid, BTreeSet<Uid>, RandomState>,
    absent: HashSet<Identity, RandomState>,
    absent_order: VecDeque<Identity>,
}

/// An object: who it is and who owns it.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) resource: Arc<Discovered>,
    pub(super) namespace: Box<str>,
    pub(super) name: Box<str>,
    pub(super) owners: Vec<OwnerReference>,
    pub(super) state: State,
}

/// How far the deletion of an object is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Alive,
    /// It is being deleted; its dependents do not matter to that.
    Ending,
    /// It is being deleted and waits for its dependents to stay without it.
    Orphaning,
    /// It is being deleted and waits for its dependents to go.
    DeletingDependents,
}

/// Something to work on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Item {
    /// An object that may have lost its owners or may go on with its own deletion.
    Delete(Uid),
    /// An owner whose dependents stay.
    Orphan(Uid),
}

/// Everything that an owner reference says of the owner, and where it must be looked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub(super) uid: String,
    pub(super) kind: GroupVersionKind,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Graph {
    pub(super) fn replace(&mut self, resource: &Arc<Discovered>, items: &[Object], todo: &mut Vec<Item>) {
        let present: HashSet<&str, RandomState> = items.iter().map(|item| item.meta().uid.as_str()).collect();
        let of_resource = self.nodes.iter().filter(|(_, node)| node.resource.resource == resource.resource);
        let mut gone: Vec<_> = of_resource.map(|(uid, _)| uid.clone()).collect();
        gone.retain(|uid| !present.contains(&**uid));
        gone.sort();
        for uid in gone {
            self.remove(&uid, todo);
        }
        for item in items {
            self.set(resource, item.meta(), todo);
        }
    }

    pub(super) fn set(&mut self, resource: &Arc<Discovered>, meta: &Meta, todo: &mut Vec<Item>) {
        let state = State::of(meta);
        let Some(node) = self.nodes.get_mut(meta.uid.as_str()) else {
            return self.insert(resource, meta, state, todo);
        };
        let uid: Uid = meta.uid.as_str().into();
        let was = std::mem::replace(&mut node.state, state);
        if node.owners != meta.owner_references {
            let old = std::mem::replace(&mut node.owners, meta.owner_references.clone());
            self.change_owners(&uid, &old, &meta.owner_references, todo);
        }
        if was != state {
            self.turn(&uid, state, todo);
        }
    }

    fn insert(&mut self, resource: &Arc<Discovered>, meta: &Meta, state: State, todo: &mut Vec<Item>) {
        let uid: Uid = meta.uid.as_str().into();
        let node = Node {
            resource: resource.clone(),
            namespace: meta.namespace.as_str().into(),
            name: meta.name.as_str().into(),
            owners: meta.owner_references.clone(),
            state,
        };
        self.nodes.insert(uid.clone(), node);
        self.change_owners(&uid, &[], &meta.owner_references, todo);
        // Those that named it before it was seen may have named somebody else.
        let strangers = self.dependents_of(&uid).filter(|(_, dependent)| !self.names(dependent, &uid));
        todo.extend(strangers.map(|(uid, _)| Item::Delete(uid.clone())));
        self.turn(&uid, state, todo);
    }

    pub(super) fn remove(&mut self, uid: &str, todo: &mut Vec<Item>) {
        let Some((uid, node)) = self.nodes.remove_entry(uid) else { return };
        for owner in &node.owners {
            self.unlink(&owner.uid, &uid);
            if self.nodes.get(owner.uid.as_str()).is_some_and(|owner| owner.state == State::DeletingDependents) {
                todo.push(Item::Delete(owner.uid.as_str().into()));
            }
        }
        if let Some(dependents) = self.dependents.get(&uid) {
            todo.extend(dependents.iter().cloned().map(Item::Delete));
            self.note_absent(node.identity(&uid));
        }
    }

    pub(super) fn node(&self, uid: &str) -> Option<&Node> {
        self.nodes.get(uid)
    }

    /// The dependents of an owner that were seen, in order of uid.
    pub(super) fn dependents_of(&self, owner: &str) -> impl Iterator<Item = (&Uid, &Node)> {
        let dependents = self.dependents.get(owner).into_iter().flatten();
        dependents.filter_map(|uid| Some((uid, self.nodes.get(uid)?)))
    }

    /// Whether the object that a reference names was seen and is not waiting for its dependents to go.
    pub(super) fn is_solid(&self, dependent: &Node, reference: &OwnerReference) -> bool {
        self.nodes.get(reference.uid.as_str()).is_some_and(|owner| {
            owner.state != State::DeletingDependents && owner.is_named_by(reference, &dependent.namespace)
        })
    }

    pub(super) fn is_absent(&self, owner: &Identity) -> bool {
        self.absent.contains(owner)
    }

    pub(super) fn note_absent(&mut self, owner: Identity) {
        if self.absent.insert(owner.clone()) {
            self.absent_order.push_back(owner);
            if self.absent_order.len() > ABSENT
                && let Some(oldest) = self.absent_order.pop_front()
            {
                self.absent.remove(&oldest);
            }
        }
    }

    fn names(&self, dependent: &Node, owner: &Uid) -> bool {
        let Some(node) = self.nodes.get(owner) else { return false };
        let mut references = dependent.owners.iter().filter(|reference| *reference.uid == **owner);
        references.all(|reference| node.is_named_by(reference, &dependent.namespace))
    }

    fn change_owners(&mut self, uid: &Uid, old: &[OwnerReference], new: &[OwnerReference], todo: &mut Vec<Item>) {
        let same = |list: &[OwnerReference], uid: &str| list.iter().find(|reference| reference.uid == uid).cloned();
        for before in old {
            let after = same(new, &before.uid);
            let blocked = before.block_owner_deletion == Some(true);
            let blocks = after.as_ref().is_some_and(|after| after.block_owner_deletion == Some(true));
            if after.is_none() {
                self.unlink(&before.uid, uid);
            }
            if blocked && !blocks && self.nodes.contains_key(before.uid.as_str()) {
                todo.push(Item::Delete(before.uid.as_str().into()));
            }
        }
        let mut doubtful = false;
        for after in new.iter().filter(|after| same(old, &after.uid).is_none()) {
            self.dependents.entry(after.uid.as_str().into()).or_default().insert(uid.clone());
            let Some(node) = self.nodes.get(uid) else { continue };
            doubtful |= !self.is_solid(node, after);
        }
        if doubtful {
            todo.push(Item::Delete(uid.clone()));
        }
    }

    /// What an object's new state asks for.
    fn turn(&mut self, uid: &Uid, state: State, todo: &mut Vec<Item>) {
        match state {
            State::Alive | State::Ending => {}
            State::Orphaning => todo.push(Item::Orphan(uid.clone())),
            State::DeletingDependents => {
                todo.extend(self.dependents_of(uid).map(|(uid, _)| Item::Delete(uid.clone())));
                todo.push(Item::Delete(uid.clone()));
            }
        }
    }

    fn unlink(&mut self, owner: &str, dependent: &Uid) {
        if let Some(dependents) = self.dependents.get_mut(owner) {
            dependents.remove(dependent);
            if dependents.is_empty() {
                self.dependents.remove(owner);
            }
        }
    }
}

impl State {
    fn of(meta: &Meta) -> Self {
        let has = |finalizer: &str| meta.finalizers.iter().any(|other| other == finalizer);
        match meta.deletion_timestamp {
            None => Self::Alive,
            Some(_) if has(ORPHAN) => Self::Orphaning,
            Some(_) if has(FOREGROUND) => Self::DeletingDependents,
            Some(_) => Self::Ending,
        }
    }
}

impl Node {
    /// Whether `reference`, in an object of that namespace, means this one.
    fn is_named_by(&self, reference: &OwnerReference, namespace: &str) -> bool {
        let kind = GroupVersionKind::parse(&reference.api_version, &reference.kind);
        *reference.name == *self.name
            && kind.group == self.resource.kind.group
            && kind.kind == self.resource.kind.kind
            && (!self.resource.namespaced || *namespace == *self.namespace)
    }

    fn identity(&self, uid: &str) -> Identity {
        Identity {
            uid: uid.to_owned(),
            kind: self.resource.kind.clone(),
            namespace: self.namespace.to_string(),
            name: self.name.to_string(),
        }
    }
}
