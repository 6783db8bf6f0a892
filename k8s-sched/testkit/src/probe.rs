use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use k8s_sched::plugin::{Plugin, PostFilter, PostFilterContext, PostFiltered};
use k8s_sched::{CycleState, Filter, NodeInfo, PodInfo, Simulation, Status};

type Ask = fn(&Subject, &PostFilterContext<'_>);

/// What is being tried.
pub(crate) struct Subject {
    pub(crate) make: fn() -> Plugin,
    pub(crate) cluster: &'static str,
    pub(crate) pod: String,
}

/// A plugin that turns down every node at first, so as to be asked after the filters, and then asks the plugin beside
/// it what it wants to know.
struct Probe {
    ask: Ask,
    subject: Subject,
    asking: AtomicBool,
}

/// Asks in the middle of a cycle for `pod`, in which there is the plugin under test beside the probe.
pub(crate) fn probe(make: fn() -> Plugin, cluster: &'static str, pod: &str, ask: Ask) {
    let subject = Subject { make, cluster, pod: pod.to_owned() };
    let probe = Plugin::new("Probe", Probe { ask, subject, asking: AtomicBool::new(false) }).filter().post_filter();
    Simulation::new(cluster).with(make()).with(probe).schedule(pod);
}

/// What the filters say to every node, by name; `changed` stands for the node of its name.
pub(crate) fn answers(
    context: &PostFilterContext<'_>,
    state: &CycleState,
    changed: Option<&NodeInfo>,
) -> Vec<(Arc<str>, Result<(), Status>)> {
    let nodes = context.snapshot().nodes().iter();
    nodes
        .map(|node| {
            let now = changed.filter(|changed| changed.name() == node.name()).unwrap_or(node);
            (node.shared_name().clone(), context.filter(state, now))
        })
        .collect()
}

impl Filter for Probe {
    fn name(&self) -> &'static str {
        "Probe"
    }

    fn filter(&self, _: &CycleState, _: &PodInfo, _: &NodeInfo) -> Result<(), Status> {
        if self.asking.load(Ordering::Relaxed) { Ok(()) } else { Err(Status::unschedulable("asking")) }
    }
}

impl PostFilter for Probe {
    fn post_filter(&self, context: &PostFilterContext<'_>, _: &PodInfo) -> Result<PostFiltered, Status> {
        self.asking.store(true, Ordering::Relaxed);
        // A pod that was turned down before any node was looked at has no state to ask about.
        if !context.pre_filtered_out() {
            (self.ask)(&self.subject, context);
        }
        Err(Status::unschedulable("asked"))
    }
}
