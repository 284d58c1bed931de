//! One DNS message, as far as it announces names.
//!
//! Always: bounded by the message; a compressed name may only point backwards; what is cut short or points elsewhere is an error,
//! never a guess.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bearing_protocol::{fact::HeardName, text::printable};

/// A message that does not follow RFC 1035.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no DNS message: it is cut short or a name in it leads nowhere")]
pub struct MalformedMessage;

/// The names that a response announces; none of a question. `sender` stands in where the message says no address.
///
/// # Errors
/// A message that is cut short, longer than [`MAX_MESSAGE_BYTES`], or with a name that points forwards.
pub fn parse(bytes: &[u8], sender: Option<IpAddr>) -> Result<Vec<HeardName>, MalformedMessage> {
    if bytes.len() > MAX_MESSAGE_BYTES {
        return Err(MalformedMessage);
    }
    let header = |index: usize| number(bytes, index * 2);
    // Header: id, flags, counts of questions, answers, authorities, additional records (RFC 1035, 4.1.1).
    if header(1)? & RESPONSE == 0 {
        return Ok(Vec::new());
    }
    let questions = header(2)?;
    let records = usize::from(header(3)?) + usize::from(header(4)?) + usize::from(header(5)?);
    let mut at = HEADER_BYTES;
    for _ in 0..questions {
        at = name(bytes, at)?.1 + 4;
    }
    let (mut services, mut hosts, mut addresses) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..records.min(MAX_RECORDS) {
        let (owner, after) = name(bytes, at)?;
        let (kind, length) = (number(bytes, after)?, usize::from(number(bytes, after + 8)?));
        let start = after + 10;
        let data = bytes.get(start..start + length).ok_or(MalformedMessage)?;
        match kind {
            PTR => services.push((owner, name(bytes, start)?.0)),
            SRV => hosts.push((owner, name(bytes, start + 6)?.0)),
            A => {
                let octets: [u8; 4] = data.try_into().map_err(|_| MalformedMessage)?;
                addresses.push((owner, IpAddr::from(Ipv4Addr::from(octets))));
            }
            AAAA => {
                let octets: [u8; 16] = data.try_into().map_err(|_| MalformedMessage)?;
                addresses.push((owner, IpAddr::from(Ipv6Addr::from(octets))));
            }
            _ => {}
        }
        at = start + length;
    }
    let address_of =
        |host: &str| addresses.iter().find(|(owner, _)| owner == host).map(|(_, address)| *address);
    let mut names: Vec<HeardName> = Vec::new();
    for (service, instance) in services {
        let host = hosts.iter().find(|(owner, _)| *owner == instance).map(|(_, host)| host.as_str());
        let address = host.and_then(address_of).or(sender);
        let service = service.trim_end_matches(".local").to_owned();
        names.push(HeardName { name: instance, service: Some(service), address, interface: None });
    }
    for (owner, address) in addresses {
        names.push(HeardName { name: owner, service: None, address: Some(address), interface: None });
    }
    Ok(names)
}

/// Sixteen bits at `at`.
fn number(bytes: &[u8], at: usize) -> Result<u16, MalformedMessage> {
    match bytes.get(at..at + 2) {
        Some(&[high, low]) => Ok(u16::from_be_bytes([high, low])),
        _ => Err(MalformedMessage),
    }
}

/// The name at `at` without its last dot, and where what follows it begins (RFC 1035, 3.1 and 4.1.4).
fn name(bytes: &[u8], at: usize) -> Result<(String, usize), MalformedMessage> {
    let mut text = String::new();
    let (mut position, mut after) = (at, None);
    loop {
        let length = usize::from(*bytes.get(position).ok_or(MalformedMessage)?);
        match length {
            0 => return Ok((text, after.unwrap_or(position + 1))),
            1..=MAX_LABEL_BYTES => {
                let label = bytes.get(position + 1..position + 1 + length).ok_or(MalformedMessage)?;
                if text.len() + length > MAX_NAME_BYTES {
                    return Err(MalformedMessage);
                }
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(&printable(&String::from_utf8_lossy(label), MAX_LABEL_BYTES));
                position += 1 + length;
            }
            POINTER.. => {
                let target = usize::from(number(bytes, position)? & POINTER_TARGET);
                if target >= position {
                    return Err(MalformedMessage);
                }
                after.get_or_insert(position + 2);
                position = target;
            }
            _ => return Err(MalformedMessage),
        }
    }
}

/// The largest message that is looked at: RFC 6762, section 17.
pub const MAX_MESSAGE_BYTES: usize = 9000;
const MAX_RECORDS: usize = 256;
const MAX_LABEL_BYTES: usize = 63;
/// RFC 1035, 2.3.4. Each step through a pointer goes backwards, each label makes the name longer: both end.
const MAX_NAME_BYTES: usize = 255;
const HEADER_BYTES: usize = 12;
const RESPONSE: u16 = 0x8000;
const POINTER: usize = 0xc0;
const POINTER_TARGET: u16 = 0x3fff;
const A: u16 = 1;
const PTR: u16 = 12;
const AAAA: u16 = 28;
const SRV: u16 = 33;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(name: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        for label in name.split('.') {
            bytes.push(u8::try_from(label.len()).unwrap());
            bytes.extend(label.bytes());
        }
        bytes.push(0);
        bytes
    }

    fn record(owner: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
        let mut bytes = owner.to_vec();
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0x80, 1, 0, 0, 0, 120]);
        bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(data);
        bytes
    }

    fn response(records: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 0x84, 0, 0, 0, 0, u8::try_from(records.len()).unwrap(), 0, 0, 0, 0];
        bytes.extend(records.concat());
        bytes
    }

    pub(in crate::heard_names) fn announcement(host: &str, address: [u8; 4]) -> Vec<u8> {
        response(&[record(&labels(host), A, &address)])
    }

    #[test]
    fn a_service_is_joined_with_its_host_and_address() {
        let srv = [vec![0, 0, 0, 0, 1, 0xbb], labels("pikvm.local")].concat();
        let bytes = response(&[
            record(&labels("_pikvm._tcp.local"), PTR, &labels("desk._pikvm._tcp.local")),
            record(&labels("desk._pikvm._tcp.local"), SRV, &srv),
            record(&labels("pikvm.local"), A, &[10, 0, 0, 7]),
        ]);
        let names = parse(&bytes, None).unwrap();
        assert_eq!(names[0].service.as_deref(), Some("_pikvm._tcp"));
        assert_eq!(names[0].name, "desk._pikvm._tcp.local");
        assert_eq!(names[0].address, Some("10.0.0.7".parse().unwrap()));
        assert_eq!(names[1].name, "pikvm.local");
    }

    #[test]
    fn compressed_names_are_followed_backwards_only() {
        // The PTR's data is `desk` and a pointer to the owner's name at offset 12.
        let bytes = response(&[record(&labels("_http._tcp.local"), PTR, b"\x04desk\xc0\x0c")]);
        assert_eq!(parse(&bytes, None).unwrap()[0].name, "desk._http._tcp.local");
        let looping = response(&[record(b"\xc0\x0c", A, &[1, 2, 3, 4])]);
        assert_eq!(parse(&looping, None), Err(MalformedMessage));
    }

    #[test]
    fn a_question_announces_nothing() {
        let mut question = vec![0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        question.extend(labels("pikvm.local"));
        question.extend([0, 1, 0, 1]);
        assert_eq!(parse(&question, None), Ok(Vec::new()));
    }

    #[test]
    fn a_message_cut_anywhere_is_an_error() {
        let bytes = announcement("pikvm.local", [10, 0, 0, 7]);
        for end in 0..bytes.len() {
            assert_eq!(parse(&bytes[..end], None), Err(MalformedMessage), "{end}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = parse(&bytes, None);
            let mut answer = bytes;
            if let Some(flags) = answer.get_mut(2) {
                *flags |= 0x80;
            }
            let _ = parse(&answer, None);
        }
    }
}
