//! RustDesk and what is built from it under another name: `NAME2.toml` and `NAME.toml`.
//!
//! Always: a file is one by its keys, because custom clients are called as their makers like.
//! Facts: `libs/hbb_common/src/config.rs` (`Config`, `Config2`, option names).

use bearing_protocol::fact::{BindingKind, ToolState};

use super::text::{bind, feature, host_of, pairs};

/// Reads either file; `None` where the keys are others.
pub fn parse(bytes: &[u8]) -> Option<ToolState> {
    let text = String::from_utf8_lossy(bytes);
    let mut state = ToolState::default();
    let (mut settings, mut identity, mut password) = (false, false, false);
    for (_, key, value) in pairs(&text) {
        let on = value == "Y";
        match key.as_str() {
            "rendezvous_server" => {
                settings = true;
                bind(&mut state, BindingKind::Relay, host_of(value).unwrap_or_default());
            }
            "custom-rendezvous-server" => {
                settings = true;
                bind(&mut state, BindingKind::Instance, host_of(value).unwrap_or_default());
            }
            "relay-server" | "api-server" => {
                bind(&mut state, BindingKind::Relay, host_of(value).unwrap_or_default());
            }
            "key" if !value.is_empty() => feature(&mut state, "own-server-key"),
            "stop-service" if on => feature(&mut state, "stopped"),
            "direct-server" if on => feature(&mut state, "direct-access"),
            "verification-method" if value == "use-permanent-password" => {
                feature(&mut state, "permanent-password");
            }
            "approve-mode" if value == "password" => feature(&mut state, "no-click"),
            "enc_id" | "key_pair" | "key_confirmed" => identity = true,
            "password" => password = !value.is_empty(),
            _ => {}
        }
    }
    if identity {
        state.unattended = Some(password);
    }
    (settings || identity).then_some(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_own_server_and_a_permanent_password_are_told() {
        let settings = "rendezvous_server = 'rs-ny.rustdesk.com:21116'\nnat_type = 1\n\n[options]\ncustom-rendezvous-server = 'desk.example.org'\nkey = 'secretkey='\ndirect-server = 'Y'\nstop-service = 'N'\n";
        let state = parse(settings.as_bytes()).unwrap();
        let bindings: Vec<_> = state.bindings.iter().map(|b| (b.kind, b.value.as_str())).collect();
        assert_eq!(
            bindings,
            [(BindingKind::Relay, "rs-ny.rustdesk.com"), (BindingKind::Instance, "desk.example.org")]
        );
        assert_eq!(state.features, ["own-server-key", "direct-access"]);
        assert!(!format!("{state:?}").contains("secretkey"));
        let identity = "enc_id = '00abc'\npassword = '00SECRET'\nsalt = 'x'\nkey_pair = [[1, 2], [3]]\n";
        let state = parse(identity.as_bytes()).unwrap();
        assert_eq!(state.unattended, Some(true));
        assert!(!format!("{state:?}").contains("SECRET"));
        assert_eq!(parse(b"enc_id = 'x'\npassword = ''\n").unwrap().unattended, Some(false));
        assert_eq!(parse(b"[package]\nname = 'x'\nkey = 'y'\n"), None, "any other TOML file");
    }
}
