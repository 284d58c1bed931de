//! TU-04: an SSH connection that opens this machine to the far side, or to the network.
//!
//! Always: judged by the real program and its parsed arguments; the destination never becomes evidence.

use bearing_protocol::{
    coverage::Source,
    fact::{AutostartKind, Enablement, Executable, Process},
    finding::Evidence,
    severity::{Confidence, Severity},
};

use super::{
    ssh_arguments::{Forward, SshArguments, Target},
    words,
};
use crate::{
    catalogue::basename,
    detect::{Context, Draft, evidence},
};

pub(super) fn report(context: &mut Context<'_>) {
    let mut found = Vec::new();
    for process in &context.facts.processes {
        let Some(arguments) = of_process(&context.facts.executables, process).filter(opens_something) else {
            continue;
        };
        if found.len() >= MAX_CONNECTIONS {
            break;
        }
        let kept = is_kept_up(context, process, &arguments);
        let location = format!("pid {}", process.pid);
        found.push((arguments, kept, true, Source::Processes, location));
    }
    for unit in context.facts.units.iter().filter(|unit| unit.enablement != Enablement::Masked) {
        if let Some(arguments) = unit.command.as_deref().and_then(of_command) {
            let live = unit.running == Some(true);
            found.push((arguments, true, live, Source::Units, unit.path.clone()));
        }
    }
    for entry in &context.facts.autostart {
        let starts = entry.kind != AutostartKind::DesktopEntry && !entry.disabled;
        if let Some(arguments) = entry.command.as_deref().filter(|_| starts).and_then(of_command) {
            found.push((arguments, true, false, Source::Autostart, entry.path.clone()));
        }
    }
    for (arguments, kept, live, source, location) in found {
        for forward in &arguments.forwards {
            report_forward(context, forward, kept, live, source, &location);
        }
    }
}

fn report_forward(
    context: &mut Context<'_>,
    forward: &Forward,
    kept: bool,
    live: bool,
    source: Source,
    location: &str,
) {
    let (severity, cause, title, value, why) = match forward {
        Forward::Remote(Target::KeyAgent) => (
            Severity::Low,
            "key-agent",
            "An SSH connection lends its far side the key agent",
            describe(&Target::KeyAgent),
            "the far side may ask the agent for signatures while the connection lasts",
        ),
        Forward::Remote(target) => (
            if kept || is_grave(target) { Severity::High } else { Severity::Medium },
            "remote-forward",
            "An SSH connection lets its far side into this machine",
            describe(target),
            "`-R` or RemoteForward: whoever can reach the far side can come in through the connection",
        ),
        Forward::Device => (
            if kept { Severity::High } else { Severity::Medium },
            "network-device",
            "An SSH connection joins this machine to another network",
            "network device".to_owned(),
            "`-w` or Tunnel: both sides share a network through the connection",
        ),
        Forward::Local { wildcard: true } | Forward::Dynamic { wildcard: true } => (
            Severity::Low,
            "wide-listener",
            "An SSH connection listens for the whole network",
            "listener on all addresses".to_owned(),
            "a local forward that is not bound to loopback: others on this network can use it",
        ),
        // Reaching out is everyday work.
        Forward::Local { wildcard: false } | Forward::Dynamic { wildcard: false } => return,
    };
    let mut pieces = vec![evidence(source, location, "forward", value, why)];
    if kept {
        pieces.push(kept_evidence(source, location, live));
    }
    context.report(Draft {
        rule: "TU-04",
        severity: Some(severity),
        confidence: if live { Confidence::High } else { Confidence::Medium },
        title: title.into(),
        subject: format!("ssh:{cause}"),
        product: Some(PRODUCT.into()),
        cause: cause.into(),
        evidence: pieces,
    });
}

fn kept_evidence(source: Source, location: &str, live: bool) -> Evidence {
    let value = match (source, live) {
        (Source::Processes, _) => "kept up in the background",
        (_, true) => "set up as a service, running",
        (_, false) => "set up to start by itself",
    };
    evidence(source, location, "persistence", value, "it is meant to stay, not to serve one session")
}

/// Whether a forward lets others in.
fn opens_something(arguments: &SshArguments) -> bool {
    let reaches_out = |forward: &Forward| {
        matches!(forward, Forward::Local { wildcard: false } | Forward::Dynamic { wildcard: false })
    };
    !arguments.forwards.iter().all(reaches_out)
}

/// The parsed arguments of a process that is `ssh` or `autossh` by its executable's name, or by its bytes under another.
fn of_process(executables: &[Executable], process: &Process) -> Option<SshArguments> {
    let program = basename(process.executable.as_deref()?);
    let rest = process.arguments.get(1..).unwrap_or_default();
    of_program(program, rest).or_else(|| {
        let is_copy = executables
            .iter()
            .filter(|executable| executable.pids.contains(&process.pid))
            .any(|executable| executable.markers.iter().any(|(product, _)| product == CLIENT));
        is_copy.then(|| SshArguments::parse(rest))
    })
}

fn of_program(program: &str, arguments: &[String]) -> Option<SshArguments> {
    match program {
        "ssh" => Some(SshArguments::parse(arguments)),
        "autossh" => Some(SshArguments::parse_autossh(arguments)),
        _ => None,
    }
}

/// The parsed arguments of a command that starts `ssh` or `autossh`, through a shell or not.
fn of_command(command: &str) -> Option<SshArguments> {
    let words = words::split(command);
    let (program, rest) = words.split_first()?;
    // systemd's prefixes (`-`, `@`, `:`, `+`, `!`) are no part of the path.
    let program = basename(program.trim_start_matches(['-', '@', ':', '+', '!']));
    if matches!(program, "sh" | "bash" | "dash")
        && rest.first().is_some_and(|flag| flag == "-c" || flag == "-lc")
    {
        let inner = words::split(rest.get(1)?);
        let inner: &[String] = inner.strip_prefix(&["exec".to_owned()]).unwrap_or(&inner);
        let (program, rest) = inner.split_first()?;
        return of_program(basename(program), rest);
    }
    of_program(program, rest)
}

/// Whether it is meant to stay: in the background without a command, under `autossh`, or started by the service
/// manager.
fn is_kept_up(context: &Context<'_>, process: &Process, arguments: &SshArguments) -> bool {
    let is_autossh =
        |process: &Process| process.executable.as_deref().is_some_and(|e| basename(e) == "autossh");
    let parent = context.facts.processes.iter().find(|other| other.pid == process.parent);
    let by_manager =
        process.unit.as_deref().is_some_and(|unit| unit.ends_with(".service") && !unit.starts_with("user@"))
            && parent
                .is_some_and(|parent| parent.executable.as_deref().is_some_and(|e| basename(e) == "systemd"));
    (arguments.no_command && arguments.background)
        || is_autossh(process)
        || parent.is_some_and(is_autossh)
        || by_manager
}

/// The catalogue's entry that knows the client by its bytes.
const CLIENT: &str = "openssh-client";
/// Ports through which a person takes over: SSH, RDP, VNC, Apple Remote Desktop, and everything at once.
pub(super) fn is_grave(target: &Target) -> bool {
    match target {
        Target::Port { port, .. } => matches!(port, 22 | 3389 | 3283 | 5900..=5909),
        Target::Socks => true,
        Target::KeyAgent | Target::Other => false,
    }
}

pub(super) fn describe(target: &Target) -> String {
    match target {
        Target::Port { here: true, port } => format!("reaches port {port} of this machine"),
        Target::Port { here: false, port } => {
            format!("reaches port {port} of another machine through this one")
        }
        Target::Socks => "reaches everything that this machine reaches (SOCKS)".into(),
        Target::KeyAgent => "reaches the agent of GnuPG".into(),
        Target::Other => "reaches a socket of this machine".into(),
    }
}

/// More connections of one kind tell nothing new: they are one finding.
const MAX_CONNECTIONS: usize = 256;

/// The catalogue's id for OpenSSH's own forwarding.
pub(super) const PRODUCT: &str = "ssh-reverse";
