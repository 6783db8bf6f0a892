use std::marker::PhantomData;

use prost::Message;
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// Most answers to writes and questions are smaller than this.
const SMALL: usize = 256;
/// So much of a stream is put into one buffer before it is sent.
const ENOUGH: usize = 32 << 10;

/// Messages on the wire, in buffers of just their size.
///
/// The bytes are those of tonic's own codec, whose buffers grow by doubling as a message is written, and which keeps
/// 8 KiB alive for each value that was read, however small.
#[derive(Debug)]
pub struct ExactCodec<E, D>(PhantomData<(E, D)>);

/// Writes messages.
#[derive(Debug)]
pub struct ExactEncoder<E>(PhantomData<E>);

/// Reads messages.
#[derive(Debug)]
pub struct ExactDecoder<D>(PhantomData<D>);

impl<D> Default for ExactDecoder<D> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<E, D> Default for ExactCodec<E, D> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<E: Message + Send + 'static, D: Message + Default + Send + 'static> Codec for ExactCodec<E, D> {
    type Encode = E;
    type Decode = D;
    type Encoder = ExactEncoder<E>;
    type Decoder = ExactDecoder<D>;

    fn encoder(&mut self) -> ExactEncoder<E> {
        ExactEncoder(PhantomData)
    }

    fn decoder(&mut self) -> ExactDecoder<D> {
        ExactDecoder(PhantomData)
    }
}

impl<E: Message> Encoder for ExactEncoder<E> {
    type Item = E;
    type Error = Status;

    fn encode(&mut self, message: E, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.reserve(message.encoded_len());
        message.encode_raw(into);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(SMALL, ENOUGH)
    }
}

impl<D: Message + Default> Decoder for ExactDecoder<D> {
    type Item = D;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<D>, Status> {
        // Of a message that is none, Go's gRPC and tonic say the same code.
        D::decode(from).map(Some).map_err(|error| Status::internal(error.to_string()))
    }

    fn buffer_settings(&self) -> BufferSettings {
        // What arrives says itself how large it is.
        BufferSettings::new(0, ENOUGH)
    }
}
