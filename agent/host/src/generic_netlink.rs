//! Messages of generic netlink, as bytes, for one question: the wireless stack's regulatory country.
//!
//! Always: lengths are checked against what is there. What comes back is a country or nothing: the world domain (`00`),
//! a driver's own rules (`99`) and an intersection (`98`) are no country.
//! Facts: `include/uapi/linux/{genetlink,nl80211}.h` of Linux (`NL80211_CMD_GET_REG`, which needs no privilege).

use crate::rtnetlink::{HEADER_BYTES, attribute, message, u16_at};

/// A regulatory domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// The radio it is of, where a radio keeps its own (its firmware knows better than the kernel).
    pub radio: Option<u32>,
    /// ISO 3166-1 alpha-2, where it names a country.
    pub country: Option<String>,
}

/// Asks for the number of the wireless family.
pub fn family_request() -> Vec<u8> {
    let mut body = vec![CTRL_CMD_GETFAMILY, 1, 0, 0];
    push_attribute(&mut body, CTRL_ATTR_FAMILY_NAME, b"nl80211\0");
    message(GENL_ID_CTRL, false, &body)
}

/// The number of the family that an answer names.
pub fn parse_family(message: &[u8]) -> Option<u16> {
    u16_at(attribute(attributes(message)?, CTRL_ATTR_FAMILY_ID)?, 0)
}

/// Asks for every regulatory domain.
pub fn domains_request(family: u16) -> Vec<u8> {
    message(family, true, &[NL80211_CMD_GET_REG, 0, 0, 0])
}

/// The domain that an answer tells.
pub fn parse_domain(message: &[u8]) -> Option<Domain> {
    let attributes = attributes(message)?;
    let alpha2 = attribute(attributes, NL80211_ATTR_REG_ALPHA2)?.get(..2)?;
    let country = alpha2.iter().all(u8::is_ascii_uppercase).then(|| String::from_utf8_lossy(alpha2).into());
    let radio = attribute(attributes, NL80211_ATTR_WIPHY)
        .and_then(|bytes| Some(u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?)));
    Some(Domain { radio, country })
}

/// The country that speaks for the machine: a radio's own before the kernel's; `None` where radios differ.
pub fn country(domains: &[Domain]) -> Option<String> {
    let of = |own: bool| {
        let mut countries = domains
            .iter()
            .filter(|domain| domain.radio.is_some() == own)
            .filter_map(|domain| domain.country.clone())
            .collect::<Vec<_>>();
        countries.sort_unstable();
        countries.dedup();
        countries
    };
    let (own, kernel) = (of(true), of(false));
    match if own.is_empty() { &kernel[..] } else { &own[..] } {
        [one] => Some(one.clone()),
        _ => None,
    }
}

fn attributes(message: &[u8]) -> Option<&[u8]> {
    message.get(HEADER_BYTES + GENERIC_HEADER_BYTES..)
}

fn push_attribute(body: &mut Vec<u8>, kind: u16, value: &[u8]) {
    body.extend(u16::try_from(value.len() + 4).unwrap_or_default().to_ne_bytes());
    body.extend(kind.to_ne_bytes());
    body.extend(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

const GENERIC_HEADER_BYTES: usize = 4;
const GENL_ID_CTRL: u16 = 0x10;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
const NL80211_CMD_GET_REG: u8 = 31;
const NL80211_ATTR_WIPHY: u16 = 1;
const NL80211_ATTR_REG_ALPHA2: u16 = 33;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut body = vec![NL80211_CMD_GET_REG, 1, 0, 0];
        for (kind, value) in attributes {
            push_attribute(&mut body, *kind, value);
        }
        message(28, false, &body)
    }

    #[test]
    fn a_country_is_told_and_a_world_domain_is_none() {
        let of = |alpha2: &[u8]| parse_domain(&answer(&[(NL80211_ATTR_REG_ALPHA2, alpha2)])).unwrap();
        assert_eq!(of(b"DE\0").country.as_deref(), Some("DE"));
        for none in [b"00\0", b"99\0", b"98\0", b"d\xff\0"] {
            assert_eq!(of(none).country, None);
        }
        assert_eq!(parse_domain(&answer(&[(NL80211_ATTR_REG_ALPHA2, b"D")])), None);
    }

    #[test]
    fn a_radio_that_knows_better_goes_before_the_kernel() {
        let domain = |radio, country: &str| Domain { radio, country: Some(country.to_owned()) };
        assert_eq!(country(&[domain(None, "US"), domain(Some(0), "JP")]).as_deref(), Some("JP"));
        assert_eq!(
            country(&[domain(None, "US"), Domain { radio: Some(0), country: None }]).as_deref(),
            Some("US")
        );
        assert_eq!(country(&[domain(Some(1), "US"), domain(Some(0), "JP")]), None, "they differ");
        assert_eq!(country(&[]), None);
    }

    #[test]
    fn requests_and_the_family_answer_have_their_form() {
        let request = family_request();
        assert_eq!(request.len(), 32);
        assert_eq!(request[..4], 32_u32.to_ne_bytes());
        assert_eq!(parse_family(&answer(&[(CTRL_ATTR_FAMILY_ID, &28_u16.to_ne_bytes())])), Some(28));
        assert_eq!(domains_request(28).len(), 20);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..128)) {
            let _ = (parse_family(&bytes), parse_domain(&bytes));
        }
    }
}
