//! Configured name servers. Facts: resolv.conf(5), systemd-resolved(8).

use std::net::IpAddr;

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading},
};

/// Reads the source: `/etc/resolv.conf`, and the servers behind systemd's local one.
pub(crate) fn read(context: &Context) -> Read<Vec<IpAddr>> {
    context.needs_linux()?;
    let mut gaps = Gaps::default();
    let main = context.root.read_text(RESOLV_CONF, MAX_BYTES);
    let behind = context.root.read_text(RESOLVED, MAX_BYTES);
    let texts = match (main, behind) {
        (Err(error), Err(_)) => return Err(error.into()),
        (main, behind) => [main, behind],
    };
    let mut servers: Vec<IpAddr> = Vec::new();
    for text in texts {
        match text {
            Ok(text) => {
                let (found, malformed) = parse_resolv_conf(&text);
                gaps.add_many("name servers", Why::Malformed, malformed);
                for server in found {
                    if !servers.contains(&server) && servers.len() < MAX_SERVERS {
                        servers.push(server);
                    }
                }
            }
            Err(error) => gaps.add_error("files", &error),
        }
    }
    let summary = format!("{} name servers", servers.len());
    Ok(Reading::with_gaps(servers, summary, gaps))
}

/// The `nameserver` lines; the second value counts those without an address.
pub fn parse_resolv_conf(text: &str) -> (Vec<IpAddr>, u64) {
    let mut servers = Vec::new();
    let mut malformed = 0;
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if words.next() != Some("nameserver") {
            continue;
        }
        // `fe80::1%eth0` names the interface of a link-local address.
        let address = words.next().map(|word| word.split('%').next().unwrap_or(word));
        match address.and_then(|address| address.parse().ok()) {
            Some(server) => servers.push(server),
            None => malformed += 1,
        }
    }
    (servers, malformed)
}

const RESOLV_CONF: &str = "/etc/resolv.conf";
const RESOLVED: &str = "/run/systemd/resolve/resolv.conf";
const MAX_BYTES: usize = 64 * 1024;
/// Most name servers; the resolver itself uses three.
const MAX_SERVERS: usize = 64;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    #[test]
    fn servers_behind_the_local_one_are_read_too() {
        let machine = Machine::new();
        machine
            .link(RESOLV_CONF, "../run/systemd/resolve/stub-resolv.conf")
            .file("/run/systemd/resolve/stub-resolv.conf", "# stub\nnameserver 127.0.0.53\noptions edns0\n")
            .file(
                RESOLVED,
                "nameserver 10.0.0.1\nnameserver fe80::1%eth0\nnameserver\nnameserver dns.example\n",
            );
        let reading = read(&machine.context()).unwrap();
        let servers: Vec<_> = reading.value.iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["127.0.0.53", "10.0.0.1", "fe80::1"]);
        assert_eq!(reading.gaps.describe(), "2 name servers: malformed");
    }

    #[test]
    fn no_configuration_is_no_answer() {
        assert!(read(&Machine::new().context()).is_err());
    }
}
