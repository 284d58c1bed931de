//! dpkg's log: when a package was first unpacked here.
//!
//! Always: times are local, so they are read in the system's zone, or as UTC where that cannot be read; of
//! several installations the newest counts, because the earlier ones were removed; upgrades do not count.
//! Facts: dpkg(1), "status" and "action" lines: `YYYY-MM-DD HH:MM:SS install PACKAGE:ARCH <none> VERSION`.

use std::{collections::HashMap, io::Read as _};

use bearing_protocol::Timestamp;
use flate2::read::GzDecoder;
use jiff::{civil::DateTime, tz::TimeZone};

use crate::{
    gaps::{Gaps, Why},
    root::Root,
};

const DIRECTORY: &str = "/var/log";
/// Most bytes of one log, unpacked.
const MAX_LOG_BYTES: usize = 32 * 1024 * 1024;
/// How many rotated logs are read; Debian keeps twelve.
const MAX_ROTATIONS: usize = 24;
const MAX_PACKAGES: usize = 50_000;
const MAX_ZONE_BYTES: usize = 64 * 1024;

/// Times of installation by `PACKAGE:ARCHITECTURE`.
#[derive(Clone, Debug, Default)]
pub struct DpkgLog {
    installed: HashMap<String, DateTime>,
    zone: Option<TimeZone>,
}

impl DpkgLog {
    /// Takes over the lines of a log. Logs are given oldest first.
    pub fn add(&mut self, text: &str) {
        for line in text.lines() {
            if let Some((package, at)) = parse_line(line)
                && (self.installed.len() < MAX_PACKAGES || self.installed.contains_key(package))
            {
                self.installed.insert(package.to_owned(), at);
            }
        }
    }

    /// When a package was installed, as far as the logs go back.
    pub fn installed_at(&self, package: &str, architecture: &str) -> Option<Timestamp> {
        let at = self.installed.get(&format!("{package}:{architecture}"))?;
        let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
        Some(zone.to_ambiguous_zoned(*at).compatible().ok()?.timestamp())
    }
}

/// The package that a line says was installed, and when.
pub fn parse_line(line: &str) -> Option<(&str, DateTime)> {
    let (date, rest) = line.split_once(' ')?;
    let (time, rest) = rest.split_once(' ')?;
    let rest = rest.strip_prefix("install ")?;
    let (package, rest) = rest.split_once(' ')?;
    // Otherwise it is the package's left-over settings that were there; it still comes anew.
    rest.split(' ').next().filter(|version| !version.is_empty())?;
    let at = format!("{date}T{time}").parse().ok()?;
    Some((package, at))
}

/// Reads the logs below a root, oldest first.
pub(crate) fn read(root: &Root, gaps: &mut Gaps) -> DpkgLog {
    let zone = root.read("/etc/localtime", MAX_ZONE_BYTES).ok();
    let mut log =
        DpkgLog { zone: zone.and_then(|bytes| TimeZone::tzif("local", &bytes).ok()), ..DpkgLog::default() };
    for rotation in (2..=MAX_ROTATIONS).rev() {
        let Ok(file) = root.open(format!("{DIRECTORY}/dpkg.log.{rotation}.gz")) else { continue };
        let mut text = Vec::new();
        // What a broken end leaves unread is in the lists' times.
        let unpacked = GzDecoder::new(file).take(MAX_LOG_BYTES as u64).read_to_end(&mut text);
        if unpacked.is_err() {
            gaps.add("package logs", Why::Malformed);
        }
        log.add(&String::from_utf8_lossy(&text));
    }
    for name in ["dpkg.log.1", "dpkg.log"] {
        match root.read_prefix(format!("{DIRECTORY}/{name}"), MAX_LOG_BYTES) {
            Ok((bytes, more)) => {
                if more {
                    gaps.add("package logs", Why::OverLimit);
                }
                log.add(&String::from_utf8_lossy(&bytes));
            }
            Err(error) => gaps.add_error("package logs", &error),
        }
    }
    log
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;
    use crate::testing::Machine;

    #[test]
    fn installations_are_read_from_rotated_logs() {
        let machine = Machine::new();
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed
            .write_all(b"2024-03-01 09:00:00 install xrdp:amd64 <none> 0.9\n2024-03-01 09:00:00 install vim:amd64 <none> 9\n")
            .unwrap();
        machine
            .file("/var/log/dpkg.log.2.gz", packed.finish().unwrap())
            .file("/var/log/dpkg.log.1", "2024-04-01 09:00:00 remove xrdp:amd64 0.9 <none>\n")
            .file(
                "/var/log/dpkg.log",
                "2024-05-01 09:00:00 startup archives unpack\n2024-05-01 09:00:01 install xrdp:amd64 <none> 1.0\n2024-05-02 09:00:01 upgrade vim:amd64 9 10\n",
            );
        let mut gaps = Gaps::default();
        let log = read(&machine.context().root, &mut gaps);
        let at = |package: &str| log.installed_at(package, "amd64").map(|at| at.to_string());
        assert_eq!(at("xrdp").as_deref(), Some("2024-05-01T09:00:01Z"));
        assert_eq!(at("vim").as_deref(), Some("2024-03-01T09:00:00Z"));
        assert_eq!(at("other"), None);
        assert!(gaps.is_empty());
    }

    #[test]
    fn broken_logs_are_told() {
        let machine = Machine::new();
        machine
            .file("/var/log/dpkg.log.3.gz", "no gzip")
            .file("/var/log/dpkg.log", "2024-99-01 09:00:01 install a:b c d\n");
        let mut gaps = Gaps::default();
        let log = read(&machine.context().root, &mut gaps);
        assert_eq!(log.installed_at("a", "b"), None);
        assert_eq!(gaps.count("package logs", Why::Malformed), 1);
    }
}
