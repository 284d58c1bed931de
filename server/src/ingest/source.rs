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

    /// The client behind `peer`.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let hops: Vec<&str> = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        for hop in hops.iter().rev().take(MAX_HOPS) {
            if !self.trusts(client) {
                break;
            }
            let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
            client = address.to_canonical();
        }
        client
    }
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
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(FORWARDED_FOR, value.parse().unwrap());
        headers
    }

    #[test]
    fn nobody_is_believed_unless_configured() {
        let peer: IpAddr = "203.0.113.9".parse().unwrap();
        assert_eq!(TrustedProxies::default().client(peer, &headers("5.9.10.20")), peer);
    }

    #[test]
    fn a_trusted_chain_is_read_from_the_right() {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let peer: IpAddr = "10.0.0.1".parse().unwrap();
        let client = proxies.client(peer, &headers("6.6.6.6, 5.9.10.20, 10.0.0.2"));
        assert_eq!(client.to_string(), "5.9.10.20", "what the client itself wrote stands further left");
        assert_eq!(proxies.client(peer, &headers("junk")), peer);
    }
}
