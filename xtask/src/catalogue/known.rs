//! What the collections do not say: our ids, vendors of several products, and what is ordinary.

/// Our id where a collection uses another.
pub(super) fn id(id: &str) -> &str {
    match id {
        "shellinabox-web" => "shellinabox",
        "vnc" => "vnc-generic",
        "aliwangwang-remote-control" => "aliwangwang",
        "netop-remote-control-impero-connect" => "netop",
        "crosstec-remote-control" => "crosstec",
        "quest-kace-agent-formerly-dell-kace" => "quest-kace",
        "devolutions-remote-desktop-manager" => "devolutions-rdm",
        "sophos-remote-management-system" => "sophos-rms",
        "gotoassist-agent-desktop-console" => "gotoassist-console",
        other => other,
    }
}

/// Who makes it: products of one maker are one vendor to RA-02.
pub(super) fn vendor(id: &str, name: &str) -> String {
    let known = [
        ("gotoassist", "GoTo"),
        ("goto-", "GoTo"),
        ("gotomypc", "GoTo"),
        ("logmein", "GoTo"),
        ("netviewer", "GoTo"),
        ("isl-online", "ISL Online"),
        ("ericom", "Ericom"),
        ("faronics", "Faronics"),
        ("royal", "Royal Apps"),
        ("laplink", "Laplink"),
        ("manageengine", "Zoho"),
        ("site24x7", "Zoho"),
        ("247ithelp", "ConnectWise"),
        ("itsupport247", "ConnectWise"),
        ("electric-ai", "Kaseya"),
        ("landesk", "Ivanti"),
        ("ivanti", "Ivanti"),
        ("netop", "Impero"),
        ("nord", "Nord Security"),
        ("psexec", "Microsoft"),
        ("mstsc", "Microsoft"),
        ("quickassist", "Microsoft"),
        ("microsoft", "Microsoft"),
        ("windows-app", "Microsoft"),
        ("mousewithoutborders", "Microsoft"),
        ("rdcman", "Microsoft"),
        ("bitvise", "Bitvise"),
        ("tanium", "Tanium"),
        ("acronis", "Acronis"),
        ("apple", "Apple"),
        ("macos", "Apple"),
        ("itarian", "Comodo"),
        ("free-", "ManageEngine"),
        ("remote-manipulator-system", "TektonIT"),
        ("ssh-reverse", "OpenSSH"),
        ("zoom", "Zoom"),
        ("cloudflare", "Cloudflare"),
        ("gh-", "GitHub"),
        ("jetbrains", "JetBrains"),
    ];
    let found = known.iter().find(|(prefix, _)| id.starts_with(prefix)).map(|(_, vendor)| *vendor);
    let plain = name.split([' ', '(']).next().unwrap_or(name);
    let whole = name.split('(').next().unwrap_or(name).trim();
    found.unwrap_or(if plain.len() > 3 && whole.len() > 24 { plain } else { whole }).to_owned()
}

/// Where the scope of a collection is too coarse.
pub(super) fn category(id: &str) -> Option<&'static str> {
    match id {
        "bitvise-ssh-server" => Some("os-service"),
        "remote-it" => Some("overlay"),
        "superops"
        | "gorelormm"
        | "bluetrait"
        | "tiflux"
        | "itarian"
        | "naverisk"
        | "optitune"
        | "panorama9"
        | "msp360"
        | "monitic"
        | "heartbeatrm"
        | "itsupport247-connectwise"
        | "barracuda"
        | "centurion"
        | "cruzcontrol"
        | "deskday"
        | "lunixar"
        | "manageengine-rmm-central"
        | "servereye"
        | "xeox"
        | "syspectr"
        | "eset-remote-administrator" => Some("rmm"),
        _ => None,
    }
}

pub(super) fn role(id: &str) -> Option<&'static str> {
    match id {
        "bitvise-ssh-server" | "royal-server" | "quickassist" => Some("host"),
        "emco-remote-console" => Some("client"),
        _ => None,
    }
}

/// What comes with systems and everyday work: only being switched on counts.
pub(super) fn is_ordinary(id: &str) -> bool {
    matches!(
        id,
        "moonlight"
            | "kdeconnect"
            | "ydotool-xdotool"
            | "apple-screen-sharing"
            | "macos-remote-login"
            | "windows-app"
            | "softether"
            | "cloudflare-warp"
            | "ssh-reverse"
            | "sshuttle"
            | "jetbrains-gateway"
            | "gh-codespaces"
            | "openvpn-wireguard"
            | "caffeine-linux"
            | "caffeine-macos"
            | "zoom-remote-control"
            | "goto-meeting"
            | "obs-virtualcam"
            | "teleport"
            | "microsoft-remote-help"
            | "barrier-synergy"
    )
}

/// Words that many programs share, whatever the collections say.
pub(super) fn is_too_broad(kind: &str, value: &str) -> bool {
    match kind {
        "executable" => matches!(
            value,
            "service"
                | "agent"
                | "user-session"
                | "crash-uploader"
                | "ssh"
                | "zoom"
                | "obs"
                | "client"
                | "server"
                | "Screens"
                | "python-module"
        ),
        "python-module" => true,
        "windows-executable" => {
            let stem = value.to_lowercase();
            let stem = stem.trim_end_matches(".exe");
            stem.len() < 4
                || matches!(
                    stem,
                    "agent"
                        | "service"
                        | "client"
                        | "server"
                        | "setup"
                        | "install"
                        | "installer"
                        | "update"
                        | "updater"
                        | "viewer"
                        | "connect"
                        | "remote"
                        | "host"
                        | "launcher"
                        | "uninstall"
                        | "ssh"
                        | "putty"
                        | "zoom"
                        | "helper"
                        | "console"
                        | "vnc"
                        | "winvnc"
                        | "tray"
                        | "monitor"
                        | "support"
                        | "main"
                        | "run"
                )
        }
        "product-name" => matches!(value, "Remote Desktop" | "Client" | "Agent" | "Remote Control"),
        "artefact" => matches!(value, "~/.ssh/config" | "/opt" | "/etc" | "/tmp"),
        _ => false,
    }
}
