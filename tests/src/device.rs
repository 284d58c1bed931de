//! A simulated device: a key, a chain, and messages that are signed for real.

use anyhow::{Context as _, Result, bail};
use bearing_protocol::{
    Timestamp,
    api::{Acknowledgement, CheckinRequest, EnrollAnswer, EnrollRequest, ReportRequest},
    commitment::Disclosure,
    digest::Digest,
    envelope::Envelope,
    id::{DeviceId, ServerId},
    key::{FileKey, KeyProtection},
    payload::{CheckinPayload, CheckinReason, EnrollPayload, ReportPayload},
    report::DeviceSummary,
    token::EnrolmentToken,
};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::connection::{Answer, Connection};

/// An enrolled simulated device.
pub struct Device {
    /// Its key.
    pub key: FileKey,
    /// Its id.
    pub id: DeviceId,
    /// Its server.
    pub server: ServerId,
    /// Number of its last message.
    pub sequence: u64,
    /// Chain digest of its last message.
    pub previous: Option<Digest>,
    /// Chain digest of its last report.
    pub last_report: Option<Digest>,
    /// Tenant HMAC key, hex.
    pub tenant_key: String,
}

/// The proof that an enrolment carries: HMAC-SHA256 under the hex SHA-256 of the token's secret, over
/// device id, NUL and the trust digest's text.
pub fn token_proof(token: &EnrolmentToken, device: &DeviceId) -> Result<String> {
    let key = hex::encode(Sha256::digest(token.secret.as_bytes()));
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())?;
    mac.update(device.as_str().as_bytes());
    mac.update(&[0]);
    mac.update(token.trust.to_string().as_bytes());
    Ok(hex::encode(mac.finalize().into_bytes()))
}

impl Device {
    /// Makes a key and enrols with `token`.
    pub async fn enroll(
        connection: &mut Connection,
        token: &EnrolmentToken,
        summary: DeviceSummary,
        now: Timestamp,
    ) -> Result<Self> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|error| anyhow::anyhow!("random numbers: {error}"))?;
        let key = FileKey::from_seed(&seed);
        let id = DeviceId::of_key(key.public().as_bytes());
        let payload = EnrollPayload {
            device_id: id.clone(),
            public_key: key.public(),
            key_protection: KeyProtection::File,
            token: token.id.clone(),
            token_proof: token_proof(token, &id)?,
            trust: token.trust,
            device: summary,
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            agent_digest: None,
            sent_at: now,
        };
        let request = EnrollRequest { envelope: Envelope::seal(&payload, &[&key])? };
        let answer =
            connection.post("/agent/v1/enroll", Some(id.as_str()), serde_json::to_vec(&request)?).await?;
        let answer: EnrollAnswer = read(&answer).context("enrolment")?;
        Ok(Self {
            key,
            id,
            server: answer.server,
            sequence: 0,
            previous: None,
            last_report: None,
            tenant_key: answer.tenant_key,
        })
    }

    /// The next check-in, signed and chained.
    pub fn checkin(&mut self, reason: CheckinReason, policy: Digest, now: Timestamp) -> Result<Vec<u8>> {
        let payload = CheckinPayload {
            server: self.server.clone(),
            device_id: self.id.clone(),
            boot_id: None,
            sequence: self.sequence + 1,
            previous: self.previous,
            reason,
            last_report: self.last_report,
            policy_digest: policy,
            policy_version: 1,
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            sent_at: now,
            trips: Vec::new(),
        };
        let envelope = Envelope::seal(&payload, &[&self.key])?;
        self.advance(&envelope)?;
        Ok(serde_json::to_vec(&CheckinRequest { envelope })?)
    }

    /// The next report: `payload` with this device's identity, number and chain put in.
    pub fn report(&mut self, mut payload: ReportPayload, disclosures: Vec<Disclosure>) -> Result<Vec<u8>> {
        payload.server = self.server.clone();
        payload.device_id = self.id.clone();
        payload.sequence = self.sequence + 1;
        payload.previous = self.previous;
        let envelope = Envelope::seal(&payload, &[&self.key])?;
        self.advance(&envelope)?;
        self.last_report = self.previous;
        Ok(serde_json::to_vec(&ReportRequest { envelope, disclosures })?)
    }

    fn advance(&mut self, envelope: &Envelope) -> Result<()> {
        self.sequence += 1;
        self.previous = Some(envelope.chain_digest()?);
        Ok(())
    }

    /// Sends what [`Self::checkin`] made.
    pub async fn send_checkin(&self, connection: &mut Connection, body: Vec<u8>) -> Result<Acknowledgement> {
        read(&connection.post("/agent/v1/checkin", Some(self.id.as_str()), body).await?).context("check-in")
    }

    /// Sends what [`Self::report`] made.
    pub async fn send_report(&self, connection: &mut Connection, body: Vec<u8>) -> Result<Acknowledgement> {
        read(&connection.post("/agent/v1/reports", Some(self.id.as_str()), body).await?).context("report")
    }
}

fn read<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T> {
    if answer.status / 100 != 2 {
        bail!("the server answered {}: {}", answer.status, String::from_utf8_lossy(&answer.body));
    }
    Ok(serde_json::from_slice(&answer.body)?)
}
