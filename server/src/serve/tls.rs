//! The TLS side of the listeners.

use std::{io, sync::Arc};

use bearing_protocol::Timestamp;
use rustls::{ServerConfig, crypto::ring, version};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio_rustls::TlsAcceptor;

use super::ServeError;
use crate::{
    certificate::{ServerCertificate, make_server_certificate},
    config::{Config, TlsFiles},
    files::{FileError, read_text},
    init::host_of,
    installation::{CA_KEY_FILE, Installation},
};

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum TlsError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("`{path}` holds no certificate or key in PEM form")]
    Pem { path: String, source: rustls_pki_types::pem::Error },
    #[error("certificate and key cannot be used together")]
    Rustls(#[from] rustls::Error),
    #[error("this server's name cannot be read from its public URL")]
    Name(#[source] io::Error),
}

/// What accepts TLS connections.
pub(super) fn acceptor(
    config: &Config,
    installation: &Installation,
    now: Timestamp,
) -> Result<TlsAcceptor, ServeError> {
    let certificate = match &config.tls {
        Some(files) => read(files)?,
        None => own(installation, now)?,
    };
    let mut tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(TlsError::from)?
        .with_no_client_auth()
        .with_single_cert(certificate.chain, certificate.key)
        .map_err(TlsError::from)?;
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(tls)))
}

fn read(files: &TlsFiles) -> Result<ServerCertificate, TlsError> {
    let pem = |path: &std::path::Path| {
        let path = path.display().to_string();
        move |source| TlsError::Pem { path, source }
    };
    let chain = CertificateDer::pem_slice_iter(read_text(&files.certificate)?.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(pem(&files.certificate))?;
    let key = zeroize::Zeroizing::new(read_text(&files.key)?);
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(pem(&files.key))?;
    Ok(ServerCertificate { chain, key })
}

/// A certificate by the server's own CA, for the public name and for this machine.
fn own(installation: &Installation, now: Timestamp) -> Result<ServerCertificate, ServeError> {
    let path = installation.dir.join(CA_KEY_FILE);
    let key = zeroize::Zeroizing::new(read_text(&path).map_err(TlsError::from)?);
    let ca = CertificateDer::from_pem_slice(installation.ca_pem.as_bytes())
        .map_err(|source| TlsError::Pem { path: "ca.pem".to_owned(), source })?;
    let host = host_of(&installation.facts.public_url)
        .ok_or_else(|| TlsError::Name(io::Error::other(installation.facts.public_url.clone())))?;
    let mut names = vec![host, "localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    names.sort();
    names.dedup();
    Ok(make_server_certificate(installation.facts.server.as_str(), &key, &ca, &names, now)?)
}
