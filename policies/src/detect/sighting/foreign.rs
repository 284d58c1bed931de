//! Tools by what other systems and other programs keep of them: Windows paths and services, jobs of macOS, containers,
//! browser extensions.

use std::collections::BTreeSet;

use bearing_protocol::{
    coverage::Source,
    fact::{Autostart, Enablement, Package, Process, Unit},
};

use super::{
    Trace, TraceKind,
    gather::{Gatherer, trace},
};
use crate::{
    catalogue::{Fact, FactKind, Hit, Tool, Trust, basename},
    detect::evidence,
};

impl<'a> Gatherer<'a, '_> {
    /// Tools whose program on Windows lies at this path or has its file's name, and whether that is hearsay.
    fn windows_hits(&self, path: &str) -> Vec<(Hit, &'a Tool, &'a Fact, bool)> {
        let by_path = self.catalogue.index().by_kind(FactKind::WindowsPath, path);
        let by_name = self.catalogue.index().windows_executable(basename(path));
        let paths: BTreeSet<usize> = by_path.iter().map(|hit| hit.tool).collect();
        let names: BTreeSet<usize> = by_name.iter().map(|hit| hit.tool).collect();
        by_path
            .into_iter()
            .chain(by_name)
            .filter_map(|hit| {
                let (tool, fact) = self.resolve(hit)?;
                // A list that is not the maker's: name or folder alone says little.
                let both = paths.contains(&hit.tool) && names.contains(&hit.tool);
                Some((hit, tool, fact, fact.trust == Trust::ThirdParty && !both))
            })
            .collect()
    }

    /// An installed program of Windows, by the name that is shown of it, a version behind it aside.
    pub(super) fn windows_package(&mut self, package: &Package) {
        let name = without_version(&package.name);
        for hit in self.catalogue.index().by_kind(FactKind::ProductName, name) {
            let Some((tool, fact)) = self.resolve(hit) else { continue };
            let why = format!("this is the installed program of {}", tool.name);
            let value = format!("{} {}", package.name, package.version);
            let piece = evidence(Source::Packages, "installed programs", "program", value.trim_end(), why);
            let first_seen = package.installed_at;
            self.add(hit.tool, Trace { first_seen, ..trace(TraceKind::Package, fact.convicts(), piece) });
        }
    }

    /// A service of Windows, by the program that it starts.
    pub(super) fn windows_unit(&mut self, unit: &Unit, program: &str, state: &str) {
        let (live, persistent) = (unit.running == Some(true), unit.enablement == Enablement::Enabled);
        for (hit, tool, fact, hearsay) in self.windows_hits(program) {
            let why = format!("this service starts the program of {}", tool.name);
            let value = format!("{} starts {program} ({state})", unit.name);
            let piece = evidence(Source::Units, &unit.path, "program", value, why);
            let seen = trace(TraceKind::Unit, fact.convicts(), piece);
            self.add(hit.tool, Trace { live, persistent, hearsay, ..seen });
        }
    }

    /// What starts at sign-in or by schedule on Windows, by its program.
    pub(super) fn windows_autostart(&mut self, entry: &Autostart, program: &str) {
        for (hit, tool, fact, hearsay) in self.windows_hits(program) {
            let why = format!("`{}` starts the program of {}", entry.name, tool.name);
            let piece = evidence(Source::Autostart, &entry.path, "program", program, why);
            let seen = trace(TraceKind::Autostart, fact.convicts(), piece);
            self.add(hit.tool, Trace { persistent: true, hearsay, ..seen });
        }
    }

    /// A program of Windows that runs, by its path or its file's name.
    pub(super) fn windows_path(&mut self, process: &Process, path: &str, field: &str, value: &str) {
        for (hit, tool, fact, hearsay) in self.windows_hits(path) {
            let why = format!("this is the program of {}", tool.name);
            let location = format!("pid {}", process.pid);
            let piece = evidence(Source::Processes, location, field, value, why);
            let seen = trace(TraceKind::Process, fact.convicts(), piece);
            self.add(hit.tool, Trace { live: true, hearsay, ..seen });
            self.pids.insert((process.pid, hit.tool));
        }
    }

    /// Services of Windows and jobs of macOS.
    pub(super) fn services(&mut self) {
        for unit in self.facts.units.iter().filter(|unit| unit.enablement != Enablement::Masked) {
            let label = unit.name.strip_suffix(".plist").unwrap_or(&unit.name);
            let mut hits: Vec<Hit> = self.catalogue.index().by_kind(FactKind::LaunchdLabel, label);
            hits.extend(self.catalogue.index().by_kind(FactKind::WindowsService, &unit.name));
            for hit in hits {
                let Some((tool, fact)) = self.resolve(hit) else { continue };
                let (live, persistent) = (unit.running == Some(true), unit.enablement == Enablement::Enabled);
                let why = format!("this is the service of {}", tool.name);
                let piece = evidence(Source::Units, &unit.path, "unit", &unit.name, why);
                let seen = trace(TraceKind::Unit, fact.convicts(), piece);
                self.add(hit.tool, Trace { live, persistent, ..seen });
            }
        }
    }

    pub(super) fn containers(&mut self) {
        for container in &self.facts.containers {
            let image = plain_image(&container.image);
            for hit in self.catalogue.index().by_kind(FactKind::ContainerImage, image) {
                let Some((tool, fact)) = self.resolve(hit) else { continue };
                let live = container.running == Some(true);
                let ports: Vec<String> =
                    container.published_ports.iter().map(|port| format!(", publishes port {port}")).collect();
                let state = if live { "running" } else { "not running" };
                let value = format!("{image} ({state}{})", ports.concat());
                let why = format!("this is an image of {}", tool.name);
                let location = format!("{} container {}", container.runtime, container.id);
                let piece = evidence(Source::Containers, location, "image", value, why);
                self.add(hit.tool, Trace { live, ..trace(TraceKind::Container, fact.convicts(), piece) });
            }
        }
    }

    /// Extensions reach out from a browser: they strengthen what is here. A messaging host was installed.
    pub(super) fn extensions(&mut self) {
        for extension in &self.facts.browser_extensions {
            let kind = if extension.native_host { FactKind::NativeHost } else { FactKind::BrowserExtension };
            for hit in self.catalogue.index().by_kind(kind, &extension.id) {
                let Some((tool, fact)) = self.resolve(hit) else { continue };
                let what = if extension.native_host { "messaging host" } else { "browser extension" };
                let why = format!("this is a {what} of {}, in {}", tool.name, extension.browser);
                let piece = evidence(Source::BrowserExtensions, &extension.path, what, &extension.id, why);
                let convicts = extension.native_host && fact.convicts();
                self.add(hit.tool, trace(TraceKind::Extension, convicts, piece));
            }
        }
    }
}

/// `UltraVNC 1.4.3.6` as `UltraVNC`; a name that is one word stays.
fn without_version(name: &str) -> &str {
    let is_version = |word: &str| word.contains('.') && word.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match name.rsplit_once(' ') {
        Some((before, last)) if is_version(last) => before.trim_end().trim_end_matches(" version"),
        _ => name,
    }
}

/// An image's name without registry, tag and digest.
fn plain_image(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    let name = match name.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => name,
    };
    match name.split_once('/') {
        Some((registry, rest)) if registry.contains(['.', ':']) || registry == "localhost" => {
            rest.strip_prefix("library/").unwrap_or(rest)
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_behind_a_name_is_no_part_of_it() {
        assert_eq!(without_version("UltraVNC 1.4.3.6"), "UltraVNC");
        assert_eq!(without_version("Some Tool version 1.2"), "Some Tool");
        assert_eq!(without_version("7-Zip"), "7-Zip");
        assert_eq!(without_version("Windows 11"), "Windows 11");
    }

    #[test]
    fn an_image_is_known_whatever_its_registry_and_tag() {
        for image in [
            "honeygain/honeygain",
            "honeygain/honeygain:latest",
            "docker.io/honeygain/honeygain",
            "localhost:5000/honeygain/honeygain:1@sha256:ab",
        ] {
            assert_eq!(plain_image(image), "honeygain/honeygain", "{image}");
        }
        assert_eq!(plain_image("docker.io/library/nginx:1"), "nginx");
    }
}
