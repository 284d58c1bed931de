//! A tool as it is written in `catalogue/remote-access/ID.toml`, or in a site policy's `[[tool]]`.
//!
//! Always: each fact carries where it was taken from and how far that is trusted; unverified facts never convict,
//! and facts marked too broad only strengthen another fact of the same tool.

use bearing_protocol::{
    fact::{PackageManager, Protocol},
    severity::Severity,
};
use serde::{Deserialize, Serialize};

use crate::{
    rule::Platform,
    source_text::{self, Problem},
};

/// A tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its id: lower-case letters, digits and `-`; the file's name.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Who makes it. Two tools of one vendor are one vendor to RA-02.
    pub vendor: String,
    /// What it is.
    pub category: Category,
    /// Which end of a session it is.
    pub role: Role,
    /// How common it is in honest companies.
    pub prevalence: Prevalence,
    /// Whether being installed already says something.
    #[serde(default)]
    pub presence: Presence,
    /// What the far end gets.
    #[serde(default)]
    pub grants: Option<Grants>,
    /// For services of the system: what switched on means.
    #[serde(default)]
    pub on: SwitchedOn,
    /// Severity while it is on, where that differs from the rule's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Tools that bring this one along: together they are one vendor.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bundled_with: Vec<String>,
    /// How many different markers an executable must carry to be recognised by them.
    #[serde(default = "one")]
    pub markers_needed: usize,
    /// Subcommands that make this machine reachable. Where there are some, a process without one is no more
    /// than installed software.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
    /// How to switch it off.
    pub disable: String,
    /// What a reader should know.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// What it leaves.
    pub facts: Vec<Fact>,
}

fn one() -> usize {
    1
}

/// What a tool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Shows and steers a screen from afar.
    RemoteDesktop,
    /// Remote monitoring and management agent.
    Rmm,
    /// A remote service that operating systems ship (SSH server, RDP or VNC server).
    OsService,
    /// Publishes local ports through a relay.
    Tunnel,
    /// VPN for consumers: hides where the user is.
    Vpn,
    /// Joins a private network across the Internet.
    Overlay,
    /// Shares a terminal.
    TerminalSharing,
    /// Opens a development environment to a remote peer.
    IdeTunnel,
    /// Sells the line to others.
    Proxyware,
    /// Feeds made pictures into a camera.
    VirtualCamera,
    /// Changes faces or voices in a live picture.
    Deepfake,
    /// Keeps a session awake.
    AntiIdle,
    /// Lets another machine's keyboard and pointer act here, or programs act as one.
    InputSharing,
    /// Meeting programs, which can hand over the screen.
    Meeting,
    /// Moves files to and from elsewhere: inventory, no rule looks for it.
    FileTransfer,
    /// Help for people with disabilities: never looked for, and no other tool may claim its names.
    Assistive,
}

/// Which end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Can be controlled.
    Host,
    /// Reaches out only.
    Client,
    /// Either.
    Both,
}

/// How common in honest companies. Our own estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "plain words")]
pub enum Prevalence {
    Low,
    Medium,
    High,
}

/// Whether being installed says something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// Somebody put it there.
    #[default]
    Notable,
    /// It comes with systems or with everyday work: only being switched on counts.
    Ordinary,
}

/// What switched on means for a service of the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SwitchedOn {
    /// It listens: a daemon that runs by default says nothing.
    #[default]
    Listening,
    /// It runs, or is set to start.
    Running,
}

/// What the far end gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grants {
    /// The screen that the user sits at.
    Screen,
    /// A screen of its own.
    VirtualScreen,
    /// A shell.
    Shell,
    /// Ports of this machine.
    Ports,
    /// The network this machine is in.
    Network,
}

/// A subcommand that makes the machine reachable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// The word.
    pub word: String,
    /// Words that may follow it and make it harmless (`status`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// A word that must follow and start like this (`R:` of a reverse remote); any where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_prefix: Option<String>,
    /// Whether global options with values may stand before it: then it is looked for among all arguments, and
    /// not only as the first that is no option.
    #[serde(default)]
    pub anywhere: bool,
}

/// One thing a tool leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// What kind of thing.
    pub kind: FactKind,
    /// The thing: a name, a path, `tcp/21118`, a byte string.
    pub value: String,
    /// Where it is so; Linux where absent.
    #[serde(default = "linux", skip_serializing_if = "is_linux")]
    pub os: Vec<Platform>,
    /// The package database, for packages; any where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<PackageManager>,
    /// Whether it only strengthens another fact.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub too_broad: bool,
    /// Where it was taken from.
    pub source: String,
    /// How far that is trusted.
    pub trust: Trust,
}

fn linux() -> Vec<Platform> {
    vec![Platform::Linux]
}

fn is_linux(os: &[Platform]) -> bool {
    *os == [Platform::Linux]
}

/// What kind of thing a fact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactKind {
    /// An installed package, by exact name, or with one `*` where vendors number them.
    Package,
    /// A running executable: an exact file name, an absolute path, or a path with one `*`.
    Executable,
    /// A Windows program's file name, whatever its case: seen on Linux where Wine runs it.
    WindowsExecutable,
    /// A unit, system or user: exact name, `name@.service` for all instances, or with one `*`.
    Unit,
    /// A path whose existence shows that the tool was used here.
    Artefact,
    /// `tcp/PORT` or `udp/PORT`: counts only together with the tool's own executable.
    Listener,
    /// A Go main module path, from the build info.
    GoModule,
    /// A byte string in the executable.
    Marker,
    /// A menu or autostart entry's file name.
    DesktopEntry,
    /// A network interface's name.
    Interface,
    /// `tcp/PORT` or `udp/PORT` of its relay: counts only together with the tool's own executable or subcommand.
    RemotePort,
    /// A relay's domain name; for people, no source reads it yet.
    Domain,
    /// A Windows path, whatever its case, with at most one `*`: where a program runs from.
    WindowsPath,
    /// A Windows service's name.
    WindowsService,
    /// A registry key whose existence shows that the tool was here: looked for on Windows.
    Registry,
    /// A job's label on macOS.
    LaunchdLabel,
    /// `OriginalFilename` or `InternalName` of a PE version resource, whatever its case.
    OriginalFilename,
    /// `ProductName` of a PE version resource.
    ProductName,
    /// `CompanyName` of a PE version resource: strengthens only.
    CompanyName,
    /// Who signed it: strengthens only, a vendor signs all its products.
    Signer,
    /// A bundle's or a code signature's identifier on macOS.
    BundleId,
    /// An Apple team: strengthens only.
    TeamId,
    /// A Rust crate in the paths of panic messages.
    RustCrate,
    /// A Java main class, or its beginning with `*`.
    JavaClass,
    /// A Python module that is run.
    PythonModule,
    /// A Node package's name.
    NodePackage,
    /// An Electron application's name.
    ElectronApp,
    /// An image that a container runs, without registry and tag.
    ContainerImage,
    /// A browser extension's id.
    BrowserExtension,
    /// A native messaging host's name.
    NativeHost,
}

impl FactKind {
    /// The kinds that never speak alone: many products share the value.
    pub const fn only_strengthens(self) -> bool {
        matches!(self, Self::CompanyName | Self::Signer | Self::TeamId)
    }

    /// Whether letter case is free in it.
    pub const fn is_caseless(self) -> bool {
        matches!(
            self,
            Self::WindowsExecutable
                | Self::WindowsPath
                | Self::WindowsService
                | Self::OriginalFilename
                | Self::ProductName
                | Self::CompanyName
                | Self::Signer
        )
    }

    /// What Wine brings to other systems.
    pub const fn is_of_wine(self) -> bool {
        matches!(
            self,
            Self::WindowsExecutable
                | Self::WindowsPath
                | Self::OriginalFilename
                | Self::ProductName
                | Self::CompanyName
                | Self::Signer
        )
    }
}

/// How far a fact is trusted, by where it was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Nobody checked it.
    Unverified,
    /// Somebody else's list.
    ThirdParty,
    /// The vendor's documentation.
    VendorDoc,
    /// A package's manifest.
    PackageManifest,
    /// The tool's own source.
    SourceCode,
    /// Seen on a machine of ours.
    Measured,
}

impl Fact {
    /// Whether it may raise a finding without another fact.
    pub fn convicts(&self) -> bool {
        !self.too_broad && self.trust != Trust::Unverified && !self.kind.only_strengthens()
    }

    /// Whether it is so on this system (`linux`); where that is unknown, everything is. What Wine runs is so anywhere.
    pub fn holds_on(&self, system: &str) -> bool {
        system.is_empty()
            || self.kind.is_of_wine()
            || self.os.iter().any(|platform| platform.as_str() == system)
    }

    /// Protocol and port of a listener or a relay.
    pub fn port(&self) -> Option<(Protocol, u16)> {
        let (protocol, port) = self.value.split_once('/')?;
        let protocol = match protocol {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            _ => return None,
        };
        port.parse().ok().map(|port| (protocol, port))
    }
}

impl Tool {
    /// Reads a tool and checks that each of its facts can match.
    ///
    /// # Errors
    /// Everything that is wrong with it, with lines where the parser knows them.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let tool: Self = source_text::parse(file, text).map_err(|problem| vec![problem])?;
        let mut problems: Vec<Problem> = tool
            .flaws()
            .into_iter()
            .map(|(value, message)| {
                let line = value.and_then(|value| text.lines().position(|line| line.contains(&value)));
                Problem { file: file.to_owned(), line: line.map(|index| index + 1), message }
            })
            .collect();
        let stem = file.rsplit('/').next().and_then(|name| name.strip_suffix(".toml"));
        if stem.is_some_and(|stem| stem != tool.id) {
            problems.push(Problem::at(
                file,
                text,
                "id",
                format!("tool `{}` must live in `{0}.toml`", tool.id),
            ));
        }
        if problems.is_empty() { Ok(tool) } else { Err(problems) }
    }

    /// What is wrong with it: facts that could never match, or would match too much.
    pub fn flaws(&self) -> Vec<(Option<String>, String)> {
        let mut flaws = Vec::new();
        let id_fits = (1..=MAX_ID_BYTES).contains(&self.id.len())
            && self.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !id_fits {
            let message = format!("`{}` is no tool id: want lower-case letters, digits and `-`", self.id);
            flaws.push((Some(self.id.clone()), message));
        }
        if self.facts.is_empty() {
            flaws.push((None, "has no facts: nothing could ever match".into()));
        }
        if self.markers_needed == 0 {
            flaws.push((None, "`markers_needed` is at least 1".into()));
        }
        for fact in &self.facts {
            if let Some(flaw) = fact.flaw() {
                flaws.push((Some(fact.value.clone()), format!("{:?} `{}` {flaw}", fact.kind, fact.value)));
            }
        }
        flaws
    }

    /// The first of this tool's facts that is a name of assistive technology, with that tool's name.
    pub fn claims_assistive<'t>(&'t self, tools: &'t [Self]) -> Option<(&'t str, &'t str)> {
        if self.category == Category::Assistive {
            return None;
        }
        let assistive = tools.iter().filter(|tool| tool.category == Category::Assistive);
        assistive.flat_map(|tool| tool.facts.iter().map(move |fact| (tool, fact))).find_map(|(tool, own)| {
            let same = |fact: &&Fact| fact.kind == own.kind && fact.value.eq_ignore_ascii_case(&own.value);
            self.facts.iter().find(same).map(|fact| (fact.value.as_str(), tool.name.as_str()))
        })
    }

    /// A copy whose every name carries `suffix`.
    pub(super) fn renamed(&self, suffix: &str) -> Self {
        let mut copy = self.clone();
        copy.id.push_str(suffix);
        for fact in copy
            .facts
            .iter_mut()
            .filter(|fact| !matches!(fact.kind, FactKind::Listener | FactKind::RemotePort))
        {
            fact.value = format!("{}{suffix}", fact.value);
        }
        copy
    }
}

impl Fact {
    pub(super) fn flaw(&self) -> Option<&'static str> {
        let value = self.value.as_str();
        if value.is_empty() || value.trim() != value || value.len() > MAX_VALUE_BYTES {
            return Some("is empty, has blanks around it or is too long");
        }
        let free = matches!(self.kind, FactKind::Marker | FactKind::Registry);
        if value.contains(['<', '>', '$', '%']) && !free {
            return Some("holds a placeholder: it could never match");
        }
        if value.contains('\\') && !free && self.kind != FactKind::WindowsPath {
            return Some("holds a backslash: it could never match");
        }
        let stars = matches!(self.kind, FactKind::Artefact | FactKind::Registry | FactKind::Domain);
        if value.matches('*').count() > 1 && !stars {
            return Some("has more than one `*`");
        }
        match self.kind {
            FactKind::Listener | FactKind::RemotePort if self.port().is_none() => {
                Some("is no listener: want `tcp/PORT` or `udp/PORT`")
            }
            FactKind::Artefact if !(value.starts_with('/') || value.starts_with("~/")) => {
                Some("is no path: want `/…` or `~/…`")
            }
            FactKind::Unit if !UNIT_SUFFIXES.iter().any(|suffix| value.ends_with(suffix)) => {
                Some("is no unit: want its name with suffix")
            }
            FactKind::Executable if value.contains('/') && !value.starts_with('/') => {
                Some("is neither a file name nor an absolute path")
            }
            FactKind::WindowsExecutable
                if value.contains('/') || !value.to_ascii_lowercase().ends_with(".exe") =>
            {
                Some("is no file name that ends in `.exe`")
            }
            FactKind::Marker if value.len() < MIN_MARKER_BYTES => Some("is too short to be told from chance"),
            FactKind::WindowsPath if !value.get(1..).is_some_and(|rest| rest.starts_with(":\\")) => {
                Some("is no path with a drive: want `C:\\\\…`")
            }
            FactKind::Package
            | FactKind::Unit
            | FactKind::Executable
            | FactKind::WindowsExecutable
            | FactKind::WindowsPath
            | FactKind::JavaClass
                if value.contains('*') && value.find('*').is_some_and(|at| at < MIN_PREFIX_BYTES) =>
            {
                Some("has too little before its `*`")
            }
            _ if self.manager.is_some() && self.kind != FactKind::Package => {
                Some("has a manager but is no package")
            }
            _ => None,
        }
    }
}

const MAX_ID_BYTES: usize = 40;
const MAX_VALUE_BYTES: usize = 200;
/// Shorter byte strings occur in unrelated programs.
const MIN_MARKER_BYTES: usize = 8;
const MIN_PREFIX_BYTES: usize = 5;
const UNIT_SUFFIXES: [&str; 4] = [".service", ".socket", ".timer", ".target"];
