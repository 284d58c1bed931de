//! PO-02: the host firewall is off, or lets everything in.

use bearing_protocol::{
    coverage::Source,
    outcome::Outcome,
    severity::{Confidence, Severity},
};

use super::is_container;
use crate::detect::{Context, Draft, evidence};

pub(super) fn report(context: &mut Context<'_>) {
    const RULE: &str = "PO-02";
    if is_container(&context.facts.machine) {
        context.settle(RULE, Outcome::Unknown, "a container cannot see the firewall of the machine below it");
        return;
    }
    let Some(firewall) = &context.facts.posture.firewall else {
        context.settle(RULE, Outcome::Unknown, "no firewall configuration could be read");
        return;
    };
    let product = firewall.product.clone().unwrap_or_else(|| "host firewall".into());
    let (title, value) = match (firewall.enabled, firewall.inbound_default.as_deref()) {
        (Some(false), _) => (format!("The firewall ({product}) is off"), "off".to_owned()),
        (Some(true), Some("accept")) => {
            (format!("The firewall ({product}) lets everything in"), "inbound default: accept".to_owned())
        }
        (Some(true), _) => return,
        (None, _) => {
            let reason = match firewall.detail.as_str() {
                "" => "files do not tell whether a firewall is on".to_owned(),
                detail => format!("files do not tell whether a firewall is on: {detail}"),
            };
            context.settle(RULE, Outcome::Unknown, reason);
            return;
        }
    };
    let why = "any service that starts to listen can be reached from the network at once";
    let location = firewall.product.clone().unwrap_or_else(|| "configuration files".into());
    let mut pieces = vec![evidence(Source::Firewall, location.clone(), "state", value, why)];
    if !firewall.detail.is_empty() {
        pieces.push(evidence(
            Source::Firewall,
            location,
            "read",
            firewall.detail.clone(),
            "what this was judged by",
        ));
    }
    context.report(Draft {
        rule: RULE,
        severity: Some(Severity::Medium),
        confidence: Confidence::Medium,
        title,
        subject: "firewall:state".into(),
        product: None,
        cause: "open".into(),
        evidence: pieces,
    });
}
