//! One entry of a log as a sign-in.
//!
//! Sources of the fields: Okta System Log `LogEvent` (`published`, `eventType`, `outcome.result`, `actor.alternateId`,
//! `client.ipAddress`, `uuid`); Microsoft Graph `signIn` (`createdDateTime`, `userPrincipalName`, `ipAddress`,
//! `status.errorCode`, `id`), the same under `properties` where diagnostic settings exported it, and the admin center's
//! CSV (`Date (UTC)`, `Username`, `IP address`, `Status`, `Request ID`).

use std::net::IpAddr;

use bearing_protocol::{Timestamp, text::printable};
use serde_json::Value;

/// Whose log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Provider {
    /// Okta's System Log.
    Okta,
    /// Microsoft Entra's sign-in log.
    Entra,
}

/// A sign-in that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// The provider's id of the event.
    pub event: String,
    /// The user's name at the provider, lower case.
    pub user: String,
    /// When.
    pub at: Timestamp,
    /// From where.
    pub address: IpAddr,
}

impl Provider {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Okta => "okta",
            Self::Entra => "entra",
        }
    }

    /// Names of each field, dots for depth, any of which may stand in an export.
    const fn names(self) -> Names {
        match self {
            Self::Okta => Names {
                event: &["uuid"],
                user: &["actor.alternateId", "actor.alternate_id", "actor_alternate_id"],
                at: &["published", "timestamp"],
                address: &["client.ipAddress", "client.ip_address", "client_ip_address"],
            },
            Self::Entra => Names {
                event: &["id", "properties.id", "Request ID"],
                user: &["userPrincipalName", "properties.userPrincipalName", "Username"],
                at: &["createdDateTime", "properties.createdDateTime", "Date (UTC)"],
                address: &["ipAddress", "properties.ipAddress", "IP address"],
            },
        }
    }

    /// Whether an entry is a sign-in that succeeded. Everything else in a log is passed over.
    fn is_sign_in(self, entry: &Value) -> bool {
        match self {
            Self::Okta => {
                let kind = text(entry, &["eventType", "event_type"]);
                let result = text(entry, &["outcome.result", "outcome_result"]);
                let kinds =
                    ["user.session.start", "user.authentication.sso", "user.authentication.auth_via_mfa"];
                kind.is_some_and(|kind| kinds.contains(&kind.as_str()))
                    && result.is_some_and(|result| result.eq_ignore_ascii_case("SUCCESS"))
            }
            Self::Entra => {
                let code =
                    text(entry, &["status.errorCode", "properties.status.errorCode", "Sign-in error code"])
                        .filter(|code| !code.is_empty());
                let word = text(entry, &["Status"]);
                match code {
                    Some(code) => code == "0",
                    None => word.is_some_and(|word| word.eq_ignore_ascii_case("Success")),
                }
            }
        }
    }
}

struct Names {
    event: &'static [&'static str],
    user: &'static [&'static str],
    at: &'static [&'static str],
    address: &'static [&'static str],
}

/// Longest id or user name that is taken, in bytes.
const MAX_NAME_BYTES: usize = 320;

/// The first of these fields that is there, as text. A CSV's headings are taken whole, dots and all.
fn text(entry: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| {
        let direct = entry.get(*name);
        let found = match direct {
            Some(value) => Some(value),
            None => name.split('.').try_fold(entry, |value, part| value.get(part)),
        };
        match found? {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    })
}

/// An entry as a sign-in; `None` where it is something else.
pub(super) fn sign_in(provider: Provider, entry: &Value) -> Result<Option<SignIn>, String> {
    if !entry.is_object() {
        return Err("it is no object".to_owned());
    }
    if !provider.is_sign_in(entry) {
        return Ok(None);
    }
    let names = provider.names();
    let want = |what: &str, names: &[&str]| {
        let found = text(entry, names).filter(|text| !text.is_empty());
        let found = found.ok_or_else(|| format!("it has no {what} (`{}`)", names.join("`, `")))?;
        if found.len() > MAX_NAME_BYTES { Err(format!("its {what} is too long")) } else { Ok(found) }
    };
    let event = want("id", names.event)?;
    let user = want("user", names.user)?.to_lowercase();
    let at = want("time", names.at)?;
    let at = instant(&at)
        .ok_or_else(|| format!("its time `{}` is not as in 2026-11-25T08:00:00Z", printable(&at, 40)))?;
    let address = want("address", names.address)?;
    let address: IpAddr =
        address.parse().map_err(|_| format!("its address `{}` is no IP address", printable(&address, 40)))?;
    Ok(Some(SignIn { event, user, at, address: address.to_canonical() }))
}

/// An instant of RFC 3339; a space may stand for the `T`, and a time without an offset is UTC, as both providers export.
/// Dates whose order of day and month depends on who exported them are refused.
fn instant(text: &str) -> Option<Timestamp> {
    let text = text.replacen(' ', "T", 1);
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn okta_and_entra_entries_are_read() {
        let okta = json!({"uuid": "u1", "published": "2026-11-25T08:00:00.123Z", "eventType": "user.session.start",
            "outcome": {"result": "SUCCESS"}, "actor": {"alternateId": "Ana@Example.com"}, "client": {"ipAddress": "5.9.10.20"}});
        let read = sign_in(Provider::Okta, &okta).unwrap().unwrap();
        assert_eq!((read.user.as_str(), read.address.to_string().as_str()), ("ana@example.com", "5.9.10.20"));
        let graph = json!({"id": "e1", "createdDateTime": "2026-11-25T08:00:00Z", "userPrincipalName": "ana@example.com",
            "ipAddress": "2001:db8::1", "status": {"errorCode": 0}});
        assert_eq!(sign_in(Provider::Entra, &graph).unwrap().unwrap().event, "e1");
        let exported = json!({"time": "x", "properties": graph});
        assert_eq!(sign_in(Provider::Entra, &exported).unwrap().unwrap().event, "e1");
        let csv = json!({"Date (UTC)": "2026-11-25T08:00:00Z", "Request ID": "r1", "Username": "a@b.c", "IP address": "5.9.10.20",
            "Status": "Success", "Sign-in error code": ""});
        assert_eq!(sign_in(Provider::Entra, &csv).unwrap().unwrap().event, "r1");
    }

    #[test]
    fn what_is_no_sign_in_is_passed_over() {
        let failed = json!({"eventType": "user.session.start", "outcome": {"result": "FAILURE"}});
        let other = json!({"eventType": "app.access", "outcome": {"result": "SUCCESS"}});
        assert_eq!(sign_in(Provider::Okta, &failed).unwrap(), None);
        assert_eq!(sign_in(Provider::Okta, &other).unwrap(), None);
        let refused = json!({"status": {"errorCode": 50_126}});
        assert_eq!(sign_in(Provider::Entra, &refused).unwrap(), None);
    }

    #[test]
    fn a_bad_entry_says_what_is_wrong() {
        let entry = |at: &str, address: &str| json!({"id": "e", "createdDateTime": at, "userPrincipalName": "a", "ipAddress": address, "status": {"errorCode": 0}});
        let wrong = |value: &Value| sign_in(Provider::Entra, value).unwrap_err();
        assert!(wrong(&entry("05/01/2026 10:11:12", "1.2.3.4")).contains("05/01/2026"), "day or month?");
        assert!(wrong(&entry("2026-11-25T08:00:00Z", "=cmd()")).contains("no IP address"));
        assert!(wrong(&json!({"status": {"errorCode": 0}})).contains("no id"));
        assert!(wrong(&json!(7)).contains("no object"));
        assert!(sign_in(Provider::Entra, &entry("2026-11-25 08:00:00", "1.2.3.4")).unwrap().is_some());
    }
}
