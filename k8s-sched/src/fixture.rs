#![doc = include_str!("fixture.md")]

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_api::quantity::Quantity;

use crate::{
    AffinityTerm, Error, HostPort, NodeExpression, NodeFacts, NodeRequirement, NodeTerm, NodeTest, PodInfo, Resources,
    Selector, SpreadConstraint, Taint, TaintEffect, Toleration,
};

/// CPU in milli-cores that a container without request counts as in scores.
pub(crate) const DEFAULT_MILLI_CPU: i64 = 100;
/// Memory in bytes that a container without request counts as in scores.
pub(crate) const DEFAULT_MEMORY: i64 = 200 * 1024 * 1024;

/// What a text describes, in its order.
#[derive(Debug, Default)]
pub(crate) struct Fixture {
    pub(crate) nodes: Vec<NodeFacts>,
    pub(crate) pods: Vec<PodInfo>,
}

impl Fixture {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let mut fixture = Self::default();
        for statement in text.split([';', '\n']).map(str::trim).filter(|s| !s.is_empty() && !s.starts_with('#')) {
            let mut words = statement.split_whitespace();
            let (kind, name) = (words.next().unwrap_or_default(), words.next());
            let name = name.ok_or_else(|| wrong(statement, "a name is missing"))?;
            match kind {
                "node" => fixture.node(name, words)?,
                "pod" => {
                    let pod = pod(name, words, fixture.pods.len())?;
                    fixture.pods.push(pod);
                }
                _ => return Err(wrong(statement, "neither a node nor a pod")),
            }
        }
        Ok(fixture)
    }

    fn node<'a>(&mut self, name: &str, words: impl Iterator<Item = &'a str>) -> Result<(), Error> {
        let mut facts = NodeFacts { name: name.into(), ..NodeFacts::default() };
        facts.allocatable.pods = 110;
        facts.labels = facts.labels.with("kubernetes.io/hostname", name);
        for word in words {
            if word == "cordoned" {
                facts.unschedulable = true;
            } else if let Some(label) = word.strip_prefix("label:") {
                let (key, value) = pair(label)?;
                facts.labels = facts.labels.with(key, value);
            } else if let Some(taint) = word.strip_prefix("taint:") {
                facts.taints.push(self::taint(taint)?);
            } else if let Some(image) = word.strip_prefix("image:") {
                let (image, size) = pair(image)?;
                facts.images.insert(tagged(image), quantity(size)?.value());
            } else if let Some(used) = word.strip_prefix("used=") {
                let words = format!("cpu={used} on={name}");
                let pod = pod(&format!("{name}-used"), words.split(' '), self.pods.len())?;
                self.pods.push(pod);
            } else {
                set(&mut facts.allocatable, word)?;
            }
        }
        self.nodes.push(facts);
        Ok(())
    }
}

fn pod<'a>(name: &str, words: impl Iterator<Item = &'a str>, number: usize) -> Result<PodInfo, Error> {
    let mut pod = PodInfo {
        namespace: "default".into(),
        name: name.into(),
        uid: format!("uid-{name}").into(),
        scheduler_name: crate::DEFAULT_SCHEDULER_NAME.into(),
        created: number as i64,
        containers: 1,
        may_preempt: true,
        ..PodInfo::default()
    };
    let mut spread = Vec::new();
    for word in words {
        match word.split_once(':').filter(|(verb, _)| !verb.contains(['=', '/'])) {
            Some((verb @ ("spread" | "prefer-spread"), rest)) => spread.push((verb == "spread", pair(rest)?)),
            Some((verb, rest)) => wish(&mut pod, verb, rest).map_err(|error| in_word(error, word))?,
            None => plain(&mut pod, word)?,
        }
    }
    for (hard, (key, skew)) in spread {
        let selector = Selector::of_map(&pod.labels);
        pod.spread.push(SpreadConstraint::new(number_of(skew)?, key, hard, selector));
    }
    let (cpu, memory) = (pod.requests.milli_cpu, pod.requests.memory);
    pod.non_zero = (if cpu == 0 { DEFAULT_MILLI_CPU } else { cpu }, if memory == 0 { DEFAULT_MEMORY } else { memory });
    pod.non_zero_incoming = pod.non_zero;
    Ok(pod)
}

fn plain(pod: &mut PodInfo, word: &str) -> Result<(), Error> {
    let (key, value) = pair(word)?;
    match key {
        "on" => pod.node_name = Some(value.into()),
        "nominated" => pod.nominated_node = Some(value.into()),
        "priority" => pod.priority = i32::try_from(number_of(value)?).unwrap_or(i32::MAX),
        "image" => pod.images.push(tagged(value)),
        "gate" => pod.gates.push(value.to_owned()),
        "scheduler" => pod.scheduler_name = value.into(),
        "namespace" => {
            pod.namespace = value.into();
            pod.uid = format!("uid-{value}-{}", pod.name).into();
        }
        "port" => {
            let (port, protocol) = value.split_once('/').unwrap_or((value, "TCP"));
            let port = i32::try_from(number_of(port)?).unwrap_or(i32::MAX);
            pod.host_ports.push(HostPort { ip: "0.0.0.0".into(), protocol: protocol.into(), port });
        }
        _ => set(&mut pod.requests, word)?,
    }
    Ok(())
}

fn wish(pod: &mut PodInfo, verb: &str, rest: &str) -> Result<(), Error> {
    match verb {
        "label" => {
            let (key, value) = pair(rest)?;
            pod.labels = pod.labels.with(key, value);
        }
        "select" => {
            let (key, value) = pair(rest)?;
            let required = pod.required_nodes.get_or_insert_with(NodeRequirement::default);
            required.labels.push((key.into(), value.into()));
        }
        "tolerate" => pod.tolerations.push(toleration(rest)?),
        "near" => pod.affinity.required.push(term(pod, rest)?),
        "apart" => pod.affinity.required_anti.push(term(pod, rest)?),
        "prefer-near" | "prefer-apart" => {
            let (weight, rest) = rest.split_once(':').ok_or_else(|| wrong(rest, "a weight is missing"))?;
            let weighted = (number_of(weight)?, term(pod, rest)?);
            let near = verb == "prefer-near";
            if near { &mut pod.affinity.preferred } else { &mut pod.affinity.preferred_anti }.push(weighted);
        }
        "prefer" => {
            let (weight, rest) = rest.split_once(':').ok_or_else(|| wrong(rest, "a weight is missing"))?;
            let (key, value) = pair(rest)?;
            let test = NodeTest::In(vec![value.into()]);
            let labels = vec![NodeExpression { key: key.into(), test }];
            pod.preferred_nodes.push(number_of(weight)?, NodeTerm { labels, names: Vec::new() });
        }
        _ => return Err(wrong(verb, "not a property of a pod")),
    }
    Ok(())
}

fn term(pod: &PodInfo, text: &str) -> Result<AffinityTerm, Error> {
    let (labels, topology) = text.split_once('@').ok_or_else(|| wrong(text, "a topology (@key) is missing"))?;
    let (key, value) = pair(labels)?;
    let selector = Selector::of_map(&BTreeMap::from([(key.to_owned(), value.to_owned())]));
    Ok(AffinityTerm::new(topology_key(topology), selector, vec![pod.namespace.clone()]))
}

/// `host` stands for the label every node has.
fn topology_key(text: &str) -> &str {
    if text == "host" { "kubernetes.io/hostname" } else { text }
}

fn taint(text: &str) -> Result<Taint, Error> {
    let (pair, effect) = text.rsplit_once(':').ok_or_else(|| wrong(text, "an effect is missing"))?;
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    Ok(Taint { key: key.into(), value: value.into(), effect: self::effect(effect)? })
}

fn toleration(text: &str) -> Result<Toleration, Error> {
    let (pair, effect) = match text.rsplit_once(':') {
        Some((pair, effect)) => (pair, Some(self::effect(effect)?)),
        None => (text, None),
    };
    let (key, value) = pair.split_once('=').map_or((pair, None), |(key, value)| (key, Some(value.into())));
    Ok(Toleration { key: (key != "*").then(|| key.into()), value, effect })
}

fn effect(text: &str) -> Result<TaintEffect, Error> {
    TaintEffect::parse(text).ok_or_else(|| wrong(text, "not an effect of a taint"))
}

fn set(resources: &mut Resources, word: &str) -> Result<(), Error> {
    let (name, amount) = pair(word)?;
    let amount = quantity(amount)?;
    resources.set(name, if name == "cpu" { amount.milli_value() } else { amount.value() });
    Ok(())
}

fn quantity(text: &str) -> Result<Quantity, Error> {
    Quantity::parse(text).map_err(|error| wrong(text, &error.to_string()))
}

fn number_of(text: &str) -> Result<i64, Error> {
    text.parse().map_err(|_| wrong(text, "not a number"))
}

fn pair(text: &str) -> Result<(&str, &str), Error> {
    text.split_once('=').ok_or_else(|| wrong(text, "not key=value"))
}

/// An image's name with the tag that it has when none is written.
pub(crate) fn tagged(image: &str) -> Arc<str> {
    if image.rfind(':') <= image.rfind('/') { format!("{image}:latest").into() } else { image.into() }
}

fn in_word(error: Error, word: &str) -> Error {
    match error {
        Error::Fixture { message, .. } => wrong(word, &message),
        other => other,
    }
}

fn wrong(text: &str, message: &str) -> Error {
    Error::Fixture { text: text.to_owned(), message: message.to_owned() }
}
