//! Service units and init scripts as their files say, and whether processes of them run.
//!
//! Always: the first directory that has a unit holds (systemd.unit(5), "Unit File Load Path"); links and
//! drop-ins are minded; a unit nobody wrote a file for (transient, generated at run time) is not here but
//! shows as its processes' control group.

mod enablement;
pub mod init_script;
mod running;
pub mod unit_file;

use std::collections::{BTreeMap, BTreeSet};

use bearing_protocol::fact::{Enablement, Unit};

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading, Unread},
    root::{FileKind, Root},
    users::{Home, homes},
};
use enablement::Links;
use init_script::read_scripts;
use running::Running;
use unit_file::{parse_unit, template_of};

/// Most entries of one unit directory.
const MAX_ENTRIES: usize = 10_000;
/// Most units.
const MAX_UNITS: usize = 20_000;
/// Most bytes of one unit file; real ones have a few thousand.
const MAX_UNIT_BYTES: usize = 256 * 1024;
/// Most drop-ins of one unit.
const MAX_DROP_INS: usize = 64;

/// What kinds of units can start a program.
const SUFFIXES: [&str; 4] = [".service", ".socket", ".timer", ".path"];

/// A unit load path, most important first: where administrators' and packages' files lie.
const SYSTEM: [&str; 6] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
const EVERY_USER: [&str; 4] =
    ["/etc/systemd/user", "/run/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user"];

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<Unit>> {
    context.needs_linux()?;
    let root = &context.root;
    let mut gaps = Gaps::default();
    let running = Running::find(context);
    let mut scan =
        Scan { root, gaps: &mut gaps, units: Vec::new(), aliases: BTreeSet::new(), directories: 0 };
    // Where /lib is a link into /usr, the same files must not come twice.
    let merged = root.canonical("/lib").is_ok_and(|path| path.starts_with("/usr"));
    let system: Vec<String> = SYSTEM
        .iter()
        .filter(|path| !(merged && path.starts_with("/lib/")))
        .map(|path| (*path).to_owned())
        .collect();
    scan.manager(&system, None);
    let every_user: Vec<String> = EVERY_USER.iter().map(|path| (*path).to_owned()).collect();
    scan.manager(&every_user, None);
    for Home { user, path } in homes(context) {
        let own = [".config/systemd/user", ".local/share/systemd/user"];
        let own: Vec<String> = own.iter().map(|below| format!("{path}/{below}")).collect();
        scan.manager(&own, Some(&user));
    }
    let (mut units, aliases, directories) = (scan.units, scan.aliases, scan.directories);
    let known: BTreeSet<&str> =
        units.iter().map(|unit| unit.name.as_str()).chain(aliases.iter().map(String::as_str)).collect();
    let scripts = read_scripts(root, &known, &mut gaps);
    units.extend(scripts);
    if directories == 0 && units.is_empty() {
        return Err(if gaps.is_empty() {
            Unread::unsupported("neither systemd units nor init scripts")
        } else {
            Unread::Denied(gaps.describe())
        });
    }
    if units.len() > MAX_UNITS {
        gaps.add_many("units", Why::OverLimit, (units.len() - MAX_UNITS) as u64);
        units.truncate(MAX_UNITS);
    }
    for unit in units.iter_mut().filter(|unit| unit.name.ends_with(".service")) {
        unit.running = running.tells(unit);
    }
    let enabled = units.iter().filter(|unit| unit.enablement == Enablement::Enabled).count();
    let run = match units.iter().filter(|unit| unit.running == Some(true)).count() {
        0 if !running.is_known() => "which of them run does not show".to_owned(),
        run => format!("{run} running"),
    };
    let summary = format!("{} units, {enabled} enabled, {run}", units.len());
    Ok(Reading::with_gaps(units, summary, gaps))
}

struct Scan<'a> {
    root: &'a Root,
    gaps: &'a mut Gaps,
    units: Vec<Unit>,
    /// Names that lead to another unit.
    aliases: BTreeSet<String>,
    directories: u32,
}

/// Where a unit's name leads.
enum Origin {
    /// A file to read.
    File(String),
    /// `/dev/null` or an empty file.
    Masked(String),
}

impl Scan<'_> {
    /// The units of one manager, its directories given most important first.
    fn manager(&mut self, directories: &[String], user: Option<&str>) {
        let mut origins: BTreeMap<String, Origin> = BTreeMap::new();
        let mut drop_ins: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut links = Links::default();
        for directory in directories {
            let listing = match self.root.list_dir(directory, MAX_ENTRIES) {
                Ok(listing) => listing,
                Err(error) => {
                    self.gaps.add_error("unit directories", &error);
                    continue;
                }
            };
            self.directories += 1;
            if listing.truncated {
                self.gaps.add("unit directories", Why::OverLimit);
            }
            // Links below /usr are the packager's: they start a unit without anybody having enabled it.
            let by_administrator = !directory.starts_with("/usr") && !directory.starts_with("/lib");
            for name in listing.names {
                let path = format!("{directory}/{name}");
                if name.rsplit_once('.').is_some_and(|(_, kind)| is_link_directory(kind)) {
                    if by_administrator {
                        self.read_links(&path, &mut links);
                    }
                } else if let Some(unit) = name.strip_suffix(".d").filter(|unit| is_unit(unit)) {
                    drop_ins.entry(unit.to_owned()).or_default().push(path);
                } else if is_unit(&name) {
                    self.unit_at(&path, &name, by_administrator, &mut origins, &mut links);
                }
            }
        }
        // An enabled instance or a user's enabled unit may have its file elsewhere.
        for (name, target) in links.wanted() {
            if origins.contains_key(name) {
                continue;
            }
            let template = template_of(name).and_then(|template| match origins.get(&template) {
                Some(Origin::File(path)) => Some(path.clone()),
                _ => None,
            });
            let outside = || (user.is_some() || !target.starts_with("/dev")).then(|| target.clone());
            if let Some(path) = template.or_else(outside).filter(|path| self.root.exists(path)) {
                origins.insert(name.clone(), Origin::File(path));
            }
        }
        for (name, origin) in origins {
            let unit = self.describe(name, origin, &drop_ins, &links, user);
            self.units.push(unit);
        }
    }

    fn unit_at(
        &mut self,
        path: &str,
        name: &str,
        by_administrator: bool,
        origins: &mut BTreeMap<String, Origin>,
        links: &mut Links,
    ) {
        let Ok(found) = self.root.link_metadata(path) else { return };
        let masked_file = found.kind == FileKind::File && found.size_bytes == 0;
        let mut origin =
            if masked_file { Origin::Masked(path.to_owned()) } else { Origin::File(path.to_owned()) };
        if found.kind == FileKind::Link {
            let target =
                self.root.read_link(path).map(|t| t.to_string_lossy().into_owned()).unwrap_or_default();
            let target_name = target.rsplit('/').next().unwrap_or_default();
            if target == "/dev/null" {
                origin = Origin::Masked(path.to_owned());
            } else if target_name != name && is_unit(target_name) {
                // An alias: no unit of its own, but it enables the one it names.
                self.aliases.insert(name.to_owned());
                if by_administrator {
                    links.add(target_name, &target);
                }
                return;
            }
        }
        origins.entry(name.to_owned()).or_insert(origin);
    }

    fn read_links(&mut self, directory: &str, links: &mut Links) {
        match self.root.list_dir(directory, MAX_ENTRIES) {
            Ok(listing) => {
                for name in listing.names {
                    let target = self.root.read_link(format!("{directory}/{name}"));
                    let target = target.map(|t| t.to_string_lossy().into_owned()).unwrap_or_default();
                    links.add(&name, &target);
                }
            }
            Err(error) => self.gaps.add_error("unit directories", &error),
        }
    }

    fn describe(
        &mut self,
        name: String,
        origin: Origin,
        drop_ins: &BTreeMap<String, Vec<String>>,
        links: &Links,
        user: Option<&str>,
    ) -> Unit {
        let user = user.map(str::to_owned);
        let path = match origin {
            Origin::Masked(path) => {
                return Unit { name, path, user, enablement: Enablement::Masked, ..Unit::default() };
            }
            Origin::File(path) => path,
        };
        let mut texts = Vec::new();
        let mut readable = true;
        match self.root.read_text(&path, MAX_UNIT_BYTES) {
            Ok(text) => texts.push(text),
            Err(error) => {
                readable = false;
                self.gaps.add_error("unit files", &error);
            }
        }
        texts.extend(self.drop_in_texts(&name, drop_ins));
        let file = parse_unit(texts.iter().map(String::as_str));
        let enablement = if links.enables(&name) || file.aliases.iter().any(|alias| links.enables(alias)) {
            Enablement::Enabled
        } else if !readable {
            Enablement::Unknown
        } else if file.installable {
            Enablement::Disabled
        } else {
            Enablement::Static
        };
        Unit {
            name,
            path,
            user,
            description: file.description,
            program: file.program,
            command: file.command,
            enablement,
            running: None,
        }
    }

    /// Texts of a unit's drop-ins by name; where two have the same, the more important directory's.
    fn drop_in_texts(&mut self, name: &str, drop_ins: &BTreeMap<String, Vec<String>>) -> Vec<String> {
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        let template = template_of(name);
        let directories =
            [Some(name), template.as_deref()].into_iter().flatten().filter_map(|n| drop_ins.get(n));
        for directory in directories.flatten() {
            for file in self.root.list_dir(directory, MAX_DROP_INS).unwrap_or_default().names {
                if file.ends_with(".conf") {
                    let path = format!("{directory}/{file}");
                    files.entry(file).or_insert(path);
                }
            }
        }
        let mut texts = Vec::new();
        for path in files.values().take(MAX_DROP_INS) {
            match self.root.read_text(path, MAX_UNIT_BYTES) {
                Ok(text) => texts.push(text),
                // A drop-in linked to /dev/null takes one of the same name away.
                Err(error) if error.kind == crate::root::ReadErrorKind::NotAFile => {}
                Err(error) => self.gaps.add_error("unit files", &error),
            }
        }
        texts
    }
}

fn is_unit(name: &str) -> bool {
    SUFFIXES.iter().any(|suffix| name.len() > suffix.len() && name.ends_with(suffix))
}

fn is_link_directory(kind: &str) -> bool {
    matches!(kind, "wants" | "requires" | "upholds")
}

#[cfg(test)]
mod tests;
