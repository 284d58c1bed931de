//! Reading a body: bounded on the wire, bounded after decompression, both before memory is given out.

use std::io::Read as _;

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bearing_protocol::limits::{MAX_BODY_BYTES, MAX_INFLATED_BYTES};
use futures::StreamExt as _;

use super::{BODY_TIMEOUT, Refused};

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

/// A body as it came, not yet decompressed.
pub(super) struct RawBody {
    bytes: Vec<u8>,
    encoding: Encoding,
}

/// The compression that the headers name.
pub(super) fn encoding_of(headers: &HeaderMap) -> Result<Encoding, Refused> {
    let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
    let encoding = match values.next().map(axum::http::HeaderValue::as_bytes) {
        None | Some(b"identity") => Encoding::Identity,
        Some(b"gzip") => Encoding::Gzip,
        Some(b"zstd") => Encoding::Zstd,
        Some(_) => return Err(Refused::encoding()),
    };
    if values.next().is_some() { Err(Refused::encoding()) } else { Ok(encoding) }
}

/// Reads at most `limit` bytes, in at most [`BODY_TIMEOUT`].
pub(super) async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<RawBody, Refused> {
    let encoding = encoding_of(headers)?;
    let limit = limit.min(MAX_BODY_BYTES);
    let declared =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(Refused::too_large("the body", limit));
    }
    let read = async {
        let mut bytes = Vec::with_capacity(declared.unwrap_or(0));
        let mut stream = body.into_data_stream();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| Refused::malformed("the body ended early"))?;
            if bytes.len() + chunk.len() > limit {
                return Err(Refused::too_large("the body", limit));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    };
    match tokio::time::timeout(BODY_TIMEOUT, read).await {
        Ok(bytes) => Ok(RawBody { bytes: bytes?, encoding }),
        Err(_) => Err(Refused::malformed(format!("the body took longer than {} s", BODY_TIMEOUT.as_secs()))),
    }
}

impl RawBody {
    /// The decompressed bytes, at most [`MAX_INFLATED_BYTES`]. Costs processor time: not on an async thread.
    pub(super) fn inflate(self) -> Result<Vec<u8>, Refused> {
        let limit = MAX_INFLATED_BYTES as u64 + 1;
        let mut out = Vec::new();
        let read = match self.encoding {
            Encoding::Identity => return Ok(self.bytes),
            Encoding::Gzip => {
                flate2::read::GzDecoder::new(self.bytes.as_slice()).take(limit).read_to_end(&mut out)
            }
            Encoding::Zstd => return inflate_zstd(&self.bytes),
        };
        read.map_err(|_| Refused::malformed("the body is not valid gzip"))?;
        if out.len() > MAX_INFLATED_BYTES {
            return Err(Refused::too_large("the decompressed body", MAX_INFLATED_BYTES));
        }
        Ok(out)
    }
}

fn inflate_zstd(bytes: &[u8]) -> Result<Vec<u8>, Refused> {
    let wrong = || Refused::malformed("the body is not valid zstd");
    let decoder = ruzstd::decoding::StreamingDecoder::new(bytes).map_err(|_| wrong())?;
    let mut out = Vec::new();
    decoder.take(MAX_INFLATED_BYTES as u64 + 1).read_to_end(&mut out).map_err(|_| wrong())?;
    if out.len() > MAX_INFLATED_BYTES {
        return Err(Refused::too_large("the decompressed body", MAX_INFLATED_BYTES));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zstd(bytes: Vec<u8>) -> Result<Vec<u8>, Refused> {
        RawBody { bytes, encoding: Encoding::Zstd }.inflate()
    }

    #[test]
    fn zstd_is_read() {
        // RFC 8878: magic, single segment of 5 bytes, one last raw block.
        let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x20, 5, 0x29, 0, 0];
        frame.extend_from_slice(b"hello");
        assert_eq!(zstd(frame.clone()).unwrap(), b"hello");
        frame.truncate(11);
        assert!(zstd(frame).is_err());
    }

    #[test]
    fn a_zstd_bomb_is_cut() {
        // A window of 1 MiB and blocks of one byte repeated 128 Ki times.
        let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50];
        for _ in 0..64 {
            let header = (128_u32 * 1024) << 3 | 1 << 1;
            frame.extend_from_slice(&header.to_le_bytes()[..3]);
            frame.push(b' ');
        }
        frame.extend_from_slice(&[0x01, 0, 0]);
        assert_eq!(zstd(frame).unwrap_err().code(), bearing_protocol::api::problem::TOO_LARGE);
    }
}
