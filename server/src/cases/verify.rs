//! Checking a case's bundle offline: signatures, digests, and every verdict computed again.

use std::collections::BTreeSet;

use bearing_policies::risk::{RiskInput, RiskStatus, score};
use bearing_protocol::{
    digest::Digest,
    id::DeviceId,
    key::KeySet,
    payload::{ObservationPayload, ReportPayload},
};

use super::{
    CASE_SCHEMA, CaseBundle, CasePayload,
    record::{DeviceRecord, FindingRecord, content_digest},
};
use crate::evidence::{BundleReport, TrustedKey, Verification};

/// Checks a case's bundle. Needs nothing else; with `trusted` also that the organisation's key signed it.
pub fn verify_case(bytes: &[u8], trusted: Option<&TrustedKey>) -> Verification {
    let mut result = Verification::default();
    let bundle: CaseBundle = match serde_json::from_slice(bytes) {
        Ok(bundle) => bundle,
        Err(error) => {
            result.check("bundle is readable", Some(error.to_string()));
            return result;
        }
    };
    let schema = (bundle.schema != CASE_SCHEMA)
        .then(|| format!("schema is `{}`, want `{CASE_SCHEMA}`", bundle.schema));
    if !result.check("bundle is readable", schema) {
        return result;
    }
    let key_id = result.check_key(&bundle.evidence_key_id, &bundle.evidence_key, trusted);
    let evidence_keys = KeySet::single(bundle.evidence_key);
    let case = match bundle.case.open::<CasePayload>(&evidence_keys) {
        Ok(case) => case,
        Err(error) => {
            result.check("signature of the record holds", Some(error.to_string()));
            return result;
        }
    };
    result.check("signature of the record holds", None);
    result.case = Some(case.record.title.clone());
    result.key = Some(key_id);
    let content = match content_digest(&case.record) {
        Ok(digest) if digest == case.content => None,
        Ok(_) => Some("the record has another digest than it says".to_owned()),
        Err(error) => Some(error.to_string()),
    };
    result.check(format!("record has the digest {}", case.content), content);

    let mut held: Vec<(DeviceId, Digest)> = Vec::new();
    for report in &bundle.reports {
        if let Some(digest) = check_report(&mut result, &bundle, &case, report, &evidence_keys) {
            held.push((report.device_id.clone(), digest));
        }
    }
    for device in &case.record.devices {
        check_device(&mut result, device, &held);
    }
    let gravest = case.record.devices.first();
    let problem = (gravest.is_some_and(|device| device.verdict != case.record.verdict))
        .then(|| "the record's verdict is not its first device's".to_owned());
    result.check(format!("verdict {} is the gravest of its devices", case.record.verdict), problem);
    result
}

/// Computes a device's verdict again from the findings that the record names.
fn check_device(result: &mut Verification, device: &DeviceRecord, held: &[(DeviceId, Digest)]) {
    let id = &device.device;
    let inputs: Vec<RiskInput> = device.findings.iter().map(input).collect();
    let again = score(&inputs);
    let same = again.verdict.as_str() == device.verdict
        && again.evidence == device.evidence
        && again.posture == device.posture
        && again.arithmetic == device.arithmetic;
    let problem = (!same).then(|| format!("its findings give {} with {:?}", again.verdict, again.arithmetic));
    result.check(format!("{id}: verdict {} follows from its findings", device.verdict), problem);
    let counted = |finding: &&FindingRecord| finding.origin == "agent" && is_open(finding);
    let unsaid =
        device.findings.iter().filter(|f| f.severity != f.finding.severity && f.raised.is_none()).count();
    let problem =
        (unsaid > 0).then(|| format!("{unsaid} findings count graver than reported and do not say why"));
    if problem.is_some() {
        result.check(format!("{id}: raised severities have reasons"), problem);
    }
    for finding in device.findings.iter().filter(counted) {
        let rule = finding.finding.rule;
        let problem = match finding.report {
            None => Some("the record names no report that shows it".to_owned()),
            Some(digest) if !held.iter().any(|(on, has)| on == id && *has == digest) => {
                Some("the bundle lacks the report that shows it".to_owned())
            }
            Some(_) => None,
        };
        if problem.is_some() {
            result.check(format!("{id}: {rule} rests on a signed report"), problem);
        }
    }
}

fn is_open(finding: &FindingRecord) -> bool {
    matches!(finding.status.as_str(), "open" | "in_review")
}

fn input(record: &FindingRecord) -> RiskInput {
    RiskInput {
        rule: record.finding.rule,
        severity: record.severity,
        status: match record.status.as_str() {
            _ if is_open(record) => RiskStatus::Open,
            "approved" => RiskStatus::Approved,
            _ => RiskStatus::Suppressed,
        },
    }
}

/// Checks one report; its digest where it holds.
fn check_report(
    result: &mut Verification,
    bundle: &CaseBundle,
    case: &CasePayload,
    report: &BundleReport,
    evidence_keys: &KeySet,
) -> Option<Digest> {
    let id = &report.device_id;
    let Some(key) = bundle.device_keys.get(id).filter(|key| DeviceId::of_key(key.as_bytes()) == *id) else {
        result.check(format!("{id}: device key"), Some("no key in the bundle has this id".to_owned()));
        return None;
    };
    let opened = match report.envelope.open::<ReportPayload>(&KeySet::single(*key)) {
        Ok(opened) => opened,
        Err(error) => {
            result.check(format!("{id}: signature of report {}", report.sequence), Some(error.to_string()));
            return None;
        }
    };
    let digest = opened.chain_digest();
    let named: Vec<&FindingRecord> = case
        .record
        .devices
        .iter()
        .filter(|device| device.device == *id)
        .flat_map(|device| &device.findings)
        .filter(|finding| finding.report == Some(digest))
        .collect();
    let mut problem = None;
    if opened.device_id != *id {
        problem = Some("the report names another device".to_owned());
    } else if named.is_empty() {
        problem = Some("the record rests on nothing in this report".to_owned());
    }
    let mut later = 0;
    for finding in &named {
        match opened.findings.iter().find(|committed| committed.id == finding.finding.id) {
            None => later += 1,
            Some(committed) if is_open(finding) && committed.severity != finding.finding.severity => {
                problem = Some(format!("{} is {} in the report", finding.finding.rule, committed.severity));
            }
            Some(_) => {}
        }
    }
    if later == named.len() && !named.is_empty() {
        problem = Some("none of the findings that name this report is in it".to_owned());
    }
    let what =
        format!("{id}: report {} is signed and shows {} findings", opened.sequence, named.len() - later);
    if !result.check(what, problem) {
        return None;
    }
    let committed = crate::evidence::commitments(&opened);
    let present: BTreeSet<_> =
        report.disclosures.iter().map(bearing_protocol::commitment::Disclosure::commitment).collect();
    let strays = present.difference(&committed).count();
    let open = present.intersection(&committed).count();
    let withheld = committed.len() - open;
    result.disclosed += open;
    result.withheld += withheld;
    let problem =
        (strays > 0).then(|| format!("{strays} disclosed values are committed nowhere in the report"));
    result.check(format!("{id}: {open} values match their commitments, {withheld} withheld"), problem);
    if let Some(observation) = &report.observation {
        let problem = match observation.open::<ObservationPayload>(evidence_keys) {
            Ok(seen) if seen.message != digest => Some("it speaks of another report".to_owned()),
            Ok(_) => None,
            Err(error) => Some(error.to_string()),
        };
        result.check(format!("{id}: observation is signed"), problem);
    }
    Some(digest)
}
