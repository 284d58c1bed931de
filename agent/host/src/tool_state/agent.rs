//! Management agents: which server they take orders from.
//!
//! Always: an agent that takes orders needs nobody present.
//! Facts: Tactical RMM `agent/agent.go` and DWService `agent.py` (JSON settings); the others' files are of
//! undocumented form, of which only the first host name is taken.

use bearing_protocol::fact::{BindingKind, ToolState};
use serde_json::{Map, Value};

use super::text::{bind, feature, first_host, host_of, is_on, pairs};

fn commanded_by(host: &str) -> ToolState {
    let mut state = ToolState { unattended: Some(true), ..ToolState::default() };
    bind(&mut state, BindingKind::Instance, host);
    state
}

/// Reads Tactical RMM's settings.
pub fn parse_tactical(bytes: &[u8]) -> Option<ToolState> {
    let map: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    let address = map.get("baseurl").or_else(|| map.get("apiurl"))?.as_str()?;
    Some(commanded_by(host_of(address)?))
}

/// Reads DWService's settings.
pub fn parse_dwservice(bytes: &[u8]) -> Option<ToolState> {
    let map: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    let address = map.get("url_primary").and_then(Value::as_str);
    if address.is_none() && !map.contains_key("listen_port") {
        return None;
    }
    let mut state = commanded_by(address.and_then(host_of).unwrap_or_default());
    if map.get("enabled").and_then(Value::as_bool) == Some(false) {
        feature(&mut state, "stopped");
        state.unattended = Some(false);
    }
    if map.get("key").and_then(Value::as_str).is_some_and(|key| !key.is_empty()) {
        feature(&mut state, "registered");
    }
    Some(state)
}

/// Reads the server of an agent whose settings are of unknown form.
pub fn parse_first_host(bytes: &[u8]) -> Option<ToolState> {
    let text = String::from_utf8_lossy(bytes);
    first_host(&text).map(commanded_by)
}

/// Reads Teleport's `teleport.yaml`: the cluster that may reach this node.
pub fn parse_teleport(bytes: &[u8]) -> Option<ToolState> {
    let text = String::from_utf8_lossy(bytes);
    let mut state = ToolState { unattended: Some(true), ..ToolState::default() };
    let mut known = false;
    for (_, key, value) in pairs(&text) {
        match key.as_str() {
            "proxy_server" | "auth_server" => {
                known = true;
                bind(&mut state, BindingKind::Instance, host_of(value).unwrap_or_default());
            }
            "auth_servers" | "teleport" => known = true,
            _ => {}
        }
    }
    known.then_some(state)
}

/// Reads a host's registration with Chrome Remote Desktop: whose account may connect.
pub fn parse_chrome_remote_desktop(bytes: &[u8]) -> Option<ToolState> {
    let map: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    map.get("host_id")?;
    let mut state = ToolState { unattended: Some(true), ..ToolState::default() };
    let text = |key: &str| map.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    if let Some(owner) =
        text("host_owner").or_else(|| text("host_owner_email")).or_else(|| text("xmpp_login"))
    {
        bind(&mut state, BindingKind::Account, owner);
        if let Some((_, domain)) =
            owner.rsplit_once('@').filter(|(_, domain)| !PUBLIC_DOMAINS.contains(domain))
        {
            bind(&mut state, BindingKind::Tenant, domain);
        }
    }
    if text("host_secret_hash").is_some() {
        feature(&mut state, "pin");
    }
    Some(state)
}

/// Reads tmate's settings: a server of one's own.
pub fn parse_tmate(bytes: &[u8]) -> Option<ToolState> {
    let text = String::from_utf8_lossy(bytes);
    let mut state = ToolState::default();
    for line in text.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let Some(at) = words.iter().position(|word| word.starts_with("tmate-")) else { continue };
        let value = words.get(at + 1).unwrap_or(&"").trim_matches(['"', '\'']);
        match words.get(at).copied() {
            Some("tmate-server-host") => bind(&mut state, BindingKind::Instance, value),
            Some("tmate-session-name" | "tmate-api-key") => feature(&mut state, "registered"),
            Some("tmate-set") if is_on(value) => feature(&mut state, "set"),
            _ => {}
        }
    }
    Some(state)
}

/// Domains of mail that say nothing about a company.
const PUBLIC_DOMAINS: [&str; 6] = [
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "yahoo.com",
    "chromoting.gserviceaccount.com",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(state: &ToolState) -> Vec<(BindingKind, &str)> {
        state.bindings.iter().map(|b| (b.kind, b.value.as_str())).collect()
    }

    #[test]
    fn the_server_an_agent_obeys_is_read() {
        let state = parse_tactical(br#"{"baseurl":"https://api.example.org","token":"SECRET"}"#).unwrap();
        assert_eq!(bound(&state), [(BindingKind::Instance, "api.example.org")]);
        assert!(!format!("{state:?}").contains("SECRET"));
        let state = parse_dwservice(
            br#"{"url_primary":"https://www.dwservice.net/","key":"SECRET","enabled":false}"#,
        )
        .unwrap();
        assert_eq!((state.unattended, state.features.len()), (Some(false), 2));
        assert_eq!(parse_dwservice(b"{}"), None);
        assert_eq!(
            bound(&parse_first_host(b"<S v='eu.rmm.example.com'/>").unwrap()),
            [(BindingKind::Instance, "eu.rmm.example.com")]
        );
        assert_eq!(parse_first_host(b"nothing"), None);
        let state = parse_teleport(b"teleport:\n  proxy_server: tp.example.org:443\n").unwrap();
        assert_eq!(bound(&state), [(BindingKind::Instance, "tp.example.org")]);
    }

    #[test]
    fn owners_of_shared_desktops_are_read() {
        let state = parse_chrome_remote_desktop(br#"{"host_id":"h","host_owner":"anna@example.org","private_key":"SECRET","host_secret_hash":"hmac:SECRET"}"#).unwrap();
        assert_eq!(
            bound(&state),
            [(BindingKind::Account, "anna@example.org"), (BindingKind::Tenant, "example.org")]
        );
        assert!(!format!("{state:?}").contains("SECRET"));
        let private = parse_chrome_remote_desktop(br#"{"host_id":"h","xmpp_login":"a@gmail.com"}"#).unwrap();
        assert_eq!(bound(&private), [(BindingKind::Account, "a@gmail.com")]);
        assert_eq!(parse_chrome_remote_desktop(b"{}"), None);
        let state = parse_tmate(b"set -g tmate-server-host tmate.example.org\nset -g status off\n").unwrap();
        assert_eq!(bound(&state), [(BindingKind::Instance, "tmate.example.org")]);
    }
}
