use std::{fmt, sync::Arc, time::Duration};

use bearing_protocol::{Timestamp, clock::Clock};
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
    time_provider::TimeProvider,
};
use rustls_platform_verifier::BuilderVerifierExt as _;

/// Whose certificates count.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// Those of this CA (PEM), and no other.
    Ca(&'a str),
    /// Those that the operating system trusts.
    OsStore,
    /// Any: for the one request whose answer is checked against the token's digest.
    CheckedByToken,
}

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum TlsError {
    #[error("the CA is not one certificate in PEM")]
    Pem,
    #[error("the CA's certificate cannot be used")]
    Ca(#[source] rustls::Error),
    #[error("the operating system's certificate store cannot be used")]
    OsStore(#[source] rustls::Error),
    #[error("the HTTPS client cannot be set up")]
    Client(#[source] reqwest::Error),
}

impl Trust<'_> {
    pub(super) fn client_config(&self, time: TlsTime) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_details(Arc::clone(&provider), Arc::new(time))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Ca)?;
        Ok(match self {
            Self::Ca(pem) => {
                let mut store = RootCertStore::empty();
                store.add(ca_der(pem)?).map_err(TlsError::Ca)?;
                builder.with_root_certificates(store).with_no_client_auth()
            }
            Self::OsStore => {
                builder.with_platform_verifier().map_err(TlsError::OsStore)?.with_no_client_auth()
            }
            Self::CheckedByToken => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
                .with_no_client_auth(),
        })
    }
}

/// The time by which certificates are judged: the machine's clock, but never before what the server last said. A
/// clock that fell back (an empty battery) is a finding, and must not lock the machine out.
#[derive(Clone)]
pub struct TlsTime {
    clock: Arc<dyn Clock>,
    floor: Timestamp,
}

impl TlsTime {
    /// By `clock`, and not before `floor`.
    pub fn new(clock: Arc<dyn Clock>, floor: Timestamp) -> Self {
        Self { clock, floor }
    }
}

impl TimeProvider for TlsTime {
    fn current_time(&self) -> Option<UnixTime> {
        let now = self.clock.now().max(self.floor);
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

impl fmt::Debug for TlsTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsTime(not before {})", self.floor)
    }
}

/// The one certificate of a PEM text.
///
/// # Errors
/// [`TlsError::Pem`] where there is none, or more than one.
pub fn ca_der(pem: &str) -> Result<CertificateDer<'static>, TlsError> {
    let mut certificates = CertificateDer::pem_slice_iter(pem.as_bytes());
    match (certificates.next(), certificates.next()) {
        (Some(Ok(certificate)), None) => Ok(certificate),
        _ => Err(TlsError::Pem),
    }
}

/// Accepts any certificate whose key really signs the handshake.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use bearing_protocol::clock::FixedClock;

    use super::*;

    #[test]
    fn a_clock_that_fell_back_does_not_judge_certificates() {
        let floor: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        let at = |now: Timestamp| TlsTime::new(Arc::new(FixedClock::new(now)), floor).current_time().unwrap();
        let seconds = u64::try_from(floor.as_second()).unwrap();
        assert_eq!(at(Timestamp::UNIX_EPOCH).as_secs(), seconds);
        let later = "2026-06-02T00:00:00Z".parse().unwrap();
        assert_eq!(at(later).as_secs(), seconds + 24 * 3_600);
    }
}
