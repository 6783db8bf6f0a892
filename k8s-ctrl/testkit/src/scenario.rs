use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use k8s_api::{GroupVersionResource, Kind};
use k8s_ctrl::{Controller, Controllers};

use crate::Role;

/// What a controller is tried with: the world it finds, what is asked of it, who else is there.
///
/// It is made anew for each run of a case, and each run makes a new cluster.
pub struct Scenario {
    pub(crate) controllers: Controllers,
    pub(crate) given: Vec<String>,
    pub(crate) steps: Vec<Step>,
    pub(crate) roles: Vec<Arc<dyn Role>>,
    pub(crate) expected: Vec<(GroupVersionResource, usize)>,
    pub(crate) healed: Vec<GroupVersionResource>,
    pub(crate) patience: Duration,
    pub(crate) rbac: bool,
    pub(crate) deletable: bool,
    pub(crate) begins_anew: bool,
}

/// What somebody asks for.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// That these objects be, and be so.
    Apply(String),
    /// That these objects go.
    Delete(String),
}

impl Scenario {
    /// A scenario for one controller.
    pub fn new(controller: impl Controller) -> Self {
        Self::of(Controllers::none().with(controller))
    }

    /// A scenario for controllers that make something so together.
    pub fn of(controllers: Controllers) -> Self {
        Self {
            controllers,
            given: Vec::new(),
            steps: Vec::new(),
            roles: Vec::new(),
            expected: Vec::new(),
            healed: Vec::new(),
            patience: Duration::from_secs(120),
            rbac: false,
            deletable: true,
            begins_anew: false,
        }
    }

    /// Objects (a YAML manifest) that were there before the controller, and stay.
    pub fn given(mut self, manifest: impl Into<String>) -> Self {
        self.given.push(manifest.into());
        self
    }

    /// Somebody applies these objects (a YAML manifest) once all before has come to rest. The first step is what the
    /// cases delete, and what a controller that comes late finds.
    pub fn apply(mut self, manifest: impl Into<String>) -> Self {
        self.steps.push(Step::Apply(manifest.into()));
        self
    }

    /// Somebody deletes these objects (a YAML manifest; kinds and names are enough), the last first, once all before has
    /// come to rest.
    pub fn delete(mut self, manifest: impl Into<String>) -> Self {
        self.steps.push(Step::Delete(manifest.into()));
        self
    }

    /// Somebody else in the cluster.
    pub fn role(mut self, role: impl Role) -> Self {
        self.roles.push(Arc::new(role));
        self
    }

    /// In the end there are so many objects of this kind.
    pub fn ends_with<K: Kind>(mut self, count: usize) -> Self {
        self.expected.push((K::gvr(), count));
        self
    }

    /// Objects of this kind that the controller makes come back when somebody deletes them.
    pub fn heals<K: Kind>(mut self) -> Self {
        self.healed.push(K::gvr());
        self
    }

    /// How long nothing must happen until the world counts as being at rest, by default two minutes. It has to be longer
    /// than any timer of the controller that leads to a write.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The server has upstream's roles and lets the controller do what they allow. Without it everybody may do
    /// everything.
    pub fn rbac(mut self) -> Self {
        self.rbac = true;
        self
    }

    /// A new start of this controller means writes even where all is as it ought to be.
    pub fn begins_anew(mut self) -> Self {
        self.begins_anew = true;
        self
    }

    /// Objects of the first step cannot be deleted for good here, or leave something behind: the cases that delete them
    /// are left out.
    pub fn undeletable(mut self) -> Self {
        self.deletable = false;
        self
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario").field("controllers", &self.controllers).finish_non_exhaustive()
    }
}
