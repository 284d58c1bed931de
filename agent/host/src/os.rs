//! Name and version of the operating system, and what the machine is called: os-release(5), hostname(5).

use bearing_protocol::report::OsSummary;

use crate::{
    assignments::last_value,
    reading::{Context, Read, Reading, Unread},
};

const MAX_BYTES: usize = 64 * 1024;

/// The operating system and the host's name.
#[derive(Clone, Debug, Default)]
pub struct System {
    /// Host name.
    pub hostname: String,
    /// The operating system.
    pub os: OsSummary,
}

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<System> {
    context.needs_linux()?;
    let root = &context.root;
    let release = ["/etc/os-release", "/usr/lib/os-release"]
        .iter()
        .find_map(|path| root.read_text(path, MAX_BYTES).ok());
    // The kernel's name is in force now; the file's will be after the next boot.
    let hostname = ["/proc/sys/kernel/hostname", "/etc/hostname"].iter().find_map(|path| {
        let text = root.read_text(path, MAX_BYTES).ok()?;
        text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned)
    });
    if release.is_none() && hostname.is_none() {
        return Err(Unread::unsupported("neither os-release nor a host name"));
    }
    let os = os_summary(release.as_deref().unwrap_or_default());
    let summary = format!("{} {}", os.name, os.version).trim().to_owned();
    Ok(Reading::new(System { hostname: hostname.unwrap_or_default(), os }, summary))
}

/// What os-release tells.
pub fn os_summary(text: &str) -> OsSummary {
    let value = |name: &str| last_value(text, name).filter(|value| !value.is_empty());
    OsSummary {
        family: "linux".to_owned(),
        name: value("NAME").or_else(|| value("ID")).unwrap_or_else(|| "Linux".to_owned()),
        version: value("VERSION_ID").or_else(|| value("BUILD_ID")).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_is_read_from_a_capture() {
        let os = os_summary(include_str!("../captures/linux-6.18/os-release"));
        assert_eq!((os.name.as_str(), os.version.as_str()), ("Debian GNU/Linux", "12"));
    }

    #[test]
    fn a_file_without_names_is_still_linux() {
        assert_eq!(os_summary("garbage\n\u{0}=\n").name, "Linux");
    }
}
