//! The server's own CA and the certificate it shows.
//!
//! Always: agents pin the CA; the server's certificate is made anew at each start, so that none runs out
//! unseen; ECDSA P-256, made with ring.

use bearing_protocol::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

/// Years that a CA is valid.
const CA_YEARS: i32 = 20;
/// Years that a server's certificate is valid.
const SERVER_YEARS: i32 = 2;

/// A certificate could not be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum CertificateError {
    #[error("cannot make a certificate for `{names}`")]
    Make { names: String, source: rcgen::Error },
    #[error("the CA key in the data directory cannot be read")]
    Key(#[source] rcgen::Error),
}

/// A CA: certificate and key, PEM.
pub struct Ca {
    /// The certificate.
    pub certificate_pem: String,
    /// The key.
    pub key_pem: Zeroizing<String>,
}

/// The certificate chain that a server shows, and its key.
pub struct ServerCertificate {
    /// Server's certificate first, then the CA's.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key.
    pub key: PrivateKeyDer<'static>,
}

fn ca_parameters(name: &str, now: Timestamp) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, format!("Bearing CA {name}"));
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_validity(&mut parameters, now, CA_YEARS);
    parameters
}

/// From yesterday (clocks differ) for `years`.
fn set_validity(parameters: &mut CertificateParams, now: Timestamp, years: i32) {
    let date = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let before = date.yesterday().unwrap_or(date);
    let day = |date: jiff::civil::Date, years: i32| {
        // The 29th of February is not in every year.
        let number = u8::try_from(date.day().min(28)).unwrap_or(1);
        date_time_ymd(i32::from(date.year()) + years, u8::try_from(date.month()).unwrap_or(1), number)
    };
    parameters.not_before = day(before, 0);
    parameters.not_after = day(date, years);
}

/// Makes a CA for the installation `name`.
///
/// # Errors
/// Where no key can be made.
pub fn make_ca(name: &str, now: Timestamp) -> Result<Ca, CertificateError> {
    let wrong = |source| CertificateError::Make { names: name.to_owned(), source };
    let key = KeyPair::generate().map_err(wrong)?;
    let certificate = ca_parameters(name, now).self_signed(&key).map_err(wrong)?;
    Ok(Ca { certificate_pem: certificate.pem(), key_pem: Zeroizing::new(key.serialize_pem()) })
}

/// Makes a server's certificate for `names` (DNS names and addresses), signed by the CA of the installation
/// `name`.
///
/// # Errors
/// Where the CA's key cannot be read or a name is none.
pub fn make_server_certificate(
    name: &str,
    ca_key_pem: &str,
    ca_certificate: &CertificateDer<'static>,
    names: &[String],
    now: Timestamp,
) -> Result<ServerCertificate, CertificateError> {
    let wrong = |source| CertificateError::Make { names: names.join(", "), source };
    let ca_key = KeyPair::from_pem(ca_key_pem).map_err(CertificateError::Key)?;
    let issuer = Issuer::new(ca_parameters(name, now), ca_key);
    let key = KeyPair::generate().map_err(wrong)?;
    let mut parameters = CertificateParams::new(names.to_vec()).map_err(wrong)?;
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, "Bearing server");
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters.use_authority_key_identifier_extension = true;
    set_validity(&mut parameters, now, SERVER_YEARS);
    let certificate = parameters.signed_by(&key, &issuer).map_err(wrong)?;
    Ok(ServerCertificate {
        chain: vec![certificate.der().clone(), ca_certificate.clone()],
        key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
    })
}
