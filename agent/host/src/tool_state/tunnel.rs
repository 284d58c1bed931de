//! Tunnel programs: whose server they publish this machine through, and what of it.
//!
//! Facts: cloudflared `config/configuration.go` and its credentials and token (JSON, base 64); ngrok's agent
//! configuration; frp `pkg/config`; rathole's `remote_addr`; VS Code `cli/src/tunnels` (`code_tunnel.json`).

use bearing_protocol::fact::{BindingKind, ToolState};
use serde_json::{Map, Value};

use super::text::{alias, base64, bind, feature, host_of, pairs};

/// Reads cloudflared's `config.yml`.
pub fn parse_cloudflared(bytes: &[u8]) -> Option<ToolState> {
    let text = String::from_utf8_lossy(bytes);
    let mut state = ToolState { unattended: Some(true), ..ToolState::default() };
    let mut known = false;
    for (_, key, value) in pairs(&text) {
        match key.as_str() {
            "tunnel" => {
                known = true;
                bind(&mut state, BindingKind::Instance, value);
            }
            // Named after the tunnel's id.
            "credentials-file" => {
                let name = value.rsplit('/').next().unwrap_or_default();
                alias(&mut state, BindingKind::Instance, name.strip_suffix(".json").unwrap_or_default());
            }
            "service" | "url" => {
                known = true;
                publishes(&mut state, value);
            }
            "warp-routing" => feature(&mut state, "subnet-router"),
            _ => {}
        }
    }
    known.then_some(state)
}

/// Names what a published address is.
fn publishes(state: &mut ToolState, address: &str) {
    let scheme = address.split("://").next().unwrap_or_default();
    match scheme {
        "ssh" | "rdp" | "vnc" | "smb" => feature(state, &format!("publishes-{scheme}")),
        "http_status:404" | "http_status" => {}
        _ => match address.rsplit(':').next().and_then(|port| port.trim_end_matches('/').parse().ok()) {
            Some(port) => publishes_port(state, port),
            None => feature(state, "publishes-web"),
        },
    }
}

fn publishes_port(state: &mut ToolState, port: u16) {
    feature(
        state,
        match port {
            22 => "publishes-ssh",
            3389 => "publishes-rdp",
            5900..=5999 => "publishes-vnc",
            _ => "publishes-port",
        },
    );
}

/// Reads the credentials of a cloudflared tunnel: its account and its id.
pub fn parse_cloudflared_credentials(bytes: &[u8]) -> Option<ToolState> {
    let map: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    cloudflared_ids(&map, "AccountTag", "TunnelID")
}

/// Reads account and id in a tunnel's token.
pub fn parse_cloudflared_token(token: &str) -> Option<ToolState> {
    let map: Map<String, Value> = serde_json::from_slice(&base64(token)?).ok()?;
    cloudflared_ids(&map, "a", "t")
}

fn cloudflared_ids(map: &Map<String, Value>, account: &str, tunnel: &str) -> Option<ToolState> {
    let mut state = ToolState { unattended: Some(true), ..ToolState::default() };
    bind(&mut state, BindingKind::Tenant, map.get(account)?.as_str()?);
    bind(&mut state, BindingKind::Instance, map.get(tunnel)?.as_str()?);
    Some(state)
}

/// Reads ngrok's configuration.
pub fn parse_ngrok(bytes: &[u8]) -> Option<ToolState> {
    let text = String::from_utf8_lossy(bytes);
    let mut state = ToolState::default();
    let mut known = false;
    for (_, key, value) in pairs(&text) {
        match key.as_str() {
            "authtoken" | "api_key" => {
                known = true;
                feature(&mut state, "registered");
            }
            "version" | "region" | "tunnels" | "endpoints" | "agent" => known = true,
            "server_addr" | "connect_url" => {
                bind(&mut state, BindingKind::Instance, host_of(value).unwrap_or_default());
            }
            "proto" if value == "tcp" => feature(&mut state, "tcp"),
            "addr" | "url" => match value.parse() {
                Ok(port) => publishes_port(&mut state, port),
                Err(_) => publishes(&mut state, value),
            },
            _ => {}
        }
    }
    known.then_some(state)
}

/// Reads frp's client configuration, in its old form and its new ones.
pub fn parse_frp(bytes: &[u8]) -> Option<ToolState> {
    let text = String::from_utf8_lossy(bytes);
    let mut state = ToolState { unattended: Some(true), ..ToolState::default() };
    let mut known = false;
    for (_, key, value) in pairs(&text) {
        match key.as_str() {
            "serveraddr" | "server_addr" => {
                known = true;
                bind(&mut state, BindingKind::Instance, host_of(value).unwrap_or_default());
            }
            "localport" | "local_port" => {
                if let Ok(port) = value.parse() {
                    publishes_port(&mut state, port);
                }
            }
            "plugin" | "plugin.type" => feature(&mut state, "proxy"),
            _ => {}
        }
    }
    known.then_some(state)
}

/// Reads rathole's client configuration.
pub fn parse_rathole(bytes: &[u8]) -> Option<ToolState> {
    let text = String::from_utf8_lossy(bytes);
    let mut state = ToolState { unattended: Some(true), ..ToolState::default() };
    let mut known = false;
    for (section, key, value) in pairs(&text) {
        match key.as_str() {
            "remote_addr" if section.starts_with("client") => {
                known = true;
                bind(&mut state, BindingKind::Instance, host_of(value).unwrap_or_default());
            }
            "local_addr" => publishes(&mut state, value),
            _ => {}
        }
    }
    known.then_some(state)
}

/// Reads VS Code's tunnel: registered under a name that its owner chose.
pub fn parse_code_tunnel(bytes: &[u8]) -> Option<ToolState> {
    let map: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    let mut state = ToolState::default();
    bind(&mut state, BindingKind::Instance, map.get("name")?.as_str()?);
    feature(&mut state, "registered");
    Some(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(state: &ToolState) -> Vec<&str> {
        state.bindings.iter().map(|b| b.value.as_str()).collect()
    }

    #[test]
    fn cloudflared_tells_tunnel_and_account() {
        let config = "tunnel: 6ff42ae2-765d-4adf-8112-31c55c1551ef\ncredentials-file: /root/x.json\ningress:\n  - hostname: a.example.org\n    service: ssh://localhost:22\n  - service: http_status:404\n";
        let state = parse_cloudflared(config.as_bytes()).unwrap();
        assert_eq!(bound(&state), ["6ff42ae2-765d-4adf-8112-31c55c1551ef"]);
        assert_eq!(state.features, ["publishes-ssh"]);
        assert_eq!(parse_cloudflared(b"a: b\n"), None);
        let credentials = br#"{"AccountTag":"acc","TunnelSecret":"SECRET","TunnelID":"tid"}"#;
        let state = parse_cloudflared_credentials(credentials).unwrap();
        assert_eq!(bound(&state), ["acc", "tid"]);
        // {"a":"acc","t":"tid","s":"U0VDUkVU"}
        let state = parse_cloudflared_token("eyJhIjoiYWNjIiwidCI6InRpZCIsInMiOiJVMFZEVWtWVSJ9").unwrap();
        assert_eq!(bound(&state), ["acc", "tid"]);
        assert_eq!(parse_cloudflared_token("eyJ"), None);
    }

    #[test]
    fn servers_and_ports_of_others_are_told() {
        let frp = parse_frp(
            b"serverAddr = \"frp.example.org\"\nserverPort = 7000\n[[proxies]]\nlocalPort = 3389\n",
        )
        .unwrap();
        assert_eq!(
            (bound(&frp), frp.features.as_slice()),
            (vec!["frp.example.org"], ["publishes-rdp".to_owned()].as_slice())
        );
        assert_eq!(
            bound(&parse_frp(b"[common]\nserver_addr = 192.0.2.1\ntoken = SECRET\n").unwrap()),
            ["192.0.2.1"]
        );
        assert_eq!(parse_frp(b"[common]\nbind_port = 7000\n"), None, "a server's");
        let ngrok =
            parse_ngrok(b"version: 2\nauthtoken: SECRET\ntunnels:\n  a:\n    proto: tcp\n    addr: 22\n")
                .unwrap();
        assert_eq!(ngrok.features, ["registered", "tcp", "publishes-ssh"]);
        assert!(!format!("{ngrok:?}").contains("SECRET"));
        let rathole = parse_rathole(b"[client]\nremote_addr = \"r.example.org:2333\"\n[client.services.x]\nlocal_addr = \"127.0.0.1:5900\"\n").unwrap();
        assert_eq!((bound(&rathole), rathole.features.len()), (vec!["r.example.org"], 1));
        assert_eq!(
            bound(&parse_code_tunnel(br#"{"name":"box","id":"i","cluster":"usw2"}"#).unwrap()),
            ["box"]
        );
        assert_eq!(parse_code_tunnel(b"[]"), None);
    }
}
