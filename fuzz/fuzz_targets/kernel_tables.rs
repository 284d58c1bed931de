//! What the kernel tells in text and netlink messages: processes, sockets, neighbours, addresses, events.
#![no_main]

use bearing_host::{
    neighbours::parse_arp,
    processes::{cgroup::parse_cgroup, stat},
    rtnetlink::{parse_address, parse_batch, parse_neighbour},
    sockets::proc_net::parse_proc_net,
    watch::parse_event,
};
use bearing_protocol::fact::Protocol;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let _ = stat::parse_stat(data);
    let _ = stat::parse_status(data);
    let _ = stat::parse_cmdline(data);
    let _ = stat::parse_boot_time(data);
    let _ = parse_cgroup(data);
    let _ = parse_arp(&text);
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        let _ = parse_proc_net(data, protocol, 64);
    }
    let _ = parse_batch(data);
    let _ = parse_address(data);
    let _ = parse_neighbour(data);
    let _ = parse_event(data);
});
