//! How messages become bytes on a stream: by prost, with small buffers. Most messages are below a kibibyte, and who watches ten
//! thousand agents has as many buffers.

use prost::Message;
use tonic::codec::{BufferSettings, Codec};
use tonic_prost::{ProstCodec, ProstDecoder, ProstEncoder};

/// What a buffer holds before it grows, and how much is encoded before it is handed on, bytes.
const BUFFER_BYTES: usize = 2 << 10;
const YIELD_BYTES: usize = 32 << 10;

/// The codec of the generated client and server.
#[derive(Debug)]
pub(crate) struct Small<T, U>(ProstCodec<T, U>);

impl<T, U> Default for Small<T, U> {
    fn default() -> Self {
        Self(ProstCodec::new())
    }
}

impl<T, U> Codec for Small<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = ProstDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::raw_encoder(BufferSettings::new(BUFFER_BYTES, YIELD_BYTES))
    }

    fn decoder(&mut self) -> Self::Decoder {
        ProstCodec::<T, U>::raw_decoder(BufferSettings::new(BUFFER_BYTES, YIELD_BYTES))
    }
}
