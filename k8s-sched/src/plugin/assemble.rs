use std::fmt;
use std::sync::Arc;

use super::{
    Bind, Enqueue, Filter, Normalize, Permit, PostBind, PostFilter, PreBind, PreEnqueue, PreFilter,
    PreFilterExtensions, PreScore, QueueSort, Reserve, Score,
};

/// A plugin put together: a name, a weight, and an implementation for some of the extension points.
///
/// Cloning shares the implementations.
#[derive(Clone)]
pub struct Plugin {
    name: Arc<str>,
    weight: i64,
    pub(crate) points: Points,
}

#[derive(Clone, Default)]
pub(crate) struct Points {
    pub(crate) pre_enqueue: Option<Arc<dyn PreEnqueue>>,
    pub(crate) queue_sort: Option<Arc<dyn QueueSort>>,
    pub(crate) pre_filter: Option<Arc<dyn PreFilter>>,
    pub(crate) pre_filter_extensions: Option<Arc<dyn PreFilterExtensions>>,
    pub(crate) filter: Option<Arc<dyn Filter>>,
    pub(crate) post_filter: Option<Arc<dyn PostFilter>>,
    pub(crate) pre_score: Option<Arc<dyn PreScore>>,
    pub(crate) score: Option<Arc<dyn Score>>,
    pub(crate) normalize: Option<Arc<dyn Normalize>>,
    pub(crate) reserve: Option<Arc<dyn Reserve>>,
    pub(crate) permit: Option<Arc<dyn Permit>>,
    pub(crate) pre_bind: Option<Arc<dyn PreBind>>,
    pub(crate) bind: Option<Arc<dyn Bind>>,
    pub(crate) post_bind: Option<Arc<dyn PostBind>>,
    pub(crate) enqueue: Option<Arc<dyn Enqueue>>,
}

impl Plugin {
    /// Starts to put a plugin together from a value that implements some of the traits.
    #[expect(clippy::new_ret_no_self, reason = "the builder is where a plugin begins")]
    pub fn new<P>(name: impl Into<Arc<str>>, plugin: P) -> PluginBuilder<P> {
        let plugin_parts = Self { name: name.into(), weight: 1, points: Points::default() };
        PluginBuilder { value: Arc::new(plugin), plugin: plugin_parts }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The factor with which its scores count.
    pub fn weight(&self) -> i64 {
        self.weight
    }

    /// Sets the factor with which its scores count.
    pub fn with_weight(mut self, weight: i64) -> Self {
        self.weight = weight;
        self
    }

    pub(crate) fn shared_name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn points_mut(&mut self) -> &mut Points {
        &mut self.points
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin").field("name", &self.name).field("weight", &self.weight).finish_non_exhaustive()
    }
}

/// A plugin in the making: name the extension points that the value implements.
///
/// ```
/// # use k8s_sched::{CycleState, NodeInfo, PodInfo, Status, plugin::{Filter, Plugin, Score}};
/// struct Quiet;
/// # impl Filter for Quiet {
/// #     fn name(&self) -> &str { "Quiet" }
/// #     fn filter(&self, _: &CycleState, _: &PodInfo, _: &NodeInfo) -> Result<(), Status> { Ok(()) }
/// # }
/// # impl Score for Quiet {
/// #     fn name(&self) -> &str { "Quiet" }
/// #     fn score(&self, _: &CycleState, _: &PodInfo, _: &NodeInfo) -> Result<i64, Status> { Ok(0) }
/// # }
/// let plugin: Plugin = Plugin::new("Quiet", Quiet).filter().score().build();
/// assert_eq!(plugin.name(), "Quiet");
/// ```
pub struct PluginBuilder<P> {
    value: Arc<P>,
    plugin: Plugin,
}

impl<P> fmt::Debug for PluginBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.plugin.fmt(f)
    }
}

macro_rules! points {
    ($($(#[$doc:meta])* $point:ident: $trait:ident),* $(,)?) => {
        impl<P: 'static> PluginBuilder<P> {
            $($(#[$doc])*
            pub fn $point(mut self) -> Self
            where
                P: $trait,
            {
                self.plugin.points.$point = Some(self.value.clone());
                self
            })*
        }
    };
}

points! {
    /// Calls its [`PreEnqueue`].
    pre_enqueue: PreEnqueue,
    /// Calls its [`QueueSort`].
    queue_sort: QueueSort,
    /// Calls its [`PreFilter`].
    pre_filter: PreFilter,
    /// Calls its [`PreFilterExtensions`].
    pre_filter_extensions: PreFilterExtensions,
    /// Calls its [`Filter`].
    filter: Filter,
    /// Calls its [`PostFilter`].
    post_filter: PostFilter,
    /// Calls its [`PreScore`].
    pre_score: PreScore,
    /// Calls its [`Score`].
    score: Score,
    /// Calls its [`Normalize`].
    normalize: Normalize,
    /// Calls its [`Reserve`].
    reserve: Reserve,
    /// Calls its [`Permit`].
    permit: Permit,
    /// Calls its [`PreBind`].
    pre_bind: PreBind,
    /// Calls its [`Bind`].
    bind: Bind,
    /// Calls its [`PostBind`].
    post_bind: PostBind,
    /// Calls its [`Enqueue`].
    enqueue: Enqueue,
}

impl<P> PluginBuilder<P> {
    /// Sets the factor with which its scores count; 1 unless set.
    pub fn weight(mut self, weight: i64) -> Self {
        self.plugin.weight = weight;
        self
    }

    /// The plugin.
    pub fn build(self) -> Plugin {
        self.plugin
    }
}

impl<P> From<PluginBuilder<P>> for Plugin {
    fn from(builder: PluginBuilder<P>) -> Self {
        builder.build()
    }
}

/// What can be handed over as a plugin: a [`Plugin`], its builder, or a bare value that only filters or only scores.
///
/// `Kind` tells these apart and is inferred. A value that both filters and scores must say so through
/// [`Plugin::new`].
pub trait IntoPlugin<Kind> {
    /// Makes the plugin.
    fn into_plugin(self) -> Plugin;
}

/// [`IntoPlugin`] by a value that was put together.
#[derive(Debug)]
pub struct Whole;

/// [`IntoPlugin`] by a value that filters.
#[derive(Debug)]
pub struct OnlyFilter;

/// [`IntoPlugin`] by a value that scores.
#[derive(Debug)]
pub struct OnlyScore;

impl<P: Into<Plugin>> IntoPlugin<Whole> for P {
    fn into_plugin(self) -> Plugin {
        self.into()
    }
}

impl<P: Filter + 'static> IntoPlugin<OnlyFilter> for P {
    fn into_plugin(self) -> Plugin {
        Plugin::new(self.name().to_owned(), self).filter().build()
    }
}

impl<P: Score + 'static> IntoPlugin<OnlyScore> for P {
    fn into_plugin(self) -> Plugin {
        Plugin::new(self.name().to_owned(), self).score().build()
    }
}
