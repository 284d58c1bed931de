//! Tools by what other systems and other programs keep of them: Windows paths and services, jobs of macOS, containers,
//! browser extensions.

use std::collections::BTreeSet;

use bearing_protocol::{
    coverage::Source,
    fact::{Enablement, Process},
};

use super::{
    Trace, TraceKind,
    gather::{Gatherer, trace},
};
use crate::{
    catalogue::{FactKind, Hit, Trust, basename},
    detect::evidence,
};

impl Gatherer<'_, '_> {
    /// A program of Windows, by its path or its file's name.
    pub(super) fn windows_path(&mut self, process: &Process, path: &str, field: &str, value: &str) {
        let by_path = self.catalogue.index().by_kind(FactKind::WindowsPath, path);
        let by_name = self.catalogue.index().windows_executable(basename(path));
        let paths: BTreeSet<usize> = by_path.iter().map(|hit| hit.tool).collect();
        let names: BTreeSet<usize> = by_name.iter().map(|hit| hit.tool).collect();
        for hit in by_path.into_iter().chain(by_name) {
            let Some((tool, fact)) = self.resolve(hit) else { continue };
            // A list that is not the maker's: name or folder alone says little.
            let both = paths.contains(&hit.tool) && names.contains(&hit.tool);
            let hearsay = fact.trust == Trust::ThirdParty && !both;
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
