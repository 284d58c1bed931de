//! Configured proxies: of every account whose hive is loaded, of the machine, of services.
//!
//! Always: names and passwords are cut off before anything is kept; scripts are named by their host and not fetched.
//! Facts: `Internet Settings` (`ProxyEnable`, `ProxyServer`, `AutoConfigURL`), `Connections\WinHttpSettings`
//! (version, counter, flags, then a length and the proxy's text).

use bearing_protocol::fact::Proxy;

use super::registry::Registry;
use crate::{
    gaps::Gaps,
    little_endian::u32_at,
    proxies::{endpoint, host_of, is_loopback},
    reading::{Read, Reading},
};

/// Reads the source.
pub(super) fn read(registry: &dyn Registry) -> Read<Vec<Proxy>> {
    registry.key(r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion")?;
    let mut gaps = Gaps::default();
    let mut places =
        vec![format!("HKLM\\SOFTWARE\\{SETTINGS}"), format!("HKLM\\SOFTWARE\\Policies\\{SETTINGS}")];
    let accounts = registry.loaded_accounts(&mut gaps);
    places.extend(accounts.iter().map(|sid| format!("HKU\\{sid}\\Software\\{SETTINGS}")));
    let mut proxies = Vec::new();
    for place in places {
        let Some(key) = registry.found(&place, &mut gaps) else { continue };
        if key.number("ProxyEnable") == Some(1)
            && let Some(servers) = key.text("ProxyServer")
        {
            proxies.extend(servers_of(&servers, &place));
        }
        if let Some(host) = key.text("AutoConfigURL").as_deref().and_then(host_of) {
            proxies.push(proxy("pac", host, &place));
        }
    }
    let connections = format!("HKLM\\SOFTWARE\\{SETTINGS}\\Connections");
    if let Some(key) = registry.found(&connections, &mut gaps)
        && let Some(servers) = key.bytes("WinHttpSettings").and_then(for_services)
    {
        proxies.extend(servers_of(&servers, &format!("{connections}\\WinHttpSettings")));
    }
    let summary =
        format!("{} proxies in the settings of {} accounts and the machine", proxies.len(), accounts.len());
    Ok(Reading::with_gaps(proxies, summary, gaps))
}

/// `host:port`, or `http=host:port;https=host:port`.
fn servers_of(text: &str, location: &str) -> Vec<Proxy> {
    text.split([';', ' '])
        .filter(|part| !part.trim().is_empty())
        .take(MAX_SERVERS)
        .filter_map(|part| {
            let (scheme, address) = part.split_once('=').unwrap_or(("all", part));
            Some(proxy(scheme.trim(), endpoint(address.trim())?, location))
        })
        .collect()
}

fn proxy(scheme: &str, endpoint: String, location: &str) -> Proxy {
    let loopback = is_loopback(&endpoint);
    Proxy { location: location.to_owned(), scheme: scheme.to_ascii_lowercase(), endpoint, loopback }
}

/// The proxy in `WinHttpSettings`; `None` where there is none.
fn for_services(bytes: &[u8]) -> Option<String> {
    let flags = u32_at(bytes, 8)?;
    let length = usize::try_from(u32_at(bytes, 12)?).ok()?;
    let text = bytes.get(16..16_usize.checked_add(length)?)?;
    (flags & NAMED != 0 && length > 0).then(|| String::from_utf8_lossy(text).into_owned())
}

const SETTINGS: &str = r"Microsoft\Windows\CurrentVersion\Internet Settings";
/// `PROXY_TYPE_PROXY`.
const NAMED: u32 = 2;
const MAX_SERVERS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::registry_text::prepared;

    #[test]
    fn proxies_of_people_and_services_are_read() {
        let proxies = read(&prepared()).unwrap().value;
        let ends: Vec<_> =
            proxies.iter().map(|p| (p.scheme.as_str(), p.endpoint.as_str(), p.loopback)).collect();
        assert_eq!(
            ends,
            [
                ("http", "127.0.0.1:8080", true),
                ("https", "proxy.example:3128", false),
                ("pac", "wpad.example", false),
                ("all", "10.1.1.1:3128", false)
            ]
        );
    }

    #[test]
    fn settings_that_lie_about_their_length_name_none() {
        assert_eq!(for_services(&[0x28, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 255, 255, 255, 255, b'x']), None);
        assert_eq!(for_services(&[0; 8]), None);
    }
}
