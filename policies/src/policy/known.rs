//! What a policy may name: rule ids, and the sources each family reads.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use bearing_protocol::{
    coverage::Source,
    rule::{Family, RuleId},
};

use crate::{
    catalogue::{Category, Tool},
    embedded::{self, Part, Unpacked},
    rule::Rule,
    source_text,
};

/// Read whatever the policy: without them no report can be understood.
pub(super) const ALWAYS_READ: [Source; 5] =
    [Source::Machine, Source::Boot, Source::Os, Source::Policy, Source::Spool];

/// Sources that are read only where policy opts into the rule that needs them.
pub(super) const OPT_IN_SOURCES: [(Source, &str); 1] = [(Source::PresenceDays, "KV-08")];

/// How many signals each family has; ids run from 01. Some are decided by the server, some are still to come, and
/// a policy may set a severity for each of them.
const SIGNALS: [(Family, u8); 10] = [
    (Family::RemoteAccess, 11),
    (Family::Kvm, 9),
    (Family::Location, 9),
    (Family::Tunnel, 6),
    (Family::AntiIdle, 4),
    (Family::VirtualCamera, 4),
    (Family::Posture, 7),
    (Family::OsTampering, 5),
    (Family::AgentTampering, 7),
    (Family::Farm, 10),
];

/// What the server needs of a device for families that it decides itself.
const SERVER_SIDE: [(Family, &[Source]); 2] = [
    (
        Family::Location,
        &[
            Source::TimeZone,
            Source::Sessions,
            Source::Interfaces,
            Source::Routes,
            Source::Proxies,
            Source::Neighbours,
            Source::Processes,
            Source::WifiRegulatory,
            Source::Radios,
        ],
    ),
    (
        Family::Farm,
        &[
            Source::Usb,
            Source::Displays,
            Source::Boot,
            Source::Interfaces,
            Source::Routes,
            Source::Neighbours,
            Source::Packages,
            Source::ToolState,
        ],
    ),
];

/// Whether a signal of this id exists.
pub fn is_known_rule(rule: RuleId) -> bool {
    number(rule).is_some_and(|n| {
        SIGNALS.iter().any(|(family, count)| *family == rule.family() && n >= 1 && n <= *count)
    })
}

/// The known rule whose id is nearest: in the same family, the nearest number.
pub fn nearest_rule(rule: RuleId) -> String {
    let count = SIGNALS.iter().find(|(family, _)| *family == rule.family()).map_or(1, |(_, count)| *count);
    format!("{}-{:02}", rule.family().prefix(), number(rule).unwrap_or(1).clamp(1, count))
}

fn number(rule: RuleId) -> Option<u8> {
    rule.as_str().get(3..).and_then(|digits| digits.parse().ok())
}

/// The sources that the rules of `family` need or use.
pub(super) fn sources_of(family: Family) -> BTreeSet<Source> {
    static BY_FAMILY: OnceLock<BTreeMap<Family, BTreeSet<Source>>> = OnceLock::new();
    let by_family = BY_FAMILY.get_or_init(|| {
        let mut by_family: BTreeMap<Family, BTreeSet<Source>> = BTreeMap::new();
        let unpacked = embedded::unpack(Part::Rules).ok();
        for (file, text) in unpacked.as_ref().map(Unpacked::files).unwrap_or_default() {
            // A rule that does not parse is an error of the catalogue, which is compiled before any policy is used.
            if let Ok(rule) = source_text::parse::<Rule>(file, text) {
                by_family.entry(rule.id.family()).or_default().extend(rule.needs.iter().chain(&rule.helps));
            }
        }
        for (family, sources) in SERVER_SIDE {
            by_family.entry(family).or_default().extend(sources);
        }
        // Who needs the programs that run needs those that ran.
        for sources in by_family.values_mut().filter(|sources| sources.contains(&Source::Executables)) {
            sources.insert(Source::ProcessWatch);
        }
        by_family
    });
    by_family.get(&family).cloned().unwrap_or_default()
}

/// Whether the built-in catalogue has a tool of this id.
pub(super) fn is_embedded_tool(id: &str) -> bool {
    embedded_names().ids.contains(id)
}

/// Which name of assistive technology `tool` claims, if any, and whose it is.
pub(super) fn claims_assistive(tool: &Tool) -> Option<(String, String)> {
    let assistive = &embedded_names().assistive;
    tool.claims_assistive(assistive).map(|(value, name)| (value.to_owned(), name.to_owned()))
}

/// What a policy's own tools must keep clear of.
struct EmbeddedNames {
    ids: BTreeSet<String>,
    assistive: Vec<Tool>,
}

fn embedded_names() -> &'static EmbeddedNames {
    static NAMES: OnceLock<EmbeddedNames> = OnceLock::new();
    NAMES.get_or_init(|| {
        // Tools that do not unpack or parse are an error of the catalogue, which is compiled before any policy is used.
        let unpacked = embedded::unpack(Part::Tools).ok();
        let files = unpacked.as_ref().map(Unpacked::files).unwrap_or_default();
        let stem = |file: &str| {
            file.rsplit('/').next().and_then(|name| name.strip_suffix(".toml")).map(str::to_owned)
        };
        let parsed = files
            .iter()
            .filter(|(_, text)| text.contains(ASSISTIVE))
            .filter_map(|(file, text)| Tool::parse(file, text).ok());
        EmbeddedNames {
            assistive: parsed.filter(|tool| tool.category == Category::Assistive).collect(),
            ids: files.iter().filter_map(|(file, _)| stem(file)).collect(),
        }
    })
}

const ASSISTIVE: &str = "\"assistive\"";
