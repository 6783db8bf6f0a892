use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use k8s_api_client::{Client, NodeRegistry};
use k8s_cni::memory::{Fabric, MemoryNetwork};
use k8s_cri::ContainerConfig;
use k8s_cri::memory::{Behavior, Match, MemoryRuntime};
use k8s_csi::memory::MemoryVolumes;
use k8s_env::Env;

use crate::compile::container::ENDS;
use crate::{Error, Node, NodeBuilder};

/// What pods may fill of a disk that is not there.
const DISK: &str = "100Gi";
/// How long a container takes to do what nobody said and it is expected to get done.
const WORKS_FOR: Duration = Duration::from_secs(1);

/// A node that is all in memory: it behaves as a true one towards the API, and its containers as a test scripts them.
///
/// # What a made-up container does
/// What the last script that fits says. Without one it does what its command says, as far as the memory runtime
/// understands it: `echo hi; exit 3` in a shell writes a line and fails. Of all others, those that are expected to come
/// to an end do so, a second after they started, with code 0 and without a word: init containers, and the containers of
/// a Job's pods. The rest, images that nobody knows the entry point of, run forever and are healthy.
///
/// ```
/// use std::time::Duration;
/// use k8s_cri::memory::{Behavior, Match};
/// use k8s_node::HollowNode;
///
/// let node = HollowNode::new("node-1").cpu(8).memory("32Gi").script(
///     Match::image("flaky"),
///     Behavior::new().runs_for(Duration::from_secs(5)).exits_with(1),
/// );
/// assert_eq!(node.name(), "node-1");
/// ```
#[derive(Debug)]
pub struct HollowNode {
    name: String,
    set: Vec<(Part, String, String, String)>,
    ip: Option<IpAddr>,
    scripts: Vec<(Match, Behavior)>,
    ignores_commands: bool,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    Cpu,
    Memory,
    Pods,
    Storage,
    Label,
    Taint,
    PodCidr,
}

/// The machine under a [`HollowNode`]: what survives its agent, and what a test scripts. Cloning shares it.
#[derive(Clone, Debug)]
pub struct HollowMachine {
    /// Its containers and images.
    pub runtime: MemoryRuntime,
    /// Its place in the pod network, with services and policies.
    pub network: MemoryNetwork,
    /// Its volumes.
    pub volumes: MemoryVolumes,
}

impl HollowNode {
    /// A node of this name with one core, 3840 MiB of memory, 100 GiB of disk and room for 110 pods.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), set: Vec::new(), ip: None, scripts: Vec::new(), ignores_commands: false }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// As [`NodeBuilder::cpu`].
    pub fn cpu(self, cores: impl ToString) -> Self {
        self.with(Part::Cpu, cores, "", "")
    }

    /// As [`NodeBuilder::memory`].
    pub fn memory(self, bytes: impl ToString) -> Self {
        self.with(Part::Memory, bytes, "", "")
    }

    /// As [`NodeBuilder::pods`].
    pub fn pods(self, count: impl ToString) -> Self {
        self.with(Part::Pods, count, "", "")
    }

    /// As [`NodeBuilder::ephemeral_storage`].
    pub fn ephemeral_storage(self, bytes: impl ToString) -> Self {
        self.with(Part::Storage, bytes, "", "")
    }

    /// As [`NodeBuilder::label`].
    pub fn label(self, key: impl ToString, value: impl ToString) -> Self {
        self.with(Part::Label, key, &value.to_string(), "")
    }

    /// As [`NodeBuilder::taint`].
    pub fn taint(self, key: impl ToString, value: impl ToString, effect: impl ToString) -> Self {
        self.with(Part::Taint, key, &value.to_string(), &effect.to_string())
    }

    /// As [`NodeBuilder::pod_cidr`].
    pub fn pod_cidr(self, range: impl ToString) -> Self {
        self.with(Part::PodCidr, range, "", "")
    }

    /// Whether it was given a range of pod addresses.
    pub fn has_pod_cidr(&self) -> bool {
        self.set.iter().any(|(part, ..)| matches!(part, Part::PodCidr))
    }

    /// The node's address; `192.0.2.1` by default.
    pub fn ip(mut self, ip: impl Into<IpAddr>) -> Self {
        self.ip = Some(ip.into());
        self
    }

    /// Whether it was given an address.
    pub fn has_ip(&self) -> bool {
        self.ip.is_some()
    }

    /// Scripts the containers that fit; the last script that fits is followed.
    pub fn script(mut self, which: Match, behavior: Behavior) -> Self {
        self.scripts.push((which, behavior));
        self
    }

    /// Lets all containers without a script run forever, whatever they are for and their command says.
    pub fn ignores_commands(mut self) -> Self {
        self.ignores_commands = true;
        self
    }

    /// Makes the machine, on the wire that all nodes of the cluster share.
    pub fn machine(&self, env: &Env, fabric: &Fabric) -> HollowMachine {
        let volumes = MemoryVolumes::new();
        let files = volumes.clone();
        let mut runtime = MemoryRuntime::builder(env.clone()).files(move |path| files.read(path));
        for (which, behavior) in &self.scripts {
            runtime = runtime.script(which.clone(), behavior.clone());
        }
        if !self.ignores_commands {
            runtime = runtime.interprets_commands().unscripted(unscripted);
        }
        HollowMachine { runtime: runtime.build(), network: fabric.node(&self.name), volumes }
    }

    /// The agent on a machine, to be completed and started. A machine may have one agent after another.
    pub fn agent(&self, machine: &HollowMachine, client: Client, env: Env) -> NodeBuilder {
        let network = Arc::new(machine.network.clone());
        let mut agent = Node::builder(&self.name, client, env)
            .runtime(Arc::new(machine.runtime.clone()))
            .images(Arc::new(machine.runtime.clone()))
            .network(network.clone())
            .proxy(network)
            .volumes(Arc::new(machine.volumes.clone()))
            .ephemeral_storage(DISK)
            .ip(self.ip.unwrap_or(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))));
        for (part, first, second, third) in &self.set {
            agent = match part {
                Part::Cpu => agent.cpu(first),
                Part::Memory => agent.memory(first),
                Part::Pods => agent.pods(first),
                Part::Storage => agent.ephemeral_storage(first),
                Part::Label => agent.label(first, second),
                Part::Taint => agent.taint(first, second, third),
                Part::PodCidr => agent.pod_cidr(first),
            };
        }
        agent
    }

    /// Makes the machine and starts its agent.
    ///
    /// # Errors
    /// As [`NodeBuilder::start`].
    pub async fn start(
        self,
        client: Client,
        env: Env,
        fabric: &Fabric,
        registry: &NodeRegistry,
    ) -> Result<(Node, HollowMachine), Error> {
        let machine = self.machine(&env, fabric);
        let node = self.agent(&machine, client, env).registry(registry.clone()).start().await?;
        Ok((node, machine))
    }

    fn with(mut self, part: Part, first: impl ToString, second: &str, third: &str) -> Self {
        self.set.push((part, first.to_string(), second.to_owned(), third.to_owned()));
        self
    }
}

fn unscripted(container: &ContainerConfig) -> Behavior {
    if container.annotations.contains_key(ENDS) { Behavior::new().runs_for(WORKS_FOR) } else { Behavior::new() }
}
