//! Which addresses the public Internet routes.

use std::net::IpAddr;

/// Whether an address is one that the public Internet routes.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b); // RFC 6598
            let protocol = (a, b, c) == (192, 0, 0); // RFC 6890
            let measured = a == 198 && (b == 18 || b == 19); // RFC 2544
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_documentation()
                || a == 0
                || a >= 240
                || shared
                || protocol
                || measured)
        }
        IpAddr::V6(v6) => {
            let first = v6.segments()[0];
            let documentation = first == 0x2001 && v6.segments()[1] == 0x0db8;
            first & 0xe000 == 0x2000 && !documentation
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_shared_and_documentation_addresses_are_not_public() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.9",
            "172.16.0.1",
            "100.64.0.1",
            "169.254.1.1",
            "0.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "fe80::1",
            "fd00::1",
            "2001:db8::1",
            "::",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["8.8.8.8", "100.128.0.1", "192.0.1.1", "2001:4860:4860::8888", "2a01::1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }
}
