//! Posture of the machine: disk encryption (PO-01), firewall (PO-02), daily administrator (PO-04), boot and updates
//! (PO-07). A number of its own, never mixed with evidence of remote operation.
//!
//! Always: what could not be read is `unknown`; a container or a virtual machine that cannot see the layer below is
//! not blamed for it.

mod administrator;
mod boot;
mod encryption;
mod firewall;

use bearing_protocol::fact::Machine;

use super::Context;

/// Applies PO-01, PO-02, PO-04 and PO-07.
pub(super) fn detect(context: &mut Context<'_>) {
    encryption::report(context);
    firewall::report(context);
    administrator::report(context);
    boot::report(context);
}

/// Whether this is a container: disks, firewall and boot belong to the machine below.
fn is_container(machine: &Machine) -> bool {
    const RUNTIMES: [&str; 10] = [
        "container",
        "docker",
        "podman",
        "lxc",
        "systemd-nspawn",
        "kubernetes",
        "containerd",
        "openvz",
        "wsl",
        "gvisor",
    ];
    machine.hypervisor.as_deref().is_some_and(|name| {
        let name = name.to_lowercase();
        RUNTIMES.iter().any(|runtime| name.starts_with(runtime))
    })
}
