//! How remote-access tools are set up here: whom they answer to, whether they wait for nobody, what they open.
//!
//! Always: only the tools' own files are read, within a limit each; of them leave the parser names of servers,
//! accounts and networks, yes and no, and the time of the newest session: never a password, a key, an id of
//! somebody else. A file that cannot be read or is of another form is a gap.
//!
//! Adding a tool: write a parser that gives a [`ToolState`] without product and place, and a line in [`FILES`].

pub mod agent;
pub mod any_desk;
pub mod desktop;
mod join;
pub mod mesh;
pub mod overlay;
pub mod rust_desk;
pub mod screen_connect;
pub mod team_viewer;
mod text;
pub mod tunnel;

use std::collections::BTreeSet;

use bearing_protocol::fact::ToolState;

use crate::{
    artefacts::Walk,
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading},
    root::{FileKind, ReadErrorKind},
    users::{Home, homes},
};

/// How a file is read.
#[derive(Clone, Copy)]
enum Form {
    /// By what stands in it.
    Content(fn(&[u8]) -> Option<ToolState>),
    /// The same, where files of that name may well be somebody else's: then it is no gap.
    Maybe(fn(&[u8]) -> Option<ToolState>),
    /// By what stands in it, several states.
    Several(fn(&[u8]) -> Option<Vec<ToolState>>),
    /// By its path: it is not opened.
    Path(fn(&str) -> Option<ToolState>),
}

use Form::{Content, Maybe, Path, Several};

/// Products and where their settings lie. `~/` is every home's, `*` a part of one component.
const FILES: &[(&str, &str, Form)] = &[
    ("teamviewer", "/etc/teamviewer/global.conf", Content(team_viewer::parse)),
    ("teamviewer", "/opt/teamviewer/config/global.conf", Content(team_viewer::parse)),
    ("teamviewer", "/var/log/teamviewer*/Connections_incoming.txt", Maybe(team_viewer::parse_incoming)),
    ("teamviewer", "/opt/teamviewer/logfiles/Connections_incoming.txt", Maybe(team_viewer::parse_incoming)),
    ("anydesk", "/etc/anydesk*/*.conf", Maybe(any_desk::parse)),
    ("anydesk", "~/.anydesk*/*.conf", Maybe(any_desk::parse)),
    ("anydesk", "/etc/anydesk*/connection_trace.txt", Maybe(any_desk::parse_trace)),
    ("anydesk", "/var/log/anydesk*/connection_trace.txt", Maybe(any_desk::parse_trace)),
    ("anydesk", "~/.anydesk*/connection_trace.txt", Maybe(any_desk::parse_trace)),
    ("rustdesk", "~/.config/*/*2.toml", Maybe(rust_desk::parse)),
    ("rustdesk", "~/.config/rustdesk/RustDesk.toml", Content(rust_desk::parse)),
    ("rustdesk", "/var/lib/rustdesk/.config/rustdesk/*.toml", Maybe(rust_desk::parse)),
    ("hoptodesk", "~/.config/hoptodesk/*.toml", Maybe(rust_desk::parse)),
    ("screenconnect", "/opt/connectwisecontrol-*", Path(screen_connect::parse_path)),
    ("screenconnect", "/opt/screenconnect-*", Path(screen_connect::parse_path)),
    ("screenconnect", "/opt/connectwisecontrol-*/ClientLaunchParameters.txt", Content(screen_connect::parse)),
    ("screenconnect", "/opt/screenconnect-*/ClientLaunchParameters.txt", Content(screen_connect::parse)),
    ("meshcentral", "/usr/local/mesh*/*.msh", Content(mesh::parse)),
    ("meshcentral", "/usr/local/mesh_services/*/*.msh", Content(mesh::parse)),
    ("meshcentral", "/opt/*/*.msh", Maybe(mesh::parse)),
    ("meshcentral", "~/*.msh", Maybe(mesh::parse)),
    ("tactical-rmm", "/etc/tacticalagent", Content(agent::parse_tactical)),
    ("dwservice", "/usr/share/dwagent/config.json", Content(agent::parse_dwservice)),
    ("dwservice", "/opt/dwagent/config.json", Content(agent::parse_dwservice)),
    ("dwservice", "~/*dwagent*/config.json", Maybe(agent::parse_dwservice)),
    ("ninjaone", "/opt/NinjaRMMAgent/programfiles/config/server.conf", Content(agent::parse_first_host)),
    ("kaseya-vsa", "/etc/vsax/config.xml", Maybe(agent::parse_first_host)),
    ("pulseway", "/etc/pulseway/config.xml", Maybe(agent::parse_first_host)),
    ("teleport", "/etc/teleport.yaml", Content(agent::parse_teleport)),
    ("tmate", "~/.tmate.conf", Content(agent::parse_tmate)),
    (
        "chrome-remote-desktop",
        "~/.config/chrome-remote-desktop/host#*.json",
        Content(agent::parse_chrome_remote_desktop),
    ),
    ("tailscale", "/var/lib/tailscale/tailscaled.state", Several(overlay::parse_tailscale)),
    ("tailscale", "~/.local/share/tailscale/tailscaled.state", Several(overlay::parse_tailscale)),
    ("zerotier", "/var/lib/zerotier-one/networks.d/*.conf", Path(overlay::parse_zerotier_path)),
    ("netbird", "/etc/netbird/config.json", Content(overlay::parse_netbird)),
    ("netbird", "/var/lib/netbird/*.json", Maybe(overlay::parse_netbird)),
    ("twingate", "/etc/twingate/config.json", Content(overlay::parse_twingate)),
    ("cloudflared", "/etc/cloudflared/config.yml", Content(tunnel::parse_cloudflared)),
    ("cloudflared", "/etc/cloudflared/config.yaml", Content(tunnel::parse_cloudflared)),
    ("cloudflared", "/usr/local/etc/cloudflared/config.yml", Content(tunnel::parse_cloudflared)),
    ("cloudflared", "~/.cloudflared/config.y*ml", Content(tunnel::parse_cloudflared)),
    ("cloudflared", "/etc/cloudflared/*.json", Maybe(tunnel::parse_cloudflared_credentials)),
    ("cloudflared", "~/.cloudflared/*.json", Maybe(tunnel::parse_cloudflared_credentials)),
    ("ngrok", "~/.config/ngrok/ngrok.yml", Content(tunnel::parse_ngrok)),
    ("ngrok", "~/.ngrok2/ngrok.yml", Content(tunnel::parse_ngrok)),
    ("ngrok", "/etc/ngrok*/ngrok.yml", Maybe(tunnel::parse_ngrok)),
    ("ngrok", "/opt/ngrok/ngrok.yml", Maybe(tunnel::parse_ngrok)),
    ("frp", "/etc/frp/frpc.*", Maybe(tunnel::parse_frp)),
    ("frp", "/etc/frpc.*", Maybe(tunnel::parse_frp)),
    ("frp", "/opt/frp*/frpc.*", Maybe(tunnel::parse_frp)),
    ("frp", "/usr/local/frp*/frpc.*", Maybe(tunnel::parse_frp)),
    ("frp", "~/frp*/frpc.*", Maybe(tunnel::parse_frp)),
    ("rathole", "/etc/rathole/*.toml", Maybe(tunnel::parse_rathole)),
    ("vscode-tunnel", "~/.vscode*/cli/code_tunnel.json", Content(tunnel::parse_code_tunnel)),
    ("vscode-tunnel", "~/.vscode-cli/code_tunnel.json", Content(tunnel::parse_code_tunnel)),
    ("xrdp", "/etc/xrdp/xrdp.ini", Content(desktop::parse_xrdp)),
    ("xrdp", "/etc/xrdp/sesman.ini", Maybe(desktop::parse_sesman)),
    ("tigervnc", "~/.vnc/config", Content(desktop::parse_vnc)),
    ("tigervnc", "~/.config/tigervnc/config", Content(desktop::parse_vnc)),
    ("tigervnc", "/etc/tigervnc/vncserver-config-*", Content(desktop::parse_vnc)),
    ("tigervnc", "~/.vnc/passwd", Path(desktop::password_file)),
    ("tigervnc", "~/.config/tigervnc/passwd", Path(desktop::password_file)),
    ("x11vnc", "~/.x11vncrc", Content(desktop::parse_vnc)),
    ("x11vnc", "/etc/x11vnc.pass*", Path(desktop::password_file)),
    ("realvnc", "~/.vnc/config.d/vncserver-*", Content(desktop::parse_vnc)),
    ("realvnc", "/etc/vnc/config.d/*", Content(desktop::parse_vnc)),
    ("wayvnc", "~/.config/wayvnc/config", Content(desktop::parse_vnc)),
    ("wayvnc", "/etc/wayvnc/config", Content(desktop::parse_vnc)),
    ("krfb", "~/.config/krfbrc", Maybe(desktop::parse_krfb)),
    ("krdp", "~/.config/krdpserverrc", Content(desktop::parse_krdp)),
    ("nomachine", "/usr/NX/etc/server.cfg", Content(desktop::parse_nomachine)),
    ("sunshine", "~/.config/sunshine/sunshine_state.json", Content(desktop::parse_sunshine)),
    ("gnome-remote-desktop", "~/.config/dconf/user", Maybe(desktop::parse_gnome)),
    ("gnome-remote-desktop", "/etc/gnome-remote-desktop/grd.conf", Maybe(desktop::parse_gnome_system)),
    ("vino", "~/.config/dconf/user", Maybe(desktop::parse_vino)),
];

/// Most bytes of one file. Logs are read from their end.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Most states.
const MAX_STATES: usize = 1_000;
/// Most programs beside which settings are looked for.
const MAX_PROGRAMS: usize = 2_000;

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<ToolState>> {
    context.needs_linux()?;
    let homes = homes(context);
    let mut found =
        Found { context, homes: &homes, states: Vec::new(), seen: BTreeSet::new(), gaps: Gaps::default() };
    let mut walk = Walk::new(&context.root);
    for (product, pattern, form) in FILES {
        let patterns: Vec<String> = match pattern.strip_prefix("~/") {
            Some(rest) => homes.iter().map(|home| format!("{}/{rest}", home.path)).collect(),
            None => vec![(*pattern).to_owned()],
        };
        for pattern in patterns {
            for path in walk.expand(&pattern) {
                let known = found.states.len();
                found.file(product, &path, *form);
                // What is built from RustDesk under another name keeps its password in the file beside.
                if let Some(stem) = path.strip_suffix("2.toml").filter(|_| found.states.len() > known) {
                    found.file(product, &format!("{stem}.toml"), Maybe(rust_desk::parse));
                }
            }
        }
    }
    found.beside_programs();
    found.in_arguments();
    let Found { states, mut gaps, .. } = found;
    let states = join::join(states);
    gaps.merge(walk.into_gaps());
    let products: BTreeSet<&str> = states.iter().map(|state| state.product.as_str()).collect();
    let summary = format!("{} settings of {} tools", states.len(), products.len());
    Ok(Reading::with_gaps(states, summary, gaps))
}

/// What somebody runs or will run.
struct Command<'a> {
    location: String,
    user: Option<String>,
    words: Vec<&'a str>,
    directory: Option<&'a str>,
}

struct Found<'a> {
    context: &'a Context,
    homes: &'a [Home],
    states: Vec<ToolState>,
    /// Files by product, links resolved.
    seen: BTreeSet<(String, String)>,
    gaps: Gaps,
}

impl Found<'_> {
    fn file(&mut self, product: &str, path: &str, form: Form) {
        let root = &self.context.root;
        let canonical = match root.canonical(path) {
            Ok(canonical) => canonical,
            Err(error) => {
                // Most patterns name one file, and most machines do not have it.
                if error.kind != ReadErrorKind::NotAFile {
                    self.gaps.add_error("tool settings", &error);
                }
                return;
            }
        };
        if !self.seen.insert((product.to_owned(), canonical.to_string_lossy().into_owned())) {
            return;
        }
        let states = match form {
            Path(parse) => parse(path).map(|state| vec![state]),
            Content(parse) | Maybe(parse) => {
                let Some(bytes) = self.bytes(path) else { return };
                parse(&bytes).map(|state| vec![state])
            }
            Several(parse) => {
                let Some(bytes) = self.bytes(path) else { return };
                parse(&bytes)
            }
        };
        match states {
            Some(states) => {
                for state in states {
                    self.add(product, path, state);
                }
            }
            None if matches!(form, Content(_) | Several(_)) => self.gaps.add("tool settings", Why::Malformed),
            None => {}
        }
    }

    fn bytes(&mut self, path: &str) -> Option<Vec<u8>> {
        match self.context.root.read(path, MAX_BYTES) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                let is_directory =
                    self.context.root.metadata(path).is_ok_and(|found| found.kind == FileKind::Directory);
                if !is_directory {
                    self.gaps.add_error("tool settings", &error);
                }
                None
            }
        }
    }

    fn add(&mut self, product: &str, location: &str, state: ToolState) {
        if self.states.len() >= MAX_STATES {
            self.gaps.add("tool settings", Why::OverLimit);
            return;
        }
        let below =
            |home: &&Home| location.strip_prefix(&home.path).is_some_and(|rest| rest.starts_with('/'));
        let user = self.homes.iter().find(below).map(|home| home.user.clone());
        self.states.push(ToolState {
            product: product.to_owned(),
            location: location.to_owned(),
            user: state.user.clone().or(user),
            ..state
        });
    }

    /// What lies beside programs that run or start by themselves, and is called like them: a mesh agent keeps its
    /// settings there whatever it is called, and frp looks for them there when nothing names them.
    fn beside_programs(&mut self) {
        let facts = &self.context.earlier;
        let mut programs: BTreeSet<&str> =
            facts.executables.iter().map(|found| found.path.as_str()).collect();
        programs.extend(facts.processes.iter().filter_map(|process| process.executable.as_deref()));
        programs.extend(facts.units.iter().filter_map(|unit| unit.program.as_deref()));
        // Packages keep no settings beside programs.
        let packaged = ["/usr/bin/", "/usr/sbin/", "/usr/lib/", "/usr/libexec/", "/bin/", "/sbin/", "/lib/"];
        let own =
            |path: &&str| path.starts_with('/') && !packaged.iter().any(|place| path.starts_with(place));
        for program in programs.into_iter().filter(own).take(MAX_PROGRAMS) {
            let stem = program.strip_suffix(".exe").unwrap_or(program);
            self.file("meshcentral", &format!("{stem}.msh"), Maybe(mesh::parse));
        }
        let directories: BTreeSet<&str> =
            facts.processes.iter().filter_map(|process| process.working_directory.as_deref()).collect();
        for directory in directories.into_iter().filter(|path| *path != "/").take(MAX_PROGRAMS) {
            let directory = directory.trim_end_matches('/');
            self.file("frp", &format!("{directory}/frpc.ini"), Maybe(tunnel::parse_frp));
            self.file("frp", &format!("{directory}/frpc.toml"), Maybe(tunnel::parse_frp));
        }
    }

    /// What arguments of processes and commands of units say themselves: launch parameters, tokens, and files.
    fn in_arguments(&mut self) {
        let facts = &self.context.earlier;
        let of_processes = facts.processes.iter().map(|process| Command {
            location: format!("/proc/{}/cmdline", process.pid),
            user: process.user.clone(),
            words: process.arguments.iter().map(String::as_str).collect(),
            directory: process.working_directory.as_deref(),
        });
        let of_units = facts.units.iter().map(|unit| Command {
            location: unit.path.clone(),
            user: unit.user.clone(),
            words: unit.command.as_deref().unwrap_or_default().split_ascii_whitespace().collect(),
            directory: None,
        });
        for Command { location, user, words, directory } in of_processes.chain(of_units) {
            let places = words.iter().copied().chain(std::iter::once(location.as_str()));
            if let Some(mut state) = screen_connect::parse_command(places) {
                state.user.clone_from(&user);
                self.add("screenconnect", &location, state);
            }
            for (index, word) in words.iter().enumerate() {
                let value = match word.split_once('=') {
                    Some((name, value)) if name.starts_with('-') => Some((name, value)),
                    _ => words.get(index + 1).map(|value| (*word, *value)),
                };
                let Some((name, value)) = value else { continue };
                if name == "--token"
                    && let Some(mut state) = tunnel::parse_cloudflared_token(value)
                {
                    state.user.clone_from(&user);
                    self.add("cloudflared", &location, state);
                }
                let is_file = value.ends_with(".toml") || value.ends_with(".ini") || value.ends_with(".json");
                if matches!(name, "-c" | "--config" | "-config") && is_file {
                    let path = match directory {
                        Some(directory) if !value.starts_with('/') => format!("{directory}/{value}"),
                        _ => value.to_owned(),
                    };
                    if path.starts_with('/') && !path.contains("/../") {
                        self.file("frp", &path, Maybe(tunnel::parse_frp));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
