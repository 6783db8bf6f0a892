use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use k8s_store::Error;

/// What a failed disk means for a call that changed nothing.
pub(crate) fn refused(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Error::NoSpace,
        _ => Error::Unavailable { source: Arc::new(error) },
    }
}

/// What a failed disk means for a call whose change may or may not be on it.
pub(crate) fn uncertain(error: &Arc<io::Error>) -> Error {
    Error::Uncertain { source: Arc::clone(error) as _ }
}

pub(crate) fn corrupt(place: impl Into<Cow<'static, str>>) -> Error {
    Error::Corrupt { place: place.into() }
}
