use std::sync::Arc;

/// What can go wrong while a scheduler is being set up or fed.
///
/// That a pod finds no node is not an error but a [`Failure`](crate::Failure) of its cycle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A profile cannot be run.
    #[error("profile {name}: {message}")]
    Profile {
        /// Its scheduler name.
        name: Arc<str>,
        /// What is wrong.
        message: String,
    },
    /// A configuration names a plugin that the registry does not have.
    #[error("profile {profile}: unknown plugin {plugin}")]
    UnknownPlugin {
        /// The profile's scheduler name.
        profile: Arc<str>,
        /// The plugin's name.
        plugin: Arc<str>,
    },
    /// A plugin's arguments cannot be used.
    #[error("plugin {plugin}: {message}")]
    PluginArgs {
        /// The plugin's name.
        plugin: Arc<str>,
        /// What is wrong.
        message: String,
    },
    /// An object from the API cannot be understood.
    #[error("{object}: {message}")]
    Object {
        /// Kind, namespace and name.
        object: String,
        /// What is wrong.
        message: String,
    },
    /// A text that describes a simulation cannot be understood.
    #[error("simulation: {message}: {text}")]
    Fixture {
        /// The part that was not understood.
        text: String,
        /// What is wrong.
        message: String,
    },
    /// The API server could not be reached or refused.
    #[error("{action}")]
    Api {
        /// What was tried.
        action: String,
        /// Why it failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
