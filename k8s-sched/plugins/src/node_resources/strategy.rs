use serde::Deserialize;

use k8s_sched::{MAX_SCORE, NodeInfo, PodInfo};

use super::{ResourceSpec, cpu_and_memory, usage};

/// Which nodes are better, by how full they are.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScoringStrategy {
    /// The rule.
    #[serde(rename = "type")]
    pub kind: ScoringStrategyType,
    /// The resources that count; CPU and memory alike unless set.
    pub resources: Vec<ResourceSpec>,
    /// The rule's shape, for [`ScoringStrategyType::RequestedToCapacityRatio`].
    pub requested_to_capacity_ratio: Option<RequestedToCapacityRatio>,
}

/// A rule for which nodes are better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum ScoringStrategyType {
    /// The emptier, the better.
    #[default]
    LeastAllocated,
    /// The fuller, the better.
    MostAllocated,
    /// As a curve over utilization says.
    RequestedToCapacityRatio,
}

/// A curve over utilization.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RequestedToCapacityRatio {
    /// Its corners, by rising utilization; straight lines between them.
    pub shape: Vec<UtilizationShapePoint>,
}

/// A corner of the curve.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct UtilizationShapePoint {
    /// In percent.
    pub utilization: i64,
    /// From 0 to 10.
    pub score: i64,
}

impl Default for ScoringStrategy {
    fn default() -> Self {
        Self { kind: ScoringStrategyType::default(), resources: cpu_and_memory(), requested_to_capacity_ratio: None }
    }
}

impl ScoringStrategy {
    pub(super) fn check(&mut self) -> Result<(), String> {
        super::check_resources(&mut self.resources)?;
        if self.kind != ScoringStrategyType::RequestedToCapacityRatio {
            return Ok(());
        }
        let shape = self.shape();
        if shape.is_empty() {
            return Err("requestedToCapacityRatio needs at least one point".to_owned());
        }
        let in_range = |p: &UtilizationShapePoint| (0..=100).contains(&p.utilization) && (0..=10).contains(&p.score);
        if !shape.iter().all(in_range) {
            return Err("utilization must be in 0..=100 and score in 0..=10".to_owned());
        }
        if !shape.windows(2).all(|pair| pair[0].utilization < pair[1].utilization) {
            return Err("utilization must rise from point to point".to_owned());
        }
        Ok(())
    }

    pub(super) fn score(&self, pod: &PodInfo, node: &NodeInfo) -> i64 {
        let (mut sum, mut weights) = (0, 0);
        for resource in &self.resources {
            let Some(usage) = usage(&resource.name, false, pod, node) else { continue };
            let score = self.resource_score(usage.after, usage.allocatable);
            // A resource that the curve gives nothing does not drag down the others.
            if self.kind != ScoringStrategyType::RequestedToCapacityRatio || score > 0 {
                sum += score * resource.weight;
                weights += resource.weight;
            }
        }
        match (weights, self.kind) {
            (0, _) => 0,
            (_, ScoringStrategyType::RequestedToCapacityRatio) => (sum as f64 / weights as f64).round() as i64,
            _ => sum / weights,
        }
    }

    fn resource_score(&self, requested: i64, capacity: i64) -> i64 {
        match self.kind {
            ScoringStrategyType::LeastAllocated if requested > capacity => 0,
            ScoringStrategyType::LeastAllocated => (capacity - requested) * MAX_SCORE / capacity,
            ScoringStrategyType::MostAllocated => requested.min(capacity) * MAX_SCORE / capacity,
            ScoringStrategyType::RequestedToCapacityRatio if requested > capacity => self.curve(100),
            ScoringStrategyType::RequestedToCapacityRatio => self.curve(requested * 100 / capacity),
        }
    }

    fn shape(&self) -> &[UtilizationShapePoint] {
        self.requested_to_capacity_ratio.as_ref().map_or(&[], |ratio| &ratio.shape)
    }

    fn curve(&self, utilization: i64) -> i64 {
        let shape = self.shape();
        let scaled = |point: UtilizationShapePoint| point.score * (MAX_SCORE / 10);
        let Some(next) = shape.iter().position(|point| utilization <= point.utilization) else {
            return shape.last().copied().map_or(0, scaled);
        };
        if next == 0 {
            return scaled(shape[0]);
        }
        let (from, to) = (shape[next - 1], shape[next]);
        let rise = (scaled(to) - scaled(from)) * (utilization - from.utilization);
        scaled(from) + rise / (to.utilization - from.utilization)
    }
}
