use std::{collections::BTreeMap, io, path::Path};

use bearing_protocol::fact::Neighbour;

use super::netlink;
use crate::{interfaces, root::Root, rtnetlink};

/// IPv6 neighbours in the kernel's table.
pub(crate) fn ipv6(root: &Root) -> io::Result<Vec<Neighbour>> {
    let names = names_by_index(root);
    let messages = netlink::dump(rtnetlink::GET_NEIGHBOURS, rtnetlink::IPV6)?;
    let known = messages.iter().filter_map(|message| rtnetlink::parse_neighbour(message));
    Ok(known
        .map(|found| Neighbour {
            address: found.address,
            mac: found.mac,
            interface: names
                .get(&found.interface)
                .cloned()
                .unwrap_or_else(|| format!("#{}", found.interface)),
        })
        .collect())
}

pub(crate) fn names_by_index(root: &Root) -> BTreeMap<u32, String> {
    let names = root.list_dir(interfaces::CLASS, interfaces::MAX_INTERFACES).map(|list| list.names);
    let index = |name: &String| {
        root.read_trimmed(Path::new(interfaces::CLASS).join(name).join("ifindex"), 32).ok()?.parse().ok()
    };
    names.unwrap_or_default().into_iter().filter_map(|name| Some((index(&name)?, name))).collect()
}
