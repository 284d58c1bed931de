use std::collections::{BTreeMap, BTreeSet};

use bearing_protocol::{
    commitment::{Commitment, Disclosure},
    id::{DeviceId, KeyId},
    key::{KeySet, PublicKey},
    payload::{DeviceResult, EvaluationPayload, ObservationPayload, ReportPayload, ResultCounts},
};

use super::{Bundle, BundleReport, SCHEMA};
use crate::{
    cases::{CASE_SCHEMA, verify_case},
    evaluations::device_result,
};

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub what: String,
    /// Empty where it holds; else what does not.
    pub problem: Option<String>,
}

/// What checking a bundle came to.
#[derive(Clone, Debug, Default)]
pub struct Verification {
    /// Every check, in order.
    pub checks: Vec<Check>,
    /// The evaluation's name, where its signature held.
    pub name: Option<String>,
    /// The case's title, where the bundle is a case's and its signature held.
    pub case: Option<String>,
    /// Key that signed the result.
    pub key: Option<KeyId>,
    /// Whether that key is one the caller brought, not only the bundle's own.
    pub trusted: bool,
    /// Counts as signed.
    pub counts: ResultCounts,
    /// Disclosures present and withheld.
    pub disclosed: usize,
    /// See `disclosed`.
    pub withheld: usize,
}

impl Verification {
    /// Whether everything that was checked holds.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.problem.is_none())
    }

    /// Notes one check; whether it holds.
    pub(crate) fn check(&mut self, what: impl Into<String>, problem: Option<String>) -> bool {
        let holds = problem.is_none();
        self.checks.push(Check { what: what.into(), problem });
        holds
    }
}

impl Verification {
    /// Checks that the evidence key is the one it says, and the trusted one where there is one; its id.
    pub(crate) fn check_key(
        &mut self,
        stated: &KeyId,
        key: &PublicKey,
        trusted: Option<&TrustedKey>,
    ) -> KeyId {
        let key_id = key.id();
        let problem = (*stated != key_id).then(|| "stated id is another key's".to_owned());
        self.check(format!("evidence key is {key_id}"), problem);
        if let Some(trusted) = trusted {
            let want = match trusted {
                TrustedKey::Id(id) => id.clone(),
                TrustedKey::Key(key) => key.id(),
            };
            self.trusted = want == key_id;
            let problem =
                (!self.trusted).then(|| format!("the bundle was signed by {key_id}, not by {want}"));
            self.check("evidence key is the trusted one", problem);
        }
        key_id
    }
}

/// Which key the caller trusts.
#[derive(Clone, Debug)]
pub enum TrustedKey {
    /// Its id is enough: ids are derived from keys.
    Id(KeyId),
    /// The key itself.
    Key(PublicKey),
}

/// What every bundle says first.
#[derive(serde::Deserialize)]
struct Kind {
    schema: String,
}

/// Checks a bundle's bytes, an evaluation's or a case's. Needs nothing else; with `trusted` also that the
/// organisation's key signed it.
pub fn verify(bytes: &[u8], trusted: Option<&TrustedKey>) -> Verification {
    if serde_json::from_slice::<Kind>(bytes).is_ok_and(|kind| kind.schema == CASE_SCHEMA) {
        return verify_case(bytes, trusted);
    }
    let mut result = Verification::default();
    let bundle: Bundle = match serde_json::from_slice(bytes) {
        Ok(bundle) => bundle,
        Err(error) => {
            result.check("bundle is readable", Some(error.to_string()));
            return result;
        }
    };
    let schema = (bundle.schema != SCHEMA).then(|| format!("schema is `{}`, want `{SCHEMA}`", bundle.schema));
    if !result.check("bundle is readable", schema) {
        return result;
    }
    let key_id = result.check_key(&bundle.evidence_key_id, &bundle.evidence_key, trusted);
    let evidence_keys = KeySet::single(bundle.evidence_key);
    let evaluation = match bundle.evaluation.open::<EvaluationPayload>(&evidence_keys) {
        Ok(evaluation) => evaluation,
        Err(error) => {
            result.check("signature of the result holds", Some(error.to_string()));
            return result;
        }
    };
    result.check("signature of the result holds", None);
    result.name = Some(evaluation.name.clone());
    result.key = Some(key_id);
    result.counts = evaluation.counts;

    let mut by_device: BTreeMap<&DeviceId, &BundleReport> = BTreeMap::new();
    for report in &bundle.reports {
        if by_device.insert(&report.device_id, report).is_some() {
            let problem = Some("the bundle holds two reports of this device".to_owned());
            result.check(format!("report of {}", report.device_id), problem);
        }
    }
    for device in &evaluation.devices {
        check_device(
            &mut result,
            &bundle,
            &evaluation,
            device,
            by_device.remove(&device.device_id),
            &evidence_keys,
        );
    }
    for stray in by_device.keys() {
        result.check(
            format!("report of {stray}"),
            Some("the signed result does not name this device".to_owned()),
        );
    }
    let counted = crate::evaluations::count(&evaluation.devices);
    let problem = (counted != evaluation.counts)
        .then(|| "signed counts are not the sum of the signed results".to_owned());
    result.check("counts are the sum of the results", problem);
    result
}

fn check_device(
    result: &mut Verification,
    bundle: &Bundle,
    evaluation: &EvaluationPayload,
    device: &DeviceResult,
    report: Option<&BundleReport>,
    evidence_keys: &KeySet,
) {
    let id = &device.device_id;
    let Some(digest) = device.report else {
        let problem =
            report.map(|_| "the bundle holds a report, the signed result says there was none".to_owned());
        let why = device.not_assessed.as_deref().unwrap_or("no reason given");
        result.check(format!("{id}: not assessed ({why})"), problem);
        return;
    };
    let Some(report) = report else {
        result.check(
            format!("{id}: report"),
            Some("the signed result names a report that the bundle lacks".to_owned()),
        );
        return;
    };
    let Some(key) = bundle.device_keys.get(id).filter(|key| DeviceId::of_key(key.as_bytes()) == *id) else {
        result.check(format!("{id}: device key"), Some("no key in the bundle has this id".to_owned()));
        return;
    };
    let opened = match report.envelope.open::<ReportPayload>(&KeySet::single(*key)) {
        Ok(opened) => opened,
        Err(error) => {
            result.check(format!("{id}: signature of report {}", report.sequence), Some(error.to_string()));
            return;
        }
    };
    let mut problem = None;
    if opened.chain_digest() != digest {
        problem = Some("the signed result names another report".to_owned());
    } else if opened.device_id != *id {
        problem = Some("the report names another device".to_owned());
    } else if opened.nonce.as_deref() != Some(device.nonce.as_str()) {
        problem = Some("the report does not carry this evaluation's nonce".to_owned());
    }
    if !result.check(format!("{id}: report {} is signed, fresh and the one named", opened.sequence), problem)
    {
        return;
    }
    let again = device_result(id, &device.nonce, Some((&opened, digest)), None, &evaluation.scope, &[]);
    let problem =
        (again != *device).then(|| "results computed from the report differ from the signed ones".to_owned());
    result.check(format!("{id}: results follow from the report"), problem);
    check_disclosures(result, id, &opened, &report.disclosures);
    if let Some(observation) = &report.observation {
        let problem = match observation.open::<ObservationPayload>(evidence_keys) {
            Ok(seen) if seen.message != digest => Some("it speaks of another report".to_owned()),
            Ok(_) => None,
            Err(error) => Some(error.to_string()),
        };
        result.check(format!("{id}: observation is signed"), problem);
    }
}

fn check_disclosures(
    result: &mut Verification,
    id: &DeviceId,
    report: &ReportPayload,
    disclosures: &[Disclosure],
) {
    let committed = commitments(report);
    let present: BTreeSet<_> = disclosures.iter().map(Disclosure::commitment).collect();
    let strays = present.difference(&committed).count();
    let problem =
        (strays > 0).then(|| format!("{strays} disclosed values are committed nowhere in the report"));
    let open = present.intersection(&committed).count();
    let withheld = committed.len() - open;
    result.disclosed += open;
    result.withheld += withheld;
    result.check(format!("{id}: {open} values match their commitments, {withheld} withheld"), problem);
}

/// Every commitment of a report.
pub fn commitments(report: &ReportPayload) -> BTreeSet<Commitment> {
    let mut all = BTreeSet::from([report.hostname]);
    for finding in &report.findings {
        all.insert(finding.text);
        all.extend(finding.evidence.iter().map(|evidence| evidence.text));
    }
    all.extend(report.inventory.iter().map(|item| item.item));
    all
}
