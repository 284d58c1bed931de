//! Overlay networks: whose network this machine is in, and what it opens to it.
//!
//! Facts: Tailscale `ipn/store.go`, `ipn/prefs.go`, `ipn/serve.go` (a JSON map of base 64 values: profiles,
//! preferences, serve configuration); NetBird `client/internal/profilemanager/config.go`; ZeroTier
//! `networks.d/ID.conf`; Twingate's `config.json`.

use std::collections::BTreeMap;

use bearing_protocol::fact::{BindingKind, ToolState};
use serde_json::{Map, Value};

use super::text::{alias, base64, bind, feature, host_of};

/// Reads Tailscale's state: one state a profile, the one in use first.
pub fn parse_tailscale(bytes: &[u8]) -> Option<Vec<ToolState>> {
    let store: BTreeMap<String, Option<String>> = serde_json::from_slice(bytes).ok()?;
    let plain = |key: &str| base64(store.get(key)?.as_deref()?);
    let json = |key: &str| -> Option<Map<String, Value>> { serde_json::from_slice(&plain(key)?).ok() };
    let current = plain("_current-profile").and_then(|bytes| String::from_utf8(bytes).ok());
    let mut states = Vec::new();
    for profile in json("_profiles").unwrap_or_default().values() {
        let key = profile.get("Key").and_then(Value::as_str).unwrap_or_default();
        let in_use = current.as_deref().is_none_or(|current| current == key);
        let mut state = ToolState::default();
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(network) = profile.get("NetworkProfile") {
            bind(&mut state, BindingKind::Network, &text(network.get("DomainName")));
            let add = if state.bindings.is_empty() { bind } else { alias };
            add(&mut state, BindingKind::Network, &text(network.get("MagicDNSName")));
        }
        if let Some(person) = profile.get("UserProfile") {
            bind(&mut state, BindingKind::Account, &text(person.get("LoginName")));
        }
        bind_control_server(&mut state, &text(profile.get("ControlURL")));
        if let Some(preferences) = json(key) {
            read_preferences(&mut state, &preferences);
        }
        let id = text(profile.get("ID"));
        if let Some(serve) = json(&format!("_serve/{id}")) {
            read_serve(&mut state, &serve);
        }
        if in_use {
            states.insert(0, state);
        } else {
            feature(&mut state, "other-profile");
            states.push(state);
        }
    }
    // Versions before profiles keep one set of preferences.
    if states.is_empty()
        && let Some(preferences) = current.as_deref().and_then(json).or_else(|| json("_daemon"))
    {
        let mut state = ToolState::default();
        read_preferences(&mut state, &preferences);
        states.push(state);
    }
    states.truncate(MAX_PROFILES);
    Some(states)
}

fn bind_control_server(state: &mut ToolState, address: &str) {
    let host = host_of(address).unwrap_or_default();
    if !matches!(host, "controlplane.tailscale.com" | "login.tailscale.com") {
        bind(state, BindingKind::Instance, host);
    }
}

fn read_preferences(state: &mut ToolState, preferences: &Map<String, Value>) {
    let is = |key: &str| preferences.get(key).and_then(Value::as_bool) == Some(true);
    let routes: Vec<&str> = preferences
        .get("AdvertiseRoutes")
        .and_then(Value::as_array)
        .map(|routes| routes.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let everything = |route: &&str| matches!(*route, "0.0.0.0/0" | "::/0");
    if routes.iter().any(everything) {
        feature(state, "exit-node");
    }
    if !routes.iter().all(everything) {
        feature(state, "subnet-router");
    }
    for (key, name) in [("RunSSH", "ssh"), ("ShieldsUp", "shields-up"), ("LoggedOut", "logged-out")] {
        if is(key) {
            feature(state, name);
        }
    }
    if preferences.get("WantRunning").and_then(Value::as_bool) == Some(false) {
        feature(state, "stopped");
    }
    let exit = |key: &str| preferences.get(key).and_then(Value::as_str).is_some_and(|id| !id.is_empty());
    if exit("ExitNodeID") || exit("ExitNodeIP") {
        feature(state, "uses-exit-node");
    }
    if let Some(address) = preferences.get("ControlURL").and_then(Value::as_str) {
        bind_control_server(state, address);
    }
    let person = preferences.get("Config").and_then(|config| config.get("UserProfile"));
    if let Some(name) = person.and_then(|person| person.get("LoginName")).and_then(Value::as_str) {
        bind(state, BindingKind::Account, name);
    }
}

fn read_serve(state: &mut ToolState, serve: &Map<String, Value>) {
    let filled = |value: Option<&Value>| value.and_then(Value::as_object).is_some_and(|map| !map.is_empty());
    // `tailscale serve` in the foreground keeps its own configuration below.
    let foreground = serve.get("Foreground").and_then(Value::as_object);
    let all = std::iter::once(serve)
        .chain(foreground.into_iter().flat_map(Map::values).filter_map(Value::as_object));
    for part in all {
        if filled(part.get("TCP")) || filled(part.get("Web")) {
            feature(state, "serve");
        }
        let funnel = part.get("AllowFunnel").and_then(Value::as_object);
        if funnel.is_some_and(|ports| ports.values().any(|on| on.as_bool() == Some(true))) {
            feature(state, "funnel");
        }
    }
}

/// Reads a NetBird profile.
pub fn parse_netbird(bytes: &[u8]) -> Option<ToolState> {
    let config: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    let mut state = ToolState::default();
    let management = config.get("ManagementURL")?;
    let address = match management {
        Value::String(address) => address.as_str(),
        other => other.get("Host").and_then(Value::as_str).unwrap_or_default(),
    };
    bind(&mut state, BindingKind::Instance, host_of(address).unwrap_or_default());
    let is = |key: &str| config.get(key).and_then(Value::as_bool) == Some(true);
    if is("ServerSSHAllowed") {
        feature(&mut state, "ssh");
    }
    if is("DisableAutoConnect") {
        feature(&mut state, "stopped");
    }
    Some(state)
}

/// Reads the network's id in the name of ZeroTier's file.
pub fn parse_zerotier_path(path: &str) -> Option<ToolState> {
    let id = path.rsplit('/').next()?.strip_suffix(".conf")?;
    (id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| {
        let mut state = ToolState::default();
        bind(&mut state, BindingKind::Network, id);
        state
    })
}

/// Reads Twingate's network.
pub fn parse_twingate(bytes: &[u8]) -> Option<ToolState> {
    let config: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    let mut state = ToolState::default();
    bind(&mut state, BindingKind::Network, config.get("network")?.as_str()?);
    Some(state)
}

const MAX_PROFILES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(bytes: &[u8]) -> String {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut out = String::new();
        for chunk in bytes.chunks(3) {
            let number = chunk.iter().fold(0_u32, |n, b| (n << 8) | u32::from(*b)) << (8 * (3 - chunk.len()));
            for place in 0..=chunk.len() {
                out.push(ALPHABET[(number >> (18 - 6 * place)) as usize & 63] as char);
            }
        }
        out + &"=".repeat((3 - bytes.len() % 3) % 3)
    }

    fn store(parts: &[(&str, &str)]) -> Vec<u8> {
        let map: BTreeMap<&str, String> = parts.iter().map(|(k, v)| (*k, encode(v.as_bytes()))).collect();
        serde_json::to_vec(&map).unwrap()
    }

    #[test]
    fn the_tailnet_and_what_is_opened_are_read() {
        let profiles = r#"{"1a":{"ID":"1a","Key":"profile-1a","Name":"x","NetworkProfile":{"MagicDNSName":"tail1.ts.net","DomainName":"corp.example.com"},"UserProfile":{"LoginName":"anna@corp.example.com"},"ControlURL":"https://controlplane.tailscale.com"},"2b":{"ID":"2b","Key":"profile-2b","NetworkProfile":{"DomainName":"else@gmail.example"},"ControlURL":"https://headscale.example.org"}}"#;
        let preferences = r#"{"WantRunning":true,"RunSSH":true,"AdvertiseRoutes":["0.0.0.0/0","::/0"],"Config":{"PrivateNodeKey":"privkey:SECRET"}}"#;
        let bytes = store(&[
            ("_machinekey", "privkey:SECRET"),
            ("_current-profile", "profile-1a"),
            ("_profiles", profiles),
            ("profile-1a", preferences),
            ("_serve/1a", r#"{"Web":{"h:443":{}},"AllowFunnel":{"h:443":true}}"#),
        ]);
        let states = parse_tailscale(&bytes).unwrap();
        let bindings: Vec<_> = states[0].bindings.iter().map(|b| b.value.as_str()).collect();
        assert_eq!(bindings, ["corp.example.com", "anna@corp.example.com"]);
        assert_eq!(states[0].aliases[0].value, "tail1.ts.net");
        assert_eq!(states[0].features, ["exit-node", "ssh", "serve", "funnel"]);
        assert_eq!(states[1].features, ["other-profile"]);
        assert!(states[1].bindings.iter().any(|b| b.value == "headscale.example.org"));
        assert!(!format!("{states:?}").contains("SECRET"));
    }

    #[test]
    fn older_and_broken_states_are_minded() {
        let old = store(&[(
            "_daemon",
            r#"{"AdvertiseRoutes":["10.0.0.0/8"],"WantRunning":false,"Config":{"UserProfile":{"LoginName":"a@b.c"}}}"#,
        )]);
        let states = parse_tailscale(&old).unwrap();
        assert_eq!(states[0].features, ["subnet-router", "stopped"]);
        assert_eq!(states[0].bindings[0].value, "a@b.c");
        assert_eq!(parse_tailscale(b"{}"), Some(Vec::new()), "never signed in");
        assert_eq!(parse_tailscale(b"encrypted"), None);
        assert_eq!(parse_tailscale(br#"{"_profiles":"*"}"#), Some(Vec::new()));
    }

    #[test]
    fn other_networks_are_read() {
        let state = parse_netbird(br#"{"PrivateKey":"SECRET","ManagementURL":{"Scheme":"https","Host":"nb.example.org:443"},"ServerSSHAllowed":true}"#).unwrap();
        assert_eq!((state.bindings[0].value.as_str(), state.features.len()), ("nb.example.org", 1));
        assert_eq!(parse_netbird(b"{}"), None);
        assert_eq!(
            parse_zerotier_path("/var/lib/zerotier-one/networks.d/8056c2e21c000001.conf").unwrap().bindings
                [0]
            .value,
            "8056c2e21c000001"
        );
        assert_eq!(parse_zerotier_path("/x/8056c2e21c000001.local.conf"), None);
        assert_eq!(parse_twingate(br#"{"network":"acme"}"#).unwrap().bindings[0].value, "acme");
    }
}
