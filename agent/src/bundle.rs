//! A signed single-host bundle: one report that anybody can check without the agent and without a server.
//!
//! Always: the report stands outside the device's chain (sequence 0, for nobody's server), so a bundle can be made
//! at any time without disturbing it, and no server accepts it as a report. The bundle says whose key signed: the
//! enrolled device's, or one drawn for this run.

use std::collections::BTreeSet;

use bearing_protocol::{
    Timestamp,
    commitment::{Commitment, Disclosure, Disclosures},
    coverage::Source,
    digest::Digest,
    envelope::{Envelope, EnvelopeError},
    id::ServerId,
    key::{KeySet, PublicKey},
    payload::{InventoryValue, ReportPayload, ReportReason},
    report::Report,
};
use serde::{Deserialize, Serialize};

use crate::{
    commit::{CommitError, Committed, Header, commit},
    key::DeviceKey,
};

/// The schema's name and version.
pub const SCHEMA: &str = "bearing.bundle/1";

/// A bundle, as it is written to a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// Whose key signed.
    pub signed_by: SignedBy,
    /// The key that signed. Trust in it comes from elsewhere: compare its id with the console's page of the device.
    pub public_key: PublicKey,
    /// SHA-256 of the pre-authentication encoding: tells a changed payload from a changed signature.
    pub chain_digest: Digest,
    /// The signed report.
    pub envelope: Envelope,
    /// The values behind its commitments; each may be withheld.
    pub disclosures: Vec<Disclosure>,
}

/// Whose key signed a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignedBy {
    /// The enrolled device's own key.
    Device,
    /// A key drawn for this run: the bundle holds together, and does not prove which machine made it.
    OneRunKey,
}

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum BundleError {
    #[error("cannot commit the report")]
    Commit(#[from] CommitError),
    #[error("cannot seal the report")]
    Seal(#[from] serde_json::Error),
    #[error("cannot digest the report")]
    Digest(#[from] EnvelopeError),
}

/// What signs a bundle and when.
pub struct Signing<'a> {
    /// The key.
    pub key: &'a DeviceKey,
    /// Whose it is.
    pub signed_by: SignedBy,
    /// The agent's clock.
    pub now: Timestamp,
    /// SHA-256 of the agent's own binary.
    pub agent_digest: Option<Digest>,
    /// The kernel's boot id.
    pub boot_id: Option<String>,
}

impl Bundle {
    /// Signs `report` with `inventory`.
    ///
    /// # Errors
    /// Where the system gives no random bytes.
    pub fn make(
        report: &Report,
        inventory: &[(Source, InventoryValue)],
        signing: Signing<'_>,
    ) -> Result<Self, BundleError> {
        let header = Header {
            server: nobodys_server(),
            device_id: signing.key.device_id(),
            boot_id: signing.boot_id,
            sequence: 0,
            previous: None,
            reason: ReportReason::Schedule,
            challenge: None,
            sent_at: signing.now,
            agent_digest: signing.agent_digest,
            key_protection: signing.key.protection(),
            policy_problems: Vec::new(),
            spool_loss: None,
            device_journal: None,
        };
        let Committed { payload, disclosures } = commit(report, inventory, &header)?;
        let envelope = Envelope::seal(&payload, &[signing.key.signer()])?;
        Ok(Self {
            schema: SCHEMA.to_owned(),
            signed_by: signing.signed_by,
            public_key: signing.key.signer().public(),
            chain_digest: envelope.chain_digest()?,
            envelope,
            disclosures,
        })
    }

    /// Checks that everything in it holds together. Every flaw is named.
    pub fn check(&self) -> Checked {
        let mut checked = Checked { signer: self.public_key.id().to_string(), ..Checked::default() };
        if self.schema != SCHEMA {
            checked.flaws.push(Flaw::Schema);
        }
        let digest = self.envelope.chain_digest();
        match &digest {
            Ok(digest) if *digest != self.chain_digest => {
                checked.flaws.push(Flaw::Digest { found: *digest, want: self.chain_digest });
            }
            _ => {}
        }
        let opened = match self.envelope.open::<ReportPayload>(&KeySet::single(self.public_key)) {
            Ok(opened) => opened,
            Err(error) => {
                let unchanged = digest.is_ok_and(|digest| digest == self.chain_digest);
                checked.flaws.push(Flaw::Signature { error, payload_unchanged: unchanged });
                return checked;
            }
        };
        if opened.device_id.as_str().get(4..) != self.public_key.id().as_str().get(4..) {
            checked.flaws.push(Flaw::Device { named: opened.device_id.to_string() });
        }
        self.check_values(&opened, &mut checked);
        checked.payload = Some(opened.into_inner());
        checked
    }

    fn check_values(&self, payload: &ReportPayload, checked: &mut Checked) {
        let named: BTreeSet<Commitment> = commitments_of(payload).into_iter().collect();
        let disclosed = Disclosures::index(self.disclosures.iter().cloned());
        for (number, disclosure) in self.disclosures.iter().enumerate() {
            if !named.contains(&disclosure.commitment()) {
                checked.flaws.push(Flaw::Value { number: number + 1, digest: disclosure.commitment().0 });
            }
        }
        checked.values = named.len();
        checked.withheld = named.iter().filter(|commitment| disclosed.get(commitment).is_none()).count();
    }
}

/// What a check came to.
#[derive(Debug, Default)]
pub struct Checked {
    /// The id of the key in the bundle.
    pub signer: String,
    /// Everything that does not hold.
    pub flaws: Vec<Flaw>,
    /// Values that are committed to.
    pub values: usize,
    /// Those of them that are not in the bundle.
    pub withheld: usize,
    /// The report, where the signature holds.
    pub payload: Option<ReportPayload>,
}

/// Something that does not hold.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Flaw {
    #[error("this is no bundle of schema `{SCHEMA}`")]
    Schema,
    #[error("the signed bytes digest to {found}, the bundle says {want}")]
    Digest { found: Digest, want: Digest },
    #[error("{error}{}", whose_fault(*.payload_unchanged))]
    Signature { error: EnvelopeError, payload_unchanged: bool },
    #[error("the report names device `{named}`, which is not the id of the key that signed")]
    Device { named: String },
    #[error("value {number} of the bundle digests to {digest}, which the signed report does not name")]
    Value { number: usize, digest: Digest },
}

const fn whose_fault(payload_unchanged: bool) -> &'static str {
    if payload_unchanged {
        ": the report's bytes are those that were signed, so the signature or the key was changed"
    } else {
        ": the report's bytes were changed after they were signed"
    }
}

/// Every commitment that `payload` makes.
pub fn commitments_of(payload: &ReportPayload) -> Vec<Commitment> {
    let mut all = vec![payload.hostname];
    for finding in &payload.findings {
        all.push(finding.text);
        all.extend(finding.evidence.iter().map(|piece| piece.text));
    }
    all.extend(payload.inventory.iter().map(|item| item.item));
    all
}

/// The audience of what is for no server. It parses: its text is a constant.
fn nobodys_server() -> ServerId {
    ServerId::from_bytes(&[0; 16])
}

#[cfg(test)]
mod tests {
    use bearing_protocol::{
        fact::MachineKind,
        report::{DeviceSummary, MachineSummary, OsSummary, PolicySummary},
    };

    use super::*;

    fn bundle() -> Bundle {
        let report = Report {
            schema: bearing_protocol::report::SCHEMA.into(),
            evaluated_at: Timestamp::UNIX_EPOCH,
            device: DeviceSummary {
                hostname: "box".into(),
                os: OsSummary::default(),
                machine: MachineSummary { kind: MachineKind::Laptop },
            },
            policy: PolicySummary { name: "default".into(), version: 1, digest: Digest::of(b"") },
            coverage: Vec::new(),
            outcomes: Vec::new(),
            findings: Vec::new(),
        };
        let key = DeviceKey::ephemeral().unwrap();
        let signing = Signing {
            key: &key,
            signed_by: SignedBy::OneRunKey,
            now: Timestamp::UNIX_EPOCH,
            agent_digest: None,
            boot_id: None,
        };
        Bundle::make(&report, &[], signing).unwrap()
    }

    fn flaws(bundle: &Bundle) -> String {
        bundle.check().flaws.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_whole_bundle_holds_and_so_does_one_with_a_value_withheld() {
        let mut bundle = bundle();
        assert_eq!(flaws(&bundle), "");
        assert_eq!((bundle.check().values, bundle.check().withheld), (1, 0));
        bundle.disclosures.clear();
        assert_eq!(flaws(&bundle), "");
        assert_eq!((bundle.check().values, bundle.check().withheld), (1, 1));
    }

    /// No byte of the file can be another without the check saying so.
    #[test]
    fn every_byte_that_differs_is_noticed() {
        let whole = serde_json::to_vec(&bundle()).unwrap();
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            let noticed = match serde_json::from_slice::<Bundle>(&changed) {
                Ok(bundle) => !bundle.check().flaws.is_empty(),
                Err(_) => true,
            };
            assert!(noticed, "byte {place} of {}", String::from_utf8_lossy(&changed));
        }
    }

    #[test]
    fn what_was_changed_is_named() {
        let mut changed = bundle();
        changed.envelope.payload.replace_range(40..41, "!");
        assert!(flaws(&changed).contains("not valid base64"), "{}", flaws(&changed));

        let mut changed = bundle();
        let at = changed.envelope.payload.char_indices().nth(40).unwrap();
        changed.envelope.payload.replace_range(40..41, if at.1 == 'A' { "B" } else { "A" });
        assert!(flaws(&changed).contains("bytes were changed after"), "{}", flaws(&changed));

        let mut changed = bundle();
        changed.public_key = bundle().public_key;
        assert!(flaws(&changed).contains("0 trusted signatures"), "{}", flaws(&changed));

        let mut changed = bundle();
        changed.envelope.signatures[0].sig = bundle().envelope.signatures[0].sig.clone();
        assert!(flaws(&changed).contains("the signature or the key was changed"), "{}", flaws(&changed));

        let mut changed = bundle();
        changed.disclosures = bundle().disclosures;
        assert!(flaws(&changed).contains("value 1 of the bundle"), "{}", flaws(&changed));
    }
}
