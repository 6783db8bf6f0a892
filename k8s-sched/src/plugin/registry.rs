use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Plugin, Points};
use crate::config::{PluginSetConfiguration, PluginSets, ProfileConfiguration, SchedulerConfiguration};
use crate::{DEFAULT_SCHEDULER_NAME, Error, Profile};

/// Plugins by name, to be made from the arguments in a configuration.
#[derive(Clone, Default)]
pub struct Registry {
    makers: BTreeMap<Arc<str>, Maker>,
    /// Names and weights of the plugins of a profile that says nothing, in order.
    defaults: Vec<(Arc<str>, i64)>,
}

#[derive(Clone)]
enum Maker {
    Make(Arc<dyn Fn(Value) -> Result<Plugin, String> + Send + Sync>),
    /// Known to upstream, not to be had here.
    LeaveOut,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.makers.keys()).finish()
    }
}

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a plugin that is made from arguments of type `A`; absent arguments are decoded from `{}`.
    pub fn with<A: DeserializeOwned>(
        mut self,
        name: impl Into<Arc<str>>,
        make: impl Fn(A) -> Result<Plugin, String> + Send + Sync + 'static,
    ) -> Self {
        let decode = move |args: Value| make(serde_json::from_value(args).map_err(|error| error.to_string())?);
        self.makers.insert(name.into(), Maker::Make(Arc::new(decode)));
        self
    }

    /// Registers the name of a plugin that configurations mention but that is not to be had: profiles that enable it
    /// do without and [say so](Profile::left_out).
    pub fn without(mut self, name: impl Into<Arc<str>>) -> Self {
        self.makers.insert(name.into(), Maker::LeaveOut);
        self
    }

    /// Adds a registered plugin to those that a profile has unless it says otherwise.
    pub fn default_plugin(mut self, name: impl Into<Arc<str>>, weight: i64) -> Self {
        self.defaults.push((name.into(), weight));
        self
    }

    /// Makes one plugin.
    ///
    /// # Errors
    /// [`Error::UnknownPlugin`] and [`Error::PluginArgs`].
    pub fn plugin(&self, name: &str, args: Value) -> Result<Plugin, Error> {
        self.make(DEFAULT_SCHEDULER_NAME, name, args)?.ok_or_else(|| unknown(DEFAULT_SCHEDULER_NAME, name))
    }

    /// The profile that a configuration gets which says nothing.
    ///
    /// # Errors
    /// [`Error::UnknownPlugin`] when a default plugin is not registered.
    pub fn default_profile(&self) -> Result<Profile, Error> {
        self.profile(&ProfileConfiguration::default(), None)
    }

    /// The profiles that a configuration asks for.
    ///
    /// # Errors
    /// [`Error::UnknownPlugin`] and [`Error::PluginArgs`].
    pub fn profiles(&self, configuration: &SchedulerConfiguration) -> Result<Vec<Profile>, Error> {
        let percentage = configuration.percentage_of_nodes_to_score;
        if configuration.profiles.is_empty() {
            return Ok(vec![self.profile(&ProfileConfiguration::default(), percentage)?]);
        }
        configuration.profiles.iter().map(|profile| self.profile(profile, percentage)).collect()
    }

    fn profile(&self, wanted: &ProfileConfiguration, percentage: Option<u32>) -> Result<Profile, Error> {
        let name: Arc<str> = wanted.scheduler_name.as_deref().unwrap_or(DEFAULT_SCHEDULER_NAME).into();
        let mut profile = Profile::new(name.clone());
        if let Some(percentage) = wanted.percentage_of_nodes_to_score.or(percentage) {
            profile = profile.percentage_of_nodes_to_score(percentage);
        }
        for (plugin, weight) in self.merge(&wanted.plugins.multi_point) {
            profile = self.enable(profile, wanted, &plugin, weight, None)?;
        }
        for (set, keep, clear) in points(&wanted.plugins) {
            for plugin in &set.disabled {
                for_each_plugin(&mut profile, &plugin.name, clear);
            }
            for plugin in &set.enabled {
                let only = (!profile.plugins().iter().any(|p| p.name() == plugin.name)).then_some(keep);
                profile = self.enable(profile, wanted, &plugin.name, plugin.weight, only)?;
            }
        }
        Ok(profile)
    }

    /// The default plugins with the set's changes: what it names again gets its weight, the rest comes after.
    fn merge(&self, set: &PluginSetConfiguration) -> Vec<(Arc<str>, i64)> {
        let disabled = |name: &str| set.disabled.iter().any(|plugin| plugin.name == "*" || plugin.name == name);
        let mut merged: Vec<_> = self.defaults.iter().filter(|(name, _)| !disabled(name)).cloned().collect();
        for plugin in &set.enabled {
            match merged.iter_mut().find(|(name, _)| **name == *plugin.name) {
                Some((_, weight)) if plugin.weight != 0 => *weight = plugin.weight,
                Some(_) => {}
                None => merged.push((plugin.name.as_str().into(), plugin.weight)),
            }
        }
        merged
    }

    fn enable(
        &self,
        mut profile: Profile,
        wanted: &ProfileConfiguration,
        name: &str,
        weight: i64,
        only: Option<fn(&mut Points)>,
    ) -> Result<Profile, Error> {
        let scheduler_name = profile.scheduler_name().clone();
        if profile.plugins().iter().any(|known| known.name() == name) {
            return Ok(if weight == 0 { profile } else { profile.with_weight(name, weight) });
        }
        let args = wanted.plugin_config.iter().find(|config| config.name == name).map(|config| config.args.clone());
        let Some(mut plugin) = self.make(&scheduler_name, name, args.unwrap_or(Value::Null))? else {
            profile.leave_out(name.into());
            return Ok(profile);
        };
        if let Some(keep) = only {
            keep(plugin.points_mut());
        }
        Ok(profile.with(if weight == 0 { plugin } else { plugin.with_weight(weight) }))
    }

    fn make(&self, profile: &str, name: &str, args: Value) -> Result<Option<Plugin>, Error> {
        let args = if args.is_null() { Value::Object(serde_json::Map::new()) } else { args };
        match self.makers.get(name) {
            Some(Maker::Make(make)) => {
                make(args).map(Some).map_err(|message| Error::PluginArgs { plugin: name.into(), message })
            }
            Some(Maker::LeaveOut) => Ok(None),
            None => Err(unknown(profile, name)),
        }
    }
}

fn unknown(profile: &str, plugin: &str) -> Error {
    Error::UnknownPlugin { profile: profile.into(), plugin: plugin.into() }
}

type Edit = fn(&mut Points);

/// The sets for single points, each with how to keep a plugin at that point alone and how to take it off.
fn points(sets: &PluginSets) -> Vec<(&PluginSetConfiguration, Edit, Edit)> {
    macro_rules! point {
        ($set:ident, $($field:ident),+) => {
            (
                &sets.$set,
                (|p: &mut Points| *p = Points { $($field: p.$field.take(),)+ ..Points::default() }) as Edit,
                (|p: &mut Points| { $(p.$field = None;)+ }) as Edit,
            )
        };
    }
    vec![
        point!(pre_enqueue, pre_enqueue),
        point!(queue_sort, queue_sort),
        point!(pre_filter, pre_filter, pre_filter_extensions),
        point!(filter, filter),
        point!(post_filter, post_filter),
        point!(pre_score, pre_score),
        point!(score, score, normalize),
        point!(reserve, reserve),
        point!(permit, permit),
        point!(pre_bind, pre_bind),
        point!(bind, bind),
        point!(post_bind, post_bind),
    ]
}

fn for_each_plugin(profile: &mut Profile, name: &str, edit: Edit) {
    for plugin in profile.plugins_mut() {
        if name == "*" || plugin.name() == name {
            edit(plugin.points_mut());
        }
    }
}
