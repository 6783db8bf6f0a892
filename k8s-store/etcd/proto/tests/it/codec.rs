//! The codec beside prost and tonic's own.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, StreamBody};
use k8s_store_etcd_proto::etcdserverpb::{RangeResponse, ResponseHeader};
use k8s_store_etcd_proto::mvccpb::KeyValue;
use k8s_store_etcd_proto::{ExactCodec, ExactDecoder};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;
use tonic::codec::{Codec, EncodeBody, Streaming};

type RangeCodec = ExactCodec<RangeResponse, RangeResponse>;

prop_compose! {
    fn key_value()(
        key in vec(any::<u8>(), 0..300),
        value in vec(any::<u8>(), 0..20_000),
        numbers in any::<[i64; 4]>(),
    ) -> KeyValue {
        let [create_revision, mod_revision, version, lease] = numbers;
        KeyValue { key: key.into(), value: value.into(), create_revision, mod_revision, version, lease }
    }
}

prop_compose! {
    fn answer()(kvs in vec(key_value(), 0..10), revision in any::<i64>(), more in any::<bool>(), count in any::<i64>())
        -> RangeResponse
    {
        let header = ResponseHeader { revision, ..ResponseHeader::default() };
        RangeResponse { header: Some(header), kvs, more, count }
    }
}

/// The messages as they go over the wire.
async fn written(messages: Vec<RangeResponse>) -> Bytes {
    let source = stream::iter(messages.into_iter().map(Ok));
    EncodeBody::new_client(RangeCodec::default().encoder(), source, None, None).collect().await.unwrap().to_bytes()
}

/// What is read of `bytes` that arrive in pieces of this size.
async fn read(bytes: &[u8], piece: usize) -> Vec<RangeResponse> {
    let pieces: Vec<_> =
        bytes.chunks(piece).map(|piece| Ok(http_body::Frame::data(Bytes::copy_from_slice(piece)))).collect();
    let body = StreamBody::new(stream::iter::<Vec<Result<_, Infallible>>>(pieces));
    let messages = Streaming::new_request(ExactDecoder::default(), body, None, None);
    messages.map(Result::unwrap).collect().await
}

proptest! {
    #[test]
    fn messages_are_those_of_prost(messages in vec(answer(), 1..4), piece in 1..40_000_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut expected = Vec::new();
        for message in &messages {
            expected.push(0);
            expected.extend(u32::try_from(message.encoded_len()).unwrap().to_be_bytes());
            expected.extend(message.encode_to_vec());
        }
        let written = runtime.block_on(written(messages.clone()));
        prop_assert_eq!(&written[..], &expected[..]);
        prop_assert_eq!(runtime.block_on(read(&written, piece)), messages);
    }
}
