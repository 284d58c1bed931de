//! One connection as echoes see it: who is at its ends, and the nonce that is on its way.
//!
//! Always: a nonce is good once, on the connection that carried it, for the device it was given to; what is remembered of a
//! connection is as large for one request as for a million.

use std::{
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

use bearing_protocol::id::DeviceId;
use tokio::time::Instant;

/// How many nonces come back before a measurement is whole.
pub(super) const SAMPLES: u32 = 8;
/// Longest time a nonce may be on its way, in microseconds: what is slower is no measurement.
const MAX_US: u128 = 20_000_000;

/// See the module.
#[derive(Debug)]
pub struct Line {
    local: SocketAddr,
    peer: SocketAddr,
    round: Mutex<Option<Round>>,
}

/// A measurement that is going on.
#[derive(Debug)]
struct Round {
    device: DeviceId,
    nonce: String,
    sent: Instant,
    least_us: u32,
    samples: u32,
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returned {
    /// More are wanted.
    More,
    /// It is whole: the least round trip in microseconds.
    Whole(u32),
    /// No such nonce is on its way here, or it was too long on its way.
    Foreign,
}

impl Line {
    /// A connection between these ends, as the socket has them.
    pub fn new(local: SocketAddr, peer: SocketAddr) -> Self {
        Self { local, peer, round: Mutex::new(None) }
    }

    /// This end and the other, as the socket has them.
    pub(super) const fn ends(&self) -> (SocketAddr, SocketAddr) {
        (self.local, self.peer)
    }

    /// Begins a measurement; one that was going on is dropped.
    pub(super) fn begin(&self, device: &DeviceId, nonce: String, sent: Instant) {
        let round = Round { device: device.clone(), nonce, sent, least_us: u32::MAX, samples: 0 };
        *self.round.lock().unwrap_or_else(PoisonError::into_inner) = Some(round);
    }

    /// Takes a nonce that came back at `arrived`; it is not good again.
    pub(super) fn take(&self, device: &DeviceId, nonce: &str, arrived: Instant) -> Returned {
        let mut kept = self.round.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut round) = kept.take() else { return Returned::Foreign };
        let us = arrived.saturating_duration_since(round.sent).as_micros();
        if round.device != *device || round.nonce.is_empty() || round.nonce != nonce || us > MAX_US {
            return Returned::Foreign;
        }
        round.least_us = round.least_us.min(u32::try_from(us).unwrap_or(u32::MAX));
        round.samples += 1;
        if round.samples >= SAMPLES {
            return Returned::Whole(round.least_us);
        }
        round.nonce.clear();
        *kept = Some(round);
        Returned::More
    }

    /// Sends the next nonce of the measurement that is going on.
    pub(super) fn send(&self, nonce: String, sent: Instant) {
        if let Some(round) = self.round.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            round.nonce = nonce;
            round.sent = sent;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn line() -> Line {
        Line::new("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap())
    }

    #[test]
    fn the_least_of_eight_counts() {
        let (line, device, start) = (line(), DeviceId::of_key(&[1; 32]), Instant::now());
        line.begin(&device, "n0".to_owned(), start);
        for n in 0..SAMPLES {
            let sent = start + Duration::from_secs(u64::from(n));
            line.send(format!("n{n}"), sent);
            let took = Duration::from_millis(if n == 3 { 20 } else { 40 });
            let returned = line.take(&device, &format!("n{n}"), sent + took);
            let want = if n + 1 == SAMPLES { Returned::Whole(20_000) } else { Returned::More };
            assert_eq!(returned, want);
        }
        assert_eq!(line.take(&device, "n7", start), Returned::Foreign, "a nonce is good once");
    }

    #[test]
    fn a_nonce_is_good_for_its_device_and_in_its_time() {
        let (line, device, start) = (line(), DeviceId::of_key(&[1; 32]), Instant::now());
        line.begin(&device, "n".to_owned(), start);
        assert_eq!(line.take(&DeviceId::of_key(&[2; 32]), "n", start), Returned::Foreign);
        line.begin(&device, "n".to_owned(), start);
        assert_eq!(line.take(&device, "n", start + Duration::from_secs(60)), Returned::Foreign);
        line.begin(&device, "n".to_owned(), start);
        assert_eq!(line.take(&device, "n", start), Returned::More);
        assert_eq!(line.take(&device, "", start), Returned::Foreign, "an empty nonce is none");
    }
}
