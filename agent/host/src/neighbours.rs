//! Neighbours already in the kernel's table: nothing is asked of the network.
//!
//! Facts: arp(7) (`/proc/net/arp`: flag 2 is a complete entry), rtnetlink(7) for IPv6, which no file lists.

use bearing_protocol::fact::Neighbour;

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading},
    root::Root,
};

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<Neighbour>> {
    context.needs_linux()?;
    let root = &context.root;
    let mut gaps = Gaps::default();
    let text = root.read_text(ARP, MAX_LIST_BYTES)?;
    let (mut neighbours, malformed) = parse_arp(&text);
    gaps.add_many("lines", Why::Malformed, malformed);
    add_ipv6(root, &mut neighbours, &mut gaps);
    if neighbours.len() > MAX_NEIGHBOURS {
        let rest = neighbours.len() - MAX_NEIGHBOURS;
        gaps.add_many("neighbours", Why::OverLimit, rest.try_into().unwrap_or(u64::MAX));
        neighbours.truncate(MAX_NEIGHBOURS);
    }
    let summary = format!("{} neighbours", neighbours.len());
    Ok(Reading::with_gaps(neighbours, summary, gaps))
}

/// Reads `/proc/net/arp`: complete entries; the second value counts lines that are none.
pub fn parse_arp(text: &str) -> (Vec<Neighbour>, u64) {
    let mut neighbours = Vec::new();
    let mut malformed = 0;
    for line in text.lines().skip(1) {
        let words: Vec<_> = line.split_whitespace().collect();
        let &[address, _, flags, mac, _, interface] = &words[..] else {
            malformed += 1;
            continue;
        };
        let flags = flags.strip_prefix("0x").and_then(|flags| u32::from_str_radix(flags, 16).ok());
        let (Ok(address), Some(flags)) = (address.parse(), flags) else {
            malformed += 1;
            continue;
        };
        let known = mac.bytes().any(|b| b != b'0' && b != b':') && mac.len() == 17;
        if flags & ATF_COMPLETE != 0 && known {
            neighbours.push(Neighbour {
                address,
                mac: mac.to_ascii_lowercase(),
                interface: interface.to_owned(),
            });
        }
    }
    (neighbours, malformed)
}

#[cfg(target_os = "linux")]
fn add_ipv6(root: &Root, neighbours: &mut Vec<Neighbour>, gaps: &mut Gaps) {
    if !root.is_live() {
        gaps.note(NOT_IN_FILES);
        return;
    }
    match crate::linux::neighbours::ipv6(root) {
        Ok(found) => neighbours.extend(found),
        Err(error) => gaps.note(format!("IPv6 neighbours: the kernel did not answer ({})", error.kind())),
    }
}

#[cfg(not(target_os = "linux"))]
fn add_ipv6(_root: &Root, _neighbours: &mut Vec<Neighbour>, gaps: &mut Gaps) {
    gaps.note(NOT_IN_FILES);
}

const ARP: &str = "/proc/net/arp";
const NOT_IN_FILES: &str = "IPv6 neighbours are not in files";
const ATF_COMPLETE: u32 = 2;
/// Most neighbours.
const MAX_NEIGHBOURS: usize = 8192;
const MAX_LIST_BYTES: usize = 2 * 1024 * 1024;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    #[test]
    fn complete_entries_are_neighbours() {
        let machine = Machine::new();
        machine.file(
            ARP,
            "IP address       HW type     Flags       HW address            Mask     Device\n\
             192.0.2.1        0x1         0x2         02:FC:00:00:00:05     *        eth0\n\
             192.0.2.9        0x1         0x0         00:00:00:00:00:00     *        eth0\n\
             not a line\n\
             192.0.2.300      0x1         0x2         02:fc:00:00:00:06     *        eth0\n",
        );
        let reading = read(&machine.context()).unwrap();
        let [gateway] = &reading.value[..] else { panic!("{:?}", reading.value) };
        assert_eq!((gateway.mac.as_str(), gateway.interface.as_str()), ("02:fc:00:00:00:05", "eth0"));
        assert_eq!(reading.gaps.describe(), "2 lines: malformed; IPv6 neighbours are not in files");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_live_kernel_answers() {
        let context = Context { root: Root::live(), ..Machine::new().context() };
        let reading = read(&context).unwrap();
        assert_eq!(reading.gaps.describe(), "");
    }
}
