//! The scheduler's configuration file, as far as it is about profiles and their plugins.
//!
//! Upstream: `kubescheduler.config.k8s.io/v1`.

use serde::Deserialize;
use serde_json::Value;

/// `KubeSchedulerConfiguration`. Fields about processes (leader election, client connection) are read over.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SchedulerConfiguration {
    /// The profiles; one with all defaults when empty.
    pub profiles: Vec<ProfileConfiguration>,
    /// For profiles that do not say it themselves; 0 adapts.
    pub percentage_of_nodes_to_score: Option<u32>,
    /// The wait after a pod's first failure, in seconds.
    pub pod_initial_backoff_seconds: Option<u64>,
    /// The longest such wait, in seconds.
    pub pod_max_backoff_seconds: Option<u64>,
}

/// One profile.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProfileConfiguration {
    /// The name by which pods choose it; `default-scheduler` unless set.
    pub scheduler_name: Option<String>,
    /// See [`Profile::percentage_of_nodes_to_score`](crate::Profile::percentage_of_nodes_to_score).
    pub percentage_of_nodes_to_score: Option<u32>,
    /// Which plugins run, against the defaults.
    pub plugins: PluginSets,
    /// The plugins' arguments.
    pub plugin_config: Vec<PluginConfiguration>,
}

/// Which plugins run at which extension points.
///
/// A plugin runs at all points it implements; `multiPoint` adds and removes whole plugins. The other sets can take a
/// plugin off one point, or bring it in there alone.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PluginSets {
    /// All points.
    pub multi_point: PluginSetConfiguration,
    /// [`PreEnqueue`](crate::plugin::PreEnqueue).
    pub pre_enqueue: PluginSetConfiguration,
    /// [`QueueSort`](crate::plugin::QueueSort).
    pub queue_sort: PluginSetConfiguration,
    /// [`PreFilter`](crate::plugin::PreFilter).
    pub pre_filter: PluginSetConfiguration,
    /// [`Filter`](crate::plugin::Filter).
    pub filter: PluginSetConfiguration,
    /// [`PostFilter`](crate::plugin::PostFilter).
    pub post_filter: PluginSetConfiguration,
    /// [`PreScore`](crate::plugin::PreScore).
    pub pre_score: PluginSetConfiguration,
    /// [`Score`](crate::plugin::Score).
    pub score: PluginSetConfiguration,
    /// [`Reserve`](crate::plugin::Reserve).
    pub reserve: PluginSetConfiguration,
    /// [`Permit`](crate::plugin::Permit).
    pub permit: PluginSetConfiguration,
    /// [`PreBind`](crate::plugin::PreBind).
    pub pre_bind: PluginSetConfiguration,
    /// [`Bind`](crate::plugin::Bind).
    pub bind: PluginSetConfiguration,
    /// [`PostBind`](crate::plugin::PostBind).
    pub post_bind: PluginSetConfiguration,
}

/// What is added to, and removed from, the defaults.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PluginSetConfiguration {
    /// Added.
    pub enabled: Vec<PluginReference>,
    /// Removed; `*` for all defaults.
    pub disabled: Vec<PluginReference>,
}

/// A plugin by name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PluginReference {
    /// The name.
    pub name: String,
    /// The factor with which its scores count; 0 means the default.
    pub weight: i64,
}

/// A plugin's arguments.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PluginConfiguration {
    /// The plugin.
    pub name: String,
    /// Its arguments, with or without `apiVersion` and `kind`.
    pub args: Value,
}

impl SchedulerConfiguration {
    /// How long failed pods wait.
    pub fn queue_options(&self) -> crate::QueueOptions {
        let mut options = crate::QueueOptions::default();
        if let Some(seconds) = self.pod_initial_backoff_seconds {
            options.initial_backoff = std::time::Duration::from_secs(seconds);
        }
        if let Some(seconds) = self.pod_max_backoff_seconds {
            options.max_backoff = std::time::Duration::from_secs(seconds);
        }
        options
    }
}
