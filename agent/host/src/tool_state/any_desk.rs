//! AnyDesk: `system.conf`, `service.conf`, and the trace of connections.
//!
//! Facts: `ad.group.name=value` lines; an alias is `name@namespace`, `ad` being the public one; the trace has
//! columns of direction, `YYYY-MM-DD, HH:MM`, how it was let in, and ids.

use bearing_protocol::fact::{BindingKind, ToolState};
use jiff::civil::DateTime;

use super::text::{bind, decoded, feature, newest};

/// Reads a configuration. Whether access is unattended stands in one of several files: `None` where this one has
/// no word of it.
pub fn parse(bytes: &[u8]) -> Option<ToolState> {
    let text = decoded(bytes);
    let mut state = ToolState::default();
    let mut known = false;
    for (key, value) in text.lines().filter_map(|line| line.trim().split_once('=')) {
        let (key, value) = (key.trim(), value.trim());
        if !key.starts_with("ad.") {
            continue;
        }
        known = true;
        match key {
            "ad.anynet.id" if !matches!(value, "" | "0") => feature(&mut state, "registered"),
            "ad.anynet.alias" => {
                if let Some((_, namespace)) = value.rsplit_once('@').filter(|(_, space)| *space != "ad") {
                    bind(&mut state, BindingKind::Tenant, namespace);
                }
            }
            "ad.anynet.namespace" if value != "ad" => bind(&mut state, BindingKind::Tenant, value),
            "ad.anynet.relay.host" | "ad.anynet.network_id" | "ad.anynet.appliance" => {
                bind(&mut state, BindingKind::Instance, value);
            }
            "ad.security.interactive_access" if value == "2" => feature(&mut state, "interactive-off"),
            "ad.features.file_transfer" if value == "true" => feature(&mut state, "file-transfer"),
            _ if is_password(key) && !value.is_empty() => state.unattended = Some(true),
            _ => {}
        }
    }
    known.then_some(state)
}

/// Hashes of permanent passwords, of the device or of a permission profile.
fn is_password(key: &str) -> bool {
    let name = key.rsplit('.').next().unwrap_or_default();
    matches!(name, "pwd_hash" | "pwd" | "pwd_salt" | "password_hash")
}

/// Reads the newest session that was let in.
pub fn parse_trace(bytes: &[u8]) -> Option<ToolState> {
    let text = decoded(bytes);
    let time = |line: &str| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [direction, date, time, how, ..] = words.as_slice() else { return None };
        let let_in = direction.eq_ignore_ascii_case("Incoming") && !how.eq_ignore_ascii_case("REJECTED");
        let at = format!("{}T{time}:00", date.trim_end_matches(','));
        at.parse::<DateTime>().ok().filter(|_| let_in)
    };
    let last_incoming_at = newest(text.lines().filter_map(time))?;
    Some(ToolState { last_incoming_at: Some(last_incoming_at), ..ToolState::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespace_and_password_are_noticed_and_not_kept() {
        let text = "ad.anynet.alias=laptop7@example\nad.anynet.id=123\nad.anynet.pwd_hash=c0ffee\nad.anynet.pkey=-----BEGIN\n";
        let state = parse(text.as_bytes()).unwrap();
        assert_eq!(state.bindings[0].value, "example");
        assert_eq!((state.bindings.len(), state.unattended), (1, Some(true)));
        let shown = format!("{state:?}");
        assert!(!shown.contains("c0ffee") && !shown.contains("laptop7") && !shown.contains("BEGIN"));
        let public = parse(b"ad.anynet.alias=laptop7@ad\nad.anynet.pwd_hash=\n").unwrap();
        assert_eq!((public.bindings.len(), public.unattended), (0, None));
        assert_eq!(parse(b"a=b\n"), None);
    }

    #[test]
    fn refused_sessions_are_no_sessions() {
        let trace = "Incoming    2026-01-30, 12:39    User                              123456789    123456789\nIncoming    2026-02-01, 03:10    Passwd    1    1\nIncoming    2026-02-05, 03:10    REJECTED    1    1\nOutgoing    2026-02-06, 03:10    User    1    1\n";
        let at = |bytes: &[u8]| parse_trace(bytes).and_then(|state| state.last_incoming_at);
        assert_eq!(at(trace.as_bytes()).unwrap().to_string(), "2026-02-01T03:10:00Z");
        let wide: Vec<u8> = trace.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(at(&wide), at(trace.as_bytes()));
        assert_eq!(at(b"Incoming 2026-99-01, 03:10 User"), None);
    }
}
