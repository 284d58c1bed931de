//! Collects the traces of every tool from the facts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bearing_protocol::{
    coverage::Source,
    fact::{AutostartKind, Enablement, Executable, Facts, Owner, PackageManager, Process},
};

use super::{
    Disguise, Place, Sighting, Trace, TraceKind,
    disguise::{self, unwrapped},
    place_of, subcommand,
};
use crate::{
    Catalogue,
    catalogue::{Category, Fact, FactKind, Hit, Tool, Trust, basename},
    detect::evidence,
};

/// All tools of which something was seen that speaks for itself, in catalogue order.
pub(in crate::detect) fn gather<'a>(facts: &'a Facts, catalogue: &'a Catalogue) -> Vec<Sighting<'a>> {
    let mut gatherer = Gatherer::new(facts, catalogue);
    gatherer.packages();
    gatherer.units();
    gatherer.processes();
    gatherer.identities();
    gatherer.autostart();
    gatherer.interfaces();
    gatherer.artefacts();
    gatherer.services();
    gatherer.containers();
    gatherer.extensions();
    gatherer.states();
    gatherer.listeners();
    gatherer.relays();
    gatherer.finish()
}

pub(super) struct Gatherer<'a, 'f> {
    pub(super) facts: &'f Facts,
    pub(super) catalogue: &'a Catalogue,
    pub(super) by_path: HashMap<&'f str, &'f Executable>,
    /// Which database each installed package is in.
    managers: HashMap<&'f str, PackageManager>,
    pub(super) traces: BTreeMap<usize, Vec<Trace>>,
    /// Processes that were recognised, with their tool.
    pub(super) pids: BTreeSet<(u32, usize)>,
}

impl<'a, 'f> Gatherer<'a, 'f> {
    fn new(facts: &'f Facts, catalogue: &'a Catalogue) -> Self {
        let by_path =
            facts.executables.iter().map(|executable| (executable.path.as_str(), executable)).collect();
        let managers =
            facts.packages.iter().map(|package| (package.name.as_str(), package.manager)).collect();
        Self { facts, catalogue, by_path, managers, traces: BTreeMap::new(), pids: BTreeSet::new() }
    }

    pub(super) fn resolve(&self, hit: Hit) -> Option<(&'a Tool, &'a Fact)> {
        let tool = self.catalogue.tools().get(hit.tool)?;
        let fact = tool.facts.get(hit.fact).filter(|fact| fact.holds_on(&self.facts.os.family))?;
        Some((tool, fact))
    }

    pub(super) fn add(&mut self, tool: usize, trace: Trace) {
        let traces = self.traces.entry(tool).or_default();
        let seen = |known: &&mut Trace| known.kind == trace.kind && known.evidence == trace.evidence;
        if let Some(known) = traces.iter_mut().find(seen) {
            known.convicts |= trace.convicts;
            known.live |= trace.live;
            known.persistent |= trace.persistent;
            return;
        }
        // A flood of the same tells nothing new.
        let room = if trace.adds_to(traces) { 2 * MAX_TRACES } else { MAX_TRACES };
        if traces.len() < room {
            traces.push(trace);
        }
    }

    fn packages(&mut self) {
        for package in &self.facts.packages {
            if matches!(package.manager, PackageManager::Msi | PackageManager::Appx) {
                self.windows_package(package);
                continue;
            }
            let name = match package.manager {
                PackageManager::AppImage => app_image_name(&package.name),
                PackageManager::Pacman => user_repository_name(&package.name).to_owned(),
                _ => package.name.clone(),
            };
            for hit in self.catalogue.index().package(&name) {
                let Some((tool, fact)) = self.resolve(hit) else { continue };
                if !same_world(fact.manager, package.manager) {
                    continue;
                }
                let location = format!("{:?}", package.manager).to_lowercase();
                let version =
                    if package.version.is_empty() { String::new() } else { format!(" {}", package.version) };
                let why = format!("this is the package of {}", tool.name);
                let piece = evidence(
                    Source::Packages,
                    location,
                    "package",
                    format!("{}{version}", package.name),
                    why,
                );
                let first_seen = package.installed_at;
                self.add(hit.tool, Trace { first_seen, ..trace(TraceKind::Package, fact.convicts(), piece) });
            }
        }
    }

    fn units(&mut self) {
        for unit in self.facts.units.iter().filter(|unit| unit.enablement != Enablement::Masked) {
            let live = unit.running == Some(true);
            let persistent = unit.enablement == Enablement::Enabled;
            let state = match (live, persistent) {
                (true, true) => "running, set to start",
                (true, false) => "running",
                (false, true) => "set to start",
                (false, false) => "installed",
            };
            let mut named = BTreeSet::new();
            for hit in self.catalogue.index().unit(&unit.name) {
                let Some((tool, fact)) = self.resolve(hit) else { continue };
                named.insert(hit.tool);
                let why = format!("this is the service of {}", tool.name);
                let piece =
                    evidence(Source::Units, &unit.path, "unit", format!("{} ({state})", unit.name), why);
                self.add(
                    hit.tool,
                    Trace { live, persistent, ..trace(TraceKind::Unit, fact.convicts(), piece) },
                );
            }
            let Some(program) = unit.program.as_deref() else { continue };
            if is_of_windows(program) {
                self.windows_unit(unit, program, state);
                continue;
            }
            if !program.starts_with('/') {
                continue;
            }
            let arguments = words_of(unit.command.as_deref());
            for (hit, tool, fact) in self.executable_hits(program) {
                let other = !tool.actions.is_empty() && subcommand::asked(tool, &arguments).is_none();
                if other || named.contains(&hit.tool) {
                    continue;
                }
                let why = format!("this service starts the program of {}", tool.name);
                let value = format!("{} starts {program} ({state})", unit.name);
                let piece = evidence(Source::Units, &unit.path, "program", value, why);
                self.add(
                    hit.tool,
                    Trace { live, persistent, ..trace(TraceKind::Unit, fact.convicts(), piece) },
                );
            }
        }
    }

    /// Tools that run from `path`, package owners taken into account.
    pub(super) fn executable_hits(&self, path: &str) -> Vec<(Hit, &'a Tool, &'a Fact)> {
        let name = basename(path);
        let mut hits = self.catalogue.index().executable(path);
        if unwrapped(name) != name {
            hits.extend(self.catalogue.index().executable(unwrapped(name)));
        }
        let owner = self.by_path.get(path).map(|executable| &executable.owner);
        hits.into_iter()
            .filter_map(|hit| self.resolve(hit).map(|(tool, fact)| (hit, tool, fact)))
            .filter(|(_, tool, fact)| {
                fact.value.starts_with('/') || !owner.is_some_and(|owner| self.is_anothers(tool, owner))
            })
            .collect()
    }

    /// Whether the file belongs to a package of a database in which this tool's packages have other names.
    fn is_anothers(&self, tool: &Tool, owner: &Owner) -> bool {
        let Owner::Package(package) = owner else { return false };
        let Some(manager) = self.managers.get(package.as_str()) else { return false };
        let is_own = |fact: &&Fact| fact.kind == FactKind::Package && fact.manager == Some(*manager);
        let mut own = tool.facts.iter().filter(is_own).map(|fact| fact.value.as_str());
        let fits = |name: &str| match name.split_once('*') {
            Some((before, behind)) => package.starts_with(before) && package.ends_with(behind),
            None => name == package,
        };
        own.clone().next().is_some() && !own.any(fits)
    }

    fn processes(&mut self) {
        for process in self.facts.processes.iter().filter(|process| !process.kernel_thread) {
            match process.executable.as_deref() {
                Some(path) => self.process(process, path),
                None => self.process_by_name(process),
            }
            self.sandboxed(process);
        }
    }

    fn process(&mut self, process: &Process, path: &str) {
        if basename(path).starts_with("wine") {
            self.windows_program(process, path);
            return;
        }
        if is_of_windows(path) {
            self.windows_path(process, path, "executable", path);
            return;
        }
        let mut found = self.executable_hits(path);
        let mut arguments: &[String] = process.arguments.get(1..).unwrap_or_default();
        let mut shown = path;
        if found.is_empty() && is_interpreter(path) {
            // A script is recognised by its whole path only: its name is free text.
            let Some(at) = arguments.iter().position(|argument| !argument.starts_with('-')) else { return };
            let Some(script) = arguments.get(at).filter(|script| script.starts_with('/')) else { return };
            found = self.executable_hits(script);
            found.retain(|(_, _, fact)| fact.value.starts_with('/'));
            arguments = process.arguments.get(at + 2..).unwrap_or_default();
            shown = script;
        }
        let owner = self.by_path.get(path).map_or(Owner::Unknown, |executable| executable.owner.clone());
        let first = process.arguments.first().map_or("", String::as_str);
        let imitates = !matches!(owner, Owner::Package(_))
            && disguise::imitates(path, first)
            && (process.deleted || place_of(path) != Place::System);
        for (hit, tool, fact) in found {
            let asked = subcommand::asked(tool, arguments);
            let live = tool.actions.is_empty() || asked.is_some();
            // A common name speaks once the program also pretends to be another one.
            let speaks = fact.convicts() || (imitates && fact.trust != Trust::Unverified);
            let disguise = match imitates {
                true => Some(Disguise::Imitating),
                false => disguise::of(tool, shown, process.deleted, &owner, false),
            };
            let disguise = disguise.filter(|_| live && speaks);
            let mut why = format!("this is the program of {}", tool.name);
            if let Some(disguise) = disguise {
                why.push_str(&format!("; it {}", disguise.describe()));
            }
            let deleted = if process.deleted { " (deleted)" } else { "" };
            let value = match asked {
                Some(action) => format!("{shown}{deleted}, asked to `{}`", action.word),
                None => format!("{shown}{deleted}"),
            };
            if process.seen_by_watch {
                why.push_str("; it ran between two evaluations");
            }
            let location = format!("pid {}", process.pid);
            let piece = evidence(Source::Processes, location, "executable", value, why);
            // A program that may do many things convicts only by what it was asked to do.
            let convicts = speaks && live;
            self.add(hit.tool, Trace { live, disguise, ..trace(TraceKind::Process, convicts, piece) });
            if live {
                self.pids.insert((process.pid, hit.tool));
            }
        }
    }

    /// Wine's loader runs Windows programs: the program is its first argument that is one.
    fn windows_program(&mut self, process: &Process, path: &str) {
        let is_program = |word: &&String| word.len() > 4 && word.to_ascii_lowercase().ends_with(".exe");
        let Some(program) = process.arguments.iter().take(MAX_LOADER_WORDS).find(is_program) else { return };
        let value = format!("{}, by {path}", basename(program));
        self.windows_path(process, program, "windows program", &value);
    }

    /// Without permission to read the executable, the kernel's short name strengthens what else was seen.
    fn process_by_name(&mut self, process: &Process) {
        for hit in self.catalogue.index().executable(&process.name) {
            let Some((tool, fact)) = self.resolve(hit) else { continue };
            if !fact.convicts() || !tool.actions.is_empty() {
                continue;
            }
            let why = format!(
                "a process of this name runs; its executable could not be read. {} has this name",
                tool.name
            );
            let piece =
                evidence(Source::Processes, format!("pid {}", process.pid), "name", &process.name, why);
            self.add(hit.tool, Trace { live: true, ..trace(TraceKind::Process, false, piece) });
        }
    }

    /// Flatpak and snap processes name their application in the control group.
    fn sandboxed(&mut self, process: &Process) {
        let cgroup = process.cgroup.as_deref().unwrap_or_default();
        let last = basename(cgroup);
        let Some(application) = last.strip_prefix("app-flatpak-").and_then(|rest| rest.rsplit_once('-'))
        else {
            return;
        };
        for hit in self.catalogue.index().package(application.0) {
            let Some((tool, fact)) = self.resolve(hit) else { continue };
            if fact.manager != Some(PackageManager::Flatpak) {
                continue;
            }
            let live = tool.actions.is_empty();
            let why = format!("this is the Flatpak application of {}", tool.name);
            let piece = evidence(
                Source::Processes,
                format!("pid {}", process.pid),
                "application",
                application.0,
                why,
            );
            self.add(hit.tool, Trace { live, ..trace(TraceKind::Package, fact.convicts(), piece) });
            self.pids.insert((process.pid, hit.tool));
        }
    }

    fn autostart(&mut self) {
        for entry in self.facts.autostart.iter().filter(|entry| !entry.disabled) {
            let persistent = entry.kind != AutostartKind::DesktopEntry;
            for hit in self.catalogue.index().desktop_entry(&entry.name) {
                let Some((tool, fact)) = self.resolve(hit) else { continue };
                let why = format!("this is the entry of {}", tool.name);
                let piece = evidence(Source::Autostart, &entry.path, "entry", &entry.name, why);
                self.add(
                    hit.tool,
                    Trace { persistent, ..trace(TraceKind::Autostart, fact.convicts(), piece) },
                );
            }
            let Some(program) = entry.program.as_deref().filter(|_| persistent) else { continue };
            if is_of_windows(program) {
                self.windows_autostart(entry, program);
                continue;
            }
            if !program.starts_with('/') {
                continue;
            }
            let arguments = words_of(entry.command.as_deref());
            for (hit, tool, fact) in self.executable_hits(program) {
                if !tool.actions.is_empty() && subcommand::asked(tool, &arguments).is_none() {
                    continue;
                }
                let why = format!("this starts the program of {}", tool.name);
                let piece = evidence(Source::Autostart, &entry.path, "program", program, why);
                self.add(
                    hit.tool,
                    Trace { persistent, ..trace(TraceKind::Autostart, fact.convicts(), piece) },
                );
            }
        }
    }

    fn interfaces(&mut self) {
        for interface in &self.facts.network.interfaces {
            for hit in self.catalogue.index().interface(&interface.name) {
                let Some((tool, _)) = self.resolve(hit) else { continue };
                let why = format!("{} names its interface so", tool.name);
                let piece = evidence(Source::Interfaces, &interface.name, "interface", &interface.name, why);
                let live = interface.up == Some(true);
                self.add(hit.tool, Trace { live, ..trace(TraceKind::Interface, false, piece) });
            }
        }
    }

    fn artefacts(&mut self) {
        for artefact in &self.facts.artefacts {
            let Some(number) = self.catalogue.index().tool(&artefact.product) else { continue };
            let Some(tool) = self.catalogue.tools().get(number) else { continue };
            let fact = tool
                .facts
                .iter()
                .filter(|fact| {
                    matches!(fact.kind, FactKind::Artefact | FactKind::WindowsPath | FactKind::Registry)
                })
                .find(|fact| fact.value == artefact.pattern);
            let convicts = fact.is_some_and(Fact::convicts);
            // What lists say of Windows' paths and keys is hearsay: an uninstaller leaves some, a prefix of Wine holds others.
            let of_windows = |fact: &Fact| matches!(fact.kind, FactKind::WindowsPath | FactKind::Registry);
            let hearsay = fact.is_some_and(|fact| of_windows(fact) && fact.trust == Trust::ThirdParty);
            let age = artefact.modified_at.map(|at| format!(", last changed {}", at.strftime("%Y-%m-%d")));
            let why = format!("{} leaves this behind{}", tool.name, age.unwrap_or_default());
            let piece = evidence(Source::Artefacts, &artefact.path, "path", &artefact.path, why);
            let first_seen = artefact.created_at;
            let seen = trace(TraceKind::Artefact, convicts, piece);
            self.add(number, Trace { first_seen, hearsay, ..seen });
        }
    }

    fn finish(self) -> Vec<Sighting<'a>>
    where
        'f: 'a,
    {
        let mut states = self.states_by_tool();
        let tools = self.catalogue.tools();
        let mut sightings = Vec::new();
        for (number, mut traces) in self.traces {
            let Some(tool) = tools.get(number).filter(|tool| tool.category != Category::Assistive) else {
                continue;
            };
            traces.sort_by_key(|trace| (trace.kind, !trace.live, !trace.convicts));
            let sighting = Sighting { tool, traces, states: states.remove(&number).unwrap_or_default() };
            if sighting.convicts() {
                sightings.push(sighting);
            }
        }
        sightings
    }
}

pub(super) fn trace(kind: TraceKind, convicts: bool, evidence: bearing_protocol::finding::Evidence) -> Trace {
    Trace {
        kind,
        convicts,
        live: false,
        persistent: false,
        loopback: false,
        hearsay: false,
        first_seen: None,
        disguise: None,
        evidence,
    }
}

pub(super) fn marker_facts(tool: &Tool) -> impl Iterator<Item = &Fact> {
    tool.facts.iter().filter(|fact| fact.kind == FactKind::Marker && fact.trust != Trust::Unverified)
}

/// Distributions share names; stores have their own.
fn same_world(fact: Option<PackageManager>, seen: PackageManager) -> bool {
    let is_store = |manager| matches!(manager, PackageManager::Snap | PackageManager::Flatpak);
    match fact {
        None => true,
        Some(manager) if is_store(manager) || is_store(seen) => manager == seen,
        Some(_) => true,
    }
}

/// The software's own name in Arch's user repository, which adds how a package was made.
fn user_repository_name(name: &str) -> &str {
    ["-bin", "-git", "-appimage"].iter().find_map(|made| name.strip_suffix(made)).unwrap_or(name)
}

fn app_image_name(name: &str) -> String {
    let stem = name.split(['-', '_', '.']).next().unwrap_or(name);
    stem.to_lowercase()
}

/// Whether a path has a drive, as on Windows.
pub(super) fn is_of_windows(path: &str) -> bool {
    path.get(1..3) == Some(":\\")
}

fn is_interpreter(path: &str) -> bool {
    const NAMES: [&str; 8] = ["python", "node", "nodejs", "ruby", "perl", "java", "bash", "dash"];
    let name = basename(path).trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    NAMES.contains(&name)
}

/// The words of a command after its program. Quotes are not obeyed: only whole plain words are looked for.
fn words_of(command: Option<&str>) -> Vec<String> {
    command.unwrap_or_default().split_whitespace().skip(1).map(str::to_owned).collect()
}

/// Most traces of one kind of news that are kept per tool; findings show fewer.
const MAX_TRACES: usize = 64;

/// Loader, perhaps its own name, and the program.
const MAX_LOADER_WORDS: usize = 3;
