//! A case packet: the signed record with the envelopes it rests on (JSON), a sheet to read (HTML), a table (CSV).
//!
//! Always: taking one away is noted in the audit log and in the case's log of custody, with the digest of exactly the
//! bytes that were handed out; every form names the digest of the same record.

use std::collections::BTreeMap;

use bearing_protocol::{
    digest::Digest,
    envelope::{Envelope, EnvelopeError},
    id::{CaseId, DeviceId, KeyId},
    key::{PublicKey, Signer as _},
};
use bearing_store::StoreError;
use serde::{Deserialize, Serialize};

use super::{
    CasePayload, record,
    record::{MAX_CUSTODY, content_digest},
    sheet,
};
use crate::{
    act::{self, ActError},
    app::App,
    evidence::BundleReport,
};

/// The schema's name and version.
pub const CASE_SCHEMA: &str = "bearing.case/1";

/// A case's signed bundle, as one JSON file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseBundle {
    /// Always [`CASE_SCHEMA`].
    pub schema: String,
    /// For people: what this is and how to check it.
    pub note: String,
    /// The signed record ([`CasePayload`]).
    pub case: Envelope,
    /// Id of the evidence key that signed it. Compare it with the one the organisation published.
    pub evidence_key_id: KeyId,
    /// The evidence key.
    pub evidence_key: PublicKey,
    /// The devices' keys. Each device id is derived from its key, so none can be exchanged.
    pub device_keys: BTreeMap<DeviceId, PublicKey>,
    /// The reports that show the findings, as they came.
    pub reports: Vec<BundleReport>,
}

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketForm {
    /// The signed bundle, for `evidence verify`.
    Json,
    /// One page to read and print.
    Html,
    /// The findings as a table.
    Csv,
}

impl PacketForm {
    /// The word, which is the file's ending too.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Html => "html",
            Self::Csv => "csv",
        }
    }

    /// The form of this name.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Json, Self::Html, Self::Csv].into_iter().find(|form| form.as_str() == word)
    }

    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Html => "text/html; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// What is handed out.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Their SHA-256, as the log of custody has it.
    pub digest: Digest,
    /// In which form.
    pub form: PacketForm,
}

/// Why a packet could not be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum PacketError {
    #[error("there is no case `{0}`")]
    Unknown(CaseId),
    #[error("the record cannot be signed")]
    Seal(#[from] EnvelopeError),
    #[error("the packet cannot be written as JSON")]
    Serialise(#[from] serde_json::Error),
    #[error("the sheet cannot be written")]
    Sheet(#[from] askama::Error),
    #[error("the store could not do it")]
    Store(#[from] StoreError),
    #[error("the log of custody could not be written, so nothing is handed out")]
    Custody(#[source] ActError),
}

/// Makes a packet of a case and notes who took it away.
///
/// # Errors
/// Where there is no such case, it cannot be signed or written, or the store cannot.
pub async fn packet(app: &App, actor: &str, id: &CaseId, form: PacketForm) -> Result<Packet, PacketError> {
    let row = app.store.case(id).await?.ok_or_else(|| PacketError::Unknown(id.clone()))?;
    let (record, shown) = record(app, &row).await?;
    let payload = CasePayload {
        server: app.server.clone(),
        exported_at: app.clock.now(),
        exported_by: actor.to_owned(),
        content: content_digest(&record)?,
        record,
        custody: app.store.custody(id, MAX_CUSTODY).await?,
    };
    let bytes = match form {
        PacketForm::Json => serde_json::to_vec_pretty(&bundle(app, &payload, &shown).await?)?,
        PacketForm::Html => sheet::html(&payload, &app.evidence_key.key_id())?.into_bytes(),
        PacketForm::Csv => sheet::csv(&payload).into_bytes(),
    };
    let digest = Digest::of(&bytes);
    let what = format!("exported {}", form.as_str());
    act::note_look(app, actor, id, &what, Some(digest.to_string())).await.map_err(PacketError::Custody)?;
    Ok(Packet { bytes, digest, form })
}

async fn bundle(
    app: &App,
    payload: &CasePayload,
    shown: &[(DeviceId, u64, Digest)],
) -> Result<CaseBundle, PacketError> {
    let mut device_keys = BTreeMap::new();
    for device in &payload.record.devices {
        if let Some(row) = app.store.device(&device.device).await? {
            device_keys.insert(row.id, row.public_key);
        }
    }
    let mut reports = Vec::new();
    for (device, sequence, _) in shown {
        if let Some(message) = app.store.message(device, *sequence).await? {
            reports.push(BundleReport {
                device_id: message.device,
                sequence: message.sequence,
                envelope: message.envelope,
                disclosures: message.disclosures,
                observation: message.observation,
            });
        }
    }
    Ok(CaseBundle {
        schema: CASE_SCHEMA.to_owned(),
        note: "Signed record of one case. Check it offline with `bearing-server evidence verify FILE --key KEY_ID_OR_HEX`. \
               Envelopes are DSSE v1 with Ed25519; disclosures are base64url JSON arrays [salt, value] whose SHA-256 the reports carry. \
               It names work for people and says nothing about who somebody is."
            .to_owned(),
        case: Envelope::seal(payload, &[&app.evidence_key])?,
        evidence_key_id: app.evidence_key.key_id(),
        evidence_key: app.evidence_key.public(),
        device_keys,
        reports,
    })
}
