//! Every tool of the catalogue, through facts made from its own entry, with its nearest innocent neighbour; and the
//! table of it in `docs/detection-remote-access.md`.
//!
//! Always: a fact that may convict raises a finding of its tool; one that may only strengthen raises nothing alone; a
//! name with one letter more is nobody. The table is what came out, misses included; `UPDATE_DOCS=1` writes it anew.

#![expect(clippy::unwrap_used, reason = "functions that only tests call")]

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    net::{IpAddr, Ipv4Addr},
    path::Path,
};

use bearing_policies::{
    Catalogue, Policy,
    catalogue::{Category, Fact, FactKind, Presence, Role, Tool},
    evaluate,
};
use bearing_protocol::{
    Timestamp,
    coverage::{Coverage, Source, Status},
    fact::{
        Artefact, Autostart, AutostartKind, BrowserExtension, Container, Enablement, Executable, Facts,
        Identity, IdentityKind, Owner, Package, PackageManager, Process, Protocol, Socket, SocketState, Unit,
    },
    finding::Finding,
    severity::{Confidence, Severity},
};

fn every_family() -> Policy {
    let text = "name = \"forms\"\nversion = 1\n[families]\nvirtual-camera = true\nanti-idle = true\n";
    Policy::from_toml(text).unwrap()
}

/// How a tool shows, in the table's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Package,
    Running,
    Service,
    Renamed,
    Artefact,
    Start,
    Container,
    Extension,
}

const FORMS: [(Form, &str); 8] = [
    (Form::Package, "package"),
    (Form::Running, "running"),
    (Form::Service, "service"),
    (Form::Renamed, "renamed"),
    (Form::Artefact, "left behind"),
    (Form::Start, "start entry"),
    (Form::Container, "container"),
    (Form::Extension, "extension"),
];

fn form_of(kind: FactKind) -> Option<Form> {
    Some(match kind {
        FactKind::Package => Form::Package,
        FactKind::Executable | FactKind::WindowsExecutable | FactKind::WindowsPath => Form::Running,
        FactKind::Unit | FactKind::WindowsService | FactKind::LaunchdLabel => Form::Service,
        FactKind::GoModule
        | FactKind::Marker
        | FactKind::OriginalFilename
        | FactKind::ProductName
        | FactKind::BundleId
        | FactKind::RustCrate
        | FactKind::JavaClass
        | FactKind::PythonModule
        | FactKind::NodePackage
        | FactKind::ElectronApp => Form::Renamed,
        FactKind::Artefact => Form::Artefact,
        FactKind::DesktopEntry => Form::Start,
        FactKind::ContainerImage => Form::Container,
        FactKind::NativeHost | FactKind::BrowserExtension => Form::Extension,
        _ => return None,
    })
}

/// A value that the pattern matches; `more` gives its neighbour: one letter more wherever a name ends.
fn instance(pattern: &str, more: bool) -> String {
    if !more {
        return pattern.replace('*', "0");
    }
    match pattern.split_once('*') {
        Some((before, behind)) => {
            let mut before = before.to_owned();
            before.insert(before.len().saturating_sub(1), 'q');
            let behind = if behind.contains(['/', '\\']) { longer(behind) } else { behind.to_owned() };
            format!("{before}0{}", behind.replace('*', "0"))
        }
        None => longer(pattern),
    }
}

/// The last name in it, one letter longer before its suffix.
fn longer(name: &str) -> String {
    let last = name.rfind(['/', '\\']).map_or(0, |at| at + 1);
    let end = name[last..].find('@').or_else(|| name[last..].rfind('.').filter(|at| *at > 0));
    let at = end.map_or(name.len(), |at| last + at);
    format!("{}q{}", &name[..at], &name[at..])
}

fn facts_of(tool: &Tool, fact: &Fact, more: bool) -> Facts {
    let mut facts = Facts::default();
    facts.os.family = fact.os.first().map(|os| os.as_str().to_owned()).unwrap_or_default();
    facts.coverage = Source::ALL
        .iter()
        .map(|source| Coverage { source: *source, status: Status::Ok, detail: String::new() })
        .collect();
    let value = instance(&fact.value, more);
    let asked = tool.actions.first().map(|action| {
        let mut words = vec![action.word.clone()];
        words.extend(action.with_prefix.as_ref().map(|prefix| format!("{prefix}22:localhost:22")));
        words
    });
    let run = |facts: &mut Facts, path: &str| {
        let mut arguments = vec![path.to_owned()];
        arguments.extend(asked.clone().unwrap_or_default());
        facts.processes.push(Process {
            pid: 50,
            name: "x".into(),
            executable: Some(path.to_owned()),
            arguments,
            ..Process::default()
        });
    };
    let identity = |facts: &mut Facts, kind: IdentityKind| {
        run(facts, "/opt/vendor/update-helper");
        facts.executables.push(Executable {
            path: "/opt/vendor/update-helper".into(),
            pids: vec![50],
            owner: Owner::Nobody,
            identities: vec![Identity { kind, value: value.clone() }],
            ..Executable::default()
        });
    };
    match fact.kind {
        FactKind::Package => facts.packages.push(Package {
            manager: fact.manager.unwrap_or(PackageManager::Dpkg),
            name: value.clone(),
            ..Package::default()
        }),
        FactKind::Executable => {
            let path = if value.starts_with('/') { value.clone() } else { format!("/opt/vendor/{value}") };
            run(&mut facts, &path);
        }
        FactKind::WindowsExecutable => run(&mut facts, &format!("C:\\Vendor\\{value}")),
        FactKind::WindowsPath => run(&mut facts, &value),
        FactKind::Unit | FactKind::WindowsService | FactKind::LaunchdLabel => facts.units.push(Unit {
            name: value.replace("@.", "@1."),
            path: format!("/etc/systemd/system/{value}"),
            enablement: Enablement::Enabled,
            running: Some(true),
            ..Unit::default()
        }),
        FactKind::GoModule => {
            run(&mut facts, "/opt/vendor/update-helper");
            facts.executables.push(Executable {
                path: "/opt/vendor/update-helper".into(),
                pids: vec![50],
                owner: Owner::Nobody,
                go_module: Some(value),
                ..Executable::default()
            });
        }
        FactKind::Marker => {
            run(&mut facts, "/opt/vendor/update-helper");
            let all = tool.facts.iter().filter(|own| own.kind == FactKind::Marker);
            let markers = all.map(|own| (tool.id.clone(), instance(&own.value, more))).collect();
            facts.executables.push(Executable {
                path: "/opt/vendor/update-helper".into(),
                pids: vec![50],
                owner: Owner::Nobody,
                markers,
                ..Executable::default()
            });
        }
        FactKind::OriginalFilename => identity(&mut facts, IdentityKind::OriginalFilename),
        FactKind::ProductName => identity(&mut facts, IdentityKind::ProductName),
        FactKind::CompanyName => identity(&mut facts, IdentityKind::CompanyName),
        FactKind::Signer => identity(&mut facts, IdentityKind::Signer),
        FactKind::BundleId => identity(&mut facts, IdentityKind::CodeIdentifier),
        FactKind::TeamId => identity(&mut facts, IdentityKind::TeamIdentifier),
        FactKind::RustCrate => identity(&mut facts, IdentityKind::RustCrate),
        FactKind::JavaClass => identity(&mut facts, IdentityKind::JavaMainClass),
        FactKind::PythonModule => identity(&mut facts, IdentityKind::PythonModule),
        FactKind::NodePackage => identity(&mut facts, IdentityKind::NodePackage),
        FactKind::ElectronApp => identity(&mut facts, IdentityKind::ElectronApp),
        FactKind::Artefact => {
            let pattern = if more { value.clone() } else { fact.value.clone() };
            let path = value.replace("~/", "/home/a/");
            facts.artefacts.push(Artefact { product: tool.id.clone(), pattern, path, ..Artefact::default() });
        }
        FactKind::DesktopEntry => facts.autostart.push(Autostart {
            kind: AutostartKind::SignIn,
            path: format!("/etc/xdg/autostart/{value}"),
            name: value,
            ..Autostart::default()
        }),
        FactKind::ContainerImage => facts.containers.push(Container {
            runtime: "docker".into(),
            image: value,
            running: Some(true),
            ..Container::default()
        }),
        FactKind::NativeHost | FactKind::BrowserExtension => {
            facts.browser_extensions.push(BrowserExtension {
                browser: "chrome".into(),
                id: value,
                native_host: fact.kind == FactKind::NativeHost,
                ..BrowserExtension::default()
            });
        }
        FactKind::Listener
        | FactKind::RemotePort
        | FactKind::Interface
        | FactKind::Domain
        | FactKind::Registry => {}
    }
    if tool.category == Category::OsService && !(facts.processes.is_empty() && facts.units.is_empty()) {
        // A service of the system counts where it listens.
        let port = tool.facts.iter().filter(|own| own.kind == FactKind::Listener).find_map(Fact::port);
        let (protocol, local_port) = port.unwrap_or((Protocol::Tcp, 4000));
        facts.sockets.push(Socket {
            protocol,
            state: SocketState::Listening,
            local: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            local_port,
            remote: None,
            remote_port: None,
            pids: facts.processes.iter().map(|process| process.pid).collect(),
            uid: None,
        });
    }
    facts
}

fn of_tool<'f>(findings: &'f [Finding], tool: &Tool) -> Option<&'f Finding> {
    let own = |finding: &&Finding| finding.product.as_deref() == Some(tool.id.as_str());
    findings.iter().filter(own).max_by_key(|finding| (finding.severity, finding.confidence))
}

/// Tools that are looked for, and whose rule reports what is found.
fn is_looked_for(tool: &Tool) -> bool {
    tool.category != Category::Assistive
}

/// What no rule reports by its presence: reaching out, moving files, meetings; what keeps machines awake has a list of
/// its own.
fn is_quiet(tool: &Tool) -> bool {
    (tool.role == Role::Client && tool.category != Category::Vpn)
        || matches!(
            tool.category,
            Category::FileTransfer | Category::Meeting | Category::Assistive | Category::AntiIdle
        )
}

type Row = BTreeMap<Form, Option<(Severity, Confidence)>>;

fn measured() -> (BTreeMap<String, (String, Row)>, Vec<String>) {
    let catalogue = Catalogue::embedded();
    let policy = every_family();
    let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
    let mut rows = BTreeMap::new();
    let mut wrong = Vec::new();
    for tool in catalogue.tools().iter().filter(|tool| is_looked_for(tool)) {
        let mut row: Row = BTreeMap::new();
        for fact in &tool.facts {
            let Some(form) = form_of(fact.kind) else { continue };
            let hit = evaluate(&facts_of(tool, fact, false), &catalogue, &policy, now);
            let found = of_tool(&hit.findings, tool).map(|finding| (finding.severity, finding.confidence));
            if is_quiet(tool) || !fact.convicts() {
                // A path holds a file's name too, which may be known for itself.
                let is_path = fact.value.contains(['/', '\\']) && form == Form::Running;
                if let Some((severity, _)) = found
                    && severity > Severity::Low
                    && !is_path
                {
                    wrong.push(format!("{} {:?} `{}`: found at {severity}", tool.id, fact.kind, fact.value));
                }
            } else {
                let best = row.entry(form).or_insert(None);
                *best = (*best).max(found);
            }
            let miss = evaluate(&facts_of(tool, fact, true), &catalogue, &policy, now);
            let near = instance(&fact.value, true);
            // What runs in a tool's own folder is the tool's.
            let folders = tool.facts.iter().filter_map(|own| own.value.strip_suffix('*'));
            let at_home = folders.into_iter().any(|folder| folder.len() > 5 && near.starts_with(folder));
            if let Some(finding) = of_tool(&miss.findings, tool)
                && finding.severity > Severity::Low
                && !at_home
            {
                wrong
                    .push(format!("{} {:?}: neighbour `{near}` is {}", tool.id, fact.kind, finding.severity));
            }
        }
        rows.insert(tool.id.clone(), (word(tool), row));
    }
    (rows, wrong)
}

fn word(tool: &Tool) -> String {
    let value = serde_json::to_value(tool.category).unwrap();
    let role = if tool.role == Role::Client { ", reaches out" } else { "" };
    format!("{}{role}", value.as_str().unwrap_or_default())
}

fn table(rows: &BTreeMap<String, (String, Row)>) -> String {
    let mut out = String::from("| tool | category |");
    FORMS.iter().for_each(|(_, name)| write!(out, " {name} |").unwrap());
    out.push_str("\n|---|---|");
    FORMS.iter().for_each(|_| out.push_str("---|"));
    out.push('\n');
    for (id, (category, row)) in rows {
        write!(out, "| {id} | {category} |").unwrap();
        for (form, _) in FORMS {
            match row.get(&form) {
                Some(Some((severity, confidence))) => write!(out, " {severity} ({confidence}) |").unwrap(),
                Some(None) => out.push_str(" not reported |"),
                None => out.push_str(" · |"),
            }
        }
        out.push('\n');
    }
    out
}

#[test]
fn every_tool_is_found_by_what_it_is_and_its_neighbour_is_not() {
    let (rows, wrong) = measured();
    assert!(rows.len() > 330, "{} tools", rows.len());
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    let catalogue = Catalogue::embedded();
    let mut silent = Vec::new();
    for tool in catalogue.tools().iter().filter(|tool| is_looked_for(tool) && !is_quiet(tool)) {
        let can = tool.facts.iter().any(|fact| fact.convicts() && form_of(fact.kind).is_some());
        let found = rows.get(&tool.id).is_some_and(|(_, row)| row.values().any(Option::is_some));
        // What comes with systems is reported by how it is used, which other tests show.
        if can && !found && tool.presence == Presence::Notable {
            silent.push(tool.id.clone());
        }
    }
    assert!(silent.is_empty(), "never found by any of their forms: {silent:?}");
}

#[test]
fn the_table_in_the_documentation_is_what_comes_out() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/detection-remote-access.md");
    let page = fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- forms: begin -->\n", "<!-- forms: end -->");
    let (before, rest) = page.split_once(begin).unwrap();
    let (old, after) = rest.split_once(end).unwrap();
    let new = table(&measured().0);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{before}{begin}{new}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(
        old, new,
        "write it anew: UPDATE_DOCS=1 cargo test -p bearing-policies --test catalogue_forms"
    );
}
