//! Signed nonces on one connection of one address family, and the filter of the organisation's interfaces.
//!
//! Always: the server times, the agent only answers at once; every nonce is signed with what it is for, so that none is of
//! use elsewhere; a server that asks for ever is left. Behind a proxy nothing is measured: its address is not ours.

use bearing_protocol::{
    api::{EchoRequest, NeighbourFilter},
    clock::Clock,
    envelope::Envelope,
    id::{DeviceId, ServerId},
    key::Signer,
    payload::{EchoPayload, EchoPurpose},
};

use crate::transport::{TlsError, Transport, TransportError};

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "plain words")]
pub enum Family {
    Ipv4,
    Ipv6,
}

impl Family {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Ipv4, Self::Ipv6];

    pub(super) const fn index(self) -> usize {
        match self {
            Self::Ipv4 => 0,
            Self::Ipv6 => 1,
        }
    }
}

/// Why an echo came to nothing.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum EchoError {
    #[error("a proxy stands between this machine and the server: round trips would be the proxy's")]
    BehindProxy,
    #[error("the server asked for more than {MAX_NONCES} nonces")]
    Endless,
    #[error("the server's nonce is no nonce")]
    Nonce,
    #[error("an echo cannot be sealed")]
    Seal(#[from] serde_json::Error),
    #[error("a connection of one address family cannot be set up")]
    Connection(#[from] TlsError),
    #[error("the exchange failed")]
    Exchange(#[from] TransportError),
}

/// Who speaks, and to whom.
pub struct Voice<'a> {
    /// To whom.
    pub server: &'a ServerId,
    /// Who.
    pub device: &'a DeviceId,
    /// With which key.
    pub signer: &'a dyn Signer,
    /// By which clock.
    pub clock: &'a dyn Clock,
}

impl Voice<'_> {
    fn say(&self, purpose: EchoPurpose, nonce: Option<String>) -> Result<EchoRequest, serde_json::Error> {
        let payload = EchoPayload {
            server: self.server.clone(),
            device_id: self.device.clone(),
            purpose,
            nonce,
            sent_at: self.clock.now(),
        };
        Ok(EchoRequest { envelope: Envelope::seal(&payload, &[self.signer])? })
    }
}

/// Answers the server's nonces over one connection of `family`: how many there were.
///
/// # Errors
/// [`EchoError`]; that the machine or the server has no address of this family is one of them.
pub async fn echo(transport: &Transport, family: Family, voice: &Voice<'_>) -> Result<usize, EchoError> {
    if transport.is_proxied() {
        return Err(EchoError::BehindProxy);
    }
    let connection = transport.over(family)?;
    let mut nonce = None;
    for answered in 0..=MAX_NONCES {
        let request = voice.say(EchoPurpose::RoundTrip, nonce.take())?;
        let answer = connection.echo(voice.device, &request).await?;
        let Some(next) = answer.nonce else { return Ok(answered) };
        if next.is_empty() || next.len() > MAX_NONCE_BYTES || !next.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(EchoError::Nonce);
        }
        nonce = Some(next);
    }
    Err(EchoError::Endless)
}

/// Fetches the filter of the organisation's own interfaces.
///
/// # Errors
/// [`EchoError`].
pub async fn fetch_neighbours(
    transport: &Transport,
    voice: &Voice<'_>,
) -> Result<NeighbourFilter, EchoError> {
    let request = voice.say(EchoPurpose::Neighbours, None)?;
    Ok(transport.neighbours(voice.device, &request).await?)
}

/// Most nonces of one connection; a server wants eight.
const MAX_NONCES: usize = 32;
const MAX_NONCE_BYTES: usize = 256;
