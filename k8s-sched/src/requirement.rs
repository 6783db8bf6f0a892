use std::collections::BTreeSet;
use std::sync::Arc;

use crate::NodeInfo;

/// Which nodes a pod must go to: its node selector and its required node affinity, both.
///
/// Upstream: `k8s.io/component-helpers/scheduling/corev1/nodeaffinity`.
#[derive(Clone, Debug, Default)]
pub struct NodeRequirement {
    /// Labels a node must have (`spec.nodeSelector`).
    pub labels: Vec<(Arc<str>, Arc<str>)>,
    /// Terms of which a node must match one (`requiredDuringSchedulingIgnoredDuringExecution`), if there are any;
    /// an empty list matches no node.
    pub terms: Option<Vec<NodeTerm>>,
}

impl NodeRequirement {
    /// Whether `node` will do.
    pub fn matches(&self, node: &NodeInfo) -> bool {
        self.labels.iter().all(|(key, value)| node.labels().value(key) == Some(&**value))
            && self.terms.as_ref().is_none_or(|terms| terms.iter().any(|term| term.matches(node)))
    }

    /// The nodes named by `metadata.name` fields, when every term names some: no other node can match.
    pub fn named_nodes(&self) -> Option<BTreeSet<Arc<str>>> {
        let terms = self.terms.as_ref().filter(|terms| !terms.is_empty())?;
        let mut all = BTreeSet::new();
        for term in terms {
            all.extend(term.named_nodes()?);
        }
        Some(all)
    }
}

/// Preferences among nodes, each with its weight.
#[derive(Clone, Debug, Default)]
pub struct PreferredNodes(Vec<(i64, NodeTerm)>);

impl PreferredNodes {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a preference. One without weight or without expressions says nothing and is dropped.
    pub fn push(&mut self, weight: i64, term: NodeTerm) {
        if weight != 0 && !term.is_empty() {
            self.0.push((weight, term));
        }
    }

    /// The sum of the weights of the terms that `node` matches.
    pub fn score(&self, node: &NodeInfo) -> i64 {
        self.0.iter().filter(|(_, term)| term.matches(node)).map(|(weight, _)| weight).sum()
    }
}

/// Expressions that must all hold of one node. A term without any matches nothing.
#[derive(Clone, Debug, Default)]
pub struct NodeTerm {
    /// Over the node's labels.
    pub labels: Vec<NodeExpression>,
    /// Over the node's `metadata.name`.
    pub names: Vec<NodeExpression>,
}

impl NodeTerm {
    /// Whether it has no expression.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.names.is_empty()
    }

    /// Whether every expression holds.
    pub fn matches(&self, node: &NodeInfo) -> bool {
        !self.is_empty()
            && self.labels.iter().all(|e| e.test.holds(node.labels().value(&e.key)))
            && self.names.iter().all(|e| e.test.holds(Some(node.name())))
    }

    fn named_nodes(&self) -> Option<BTreeSet<Arc<str>>> {
        let mut names: Option<BTreeSet<Arc<str>>> = None;
        for expression in &self.names {
            if let NodeTest::In(values) = &expression.test {
                let these: BTreeSet<_> = values.iter().cloned().collect();
                names = Some(names.map_or_else(|| these.clone(), |known| &known & &these));
            }
        }
        names
    }
}

/// One expression of a [`NodeTerm`].
#[derive(Clone, Debug)]
pub struct NodeExpression {
    /// The label's key, or `metadata.name`.
    pub key: Arc<str>,
    /// What must hold of its value.
    pub test: NodeTest,
}

/// What must hold of a value.
#[derive(Clone, Debug)]
pub enum NodeTest {
    /// It is one of these.
    In(Vec<Arc<str>>),
    /// It is none of these, or absent.
    NotIn(Vec<Arc<str>>),
    /// It is present.
    Exists,
    /// It is absent.
    DoesNotExist,
    /// It is an integer above this.
    Gt(i64),
    /// It is an integer below this.
    Lt(i64),
    /// The expression could not be understood: no node matches.
    Never,
}

impl NodeTest {
    fn holds(&self, value: Option<&str>) -> bool {
        let among = |values: &[Arc<str>]| value.is_some_and(|value| values.iter().any(|v| **v == *value));
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match self {
            Self::In(values) => among(values),
            Self::NotIn(values) => !among(values),
            Self::Exists => value.is_some(),
            Self::DoesNotExist => value.is_none(),
            Self::Gt(bound) => number().is_some_and(|n| n > *bound),
            Self::Lt(bound) => number().is_some_and(|n| n < *bound),
            Self::Never => false,
        }
    }
}
