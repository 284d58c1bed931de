//! Where a request comes from.
//!
//! Always: the connection's address, unless it is a proxy we were told to trust; then the right-most address
//! of `X-Forwarded-For` that is not such a proxy. A device's own word counts on the simulation listener alone.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

use super::{Entrance, Refused};

/// Names a simulated device's address. Believed on the simulation listener alone.
pub const SIMULATED_ADDRESS_HEADER: &str = "Bearing-Simulated-Address";
const FORWARDED_FOR: &str = "x-forwarded-for";
/// Most addresses of a forwarding chain that are looked at.
const MAX_HOPS: usize = 16;

/// Proxies whose word is believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// These networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client behind `peer`: of the chain that proxies we trust wrote, read from the right, the first address that is
    /// no such proxy. What stands left of it was written by the client itself or by strangers. What is no address ends the
    /// reading; then the last proxy stands for its client.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines: Vec<&[u8]> =
            headers.get_all(FORWARDED_FOR).iter().map(axum::http::HeaderValue::as_bytes).collect();
        // A proxy may add its own line or continue the last one: the end of the last line is the newest. Bytes, since
        // a client must not be able to hide what a proxy wrote behind letters of its own.
        let hops = lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
        for hop in hops.take(MAX_HOPS) {
            if !self.trusts(client) {
                break;
            }
            let Some(address) = hop_address(hop) else { break };
            client = address.to_canonical();
        }
        client
    }
}

/// One address of a chain: bare, in brackets, or with a port behind it.
fn hop_address(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop.trim_ascii()).ok()?.trim_matches('"');
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    let with_port = || Some(text.parse::<SocketAddr>().ok()?.ip());
    text.parse().ok().or_else(with_port).or_else(bracketed)
}

/// The address that a request is charged to and observed from: the listener put the client's there.
pub(super) fn source_of(
    entrance: Entrance,
    extensions: &Extensions,
    headers: &HeaderMap,
) -> Result<IpAddr, Refused> {
    let client = extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip().to_canonical())
        .ok_or_else(|| Refused::unavailable("the connection has no address"))?;
    match (entrance, headers.get(SIMULATED_ADDRESS_HEADER)) {
        (Entrance::Simulation, Some(value)) => value
            .to_str()
            .ok()
            .and_then(|text| text.parse::<IpAddr>().ok())
            .map(|address| address.to_canonical())
            .ok_or_else(|| Refused::malformed(format!("{SIMULATED_ADDRESS_HEADER} is no address"))),
        _ => Ok(client),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        headers
    }

    fn behind(trusted: &[&str], peer: &str, headers: &HeaderMap) -> String {
        let proxies = TrustedProxies::new(trusted.iter().map(|network| network.parse().unwrap()).collect());
        proxies.client(peer.parse().unwrap(), headers).to_string()
    }

    const OWN: &[&str] = &["10.0.0.0/8", "fd00::/8"];

    #[test]
    fn recorded_chains_give_the_recorded_client() {
        for (id, peer, trusted, forwarded, client) in [
            ("C1", "198.51.100.20", &[][..], &["203.0.113.9"][..], "198.51.100.20"),
            ("C2", "192.0.2.10", &["192.0.2.0/24"], &["203.0.113.9"], "203.0.113.9"),
            (
                "C3",
                "192.0.2.10",
                &["192.0.2.0/24"],
                &["198.51.100.1, 203.0.113.9, 192.0.2.11"],
                "203.0.113.9",
            ),
        ] {
            assert_eq!(behind(trusted, peer, &headers(forwarded)), client, "{id}");
        }
        let mut others = HeaderMap::new();
        for name in ["true-client-ip", "x-real-ip", "forwarded", "cf-connecting-ip", "x-client-ip"] {
            others.insert(name, HeaderValue::from_static("203.0.113.9"));
        }
        assert_eq!(behind(&[], "198.51.100.20", &others), "198.51.100.20", "C4");
        assert_eq!(behind(OWN, "10.0.0.1", &others), "10.0.0.1", "not from a trusted proxy either");
    }

    #[test]
    fn what_a_client_writes_never_becomes_its_address() {
        let proxy = "10.0.0.1";
        for spoofed in [
            &["6.6.6.6, 5.9.10.20"][..],
            &["6.6.6.6", "5.9.10.20"],
            &["10.0.0.7, 10.0.0.8, 5.9.10.20"],
            &["6.6.6.6, junk, 5.9.10.20, 10.0.0.2"],
            &["6.6.6.6,,, ,5.9.10.20"],
            &["\u{e9}\u{ff}, 5.9.10.20"],
            &["\u{e9}", "5.9.10.20"],
        ] {
            assert_eq!(behind(OWN, proxy, &headers(spoofed)), "5.9.10.20", "{spoofed:?}");
        }
        assert_eq!(
            behind(OWN, "5.9.10.20", &headers(&["6.6.6.6", "10.0.0.1"])),
            "5.9.10.20",
            "past the proxy"
        );
    }

    #[test]
    fn junk_at_the_end_leaves_the_proxy_as_the_client() {
        for junk in
            ["junk", "", "unknown", "_hidden", "300.1.1.1", "5.9.10.20 6.6.6.6", "[5.9.10.20", "5.9.10.20:x"]
        {
            assert_eq!(behind(OWN, "10.0.0.1", &headers(&["6.6.6.6", junk])), "10.0.0.1", "{junk:?}");
        }
        let endless = vec!["10.0.0.9"; 1_000].join(",");
        assert_eq!(behind(OWN, "10.0.0.1", &headers(&["6.6.6.6", &endless])), "10.0.0.9", "bounded");
    }

    #[test]
    fn ports_brackets_and_mapped_addresses_are_read() {
        for (hop, client) in [
            ("5.9.10.20:4711", "5.9.10.20"),
            ("2a01:4f8::1", "2a01:4f8::1"),
            ("[2a01:4f8::1]", "2a01:4f8::1"),
            ("[2a01:4f8::1]:443", "2a01:4f8::1"),
            ("\"[2a01:4f8::1]:443\"", "2a01:4f8::1"),
            ("::ffff:5.9.10.20", "5.9.10.20"),
            ("\t 5.9.10.20  ", "5.9.10.20"),
        ] {
            assert_eq!(behind(OWN, "fd00::1", &headers(&[hop])), client, "{hop}");
        }
        assert_eq!(behind(OWN, "::ffff:10.0.0.1", &headers(&["5.9.10.20"])), "5.9.10.20", "a mapped proxy");
    }
}
