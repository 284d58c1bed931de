//! How remote-access tools are set up, SSH's client configuration, containers and browsers' lists.
#![no_main]

use bearing_host::{
    browser_extensions::firefox::parse_extensions,
    containers::{docker, podman},
    ssh_client::ssh_config::parse_ssh_config,
    tool_state::{agent, any_desk, desktop, mesh, overlay, rust_desk, screen_connect, team_viewer, tunnel},
};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = agent::parse_tactical(data);
    let _ = agent::parse_dwservice(data);
    let _ = agent::parse_teleport(data);
    let _ = agent::parse_chrome_remote_desktop(data);
    let _ = agent::parse_tmate(data);
    let _ = any_desk::parse(data);
    let _ = any_desk::parse_trace(data);
    let _ = desktop::parse_xrdp(data);
    let _ = desktop::parse_vnc(data);
    let _ = desktop::parse_gnome(data);
    let _ = mesh::parse(data);
    let _ = overlay::parse_tailscale(data);
    let _ = overlay::parse_netbird(data);
    let _ = rust_desk::parse(data);
    let _ = screen_connect::parse(data);
    let _ = team_viewer::parse(data);
    let _ = team_viewer::parse_incoming(data);
    let _ = tunnel::parse_cloudflared(data);
    let _ = tunnel::parse_ngrok(data);
    let _ = tunnel::parse_frp(data);
    let _ = tunnel::parse_rathole(data);
    let _ = parse_extensions(data);
    let _ = docker::parse_config(data);
    let _ = docker::parse_host_config(data);
    let _ = podman::parse_containers(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = parse_ssh_config("config", text, &mut |_| Vec::new());
});
