mod adopt; // what an agent before this one has left

use std::sync::Arc;
use std::time::Duration;

use k8s_api::quantity::Quantity;
use k8s_api_client::events::{EventApi, EventType, Source};
use k8s_api_client::informer::{Event, Selection};
use k8s_api_client::{Client, Informer, Informers, NodeApi, Recorder};
use k8s_cni::{NodeAddresses, NodeNetwork};
use k8s_cri::RuntimeConfig;
use k8s_env::{Env, Tasks};
use k8s_openapi::api::core::v1::{Node as NodeObject, ObjectReference, Pod, Service};
use tokio::sync::Notify;

use crate::context::{Context, Routes};
use crate::machine::{self, Description, Heartbeat};
use crate::objects::Objects;
use crate::pods::Pods;
use crate::server::Server;
use crate::{Error, NodeBuilder, proxy};

/// How long a leaving node tries to say so.
const GOODBYE: Duration = Duration::from_secs(1);
/// What containers get when their node stops.
const LAST_GRACE: Duration = Duration::from_secs(1);

/// A running node agent.
///
/// Dropping it cancels all its tasks at once and undoes nothing: what runs, runs on, and the next agent of that name on
/// the same runtime takes it over.
pub struct Node {
    context: Arc<Context>,
    about: Arc<Description>,
    informers: Informers,
    tasks: Tasks,
    server: Arc<dyn NodeApi>,
}

impl Node {
    /// Begins to make a node that talks to the API as `client`, whose identity should be
    /// [`UserInfo::node`](k8s_api::UserInfo::node).
    pub fn builder(name: impl Into<String>, client: Client, env: Env) -> NodeBuilder {
        NodeBuilder::new(name.into(), client, env)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.context.name
    }

    /// Its own HTTP API: logs, health.
    pub fn api(&self) -> &Arc<dyn NodeApi> {
        &self.server
    }

    /// Ends as a machine ends that loses its power: all tasks stop at once, nothing is told to anybody and nothing is
    /// cleaned up.
    pub fn crash(self) {
        drop(self);
    }

    /// Stops the agent and all that runs on the node: containers get a second to end, sandboxes, volumes and addresses
    /// are given back, and the API is told that the node is not ready. The pods stay in the API as they were.
    ///
    /// Cancellation: dropping the future leaves what was not undone yet.
    pub async fn stop(self) {
        self.tasks.stop().await;
        self.informers.stop().await;
        let goodbye = machine::say_leaving(&self.context, &self.about);
        if !matches!(tokio::time::timeout(GOODBYE, goodbye).await, Ok(Ok(()))) {
            tracing::debug!(node = self.context.name, "the API server did not hear that the node leaves");
        }
        adopt::clear(&self.context, LAST_GRACE).await;
    }

    pub(crate) async fn start(builder: NodeBuilder) -> Result<Self, Error> {
        let tasks = Tasks::new();
        let informers = Informers::new(builder.client.clone(), builder.env.clone());
        let mut about = builder.about.clone();
        about.capacity = builder.capacities()?;
        about.allocatable.clone_from(&about.capacity);
        let (proxy, registry) = (builder.proxy.clone(), builder.registry.clone());
        let context = Arc::new(context(builder, &about, &informers, &tasks).await?);
        let runtime = context.runtime.version().await?;
        about.info.container_runtime_version = format!("{}://{}", runtime.name, runtime.version);
        let about = Arc::new(about);
        if !about.pod_cidrs.is_empty() {
            configure(&context, &about.pod_cidrs).await?;
        }
        let events = context.runtime.subscribe().await?;
        let found = adopt::found(&context).await?;
        let registered = machine::register(&context, &about).await?;
        say_hello(&context, &registered);

        let own =
            informers.select::<NodeObject>(Selection::default().fields(format!("metadata.name={}", context.name)));
        let bound = informers.select::<Pod>(Selection::default().fields(format!("spec.nodeName={}", context.name)));
        let changed = Arc::new(Notify::new());
        let heart =
            Heartbeat { context: context.clone(), about: about.clone(), node: own.clone(), changed: changed.clone() };
        tasks.spawn(heart.run(registered));
        if about.pod_cidrs.is_empty() {
            tasks.spawn(await_ranges(context.clone(), own.clone(), changed));
        }
        let pods = Pods::new(context.clone(), tasks.spawner(), own, found);
        tasks.spawn(pods.clone().follow(bound.subscribe()));
        tasks.spawn(Pods::follow_runtime(context.clone(), events));
        if let Some(proxy) = proxy {
            let compiler = proxy::Compiler::new(&context.name, &informers);
            let addresses = NodeAddresses(context.ips.clone());
            tasks.spawn(compiler.run(proxy, addresses));
        }
        let server: Arc<dyn NodeApi> = Arc::new(Server::new(context.clone(), bound.reader()));
        if let Some(registry) = registry {
            registry.register(&context.name, &server);
        }
        Ok(Self { context, about, informers, tasks, server })
    }
}

async fn context(
    builder: NodeBuilder,
    about: &Description,
    informers: &Informers,
    tasks: &Tasks,
) -> Result<Context, Error> {
    let missing = |what| Error::Missing { what };
    let NodeBuilder { name, client, env, runtime, images, network, volumes, prober, dns, mut ips, .. } = builder;
    let runtime = runtime.ok_or(missing("container runtime"))?;
    let source = Source::at("kubelet", &name);
    let recorder = Recorder::start(client.clone(), EventApi::Core, source, env.clone(), &tasks.spawner());
    if ips.is_empty() {
        ips.push(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let amount = |name: &str| about.allocatable.get(name).and_then(|text| Quantity::try_from(text).ok());
    let allocatable =
        (amount("cpu").map_or(0, |cpu| cpu.milli_value()), amount("memory").map_or(0, |memory| memory.value()));
    Ok(Context {
        objects: Objects::new(client.clone(), env.clone()),
        runtime_name: runtime.version().await?.name,
        network_owner: runtime.status().await?.network_owner,
        images: images.ok_or(missing("image service"))?,
        network: network.ok_or(missing("pod network"))?,
        volumes: volumes.ok_or(missing("volumes"))?,
        services: informers.get::<Service>(),
        routes: Routes::default(),
        name,
        env,
        client,
        runtime,
        prober,
        recorder,
        ips,
        dns,
        allocatable,
    })
}

/// Hands the node's ranges to network and runtime.
async fn configure(context: &Context, ranges: &[String]) -> Result<(), Error> {
    let mut pod_cidrs = Vec::new();
    for range in ranges {
        let invalid = |_| Error::Invalid { what: "range of pod addresses", message: range.clone() };
        pod_cidrs.push(range.parse::<ipnet::IpNet>().map_err(invalid)?);
    }
    let ranges = pod_cidrs.iter().map(|range| (range.addr(), range.prefix_len())).collect();
    context.runtime.configure(RuntimeConfig { pod_cidrs: ranges }).await?;
    context.network.configure(NodeNetwork { pod_cidrs, node_ips: context.ips.clone() }).await?;
    Ok(())
}

/// Waits until somebody gives the node its ranges.
async fn await_ranges(context: Arc<Context>, node: Informer<NodeObject>, changed: Arc<Notify>) {
    let mut events = node.subscribe();
    let mut known = Vec::new();
    while let Some(event) = events.next().await {
        let spec = event.current().and_then(|node| node.spec.as_ref());
        let ranges = spec.and_then(|spec| spec.pod_cidrs.clone()).unwrap_or_default();
        if ranges.is_empty() || ranges == known {
            continue;
        }
        match configure(&context, &ranges).await {
            Ok(()) => {
                known = ranges;
                changed.notify_one();
            }
            Err(error) => tracing::warn!(node = context.name, %error, "the node's ranges do not work"),
        }
        if let Event::Deleted(_) = event {
            break;
        }
    }
}

/// The first events of a node, about an object whose uid is its name, as upstream has it.
fn say_hello(context: &Context, node: &NodeObject) {
    let name = context.name.clone();
    let reference = ObjectReference {
        kind: Some("Node".to_owned()),
        name: Some(name.clone()),
        uid: node.metadata.uid.clone(),
        ..ObjectReference::default()
    };
    let say = |reason, message: String| {
        context.recorder.event_for(reference.clone(), EventType::Normal, reason, message);
    };
    say("Starting", "Starting kubelet.".to_owned());
    for reason in ["NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID"] {
        say(reason, format!("Node {name} status is now: {reason}"));
    }
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("name", &self.context.name).finish_non_exhaustive()
    }
}
