//! One probe of an anchor: 128 bytes there, 96 signed bytes back, over UDP or TCP.
//!
//! Always: the question is longer than the answer, so that no anchor is an amplifier; an answer counts only where it
//! repeats the question's random bytes under the anchor's key from policy. Time is that from the question's departure to
//! the answer's arrival; over TCP the handshake is not in it.

use std::{io, net::SocketAddr, time::Duration};

use bearing_policies::policy::AnchorSite;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket, lookup_host},
    time::{Instant, timeout, timeout_at},
};

use crate::random::{RandomError, random_bytes};

/// Why a probe came to nothing.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum AnchorError {
    #[error("anchor `{name}` cannot be found")]
    LookUp { name: String, source: io::Error },
    #[error("anchor `{name}` has no address")]
    NoAddress { name: String },
    #[error("anchor `{name}` cannot be reached")]
    Unreachable { name: String, source: io::Error },
    #[error("anchor `{name}` did not answer in time")]
    TimedOut { name: String },
    #[error("anchor `{name}` answered, but not what was asked under its key")]
    Forged { name: String },
    #[error("no random bytes")]
    Random(#[from] RandomError),
}

/// Probes `anchor` over UDP and over TCP: the round trips in microseconds that came back, at most two.
///
/// # Errors
/// Where neither came back: why TCP did not.
pub async fn probe(anchor: &AnchorSite) -> Result<Vec<u32>, AnchorError> {
    let name = || anchor.name.clone();
    let mut found = timeout(PATIENCE, lookup_host(&anchor.address))
        .await
        .map_err(|_| AnchorError::TimedOut { name: name() })?
        .map_err(|source| AnchorError::LookUp { name: name(), source })?;
    let address = found.next().ok_or_else(|| AnchorError::NoAddress { name: name() })?;
    let (udp, tcp) = (over_udp(anchor, address).await, over_tcp(anchor, address).await);
    match (udp, tcp) {
        (Err(_), Err(error)) => Err(error),
        (udp, tcp) => {
            Ok(udp.into_iter().chain(tcp).filter_map(|time| u32::try_from(time.as_micros()).ok()).collect())
        }
    }
}

async fn over_udp(anchor: &AnchorSite, address: SocketAddr) -> Result<Duration, AnchorError> {
    let unreachable = |source| AnchorError::Unreachable { name: anchor.name.clone(), source };
    let (question, nonce) = question()?;
    let own: SocketAddr = if address.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(own).await.map_err(unreachable)?;
    socket.connect(address).await.map_err(unreachable)?;
    let left = Instant::now();
    socket.send(&question).await.map_err(unreachable)?;
    let mut answer = [0; ANSWER_BYTES + 1];
    for _ in 0..MAX_DATAGRAMS {
        let length = timeout_at(left + PATIENCE, socket.recv(&mut answer))
            .await
            .map_err(|_| AnchorError::TimedOut { name: anchor.name.clone() })?
            .map_err(unreachable)?;
        let took = left.elapsed();
        // Late answers to an earlier question and strangers' datagrams are passed over.
        if answer.get(..length).is_some_and(|answer| is_answer(anchor, &nonce, answer)) {
            return Ok(took);
        }
    }
    Err(AnchorError::Forged { name: anchor.name.clone() })
}

async fn over_tcp(anchor: &AnchorSite, address: SocketAddr) -> Result<Duration, AnchorError> {
    let name = || anchor.name.clone();
    let exchange = async {
        let (question, nonce) = question()?;
        let unreachable = |source| AnchorError::Unreachable { name: name(), source };
        let mut stream = TcpStream::connect(address).await.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        let left = Instant::now();
        stream.write_all(&question).await.map_err(unreachable)?;
        let mut answer = [0; ANSWER_BYTES];
        stream.read_exact(&mut answer).await.map_err(unreachable)?;
        let took = left.elapsed();
        if is_answer(anchor, &nonce, &answer) { Ok(took) } else { Err(AnchorError::Forged { name: name() }) }
    };
    timeout(PATIENCE, exchange).await.map_err(|_| AnchorError::TimedOut { name: name() })?
}

/// A question, and the random bytes in it.
fn question() -> Result<([u8; PROBE_BYTES], [u8; NONCE_BYTES]), RandomError> {
    let nonce: [u8; NONCE_BYTES] = random_bytes()?;
    let mut question = [0; PROBE_BYTES];
    let filled = MAGIC.iter().chain(&nonce);
    question.iter_mut().zip(filled).for_each(|(place, byte)| *place = *byte);
    Ok((question, nonce))
}

fn is_answer(anchor: &AnchorSite, nonce: &[u8; NONCE_BYTES], answer: &[u8]) -> bool {
    let Some((repeated, signature)) = answer.split_at_checked(NONCE_BYTES) else { return false };
    if repeated != nonce || signature.len() != SIGNATURE_BYTES {
        return false;
    }
    let signed: Vec<u8> = CONTEXT.iter().chain(nonce).copied().collect();
    anchor.key.verifies(&signed, signature)
}

/// Length of a question.
pub const PROBE_BYTES: usize = 128;
const MAGIC: &[u8; 16] = b"BEARING-ANCHOR-1";
const CONTEXT: &[u8; 18] = b"bearing-anchor-v1\0";
const NONCE_BYTES: usize = 32;
const SIGNATURE_BYTES: usize = 64;
const ANSWER_BYTES: usize = NONCE_BYTES + SIGNATURE_BYTES;
/// How long an answer may take: the way around the world by satellite and back takes two seconds.
const PATIENCE: Duration = Duration::from_secs(3);
/// Most datagrams that are looked at for one question.
const MAX_DATAGRAMS: usize = 8;
