//! TU-04, as configured: `RemoteForward` and `Tunnel` in SSH client configuration, where a command line shows nothing.
//!
//! Always: `LocalForward` and `DynamicForward` reach out and are nobody's business; hosts and users named there never
//! become evidence.

use bearing_protocol::{
    coverage::Source,
    fact::{ForwardKind, SshForward},
    severity::{Confidence, Severity},
};

use super::{
    ssh::{describe, is_grave},
    ssh_arguments::{Target, remote_target},
};
use crate::detect::{Context, Draft, evidence};

pub(super) fn report(context: &mut Context<'_>) {
    let mut drafts = Vec::new();
    for forward in context.facts.ssh_forwards.iter().take(MAX_FORWARDS) {
        let Some(draft) = draft_of(forward) else { continue };
        drafts.push(draft);
    }
    for draft in drafts {
        context.report(draft);
    }
}

fn draft_of(forward: &SshForward) -> Option<Draft> {
    let (grave, cause, title, value, why) = match forward.kind {
        ForwardKind::Remote => {
            let words: Vec<&str> = forward.specification.split_whitespace().collect();
            let target = remote_target(&words.join(":"));
            if target == Target::KeyAgent {
                return None;
            }
            (
                is_grave(&target),
                "remote-forward",
                "SSH is set up to let its far side into this machine",
                describe(&target),
                "`RemoteForward`: whoever can reach the far side can come in through such a connection",
            )
        }
        ForwardKind::Tunnel => (
            true,
            "network-device",
            "SSH is set up to join this machine to another network",
            "network device".to_owned(),
            "`Tunnel`: both sides share a network through such a connection",
        ),
        ForwardKind::Local | ForwardKind::Dynamic => return None,
    };
    // What `exec` would decide is not run: whether the block holds is unknown, and one unknown word convicts nobody.
    let conditional =
        forward.hosts.iter().any(|word| word.trim_start_matches('!').eq_ignore_ascii_case("exec"));
    let reach = if conditional {
        "under a condition that is not evaluated"
    } else if forward.hosts.is_empty() || forward.hosts.iter().any(|host| host == "*") {
        "for every host"
    } else {
        "for some hosts"
    };
    let mut pieces =
        vec![evidence(Source::SshClient, &forward.path, "forward", format!("{value}, {reach}"), why)];
    if forward.kept_up {
        let why = "it is meant to stay, not to serve one session";
        pieces.push(evidence(Source::SshClient, &forward.path, "persistence", "kept up", why));
    }
    Some(Draft {
        rule: "TU-04",
        severity: Some(match (conditional, grave || forward.kept_up) {
            (true, _) => Severity::Low,
            (false, true) => Severity::High,
            (false, false) => Severity::Medium,
        }),
        confidence: if conditional { Confidence::Low } else { Confidence::Medium },
        title: title.into(),
        subject: format!("ssh:{cause}"),
        product: Some(super::ssh::PRODUCT.into()),
        cause: cause.into(),
        evidence: pieces,
    })
}

const MAX_FORWARDS: usize = 256;
