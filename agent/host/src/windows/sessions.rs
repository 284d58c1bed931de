//! Who is signed in, and whether from another machine.
//!
//! Facts: `wtsapi32.h` (`WTSActive` 0, `WTSDisconnected` 4; client protocol 0 console, 2 RDP).

use bearing_protocol::fact::LoginSession;

/// A session as it was fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) user: String,
    /// `Console`, `RDP-Tcp#12`.
    pub(super) station: String,
    /// `WTS_CLIENT_PROTOCOL_TYPE`, where it was told.
    pub(super) protocol: Option<u16>,
    /// The name of the machine it comes from.
    pub(super) client: Option<String>,
}

/// Sessions in which somebody is signed in.
pub(super) fn sessions(rows: Vec<Row>) -> Vec<LoginSession> {
    rows.into_iter()
        .filter(|row| !row.user.is_empty())
        .map(|row| {
            let by_name = row.station.to_ascii_lowercase();
            let remote = match row.protocol {
                Some(CONSOLE) => Some(false),
                Some(_) => Some(true),
                None if by_name.starts_with("rdp-") => Some(true),
                None if by_name == "console" => Some(false),
                None => None,
            };
            let kind = match row.protocol {
                Some(RDP) => Some("rdp"),
                Some(CONSOLE) => Some("console"),
                Some(_) => Some("other"),
                None if by_name.starts_with("rdp-") => Some("rdp"),
                None => None,
            };
            LoginSession {
                user: row.user,
                seat: (remote == Some(false)).then(|| "console".to_owned()),
                terminal: (!row.station.is_empty()).then_some(row.station),
                remote,
                remote_host: row.client.filter(|name| !name.is_empty() && remote == Some(true)),
                kind: kind.map(str::to_owned),
                service: (remote == Some(true)).then(|| "TermService".to_owned()),
                since: None,
                time_zone: None,
            }
        })
        .collect()
}

const CONSOLE: u16 = 0;
const RDP: u16 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_from_afar_is_told() {
        let row = |user: &str, station: &str, protocol| Row {
            user: user.into(),
            station: station.into(),
            protocol,
            client: Some("DESKTOP-FAR".into()),
        };
        let found = sessions(vec![
            row("kim", "Console", Some(0)),
            row("kim", "RDP-Tcp#3", Some(2)),
            row("", "Services", None),
            row("lee", "RDP-Tcp#4", None),
        ]);
        assert_eq!(found.len(), 3);
        assert_eq!((found[0].remote, found[0].remote_host.as_deref()), (Some(false), None));
        assert_eq!((found[1].remote, found[1].kind.as_deref()), (Some(true), Some("rdp")));
        assert_eq!(found[1].remote_host.as_deref(), Some("DESKTOP-FAR"));
        assert_eq!(found[2].remote, Some(true));
    }
}
