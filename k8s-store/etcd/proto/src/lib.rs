#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod again;
mod codec;
mod corked;
mod rounds;

pub use codec::{ExactCodec, ExactDecoder, ExactEncoder};
pub use corked::Corked;
pub use rounds::{Driving, Rounds};

/// Keys, values and events.
#[expect(missing_docs, reason = "generated, and etcd's own documents say what the fields mean")]
pub mod mvccpb {
    tonic::include_proto!("mvccpb");
}

/// Requests, responses, clients and servers.
#[expect(missing_docs, unused_qualifications, reason = "generated, as above")]
#[expect(clippy::pedantic, reason = "generated, as above")]
#[expect(clippy::allow_attributes, clippy::allow_attributes_without_reason, reason = "generated, as above")]
pub mod etcdserverpb {
    tonic::include_proto!("etcdserverpb");
}
