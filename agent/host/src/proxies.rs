//! Configured proxies.
//!
//! Always: names and passwords in a proxy's address are cut off before anything is kept; scripts are
//! read for plain assignments only, never run. Settings of KDE's desktop and of single programs are
//! not read.
//! Facts: pam_env(8) (`/etc/environment`), environment.d(5), apt.conf(5) (`Acquire::http::Proxy`),
//! systemd-system.conf(5) (`DefaultEnvironment=`), dnf.conf(5) (`proxy=`), GNOME's schema
//! `org.gnome.system.proxy`.

use std::net::IpAddr;

use bearing_protocol::fact::Proxy;

use crate::{
    desktop,
    gaps::{Gaps, Why},
    gvdb::Value,
    reading::{Context, Read, Reading},
    root::Root,
};

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<Proxy>> {
    context.needs_linux()?;
    let root = &context.root;
    // Nothing configured is an answer only where there is a place for configuration.
    root.metadata("/etc")?;
    let mut gaps = Gaps::default();
    let mut proxies = Vec::new();
    for (place, format) in PLACES {
        for path in files(root, place, &mut gaps) {
            match root.read_text(&path, MAX_FILE_BYTES) {
                Ok(text) => proxies.extend(parse(&text, *format, &path)),
                Err(error) => gaps.add_error("files", &error),
            }
        }
    }
    for (path, values) in desktop::settings(context, DESKTOP_KEYS, &mut gaps) {
        proxies.extend(from_desktop(values, &path));
    }
    if proxies.len() > MAX_PROXIES {
        gaps.add_many(
            "proxies",
            Why::OverLimit,
            (proxies.len() - MAX_PROXIES).try_into().unwrap_or(u64::MAX),
        );
        proxies.truncate(MAX_PROXIES);
    }
    let summary = format!("{} proxies in system-wide files and GNOME's settings", proxies.len());
    Ok(Reading::with_gaps(proxies, summary, gaps))
}

/// How a file names a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `http_proxy=…`, also inside longer lines (`DefaultEnvironment="http_proxy=…"`, `export …`).
    Environment,
    /// `Acquire::http::Proxy "…";`
    Apt,
    /// `proxy=…`
    Dnf,
}

/// The proxies a file's text names; `location` is the file.
pub fn parse(text: &str, format: Format, location: &str) -> Vec<Proxy> {
    let found: Vec<(&str, &str)> = match format {
        Format::Environment => text.lines().flat_map(environment_line).collect(),
        Format::Apt => text.lines().filter_map(apt_line).collect(),
        Format::Dnf => text.lines().filter_map(dnf_line).collect(),
    };
    found
        .into_iter()
        .filter_map(|(scheme, address)| {
            let endpoint = if scheme == "pac" { host_of(address)? } else { endpoint(address)? };
            let loopback = is_loopback(&endpoint);
            Some(Proxy { location: location.to_owned(), scheme: scheme.to_owned(), endpoint, loopback })
        })
        .collect()
}

/// The proxies in a person's GNOME settings: those of the mode that is set.
fn from_desktop(values: [Option<Value>; 8], location: &str) -> Vec<Proxy> {
    let [mode, pac, http, http_port, https, https_port, socks, socks_port] = values;
    let proxy = |scheme: &str, address: &str| {
        let endpoint = host_of(address)?;
        let loopback = is_loopback(&endpoint);
        Some(Proxy { location: location.to_owned(), scheme: scheme.to_owned(), endpoint, loopback })
    };
    let text = |value: Option<Value>| match value {
        Some(Value::Text(text)) if !text.is_empty() => Some(text),
        _ => None,
    };
    match text(mode).as_deref() {
        Some("auto") => text(pac).and_then(|address| proxy("pac", &address)).into_iter().collect(),
        Some("manual") => {
            [("http", http, http_port), ("https", https, https_port), ("socks", socks, socks_port)]
                .into_iter()
                .filter_map(|(scheme, host, port)| {
                    let (host, port) = (text(host)?, port);
                    match port {
                        Some(Value::Number(port)) if port > 0 => proxy(scheme, &format!("{host}:{port}")),
                        _ => proxy(scheme, &host),
                    }
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The assignments of one line.
fn environment_line(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let line = if line.trim_start().starts_with('#') { "" } else { line };
    line.split([' ', '\t', ';', '"', '\'']).enumerate().filter_map(move |(at, word)| {
        let (name, value) = word.split_once('=')?;
        let scheme = VARIABLES.iter().find(|(variable, _)| name.eq_ignore_ascii_case(variable))?.1;
        // `name="value"`: the split left the value as the next word.
        let quoted = || line.split([' ', '\t', ';', '"', '\'']).nth(at + 1);
        let value = if value.is_empty() { quoted()? } else { value };
        Some((scheme, value))
    })
}

fn apt_line(line: &str) -> Option<(&str, &str)> {
    let (key, rest) = line.trim().split_once(char::is_whitespace)?;
    let scheme = APT_KEYS.iter().find(|(name, _)| key.eq_ignore_ascii_case(name))?.1;
    Some((scheme, rest.trim().trim_end_matches(';').trim_matches('"')))
}

fn dnf_line(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    (name.trim() == "proxy").then_some(("all", value.trim()))
}

/// Host and port of `scheme://user:password@host:port/path`. `None` for what is no address: `DIRECT`, a
/// variable, nothing.
pub(crate) fn endpoint(address: &str) -> Option<String> {
    let host = host_of(address)?;
    (!host.contains('$') && !host.eq_ignore_ascii_case("direct") && host != "_none_").then_some(host)
}

pub(crate) fn host_of(address: &str) -> Option<String> {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // What comes before the last `@` are credentials.
    let host = authority.rsplit('@').next().unwrap_or_default();
    let form = |c: char| c.is_ascii_alphanumeric() || ".-_:[]%$".contains(c);
    (!host.is_empty() && host.len() <= MAX_HOST_BYTES && host.chars().all(form)).then(|| host.to_owned())
}

pub(crate) fn is_loopback(endpoint: &str) -> bool {
    let host = match endpoint.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => endpoint.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A place is a file, or a directory (`/` at its end) whose files are meant.
fn files(root: &Root, place: &str, gaps: &mut Gaps) -> Vec<String> {
    let Some(directory) = place.strip_suffix('/') else { return vec![place.to_owned()] };
    match root.list_dir(directory, MAX_FILES) {
        Ok(listing) => {
            if listing.truncated {
                gaps.add("lists of files", Why::OverLimit);
            }
            listing.names.into_iter().map(|name| format!("{place}{name}")).collect()
        }
        Err(error) => {
            gaps.add_error("lists of files", &error);
            Vec::new()
        }
    }
}

const PLACES: &[(&str, Format)] = &[
    ("/etc/environment", Format::Environment),
    ("/etc/environment.d/", Format::Environment),
    ("/etc/profile", Format::Environment),
    ("/etc/profile.d/", Format::Environment),
    ("/etc/systemd/system.conf", Format::Environment),
    ("/etc/systemd/system.conf.d/", Format::Environment),
    ("/etc/apt/apt.conf", Format::Apt),
    ("/etc/apt/apt.conf.d/", Format::Apt),
    ("/etc/dnf/dnf.conf", Format::Dnf),
    ("/etc/yum.conf", Format::Dnf),
];
const VARIABLES: [(&str, &str); 5] = [
    ("http_proxy", "http"),
    ("https_proxy", "https"),
    ("all_proxy", "all"),
    ("socks_proxy", "socks"),
    ("auto_proxy", "pac"),
];
const APT_KEYS: [(&str, &str); 3] = [
    ("Acquire::http::Proxy", "http"),
    ("Acquire::https::Proxy", "https"),
    ("Acquire::socks::Proxy", "socks"),
];
const DESKTOP_KEYS: [&str; 8] = [
    "/org/gnome/system/proxy/mode",
    "/org/gnome/system/proxy/autoconfig-url",
    "/org/gnome/system/proxy/http/host",
    "/org/gnome/system/proxy/http/port",
    "/org/gnome/system/proxy/https/host",
    "/org/gnome/system/proxy/https/port",
    "/org/gnome/system/proxy/socks/host",
    "/org/gnome/system/proxy/socks/port",
];
const MAX_FILE_BYTES: usize = 256 * 1024;
const MAX_FILES: usize = 256;
const MAX_PROXIES: usize = 64;
/// Longest host name (RFC 1035) with a port.
const MAX_HOST_BYTES: usize = 261;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    fn endpoints(text: &str, format: Format) -> Vec<(String, String)> {
        parse(text, format, "f").into_iter().map(|proxy| (proxy.scheme, proxy.endpoint)).collect()
    }

    fn pair(scheme: &str, endpoint: &str) -> (String, String) {
        (scheme.to_owned(), endpoint.to_owned())
    }

    #[test]
    fn credentials_are_cut_off() {
        let text = "http_proxy=http://me:p%40ss@word@proxy.example:3128/\n\
            export HTTPS_PROXY=\"socks5h://127.0.0.1:1080\"\n# http_proxy=http://old:1\n\
            DefaultEnvironment=\"ALL_PROXY=http://[::1]:8080\"\nno_proxy=localhost\nhttp_proxy=\nall_proxy=$P\n";
        assert_eq!(
            endpoints(text, Format::Environment),
            [pair("http", "proxy.example:3128"), pair("https", "127.0.0.1:1080"), pair("all", "[::1]:8080")]
        );
    }

    #[test]
    fn package_tools_are_read() {
        let apt = "Acquire::http::Proxy \"http://u:secret@cache.example:3142/\";\n\
            Acquire::https::Proxy \"DIRECT\";\n// Acquire::http::Proxy \"http://x\";\n";
        assert_eq!(endpoints(apt, Format::Apt), [pair("http", "cache.example:3142")]);
        assert_eq!(
            endpoints("[main]\nproxy = http://p.example:8080\nproxy_username=u\n", Format::Dnf),
            [pair("all", "p.example:8080")]
        );
    }

    #[test]
    fn the_system_wide_places_are_read() {
        let machine = Machine::new();
        machine
            .file("/etc/environment", "http_proxy=http://127.0.0.1:8118\n")
            .file("/etc/profile.d/proxy.sh", "export https_proxy='http://10.0.0.1:3128'\n")
            .fifo("/etc/profile.d/fifo.sh")
            .file("/etc/apt/apt.conf.d/99proxy", vec![b'x'; 2 * 1024 * 1024]);
        let reading = read(&machine.context()).unwrap();
        let [local, remote] = &reading.value[..] else { panic!("{:?}", reading.value) };
        assert_eq!((local.location.as_str(), local.loopback), ("/etc/environment", true));
        assert_eq!((remote.location.as_str(), remote.loopback), ("/etc/profile.d/proxy.sh", false));
        assert_eq!(reading.gaps.describe(), "1 files: malformed; 1 files: over the limit");
    }

    #[test]
    fn desktop_settings_are_read() {
        let machine = Machine::new();
        machine
            .file("/home/kim/.config/dconf/user", include_bytes!("../captures/dconf-0.40/user"))
            .directory("/etc");
        let reading = read(&machine.context()).unwrap();
        let [http, socks] = &reading.value[..] else { panic!("{:?}", reading.value) };
        assert_eq!((http.scheme.as_str(), http.endpoint.as_str()), ("http", "proxy.example:3128"));
        assert_eq!((socks.endpoint.as_str(), socks.loopback), ("127.0.0.1:1080", true));
        assert_eq!(http.location, "/home/kim/.config/dconf/user");
    }

    #[test]
    fn hostile_text_is_no_host() {
        for text in ["http_proxy=http://\u{1b}[31mx:1", "http_proxy=http://@", "http_proxy=http://<b>:1"] {
            assert_eq!(endpoints(text, Format::Environment), [], "{text}");
        }
        assert!(read(&Machine::new().context()).is_err());
    }
}
