//! Messages of the routing family, as bytes. netlink(7), rtnetlink(7), `include/uapi/linux/{netlink,
//! rtnetlink,neighbour,if_addr}.h` of Linux. Numbers are in the machine's own byte order.
//!
//! Always: lengths are checked against what is there; a message that lies about its length ends the batch.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// `RTM_GETLINK`.
pub const GET_LINKS: u16 = 18;
/// `RTM_GETADDR`.
pub const GET_ADDRESSES: u16 = 22;
/// `RTM_GETNEIGH`.
pub const GET_NEIGHBOURS: u16 = 30;
/// Both address families.
pub const ANY_FAMILY: u8 = 0;
/// `AF_INET6` of Linux.
pub const IPV6: u8 = 10;

/// One read of a dump.
#[derive(Debug, PartialEq, Eq)]
pub enum Batch<'a> {
    /// Messages (with their headers), and more to come.
    More(Vec<&'a [u8]>),
    /// The last messages.
    Last(Vec<&'a [u8]>),
    /// The kernel refused, with this error number.
    Failed(i32),
}

/// An address of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The interface's index.
    pub interface: u32,
    /// The address.
    pub address: IpAddr,
}

/// A neighbour with a known hardware address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownNeighbour {
    /// The interface's index.
    pub interface: u32,
    /// Its address.
    pub address: IpAddr,
    /// Its hardware address, lower-case with colons.
    pub mac: String,
}

/// An interface's burned-in address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermanentAddress {
    /// The interface's index.
    pub interface: u32,
    /// Lower-case with colons.
    pub mac: String,
}

/// A request to dump everything of one kind.
pub fn dump_request(kind: u16, family: u8) -> Vec<u8> {
    message(kind, true, &[family, 0, 0, 0])
}

/// Asks how a packet to `address` would leave, policy routing included. Nothing is sent.
pub fn route_request(address: IpAddr) -> Vec<u8> {
    let (family, bytes) = match address {
        IpAddr::V4(four) => (IPV4, four.octets().to_vec()),
        IpAddr::V6(six) => (IPV6, six.octets().to_vec()),
    };
    let bits = u8::try_from(bytes.len() * 8).unwrap_or_default();
    let mut body = vec![family, bits, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    body.extend(u16::try_from(bytes.len() + 4).unwrap_or_default().to_ne_bytes());
    body.extend(RTA_DST.to_ne_bytes());
    body.extend(bytes);
    message(RTM_GETROUTE, false, &body)
}

/// A request: its header and `body`.
pub(crate) fn message(kind: u16, dump: bool, body: &[u8]) -> Vec<u8> {
    let mut request = Vec::with_capacity(HEADER_BYTES + body.len());
    let length = u32::try_from(HEADER_BYTES + body.len()).unwrap_or_default();
    request.extend(length.to_ne_bytes());
    request.extend(kind.to_ne_bytes());
    request.extend((NLM_F_REQUEST | if dump { NLM_F_DUMP } else { 0 }).to_ne_bytes());
    request.extend(1_u32.to_ne_bytes()); // sequence
    request.extend(0_u32.to_ne_bytes()); // port: the kernel's
    request.extend(body);
    request
}

/// Whether the answers to a request end with a message that says so.
#[cfg_attr(not(any(target_os = "linux", test)), allow(dead_code, reason = "only Linux asks"))]
pub(crate) fn is_dump(request: &[u8]) -> bool {
    u16_at(request, 6).is_some_and(|flags| flags & NLM_F_DUMP == NLM_F_DUMP)
}

/// The interface by which the route of an `RTM_NEWROUTE` message leaves; `None` where it leads nowhere.
pub fn parse_route(message: &[u8]) -> Option<u32> {
    if u16_at(message, 4)? != RTM_NEWROUTE || *message.get(HEADER_BYTES + 7)? != RTN_UNICAST {
        return None;
    }
    u32_at(attribute(message.get(HEADER_BYTES + 12..)?, RTA_OIF)?, 0)
}

/// The burned-in address that an `RTM_NEWLINK` message tells.
pub fn parse_permanent_address(message: &[u8]) -> Option<PermanentAddress> {
    if u16_at(message, 4)? != RTM_NEWLINK {
        return None;
    }
    let interface = u32_at(message, HEADER_BYTES + 4)?;
    let attributes = message.get(HEADER_BYTES + 16..)?;
    Some(PermanentAddress { interface, mac: mac(attribute(attributes, IFLA_PERM_ADDRESS)?)? })
}

/// Splits one read into messages.
pub fn parse_batch(mut bytes: &[u8]) -> Batch<'_> {
    let mut messages = Vec::new();
    while let (Some(length), Some(kind)) = (u32_at(bytes, 0), u16_at(bytes, 4)) {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some(message) = bytes.get(..length).filter(|_| length >= HEADER_BYTES) else { break };
        match kind {
            NLMSG_DONE => return Batch::Last(messages),
            NLMSG_ERROR => {
                let errno = u32_at(message, HEADER_BYTES).unwrap_or_default();
                // The number is negative: its two's complement is the error's.
                return Batch::Failed(i32::try_from(errno.wrapping_neg()).unwrap_or_default());
            }
            _ => messages.push(message),
        }
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
    }
    Batch::More(messages)
}

/// The address that an `RTM_NEWADDR` message tells.
pub fn parse_address(message: &[u8]) -> Option<Address> {
    if u16_at(message, 4)? != RTM_NEWADDR {
        return None;
    }
    let interface = u32_at(message, HEADER_BYTES + 4)?;
    let attributes = message.get(HEADER_BYTES + 8..)?;
    // On a point-to-point link IFA_ADDRESS is the peer's and IFA_LOCAL ours; else they are the same.
    let bytes = attribute(attributes, IFA_LOCAL).or_else(|| attribute(attributes, IFA_ADDRESS))?;
    Some(Address { interface, address: ip(bytes)? })
}

/// The neighbour that an `RTM_NEWNEIGH` message tells: a single machine whose hardware address is known.
pub fn parse_neighbour(message: &[u8]) -> Option<KnownNeighbour> {
    if u16_at(message, 4)? != RTM_NEWNEIGH {
        return None;
    }
    let interface = u32_at(message, HEADER_BYTES + 4)?;
    let state = u16_at(message, HEADER_BYTES + 8)?;
    let attributes = message.get(HEADER_BYTES + 12..)?;
    let address = ip(attribute(attributes, NDA_DST)?)?;
    let hardware = attribute(attributes, NDA_LLADDR)?;
    if state & (NUD_INCOMPLETE | NUD_FAILED | NUD_NOARP) != 0 || state == 0 || address.is_multicast() {
        return None;
    }
    Some(KnownNeighbour { interface, address, mac: mac(hardware)? })
}

/// A hardware address of six bytes as text; all zeros is none.
fn mac(bytes: &[u8]) -> Option<String> {
    if bytes.len() != 6 || bytes.iter().all(|byte| *byte == 0) {
        return None;
    }
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":"))
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(four).into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|sixteen| Ipv6Addr::from(sixteen).into())
}

/// The value of the first attribute of a kind.
pub(crate) fn attribute(mut bytes: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let length = usize::from(u16_at(bytes, 0)?);
        let kind = u16_at(bytes, 2)?;
        if length < 4 {
            return None;
        }
        let value = bytes.get(4..length)?;
        if kind & NLA_TYPE_MASK == wanted {
            return Some(value);
        }
        bytes = bytes.get(aligned(length)..)?;
    }
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// Messages and attributes begin at multiples of four.
fn aligned(length: usize) -> usize {
    length.saturating_add(3) & !3
}

/// `AF_INET`.
const IPV4: u8 = 2;
pub(crate) const HEADER_BYTES: usize = 16;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_DUMP: u16 = 0x300;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
const RTM_NEWROUTE: u16 = 24;
const RTM_GETROUTE: u16 = 26;
const RTN_UNICAST: u8 = 1;
const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const IFLA_PERM_ADDRESS: u16 = 54;
const RTM_NEWNEIGH: u16 = 28;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;
const NUD_INCOMPLETE: u16 = 0x01;
const NUD_FAILED: u16 = 0x20;
const NUD_NOARP: u16 = 0x40;
/// The upper two bits are flags.
const NLA_TYPE_MASK: u16 = 0x3fff;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(kind: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(HEADER_BYTES + body.len()).unwrap().to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([0; 10]);
        bytes.extend(body);
        bytes.resize(aligned(bytes.len()), 0);
        bytes
    }

    fn neighbour(state: u16, address: &[u8], hardware: &[u8]) -> Vec<u8> {
        let mut body = vec![IPV6, 0, 0, 0];
        body.extend(3_u32.to_ne_bytes());
        body.extend(state.to_ne_bytes());
        body.extend([0, 1]);
        for (kind, value) in [(NDA_DST, address), (NDA_LLADDR, hardware)] {
            body.extend(u16::try_from(value.len() + 4).unwrap().to_ne_bytes());
            body.extend(kind.to_ne_bytes());
            body.extend(value);
            body.resize(aligned(body.len()), 0);
        }
        answer(RTM_NEWNEIGH, &body)
    }

    #[test]
    fn neighbours_are_read_from_a_batch() {
        let address = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
        let mac = [0x02, 0xfc, 0, 0, 0, 5];
        let mut bytes = neighbour(2, &address.octets(), &mac);
        bytes.extend(neighbour(NUD_FAILED, &address.octets(), &mac));
        bytes.extend(neighbour(2, &Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1).octets(), &mac));
        bytes.extend(neighbour(2, &[10, 0, 0, 1], &[0; 6]));
        bytes.extend(answer(NLMSG_DONE, &[0; 4]));
        let Batch::Last(messages) = parse_batch(&bytes) else { panic!() };
        let found: Vec<_> = messages.into_iter().filter_map(parse_neighbour).collect();
        let expected =
            KnownNeighbour { interface: 3, address: address.into(), mac: "02:fc:00:00:00:05".to_owned() };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn a_route_and_a_burned_in_address_are_read() {
        let mut route = vec![2, 32, 0, 0, 254, 0, 0, RTN_UNICAST, 0, 0, 0, 0, 8, 0];
        route.extend(RTA_OIF.to_ne_bytes());
        route.extend(7_u32.to_ne_bytes());
        assert_eq!(parse_route(&answer(RTM_NEWROUTE, &route)), Some(7));
        route[7] = 6; // RTN_BLACKHOLE
        assert_eq!(parse_route(&answer(RTM_NEWROUTE, &route)), None);
        let mut link = vec![0; 16];
        link[4] = 3;
        link.extend([10, 0]);
        link.extend(IFLA_PERM_ADDRESS.to_ne_bytes());
        link.extend([2, 0xfc, 0, 0, 0, 5, 0, 0]);
        let address = parse_permanent_address(&answer(RTM_NEWLINK, &link)).unwrap();
        assert_eq!((address.interface, address.mac.as_str()), (3, "02:fc:00:00:00:05"));
    }

    #[test]
    fn a_refusal_is_an_error_number() {
        assert_eq!(parse_batch(&answer(NLMSG_ERROR, &(-1_i32).to_ne_bytes())), Batch::Failed(1));
        assert_eq!(parse_batch(&[9, 0, 0, 0, 1, 2]), Batch::More(Vec::new()), "shorter than a header");
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
            if let Batch::More(messages) | Batch::Last(messages) = parse_batch(&bytes) {
                for message in messages {
                    let _ = (parse_neighbour(message), parse_address(message), parse_route(message));
                    let _ = parse_permanent_address(message);
                }
            }
            let _ = (parse_neighbour(&bytes), parse_address(&bytes));
        }
    }
}
