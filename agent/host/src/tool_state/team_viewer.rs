//! TeamViewer: `global.conf` and the log of incoming sessions.
//!
//! Facts: `[type] Name = value` lines; the log has tabs between id, name, start, end, user, kind and session.

use bearing_protocol::fact::{BindingKind, ToolState};
use jiff::civil::DateTime;

use super::text::{bind, decoded, feature, is_on, newest};

/// Reads `global.conf`.
pub fn parse(bytes: &[u8]) -> Option<ToolState> {
    let text = String::from_utf8_lossy(bytes);
    let mut state = ToolState::default();
    let (mut known, mut password, mut managed) = (false, false, false);
    for line in text.lines() {
        let Some((name, value)) = setting(line) else { continue };
        known = true;
        let set = !matches!(value, "" | "0");
        match name {
            "ClientID" if set => feature(&mut state, "registered"),
            "OwningManagerAccountName" => {
                managed |= !value.is_empty();
                bind(&mut state, BindingKind::Account, value);
            }
            "OwningManagerCompanyName" => {
                managed |= !value.is_empty();
                bind(&mut state, BindingKind::Tenant, value);
            }
            "PermanentPassword" | "SecurityPasswordAES" | "ServerPasswordAES" => password |= set,
            "Security_GrantEasyAccess" | "Security_EasyAccess" if is_on(value) => {
                password = true;
                feature(&mut state, "easy-access");
            }
            "Always_Online" if is_on(value) => feature(&mut state, "always-online"),
            "General_DirectLAN" if set => feature(&mut state, "direct-lan"),
            _ => {}
        }
    }
    // Who manages the device may grant easy access on the vendor's side, where we cannot see it.
    state.unattended = if password { Some(true) } else { (!managed).then_some(false) };
    known.then_some(state)
}

/// `[strng] Name = "value"`.
fn setting(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim().strip_prefix('[')?.split_once(']')?.1;
    let (name, value) = rest.split_once('=')?;
    Some((name.trim(), value.trim().trim_matches('"')))
}

/// Reads the newest session of `Connections_incoming.txt`.
pub fn parse_incoming(bytes: &[u8]) -> Option<ToolState> {
    let text = decoded(bytes);
    let start = |line: &str| parse_time(line.split('\t').nth(2)?);
    let last_incoming_at = newest(text.lines().filter_map(start))?;
    Some(ToolState { last_incoming_at: Some(last_incoming_at), ..ToolState::default() })
}

/// `31-01-2026 10:00:00`, UTC.
fn parse_time(text: &str) -> Option<DateTime> {
    let (date, time) = text.trim().split_once(' ')?;
    let mut parts = date.split('-');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    format!("{year}-{month}-{day}T{time}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_manages_it_and_whether_it_waits_is_read() {
        let text = "TeamViewer User Settings\n# comment\n[int32] ClientID = 123456789\n[strng] OwningManagerAccountName = \"Example IT\"\n[strng] OwningManagerCompanyName = \"Example GmbH\"\n[int32] Always_Online = 1\n";
        let state = parse(text.as_bytes()).unwrap();
        let bindings: Vec<_> = state.bindings.iter().map(|b| (b.kind, b.value.as_str())).collect();
        assert_eq!(bindings, [(BindingKind::Account, "Example IT"), (BindingKind::Tenant, "Example GmbH")]);
        assert_eq!(state.unattended, None, "the vendor's side may grant it");
        assert_eq!(state.features, ["registered", "always-online"]);
        let state = parse(b"[bin  ] PermanentPassword = 00 11 22\n[int32] ClientID = 0\n").unwrap();
        assert_eq!(state.unattended, Some(true));
        assert!(state.features.is_empty() && !format!("{state:?}").contains("11"));
        assert_eq!(parse(b"[int32] ClientID = 1\n").unwrap().unattended, Some(false));
        assert_eq!(parse(b"something else"), None);
    }

    #[test]
    fn only_the_time_of_the_newest_session_is_kept() {
        let log = "123456789\tPC-OF-ANNA\t30-01-2026 10:00:00\t30-01-2026 10:05:00\tanna\tRemoteControl\t{1}\n987\tX\t02-02-2026 03:10:00\t\tanna\tRemoteControl\t{2}\nbroken\n";
        let state = parse_incoming(log.as_bytes()).unwrap();
        assert_eq!(state.last_incoming_at.unwrap().to_string(), "2026-02-02T03:10:00Z");
        assert!(!format!("{state:?}").contains("ANNA"));
        assert_eq!(parse_incoming(b""), None);
    }
}
