//! The collection of tools on Linux and macOS.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Entry, Row, known, push, text};

/// Which of our ids a LOLRMM id goes to.
pub(super) fn lolrmm_names(tools: &[Value]) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for tool in tools {
        let own = known::id(text(tool, "id"));
        let ids: Vec<&str> = match tool.get("lolrmm_id") {
            Some(Value::Array(ids)) => ids.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(id)) => vec![id.as_str()],
            _ => Vec::new(),
        };
        for id in ids {
            names.entry(id.to_owned()).or_insert_with(|| own.to_owned());
        }
    }
    names
}

pub(super) fn read(tools: &[Value], entries: &mut BTreeMap<String, Entry>) {
    for tool in tools {
        let id = known::id(text(tool, "id"));
        // Hardware has its own catalogue.
        if id == "ip-kvm-usb" {
            continue;
        }
        let entry = entries.entry(id.to_owned()).or_default();
        if entry.name.is_empty() {
            entry.name = text(tool, "name").to_owned();
            entry.vendor = known::vendor(id, &entry.name);
            entry.category = category(text(tool, "category"));
            entry.role = match text(tool, "role") {
                "client" => "client",
                "host+client" => "both",
                _ => "host",
            };
            entry.prevalence = match text(tool, "legit_prevalence") {
                "high" => "high",
                "medium" => "medium",
                _ => "low",
            };
            entry.ordinary = known::is_ordinary(id);
            entry.note = text(tool, "note").to_owned();
        }
        for fact in tool.get("facts").and_then(Value::as_array).into_iter().flatten() {
            for row in rows(fact) {
                push(entry, row);
            }
        }
    }
}

fn category(word: &str) -> &'static str {
    match word {
        "rmm_agent" => "rmm",
        "tunnel" => "tunnel",
        "consumer_vpn" => "vpn",
        "os_feature" => "os-service",
        "overlay_vpn" | "remote_access_infra" => "overlay",
        "terminal_share" => "terminal-sharing",
        "ide_remote" => "ide-tunnel",
        "input_injection" => "input-sharing",
        "anti_idle" => "anti-idle",
        "virtual_camera" => "virtual-camera",
        "deepfake" => "deepfake",
        "meeting_remote_control" => "meeting",
        "proxyware" => "proxyware",
        _ => "remote-desktop",
    }
}

fn rows(fact: &Value) -> Vec<Row> {
    let value = match fact.get("value") {
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(value)) => value.clone(),
        _ => return Vec::new(),
    };
    let systems = match text(fact, "os") {
        "macos" => vec!["macos"],
        "windows" => vec!["windows"],
        "linux+macos" => vec!["linux", "macos"],
        "any" => vec!["linux", "macos", "windows"],
        _ => vec!["linux"],
    };
    let path = || {
        let path = replaced(&value);
        path.trim_end_matches('/').to_owned()
    };
    let below = || {
        let path = replaced(&value);
        if path.ends_with('/') || path.ends_with(".app") {
            format!("{}/*", path.trim_end_matches('/'))
        } else {
            path
        }
    };
    let base = || value.rsplit('/').next().unwrap_or(&value).to_owned();
    let mut manager = None;
    let parts: Vec<(&'static str, String)> = match text(fact, "kind") {
        "package_deb" => {
            manager = Some("dpkg");
            vec![("package", replaced(&value))]
        }
        "package_rpm" => {
            manager = Some("rpm");
            vec![("package", replaced(&value))]
        }
        "package_arch" => {
            manager = Some("pacman");
            vec![("package", replaced(&value))]
        }
        "flatpak" => {
            manager = Some("flatpak");
            vec![("package", value.clone())]
        }
        "brew_cask" | "brew_formula" => {
            manager = Some("homebrew");
            vec![("package", value.clone())]
        }
        "pkg_receipt" => {
            manager = Some("pkg");
            vec![("package", replaced(&value))]
        }
        "package_crate" => vec![("rust-crate", value.clone())],
        "package_npm" => vec![("node-package", value.clone())],
        "package_pypi" => vec![("python-module", value.clone())],
        "process" if systems == ["windows"] => vec![("windows-executable", value.clone())],
        "process" => vec![("executable", value.clone())],
        "exe_path" => vec![("executable", below())],
        "install_path" | "bundle_path" => vec![("executable", format!("{}/*", path())), ("artefact", path())],
        "config_path" | "state_path" | "id_file" | "log_path" | "lock_file" | "user_artifact"
        | "socket_path" | "pid_file" | "launchd_plist" | "helper_path" | "pref_plist" | "init_script"
        | "file_path" | "lib_path" => vec![("artefact", path())],
        "kernel_module" => vec![("artefact", format!("/sys/module/{value}"))],
        "systemd_unit" | "systemd_user_unit" => vec![("unit", replaced(&value))],
        "launchd_label" => vec![("launchd-label", replaced(&value))],
        "team_id" => vec![("team-id", value.clone())],
        "bundle_id" => vec![("bundle-id", replaced(&value))],
        "listen_port_tcp" => vec![("listener", format!("tcp/{value}"))],
        "listen_port_udp" => vec![("listener", format!("udp/{value}"))],
        "remote_port_tcp" => vec![("remote-port", format!("tcp/{value}"))],
        "relay_domain" => vec![("domain", replaced(&value))],
        "interface" => vec![("interface", value.clone())],
        "embedded_string" | "string" => vec![("marker", value.clone())],
        "docker_image" => vec![("container-image", value.clone())],
        "browser_extension" | "web_app_id" => vec![("browser-extension", value.clone())],
        "native_messaging_host" => vec![("native-host", base().trim_end_matches(".json").to_owned())],
        "autostart" => vec![("desktop-entry", base())],
        "java_package" => vec![("java-class", format!("{value}.*"))],
        "pe_product" => vec![("product-name", value.clone())],
        "pe_company" => vec![("company-name", value.clone())],
        // Command lines, settings, environment and the like are judged by rules, not by look-up.
        _ => Vec::new(),
    };
    let trust = match text(fact, "confidence") {
        "source-code" => "source-code",
        "package-manifest" => "package-manifest",
        "vendor-doc" => "vendor-doc",
        "third-party" => "third-party",
        _ => "unverified",
    };
    let broad = fact.get("too_broad").and_then(Value::as_bool).unwrap_or(false);
    parts
        .into_iter()
        .filter(|(kind, value)| {
            let is_port = matches!(*kind, "listener" | "remote-port");
            !is_port || value.rsplit('/').next().is_some_and(|port| port.parse::<u16>().is_ok())
        })
        .map(|(kind, value)| Row {
            too_broad: broad || known::is_too_broad(kind, &value),
            kind,
            value,
            os: systems.clone(),
            manager,
            source: source(text(fact, "source")),
            trust,
        })
        .collect()
}

/// Placeholders of the collection as patterns.
fn replaced(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, behind)) = rest.split_once('<') {
        out.push_str(before);
        match behind.split_once('>') {
            Some((_, after)) => {
                out.push('*');
                rest = after;
            }
            None => {
                out.push('<');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

fn source(text: &str) -> String {
    if text.starts_with("public code index") { "a public code index".into() } else { text.to_owned() }
}
