//! Answering probes over UDP and TCP on one port.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bearing_protocol::key::FileKey;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UdpSocket},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::Instant,
};
use tracing::{debug, warn};

use super::probe::{PROBE_BYTES, answer};
use crate::ingest::Buckets;

/// Answers that one address (IPv6: its /64) gets at once, and how many more each second.
const PER_SOURCE: (u32, f64) = (64, 8.0);
/// Most addresses that are remembered at once.
const MAX_SOURCES: usize = 65_536;
/// Most TCP connections at once, and how long one may take.
const MAX_CONNECTIONS: usize = 256;
const CONNECTION: Duration = Duration::from_secs(5);
/// How long accepting pauses after an error.
const PAUSE: Duration = Duration::from_millis(100);

/// Why an anchor does not run.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum AnchorError {
    #[error("cannot listen on {address} ({transport}): is something else running there?")]
    Listen { address: SocketAddr, transport: &'static str, source: io::Error },
}

/// An anchor that listens.
pub struct Anchor {
    /// Where, UDP and TCP.
    pub address: SocketAddr,
    udp: UdpSocket,
    tcp: TcpListener,
    parts: Arc<Parts>,
}

struct Parts {
    key: FileKey,
    sources: Buckets<IpAddr>,
}

impl Parts {
    /// The answer to a probe from `source`, where it has one coming.
    fn answer(&self, probe: &[u8], source: IpAddr) -> Option<[u8; super::ANSWER_BYTES]> {
        self.sources.take(&line_of(source), Instant::now()).ok()?;
        answer(probe, &self.key)
    }
}

/// What stands for a line: an IPv4 address, or an IPv6 /64.
fn line_of(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl Anchor {
    /// Binds UDP and TCP.
    ///
    /// # Errors
    /// Which of them is taken.
    pub async fn bind(address: SocketAddr, key: FileKey) -> Result<Self, AnchorError> {
        let listen = |transport| move |source| AnchorError::Listen { address, transport, source };
        let tcp = TcpListener::bind(address).await.map_err(listen("TCP"))?;
        let address = tcp.local_addr().map_err(listen("TCP"))?;
        let udp = UdpSocket::bind(address).await.map_err(listen("UDP"))?;
        let sources = Buckets::new(PER_SOURCE.0, PER_SOURCE.1, MAX_SOURCES);
        Ok(Self { address, udp, tcp, parts: Arc::new(Parts { key, sources }) })
    }

    /// Answers until `stop` turns true.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let Self { udp, tcp, parts, .. } = self;
        tokio::join!(datagrams(udp, parts.clone(), stop.clone()), connections(tcp, parts, stop));
    }
}

async fn datagrams(udp: UdpSocket, parts: Arc<Parts>, mut stop: watch::Receiver<bool>) {
    // One byte more than a probe has: a longer one is seen to be longer.
    let mut probe = [0; PROBE_BYTES + 1];
    loop {
        let received = tokio::select! {
            received = udp.recv_from(&mut probe) => received,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match received {
            Ok((length, source)) => {
                let answer = probe.get(..length).and_then(|probe| parts.answer(probe, source.ip()));
                if let Some(answer) = answer {
                    // A full send buffer drops it, as the network may.
                    let _ = udp.try_send_to(&answer, source);
                }
            }
            Err(error) => {
                // Elsewhere than on Linux an unreachable earlier sender shows here.
                debug!("a datagram could not be received: {error}");
            }
        }
    }
}

async fn connections(tcp: TcpListener, parts: Arc<Parts>, mut stop: watch::Receiver<bool>) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut open = JoinSet::new();
    loop {
        while open.try_join_next().is_some() {}
        let accepted = tokio::select! {
            accepted = tcp.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((stream, source)) => {
                // Above the limit a connection is closed at once: a probe that fails is tried again.
                let Ok(slot) = slots.clone().try_acquire_owned() else { continue };
                let parts = parts.clone();
                open.spawn(async move {
                    let _slot = slot;
                    let _ = tokio::time::timeout(CONNECTION, one(stream, source.ip(), &parts)).await;
                });
            }
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// One question, one answer.
async fn one(mut stream: TcpStream, source: IpAddr, parts: &Parts) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut probe = [0; PROBE_BYTES];
    stream.read_exact(&mut probe).await?;
    if let Some(answer) = parts.answer(&probe, source) {
        stream.write_all(&answer).await?;
        stream.shutdown().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::probe::tests::probe, *};

    #[tokio::test]
    async fn probes_are_answered_over_both_transports_and_junk_is_not() {
        let key = FileKey::from_seed(&[3; 32].into());
        let public = key.public();
        let anchor = Anchor::bind("127.0.0.1:0".parse().unwrap(), key).await.unwrap();
        let address = anchor.address;
        let (stopping, stop) = watch::channel(false);
        let running = tokio::spawn(anchor.run(stop));
        let holds = |answer: &[u8], nonce: [u8; 32]| {
            let mut signed = b"bearing-anchor-v1\0".to_vec();
            signed.extend_from_slice(&nonce);
            answer[..32] == nonce && public.verifies(&signed, &answer[32..])
        };

        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut long = probe([1; 32]);
        long.push(0);
        for junk in [&b"hello"[..], &[0; 128], &long] {
            socket.send_to(junk, address).await.unwrap();
        }
        socket.send_to(&probe([2; 32]), address).await.unwrap();
        let mut answer = [0; 200];
        let (length, _) = socket.recv_from(&mut answer).await.unwrap();
        assert_eq!(length, 96, "the only answer is the one to the probe");
        assert!(holds(&answer[..length], [2; 32]));

        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&probe([4; 32])).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(holds(&answer, [4; 32]));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&[0; 128]).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(answer.is_empty());

        stopping.send(true).unwrap();
        running.await.unwrap();
    }

    #[tokio::test]
    async fn one_source_gets_so_many_answers_and_others_theirs() {
        let sources = Buckets::new(PER_SOURCE.0, 0.0, MAX_SOURCES);
        let parts = Parts { key: FileKey::from_seed(&[3; 32].into()), sources };
        let loud: IpAddr = "192.0.2.1".parse().unwrap();
        let answered = (0..200).filter(|_| parts.answer(&probe([1; 32]), loud).is_some()).count();
        assert_eq!(answered, PER_SOURCE.0 as usize);
        assert!(parts.answer(&probe([1; 32]), "192.0.2.2".parse().unwrap()).is_some());
        let (a, b) = ("2001:db8::1".parse().unwrap(), "2001:db8::ffff".parse().unwrap());
        assert_eq!(line_of(a), line_of(b), "an IPv6 line has a /64");
    }
}
