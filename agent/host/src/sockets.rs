//! Listening and established sockets with their process.
//!
//! Always: the table is that of the network namespace we are in; sockets of containers with their own are
//! not seen, and nothing says otherwise.

pub mod proc_net;

use std::{collections::HashMap, path::Path};

use bearing_protocol::fact::{Protocol, Socket};

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading, Unread},
    root::{ReadErrorKind, Root},
};
use proc_net::{NetSocket, parse_proc_net, socket_inode};

/// Most sockets of one table.
const MAX_SOCKETS: usize = 20_000;
/// Most bytes of one table; a line has about 150.
const MAX_TABLE_BYTES: usize = 8 * 1024 * 1024;
/// Most open files of one process, and of all processes, that are looked at.
const MAX_FILES_PER_PROCESS: usize = 8_192;
const MAX_FILES: usize = 400_000;

const TABLES: [(&str, Protocol); 4] =
    [("tcp", Protocol::Tcp), ("tcp6", Protocol::Tcp), ("udp", Protocol::Udp), ("udp6", Protocol::Udp)];

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<Socket>> {
    context.needs_linux()?;
    let root = &context.root;
    let mut gaps = Gaps::default();
    let mut found: Vec<NetSocket> = Vec::new();
    let mut tables = 0;
    let mut denied = false;
    for (name, protocol) in TABLES {
        // `/proc/net` leads through `/proc/self`, which a copy of a machine lacks.
        let read = root
            .read_prefix(format!("/proc/net/{name}"), MAX_TABLE_BYTES)
            .or_else(|_| root.read_prefix(format!("/proc/1/net/{name}"), MAX_TABLE_BYTES));
        match read {
            Ok((bytes, more)) => {
                tables += 1;
                let table = parse_proc_net(&bytes, protocol, MAX_SOCKETS);
                gaps.add_many("lines", Why::Malformed, u64::from(table.skipped));
                if table.cut || more {
                    gaps.add("socket tables", Why::OverLimit);
                }
                found.extend(table.sockets);
            }
            Err(error) => {
                denied |= error.kind == ReadErrorKind::Denied;
                gaps.add_error("socket tables", &error);
            }
        }
    }
    match (tables, denied) {
        (0, true) => return Err(Unread::Denied("no permission to read `/proc/net`".to_owned())),
        (0, false) => return Err(Unread::unsupported("no socket table under `/proc/net`")),
        _ => {}
    }
    let mut holders = holders(context, &found, &mut gaps);
    let sockets: Vec<Socket> = found
        .into_iter()
        .map(|socket| Socket {
            protocol: socket.protocol,
            state: socket.state,
            local: socket.local,
            local_port: socket.local_port,
            remote: socket.remote.map(|(address, _)| address),
            remote_port: socket.remote.map(|(_, port)| port),
            pids: holders.remove(&socket.inode).unwrap_or_default(),
            uid: Some(socket.uid.to_string()),
        })
        .collect();
    let owned = sockets.iter().filter(|socket| !socket.pids.is_empty()).count();
    let summary = format!("{} sockets, {owned} with their process", sockets.len());
    Ok(Reading::with_gaps(sockets, summary, gaps))
}

/// Which processes hold which inode.
fn holders(context: &Context, sockets: &[NetSocket], gaps: &mut Gaps) -> HashMap<u64, Vec<u32>> {
    let mut holders: HashMap<u64, Vec<u32>> =
        sockets.iter().filter(|s| s.inode != 0).map(|s| (s.inode, Vec::new())).collect();
    let mut left = MAX_FILES;
    if holders.is_empty() {
        return holders;
    }
    for pid in pids(context) {
        let directory = format!("/proc/{pid}/fd");
        let listing = match context.root.list_dir(&directory, MAX_FILES_PER_PROCESS.min(left)) {
            Ok(listing) => listing,
            Err(error) => {
                gaps.add_error("processes' open files", &error);
                continue;
            }
        };
        left = left.saturating_sub(listing.names.len());
        if listing.truncated {
            gaps.add("processes' open files", Why::OverLimit);
        }
        for name in listing.names {
            let target = match context.root.read_link(Path::new(&directory).join(name)) {
                Ok(target) => target,
                Err(error) => {
                    // One process's files are denied together: counted once.
                    if error.kind == ReadErrorKind::Denied {
                        gaps.add_error("processes' open files", &error);
                        break;
                    }
                    continue;
                }
            };
            let inode = target.to_str().and_then(socket_inode);
            if let Some(pids) = inode.and_then(|inode| holders.get_mut(&inode))
                && pids.last() != Some(&pid)
            {
                pids.push(pid);
            }
        }
    }
    holders
}

/// Processes that can hold sockets: those already read, or else those there are now.
fn pids(context: &Context) -> Vec<u32> {
    let known: Vec<u32> =
        context.earlier.processes.iter().filter(|p| !p.kernel_thread).map(|p| p.pid).collect();
    if known.is_empty() { listed(&context.root) } else { known }
}

fn listed(root: &Root) -> Vec<u32> {
    let listing = root.list_dir("/proc", MAX_FILES).unwrap_or_default();
    listing.names.iter().filter_map(|name| name.parse().ok()).collect()
}

#[cfg(test)]
mod tests;
