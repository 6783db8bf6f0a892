//! Everything that etcd answers instead of a result, word for word: clients compare the words.

use k8s_store::Error;
use tonic::Status;

pub(crate) const WATCH_DUPLICATE_ID: &str = "mvcc: duplicate watch ID provided on the WatchStream";
pub(crate) const WATCH_EMPTY_RANGE: &str = "mvcc: watcher range is empty";
const PERMISSION_DENIED: &str = "etcdserver: permission denied";

pub(crate) fn empty_key() -> Status {
    Status::invalid_argument("etcdserver: key is not provided")
}

pub(crate) fn key_not_found() -> Status {
    Status::invalid_argument("etcdserver: key not found")
}

pub(crate) fn value_provided() -> Status {
    Status::invalid_argument("etcdserver: value is provided")
}

pub(crate) fn lease_provided() -> Status {
    Status::invalid_argument("etcdserver: lease is provided")
}

pub(crate) fn too_many_ops() -> Status {
    Status::invalid_argument("etcdserver: too many operations in txn request")
}

pub(crate) fn duplicate_key() -> Status {
    Status::invalid_argument("etcdserver: duplicate key given in txn request")
}

pub(crate) fn invalid_sort_option() -> Status {
    Status::invalid_argument("etcdserver: invalid sort option")
}

pub(crate) fn request_too_large() -> Status {
    Status::invalid_argument("etcdserver: request is too large")
}

pub(crate) fn lease_not_found() -> Status {
    Status::not_found("etcdserver: requested lease not found")
}

pub(crate) fn lease_ttl_too_large() -> Status {
    Status::out_of_range("etcdserver: too large lease TTL")
}

pub(crate) fn auth_not_enabled() -> Status {
    Status::failed_precondition("etcdserver: authentication is not enabled")
}

pub(crate) fn bad_leader_transferee() -> Status {
    Status::failed_precondition("etcdserver: bad leader transferee")
}

pub(crate) fn member_not_found() -> Status {
    Status::not_found("etcdserver: member not found")
}

pub(crate) fn unsupported(what: &str) -> Status {
    Status::unimplemented(format!("etcdserver: {what} is not supported by this store"))
}

/// Why a watch is cancelled that the store does not allow: etcd writes out the whole of its error there.
pub(crate) fn watch_denied() -> String {
    format!("rpc error: code = PermissionDenied desc = {PERMISSION_DENIED}")
}

/// What a store's error is to a client of etcd.
pub(crate) fn status(error: Error) -> Status {
    match error {
        Error::Compacted { .. } => Status::out_of_range("etcdserver: mvcc: required revision has been compacted"),
        Error::Future { .. } => Status::out_of_range("etcdserver: mvcc: required revision is a future revision"),
        Error::NotFound { .. } => key_not_found(),
        Error::LeaseNotFound { .. } => lease_not_found(),
        Error::LeaseExists { .. } => Status::failed_precondition("etcdserver: lease already exists"),
        Error::NoSpace => Status::resource_exhausted("etcdserver: mvcc: database space exceeded"),
        Error::Corrupt { place } => {
            tracing::error!(%place, "the store is corrupt");
            Status::data_loss("etcdserver: corrupt cluster")
        }
        Error::Closed => Status::unavailable("etcdserver: server stopped"),
        // As with etcd, whether a write took place is not known after this one, and it is not after the next.
        Error::Uncertain { source } => {
            tracing::warn!(%source, "a write is uncertain");
            Status::unavailable("etcdserver: request timed out")
        }
        Error::Unavailable { source } => {
            tracing::warn!(%source, "the store is unavailable");
            Status::unavailable("etcdserver: unhealthy cluster")
        }
        Error::Denied { reason } => {
            tracing::warn!(%reason, "the store denies what a client asks for");
            Status::permission_denied(PERMISSION_DENIED)
        }
        Error::Invalid { reason } => Status::invalid_argument(reason.into_owned()),
        error => Status::internal(error.to_string()),
    }
}
