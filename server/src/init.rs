//! Making a data directory: identity, keys, CA, first account.
//!
//! Always: the private policy key is written to the path the administrator chose and nowhere else, and that
//! path is outside the data directory; nothing that exists is overwritten.

use std::{path::PathBuf, sync::Arc};

use bearing_protocol::{
    clock::Clock,
    id::{KeyId, ServerId},
    key::{FileKey, PublicKey, Signer as _},
};
use bearing_store::Role;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::{
    act::{self, ActError, UserRequest},
    auth::{Actor, RandomError, random_bytes},
    certificate::{CertificateError, make_ca},
    config::{CONFIG_FILE, REFERENCE},
    files::{FileError, create_private_directory, create_public, create_secret},
    installation::{
        CA_FILE, CA_KEY_FILE, EVIDENCE_KEY_FILE, Facts, INSTALLATION_FILE, Installation, InstallationError,
        OBSERVATION_KEY_FILE, TENANT_KEY_FILE,
    },
};

/// What is asked for.
pub struct InitRequest {
    /// Where keys and the store will lie.
    pub data_dir: PathBuf,
    /// Where the private policy key goes.
    pub policy_key_out: PathBuf,
    /// The address of agents and people.
    pub public_url: String,
    /// Employee-side public keys to pin.
    pub employee_keys: Vec<PublicKey>,
    /// Name of the first account.
    pub admin: String,
    /// Its password; one is made where absent.
    pub admin_password: Option<SecretString>,
}

/// What was made.
pub struct Initialised {
    /// This server.
    pub server: ServerId,
    /// The policy key's id.
    pub policy_key: KeyId,
    /// The password that was made for the first account, to be shown once.
    pub password: Option<Zeroizing<String>>,
}

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum InitError {
    #[error("`{0}` is a data directory already: init makes new ones only")]
    Exists(String),
    #[error("the policy key must lie outside the data directory: the server must not be able to read it")]
    PolicyKeyInside,
    #[error("the public URL must be `https://HOST` or `https://HOST:PORT`")]
    Url,
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error(transparent)]
    Installation(#[from] InstallationError),
    #[error("the installation cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    #[error("the first account could not be made: {0}")]
    Account(#[from] ActError),
}

/// The host of a public URL, without brackets; `None` where it is no such URL.
pub fn host_of(public_url: &str) -> Option<String> {
    let rest = public_url.strip_prefix("https://")?.trim_end_matches('/');
    if rest.is_empty() || rest.contains(['/', '@', '?', '#', ' ']) {
        return None;
    }
    let host = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => rest.split_once(':').map_or(rest, |(host, _)| host),
    };
    (!host.is_empty()).then(|| host.to_owned())
}

/// A text for a key file.
fn key_text(bytes: &[u8; 32]) -> Zeroizing<String> {
    Zeroizing::new(format!("{}\n", hex::encode(bytes)))
}

/// A password that is easy to copy: 24 letters and digits in groups, 115 bits.
fn make_password() -> Result<Zeroizing<String>, RandomError> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let bytes = Zeroizing::new(random_bytes::<24>()?);
    let mut password = Zeroizing::new(String::new());
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && index % 6 == 0 {
            password.push('-');
        }
        password.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    Ok(password)
}

/// Makes a data directory.
///
/// # Errors
/// What stood in the way. What was written before stays, for the administrator to look at and remove.
pub async fn init(request: InitRequest, clock: Arc<dyn Clock>) -> Result<Initialised, InitError> {
    let InitRequest { data_dir, policy_key_out, public_url, employee_keys, admin, admin_password } = request;
    let public_url = public_url.trim_end_matches('/').to_owned();
    host_of(&public_url).ok_or(InitError::Url)?;
    if data_dir.join(INSTALLATION_FILE).exists() {
        return Err(InitError::Exists(data_dir.display().to_string()));
    }
    create_private_directory(&data_dir)?;
    let read = |source| FileError::Read { path: data_dir.display().to_string(), source };
    let inside = data_dir.canonicalize().map_err(read)?;
    let parent = match policy_key_out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let parent = parent
        .canonicalize()
        .map_err(|source| FileError::Read { path: parent.display().to_string(), source })?;
    if parent.starts_with(&inside) {
        return Err(InitError::PolicyKeyInside);
    }

    let server = ServerId::from_bytes(&random_bytes::<16>()?);
    let policy_seed = Zeroizing::new(random_bytes::<32>()?);
    let policy_key = FileKey::from_seed(&policy_seed);
    create_secret(&policy_key_out, &key_text(&policy_seed))?;
    for name in [EVIDENCE_KEY_FILE, OBSERVATION_KEY_FILE, TENANT_KEY_FILE] {
        create_secret(&data_dir.join(name), &key_text(&Zeroizing::new(random_bytes::<32>()?)))?;
    }
    let ca = make_ca(server.as_str(), clock.now())?;
    create_secret(&data_dir.join(CA_KEY_FILE), &ca.key_pem)?;
    create_public(&data_dir.join(CA_FILE), &ca.certificate_pem)?;
    let tenant_key_id = format!("ten_{}", hex::encode(random_bytes::<8>()?));
    let facts = Facts {
        server: server.clone(),
        public_url,
        policy_keys: vec![policy_key.public()],
        policy_threshold: 1,
        employee_keys,
        tenant_key_id,
    };
    let config = REFERENCE.replace(
        "data_dir = \"/var/lib/bearing-server\"",
        &format!("data_dir = {}", toml::Value::String(inside.display().to_string())),
    );
    create_secret(&data_dir.join(CONFIG_FILE), &config)?;
    create_secret(&data_dir.join(INSTALLATION_FILE), &serde_json::to_string_pretty(&facts)?)?;

    let installation = Installation::load(&data_dir)?;
    let app = installation.app(installation.open_store().await?, clock, false);
    let (password, made) = match admin_password {
        Some(given) => (given, None),
        None => {
            let made = make_password()?;
            (SecretString::from(made.as_str()), Some(made))
        }
    };
    let account = UserRequest { name: admin, role: Role::Admin, password };
    act::create_user(&app, &Actor::command_line(), account).await?;
    Ok(Initialised { server, policy_key: policy_key.key_id(), password: made })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_taken_from_urls() {
        assert_eq!(host_of("https://bearing.example:8443").as_deref(), Some("bearing.example"));
        assert_eq!(host_of("https://[::1]:8443/").as_deref(), Some("::1"));
        assert_eq!(host_of("https://10.0.0.1").as_deref(), Some("10.0.0.1"));
        for wrong in ["http://x", "https://", "https://x/y", "https://a@b", "bearing.example"] {
            assert_eq!(host_of(wrong), None, "{wrong}");
        }
    }
}
