//! RA-07: a remote service of the system is switched on. The package alone is ordinary.

use bearing_protocol::{coverage::Source, fact::MachineKind, severity::Severity};

use crate::{
    catalogue::{Prevalence, Role, SwitchedOn},
    detect::{
        Context, Draft, evidence,
        sighting::{Reach, Sighting, State, TraceKind},
    },
};

pub(super) fn report(context: &mut Context<'_>, sighting: &Sighting<'_>) {
    let tool = sighting.tool;
    let listening = sighting.listening();
    let on = match tool.on {
        SwitchedOn::Listening => listening.is_some(),
        SwitchedOn::Running => sighting.state() >= State::Persistent,
    };
    if !on || tool.role == Role::Client {
        return;
    }
    let running = sighting.state() == State::Running;
    let mut severity = tool.severity.unwrap_or(Severity::Medium);
    if listening == Some(Reach::Loopback) || !running {
        severity = below(severity);
    }
    if context.facts.machine.kind == MachineKind::Server {
        // Servers are there to be reached.
        severity =
            if tool.prevalence == Prevalence::High { Severity::Informational } else { below(severity) };
    }
    let mut pieces = sighting.evidence();
    if tool.id == SSH_SERVER {
        pieces.extend(ssh_settings(context));
    }
    // A menu entry or a path adds nothing to a service that runs.
    let strong = |kind| {
        matches!(kind, TraceKind::Process | TraceKind::Unit | TraceKind::Listener | TraceKind::Identity)
    };
    if sighting.traces.iter().any(|trace| strong(trace.kind)) {
        let weak: Vec<_> =
            sighting.traces.iter().filter(|t| !strong(t.kind) && t.kind != TraceKind::Package).collect();
        pieces.retain(|piece| !weak.iter().any(|trace| trace.evidence == *piece));
    }
    let how = match (running, listening) {
        (true, Some(Reach::Network)) => "is switched on and can be reached from the network",
        (true, Some(Reach::Loopback)) => "is switched on, for this machine only",
        (true, None) => "is switched on",
        (false, _) => "is set to start",
    };
    context.report(Draft {
        rule: "RA-07",
        severity: Some(severity),
        confidence: sighting.confidence(),
        title: format!("{} {how}", tool.name),
        subject: format!("service:{}", tool.id),
        product: Some(tool.id.clone()),
        cause: "switched-on".into(),
        evidence: pieces,
    });
}

/// What the SSH server's configuration lets in.
fn ssh_settings(context: &Context<'_>) -> Vec<bearing_protocol::finding::Evidence> {
    let Some(server) = &context.facts.ssh_server else { return Vec::new() };
    let file = server.files.first().cloned().unwrap_or_else(|| "/etc/ssh/sshd_config".into());
    let mut pieces = Vec::new();
    if server.password_authentication == Some(true) {
        let why = "a password is enough to sign in from afar";
        pieces.push(evidence(Source::SshServer, file.clone(), "PasswordAuthentication", "yes", why));
    }
    if let Some(value) = server.permit_root_login.as_deref().filter(|value| *value == "yes") {
        let why = "root may sign in from afar with a password";
        pieces.push(evidence(Source::SshServer, file.clone(), "PermitRootLogin", value, why));
    }
    if let Some(value) = server.gateway_ports.as_deref().filter(|value| *value != "no") {
        let why = "a peer may open ports of this machine to others";
        pieces.push(evidence(Source::SshServer, file.clone(), "GatewayPorts", value, why));
    }
    for (name, value) in server.opened_for_some.iter().filter_map(|line| line.split_once(' ')) {
        // Forwarding is on by default: allowing it in a block opens nothing that is worth a line.
        if name != "AllowTcpForwarding" {
            pieces.push(evidence(
                Source::SshServer,
                file.clone(),
                name,
                value,
                "a `Match` block opens this for some",
            ));
        }
    }
    pieces
}

fn below(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium => Severity::Low,
        Severity::Low | Severity::Informational => Severity::Informational,
    }
}

const SSH_SERVER: &str = "ssh-server";
