//! What is known about a source address.
//!
//! Always: a loopback or private address has no country; "not in the table" is not a country either; each
//! answer names the tables behind it. ASN and user-country tables are not read yet.

use std::net::IpAddr;

use bearing_policies::place::EgressClass;
use bearing_protocol::payload::TableAge;

/// The registry table that is compiled in: countries to which registries delegated addresses.
const REGISTRY_TABLE: &str = "iptocc 1.4.175, RIR delegated statistics";
/// The crate does not say when its data was made.
const REGISTRY_BUILT: &str = "unknown";

/// What is known of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// 4 or 6.
    pub family: u8,
    /// Country, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Autonomous system.
    pub asn: Option<u32>,
    /// Class.
    pub class: EgressClass,
}

/// Whether an address is one that the public Internet routes.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b); // RFC 6598
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.is_documentation()
                || shared)
        }
        IpAddr::V6(v6) => {
            let first = v6.segments()[0];
            let documentation = first == 0x2001 && v6.segments()[1] == 0x0db8;
            first & 0xe000 == 0x2000 && !documentation
        }
    }
}

/// Looks an address up.
pub fn look_up(address: IpAddr) -> Seen {
    let address = address.to_canonical();
    let country = if is_public(address) { iptocc::country_code(address).map(str::to_owned) } else { None };
    Seen { family: if address.is_ipv4() { 4 } else { 6 }, country, asn: None, class: EgressClass::Unknown }
}

/// The tables behind [`look_up`].
pub fn tables() -> Vec<TableAge> {
    vec![TableAge { name: REGISTRY_TABLE.to_owned(), built: REGISTRY_BUILT.to_owned() }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_no_place_have_no_country() {
        for address in
            ["127.0.0.1", "10.1.2.3", "192.168.0.9", "100.64.0.1", "::1", "fe80::1", "fd00::1", "192.0.2.1"]
        {
            assert_eq!(look_up(address.parse().unwrap()).country, None, "{address}");
        }
    }

    #[test]
    fn a_public_address_has_its_registry_country() {
        let seen = look_up("5.9.10.20".parse().unwrap());
        assert_eq!((seen.family, seen.country.as_deref()), (4, Some("DE")));
        let mapped = look_up("::ffff:5.9.10.20".parse().unwrap());
        assert_eq!((mapped.family, mapped.country.as_deref()), (4, Some("DE")));
    }
}
