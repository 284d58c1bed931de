//! Desktops that the system shares itself: VNC, RDP, game streams.
//!
//! Facts: xrdp.ini(5), sesman.ini(5); vncserver(1), x11vnc(1), wayvnc(1); KRfb and KRdp settings; NoMachine's
//! `server.cfg`; Sunshine's state; GNOME's schemas `org.gnome.desktop.remote-desktop` and `org.gnome.Vino`.

use bearing_protocol::fact::ToolState;
use serde_json::{Map, Value};

use super::text::{feature, is_on, pairs};
use crate::gvdb;

/// Reads xrdp.ini: whoever has an account's password gets a desktop, with nobody there.
pub fn parse_xrdp(bytes: &[u8]) -> Option<ToolState> {
    let text = String::from_utf8_lossy(bytes);
    let mut state = ToolState { unattended: Some(true), ..ToolState::default() };
    let mut known = false;
    for (section, key, value) in pairs(&text) {
        match (section.as_str(), key.as_str()) {
            ("globals", "port") => {
                known = true;
                if ["127.0.0.1", "localhost", "::1", "unix:", "vsock:"]
                    .iter()
                    .any(|place| value.contains(place))
                {
                    feature(&mut state, "loopback-only");
                }
            }
            ("globals", "security_layer") if value == "rdp" => feature(&mut state, "weak-encryption"),
            (_, "password") if !matches!(value, "ask" | "" | "{base64}") => {
                feature(&mut state, "fixed-password");
            }
            _ => {}
        }
    }
    known.then_some(state)
}

/// Reads sesman.ini.
pub fn parse_sesman(bytes: &[u8]) -> Option<ToolState> {
    let text = String::from_utf8_lossy(bytes);
    let root = pairs(&text).find(|(section, key, _)| section == "security" && key == "allowrootlogin")?;
    let mut state = ToolState::default();
    if is_on(root.2) {
        feature(&mut state, "root-login");
    }
    Some(state)
}

/// Reads the settings of a VNC server: `key=value` lines or bare words, as on a command line.
pub fn parse_vnc(bytes: &[u8]) -> Option<ToolState> {
    let text = String::from_utf8_lossy(bytes);
    let mut state = ToolState::default();
    let mut loopback = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (key, value) = line.split_once(['=', ' ']).unwrap_or((line, ""));
        let value = value.trim().trim_matches(['"', '=', ' ', ';']);
        match key.trim().trim_start_matches(['-', '$']).to_ascii_lowercase().as_str() {
            "securitytypes" if value.split(',').any(|kind| kind.trim().eq_ignore_ascii_case("none")) => {
                feature(&mut state, "no-password");
            }
            "authentication" if value.eq_ignore_ascii_case("none") => feature(&mut state, "no-password"),
            "nopw" => feature(&mut state, "no-password"),
            "localhost" => loopback = Some(!matches!(value, "no" | "0" | "false")),
            "address" => loopback = Some(matches!(value, "127.0.0.1" | "localhost" | "::1")),
            "viewonly" if value.is_empty() || is_on(value) => feature(&mut state, "view-only"),
            "passwd" | "password" | "rfbauth" | "passwordfile" | "usepw" => state.unattended = Some(true),
            "enable_auth" if is_on(value) => feature(&mut state, "password"),
            _ => {}
        }
    }
    if loopback == Some(true) {
        feature(&mut state, "loopback-only");
    }
    if state.features.iter().any(|feature| feature == "no-password") {
        state.unattended = Some(true);
    }
    Some(state)
}

/// A file with a VNC password is there: nobody need be asked.
pub fn password_file(_path: &str) -> Option<ToolState> {
    Some(ToolState { unattended: Some(true), ..ToolState::default() })
}

/// Reads krfbrc; `None` where the person is asked.
pub fn parse_krfb(bytes: &[u8]) -> Option<ToolState> {
    let text = String::from_utf8_lossy(bytes);
    let unattended = pairs(&text).any(|(_, key, value)| key == "allowunattendedaccess" && is_on(value));
    // Who asks each time is told by its process.
    if !unattended {
        return None;
    }
    let mut state = ToolState { unattended: Some(true), ..ToolState::default() };
    if pairs(&text).any(|(_, key, value)| key == "allowdesktopcontrol" && !is_on(value)) {
        feature(&mut state, "view-only");
    }
    Some(state)
}

/// Reads krdpserverrc.
pub fn parse_krdp(bytes: &[u8]) -> Option<ToolState> {
    let text = String::from_utf8_lossy(bytes);
    let any = |key: &str| pairs(&text).find(|(_, its, _)| its == key).map(|(_, _, value)| value.to_owned());
    let mut state = ToolState::default();
    if any("autostart").is_some_and(|value| is_on(&value)) {
        state.unattended = Some(true);
        feature(&mut state, "autostart");
    }
    if any("users").is_some_and(|value| !value.is_empty()) {
        feature(&mut state, "own-users");
    }
    if any("systemuserenabled").is_some_and(|value| is_on(&value)) {
        feature(&mut state, "system-users");
    }
    Some(state)
}

/// Reads NoMachine's server.cfg: `Name value` lines.
pub fn parse_nomachine(bytes: &[u8]) -> Option<ToolState> {
    let text = String::from_utf8_lossy(bytes);
    let mut state = ToolState::default();
    for (key, value) in text.lines().filter_map(|line| line.trim().split_once(' ')) {
        match (key, value.trim()) {
            ("PhysicalDesktopAuthorization", "0") => state.unattended = Some(true),
            ("PhysicalDesktopAuthorization", _) => state.unattended = Some(false),
            ("PhysicalDesktopAccess", "0") => feature(&mut state, "view-only"),
            ("EnableNetworkBroadcast", "1") => feature(&mut state, "announced"),
            _ => {}
        }
    }
    Some(state)
}

/// Reads Sunshine's state: who was paired once is let in without asking.
pub fn parse_sunshine(bytes: &[u8]) -> Option<ToolState> {
    let map: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    let root = map.get("root")?;
    let filled = |key: &str| root.get(key).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    let paired = filled("named_devices") || filled("devices");
    let mut state = ToolState { unattended: Some(paired), ..ToolState::default() };
    if paired {
        feature(&mut state, "paired");
    }
    Some(state)
}

/// Reads GNOME Remote Desktop's settings of one person; `None` where nothing is shared.
pub fn parse_gnome(bytes: &[u8]) -> Option<ToolState> {
    let at = |key: &str| format!("/org/gnome/desktop/remote-desktop/{key}");
    let keys = ["rdp/enable", "vnc/enable", "rdp/view-only", "vnc/view-only", "vnc/auth-method"].map(at);
    let [rdp, vnc, rdp_view, vnc_view, vnc_method] =
        gvdb::look_up(bytes, keys.each_ref().map(String::as_str)).ok()?;
    let is = |value: &Option<gvdb::Value>| *value == Some(gvdb::Value::Boolean(true));
    let (rdp_on, vnc_on) = (is(&rdp), is(&vnc));
    if !rdp_on && !vnc_on {
        return None;
    }
    // RDP always asks for name and password and then lets in; VNC does so where it does not ask the person.
    let vnc_alone = vnc_method == Some(gvdb::Value::Text("password".to_owned()));
    let mut state = ToolState { unattended: Some(rdp_on || (vnc_on && vnc_alone)), ..ToolState::default() };
    for (on, name) in [(rdp_on, "rdp"), (vnc_on, "vnc")] {
        if on {
            feature(&mut state, name);
        }
    }
    // RDP shows only, until told otherwise; a key that is not set has its default.
    let rdp_shows = !matches!(rdp_view, Some(gvdb::Value::Boolean(false)));
    let vnc_shows = !matches!(vnc_view, Some(gvdb::Value::Boolean(false)));
    if (!rdp_on || rdp_shows) && (!vnc_on || vnc_shows) && (rdp_on || vnc_on) {
        feature(&mut state, "view-only");
    }
    Some(state)
}

/// Reads Vino's settings of one person; `None` where it is not switched on.
pub fn parse_vino(bytes: &[u8]) -> Option<ToolState> {
    let keys = ["enabled", "prompt-enabled", "view-only"]
        .map(|key| format!("/org/gnome/desktop/remote-access/{key}"));
    let [enabled, prompt, view] = gvdb::look_up(bytes, keys.each_ref().map(String::as_str)).ok()?;
    if enabled != Some(gvdb::Value::Boolean(true)) {
        return None;
    }
    let asks = prompt != Some(gvdb::Value::Boolean(false));
    let mut state = ToolState { unattended: Some(!asks), ..ToolState::default() };
    feature(&mut state, "vnc");
    if view == Some(gvdb::Value::Boolean(true)) {
        feature(&mut state, "view-only");
    }
    Some(state)
}

/// Reads grd.conf: GNOME Remote Desktop for the sign-in screen; `None` where it is off.
pub fn parse_gnome_system(bytes: &[u8]) -> Option<ToolState> {
    let text = String::from_utf8_lossy(bytes);
    let on = pairs(&text).any(|(section, key, value)| section == "rdp" && key == "enabled" && is_on(value));
    let features = vec!["rdp".to_owned(), "sign-in-screen".to_owned()];
    on.then(|| ToolState { unattended: Some(true), features, ..ToolState::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xrdp_and_its_sessions_are_read() {
        let state = parse_xrdp(b"[Globals]\nport=tcp://127.0.0.1:3389\n[Xorg]\npassword=ask\n").unwrap();
        assert_eq!(
            (state.unattended, state.features.as_slice()),
            (Some(true), ["loopback-only".to_owned()].as_slice())
        );
        assert_eq!(parse_xrdp(b"[other]\nport=1\n"), None);
        assert_eq!(parse_sesman(b"[Security]\nAllowRootLogin=true\n").unwrap().features, ["root-login"]);
        assert_eq!(parse_sesman(b"[Security]\n"), None);
    }

    #[test]
    fn vnc_servers_tell_whom_they_let_in() {
        let state = parse_vnc(b"# x\nsession=gnome\nSecurityTypes=VncAuth, None\nlocalhost\n").unwrap();
        assert_eq!(state.features, ["no-password", "loopback-only"]);
        assert_eq!(state.unattended, Some(true));
        let state = parse_vnc(b"address=0.0.0.0\nenable_auth=true\npassword=SECRET\n").unwrap();
        assert_eq!(
            (state.features.as_slice(), state.unattended),
            (["password".to_owned()].as_slice(), Some(true))
        );
        assert!(!format!("{state:?}").contains("SECRET"));
        assert_eq!(parse_vnc(b"$localhost = \"no\";\n").unwrap(), ToolState::default());
    }

    #[test]
    fn desktops_of_other_makers_are_read() {
        assert_eq!(parse_krfb(b"[Security]\nallowUnattendedAccess=true\n").unwrap().unattended, Some(true));
        assert_eq!(parse_krfb(b""), None);
        assert_eq!(
            parse_krdp(b"[General]\nAutostart=true\nUsers=anna\n").unwrap().features,
            ["autostart", "own-users"]
        );
        assert_eq!(
            parse_nomachine(b"#PhysicalDesktopAuthorization 1\nPhysicalDesktopAuthorization 0\n")
                .unwrap()
                .unattended,
            Some(true)
        );
        assert_eq!(
            parse_sunshine(br#"{"root":{"named_devices":[{"cert":"x"}]}}"#).unwrap().unattended,
            Some(true)
        );
        assert_eq!(parse_sunshine(br#"{"username":"x","root":{}}"#).unwrap().unattended, Some(false));
        assert_eq!(parse_sunshine(b"x"), None);
        assert_eq!(parse_gnome_system(b"[RDP]\nenabled=true\n").unwrap().features, ["rdp", "sign-in-screen"]);
    }

    #[test]
    fn settings_that_were_never_made_are_no_state() {
        let other = include_bytes!("../../captures/dconf-0.40/user");
        assert_eq!(parse_gnome(other), None);
        assert_eq!(parse_vino(other), None);
        assert_eq!(parse_gnome(b"no database"), None);
    }

    #[test]
    fn gnome_remote_desktop_is_read_from_a_capture() {
        let on = include_bytes!("../../captures/dconf-0.40/remote-desktop");
        let state = parse_gnome(on).unwrap();
        assert_eq!(
            (state.unattended, state.features.as_slice()),
            (Some(true), ["rdp".to_owned()].as_slice())
        );
        let state = parse_vino(on).unwrap();
        assert_eq!(
            (state.unattended, state.features.as_slice()),
            (Some(true), ["vnc".to_owned()].as_slice())
        );
    }
}
