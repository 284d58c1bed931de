//! Tools by what their executables say of themselves: build information, byte strings, version resources, signatures,
//! main classes, modules.
//!
//! Always: what a program says of itself may be invented, so it names a tool and never acquits one; who signed it and
//! which company it names only strengthen.

use std::collections::{BTreeMap, BTreeSet};

use bearing_protocol::{
    coverage::Source,
    fact::{Executable, Identity, IdentityKind, Process},
};

use super::{
    Disguise, Trace, TraceKind, disguise,
    gather::{Gatherer, marker_facts, trace},
    subcommand,
};
use crate::{
    catalogue::{FactKind, Hit, Tool, Trust},
    detect::evidence,
};

impl<'a> Gatherer<'a, '_> {
    pub(super) fn identities(&mut self) {
        for executable in &self.facts.executables {
            self.own_marks(executable);
            if let Some(module) = &executable.go_module {
                for hit in self.catalogue.index().go_module(module) {
                    let Some((tool, fact)) = self.resolve(hit) else { continue };
                    let value = match &executable.go_version {
                        Some(version) => format!("{module} {version}"),
                        None => module.clone(),
                    };
                    let why = format!("built from the Go module of {}", tool.name);
                    self.identity(hit.tool, tool, executable, fact.convicts(), "go module", value, why);
                }
            }
            let mut markers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for (product, marker) in &executable.markers {
                markers.entry(product).or_default().insert(marker);
            }
            // What carries the marks of many products is a list of them (a scanner, our own agent), not one of them.
            if markers.len() > MAX_PRODUCTS_IN_ONE {
                continue;
            }
            // A fork carries the marks of what it was made from: its own known name decides.
            let named: Vec<usize> = self
                .executable_hits(&executable.path)
                .iter()
                .filter(|(_, _, fact)| fact.convicts())
                .map(|(hit, _, _)| hit.tool)
                .collect();
            for (product, found) in markers {
                let Some(number) = self.catalogue.index().tool(product) else { continue };
                let Some(tool) = self.catalogue.tools().get(number) else { continue };
                if !named.is_empty() && !named.contains(&number) {
                    continue;
                }
                let known: BTreeSet<&str> = marker_facts(tool).map(|fact| fact.value.as_str()).collect();
                let count = found.iter().filter(|marker| known.contains(**marker)).count();
                if count < tool.markers_needed {
                    continue;
                }
                let value = found.into_iter().collect::<Vec<_>>().join(", ");
                let why = format!("these byte strings are in the program of {}", tool.name);
                self.identity(number, tool, executable, true, "markers", value, why);
            }
        }
    }

    /// Marks of version resources, signatures, class files and the like.
    fn own_marks(&mut self, executable: &Executable) {
        for identity in &executable.identities {
            for hit in self.identity_hits(identity) {
                let Some((tool, fact)) = self.resolve(hit) else { continue };
                let field = identity.kind.as_str().replace('-', " ");
                let mut why = format!("this is what {} says of itself", tool.name);
                if is_signed_by_another(tool, executable) {
                    why.push_str("; it is not signed by its maker");
                }
                let value = identity.value.clone();
                self.identity(hit.tool, tool, executable, fact.convicts(), &field, value, why);
            }
        }
    }

    fn identity_hits(&self, identity: &Identity) -> Vec<Hit> {
        let index = self.catalogue.index();
        let value = identity.value.as_str();
        let by = |kind| index.by_kind(kind, value);
        match identity.kind {
            IdentityKind::OriginalFilename | IdentityKind::InternalName => by(FactKind::OriginalFilename),
            IdentityKind::ProductName => by(FactKind::ProductName),
            IdentityKind::CompanyName => by(FactKind::CompanyName),
            IdentityKind::Signer => by(FactKind::Signer),
            IdentityKind::CodeIdentifier => by(FactKind::BundleId),
            IdentityKind::TeamIdentifier => by(FactKind::TeamId),
            IdentityKind::RustCrate => by(FactKind::RustCrate),
            IdentityKind::JavaMainClass | IdentityKind::JavaTitle => by(FactKind::JavaClass),
            IdentityKind::PythonModule => by(FactKind::PythonModule),
            IdentityKind::NodePackage => by(FactKind::NodePackage),
            IdentityKind::ElectronApp => {
                let mut hits = by(FactKind::ElectronApp);
                hits.extend(by(FactKind::NodePackage));
                hits
            }
            IdentityKind::FlatpakId | IdentityKind::SnapName => index.package(value),
            IdentityKind::AppImagePayload => {
                let mut hits = index.desktop_entry(value);
                hits.extend(index.desktop_entry(&format!("{value}.desktop")));
                hits
            }
            IdentityKind::NixName => index.package(nix_package(value)),
            IdentityKind::Script if value.starts_with('/') => {
                let hits = self.executable_hits(value);
                let whole = hits.into_iter().filter(|(_, _, fact)| fact.value.starts_with('/'));
                whole.map(|(hit, _, _)| hit).collect()
            }
            IdentityKind::Script | IdentityKind::Comment => Vec::new(),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one trace's parts, used thrice")]
    fn identity(
        &mut self,
        number: usize,
        tool: &'a Tool,
        executable: &Executable,
        convicts: bool,
        field: &str,
        value: String,
        mut why: String,
    ) {
        let running: Vec<&Process> =
            self.facts.processes.iter().filter(|process| executable.pids.contains(&process.pid)).collect();
        let asked = running
            .iter()
            .any(|process| subcommand::asked(tool, process.arguments.get(1..).unwrap_or_default()).is_some());
        let live = !executable.pids.is_empty() && (tool.actions.is_empty() || asked);
        let hides = disguise::of(tool, &executable.path, executable.deleted, &executable.owner, true);
        // A foreign name is worth saying even where the subcommand is not known.
        let disguise = hides.filter(|hides| live || *hides == Disguise::Renamed);
        if let Some(disguise) = disguise {
            why.push_str(&format!("; it {}", disguise.describe()));
        }
        if let Some(pid) = executable.pids.first() {
            why.push_str(&format!("; it runs as pid {pid}"));
        }
        let piece = evidence(Source::Executables, &executable.path, field, value, why);
        let first_seen = executable.created_at;
        self.add(number, Trace { live, disguise, first_seen, ..trace(TraceKind::Identity, convicts, piece) });
        if live {
            self.pids.extend(executable.pids.iter().map(|pid| (*pid, number)));
        }
    }
}

/// Whether the maker's Apple team is known and another one signed.
fn is_signed_by_another(tool: &Tool, executable: &Executable) -> bool {
    let of_kind = |kind| executable.identities.iter().filter(move |identity| identity.kind == kind);
    let mut makers = tool
        .facts
        .iter()
        .filter(|fact| fact.kind == FactKind::TeamId && fact.trust >= Trust::PackageManifest)
        .peekable();
    let mut teams = of_kind(IdentityKind::TeamIdentifier).peekable();
    makers.peek().is_some()
        && teams.peek().is_some()
        && !makers.any(|maker| teams.clone().any(|team| team.value == maker.value))
}

/// The package in a Nix store name (`rustdesk-1.2.3`).
fn nix_package(name: &str) -> &str {
    let version = name.char_indices().find(|(at, c)| {
        *c == '-' && name.get(at + 1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    version.and_then(|(at, _)| name.get(..at)).unwrap_or(name)
}

/// An executable with marks of more products than this is a list of products.
const MAX_PRODUCTS_IN_ONE: usize = 2;
