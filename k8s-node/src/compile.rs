//! From API objects to what runtime, network and volume traits understand.

pub(crate) mod container; // a container's configuration
pub(crate) mod content; // files of config maps, secrets, tokens and the downward API
pub(crate) mod downward; // fields and resources of a pod as text
pub(crate) mod env; // environment variables
pub(crate) mod expand; // `$(NAME)`
pub(crate) mod resources; // limits and weights
pub(crate) mod sandbox; // a pod's sandbox
pub(crate) mod services; // services as environment variables
pub(crate) mod volume; // where volumes come from
