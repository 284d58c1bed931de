//! What every sign weighs, compiled from `catalogue/kvm/scoring.toml`.
//!
//! Always: every weight that the detector can ask for has a number there, and nothing else stands there: both are
//! checked when the catalogue is compiled, so that asking cannot fail.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::source_text::{self, Problem};

/// Kinds of evidence that are independent of each other; each counts once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// What it says its name is.
    Identity,
    /// How its descriptors are built.
    Descriptor,
    /// What else it does.
    Function,
    /// The display it pretends to be.
    Display,
    /// Remote control of the server room.
    Enterprise,
    /// What is near on the network.
    Network,
    /// What happens around it.
    Behaviour,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Identity,
        Self::Descriptor,
        Self::Function,
        Self::Display,
        Self::Enterprise,
        Self::Network,
        Self::Behaviour,
    ];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Descriptor => "descriptor",
            Self::Function => "function",
            Self::Display => "display",
            Self::Enterprise => "enterprise",
            Self::Network => "network",
            Self::Behaviour => "behaviour",
        }
    }
}

macro_rules! heuristics {
    ($($variant:ident = $word:literal { $($weight:ident = $name:literal,)* })*) => {
        /// The heuristics; their numbers stand in the data.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[allow(missing_docs, reason = "each is described where it is decided")]
        pub enum Heuristic {
            $(#[serde(rename = $word)] $variant,)*
        }

        impl Heuristic {
            /// All heuristics.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word it has in the data.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        /// How strongly a heuristic fired.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each is described in the data")]
        pub enum Weight {
            $($($weight,)*)*
        }

        impl Weight {
            /// All weights.
            pub const ALL: &'static [Self] = &[$($(Self::$weight,)*)*];

            /// Its heuristic.
            pub const fn heuristic(self) -> Heuristic {
                match self { $($(Self::$weight => Heuristic::$variant,)*)* }
            }

            /// The word it has below its heuristic.
            pub const fn as_str(self) -> &'static str {
                match self { $($(Self::$weight => $name,)*)* }
            }
        }
    };
}

heuristics! {
    DefaultIdentity = "default-identity" {
        IdsAndNames = "ids-and-names",
        OwnNames = "names",
        ExclusiveIds = "exclusive-ids",
        OwnMaker = "maker",
        Injector = "injector",
    }
    ShippedDisplay = "shipped-display" {
        DisplayBytes = "bytes",
        DisplayNames = "names",
        DisplayDisguise = "disguise",
        DisplayDisguiseJoined = "disguise-joined",
        DisplayLayout = "layout",
    }
    ShippedDescriptor = "shipped-descriptor" {
        DescriptorHigh = "high",
        DescriptorMedium = "medium",
        DescriptorMediumKeyboard = "medium-keyboard",
        DescriptorCommon = "common",
        SameMeaning = "same-meaning",
        SameMeaningAsHypervisor = "same-meaning-as-hypervisor",
        SimilarMeaning = "similar-meaning",
        SerialChipReports = "serial-chip-reports",
        InvertedKeyMaximum = "inverted-key-maximum",
    }
    DisguiseStrings = "disguise-strings" {
        DisguiseMaker = "maker",
        DisguiseProduct = "product",
        ForeignConfiguration = "configuration",
        ConfigurationAtHome = "configuration-at-home",
        InstanceId = "instance-id",
    }
    GadgetMarks = "gadget-marks" {
        AllMarks = "all",
        MarksWithoutName = "without-name",
        MarksAtFullSpeed = "full-speed",
        SomeMarks = "some",
        NameAlone = "name-alone",
        FullSpeedWithoutName = "full-speed-without-name",
    }
    KeyboardWithAbsolutePointer = "keyboard-with-absolute-pointer" { KeyboardAndPointer = "one-device", }
    MediaBesideInput = "media-beside-input" { MediaAndInput = "one-device", }
    InquiryString = "inquiry-string" {
        KnownInquiry = "known",
        OpticalDrive = "optical-drive",
        GenericInquiry = "generic",
    }
    BrandContradiction = "brand-contradiction" {
        SeveralContradictions = "several",
        OneContradiction = "one",
        MadeUpSerial = "made-up-serial",
    }
    HighSpeedKeyboard = "high-speed-keyboard" { BootKeyboardAtHighSpeed = "boot-keyboard", }
    GadgetRelease = "gadget-release" { KernelOrSlip = "kernel-or-slip", }
    OctalProduct = "octal-product" { Octal = "with-hid", }
    ConstantSerial = "constant-serial" {
        ConstantSerialWithHid = "with-hid",
        ConstantSerialAlone = "alone",
        CommonSerialWithPointer = "common-with-pointer",
        CommonSerialAtHighSpeed = "common-at-high-speed",
        CommonSerialKeyboard = "common-keyboard",
    }
    SerialBridge = "serial-bridge" { BridgeIds = "ids", }
    CaptureSink = "capture-sink" { CaptureOnly = "only-display", }
    DummyPlug = "dummy-plug" { DummyOnLaptop = "on-laptop", }
    EnterpriseKvm = "enterprise-kvm" {
        EnterpriseOnLaptop = "on-laptop",
        EnterpriseElsewhere = "elsewhere",
        EnterpriseOnServer = "on-server",
    }
    ManagementController = "management-controller" {
        ControllerOnLaptop = "on-laptop",
        ControllerElsewhere = "elsewhere",
        ControllerOnServer = "on-server",
        ControllerInTheMachine = "in-the-machine",
        ControllerDrive = "virtual-drive",
    }
    GadgetIds = "gadget-ids" { GadgetIdsWithHid = "with-hid", }
    Neighbour = "neighbour" {
        AddressRange = "address-range",
        HostName = "host-name",
        Service = "service",
        NameAndAddress = "name-and-address",
        OwnNetworkCard = "own-network-card",
    }
    ShutAndSilent = "shut-and-silent" { ShutAndSilentDays = "days", }
}

/// The compiled table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scoring {
    points: BTreeMap<Weight, u8>,
    about: BTreeMap<Heuristic, About>,
    /// What sums up to which severity.
    pub severity: SeverityTable,
    /// What says nothing where.
    pub context: ContextTable,
    /// Days.
    pub limits: LimitTable,
    /// Values that gadgets leave.
    pub marks: MarkTable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct About {
    number: u8,
    rule: &'static str,
    kind: Kind,
}

/// What sums up to which severity; the data says what each means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "described in the data")]
pub struct SeverityTable {
    pub proof: u8,
    pub proof_by: Vec<Heuristic>,
    pub joins: u8,
    pub descriptor_proof: u8,
    pub descriptor_joins: u8,
    pub descriptor_joined_by: Vec<Kind>,
    pub strong: u8,
    pub pointer_joined_by: Vec<Heuristic>,
    pub support: u8,
    pub clear: u8,
    pub low_sum: u32,
    pub low_alone: Vec<Heuristic>,
    pub expected: Vec<Heuristic>,
}

/// What says nothing where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "described in the data")]
pub struct ContextTable {
    pub silent_on_server: Vec<Heuristic>,
    pub silent_on_assistive: Vec<Heuristic>,
    pub more: u8,
}

/// Days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "described in the data")]
pub struct LimitTable {
    pub shut_and_silent_days: u32,
}

/// Values that gadgets leave; ids and versions as numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "described in the data")]
pub struct MarkTable {
    pub linux_vendor: u16,
    pub octal_product: u16,
    pub releases: Vec<u16>,
    pub release_with_standard: Vec<(u16, u16)>,
    pub common_serials: Vec<String>,
}

impl Default for Scoring {
    /// A table in which nothing weighs anything: for a catalogue that is still being compiled.
    fn default() -> Self {
        Self {
            points: BTreeMap::new(),
            about: BTreeMap::new(),
            severity: SeverityTable::default(),
            context: ContextTable::default(),
            limits: LimitTable::default(),
            marks: MarkTable::default(),
        }
    }
}

impl Scoring {
    /// The points of a weight.
    pub fn points(&self, weight: Weight) -> u8 {
        self.points.get(&weight).copied().unwrap_or_default()
    }

    /// The rule that a heuristic belongs to.
    pub fn rule(&self, heuristic: Heuristic) -> &'static str {
        self.about.get(&heuristic).map_or(RULES[0], |about| about.rule)
    }

    /// The kind of evidence it gives.
    pub fn kind(&self, heuristic: Heuristic) -> Kind {
        self.about.get(&heuristic).map_or(Kind::Identity, |about| about.kind)
    }

    /// Its number in the documentation.
    pub fn number(&self, heuristic: Heuristic) -> u8 {
        self.about.get(&heuristic).map_or(0, |about| about.number)
    }

    /// Reads the table.
    ///
    /// # Errors
    /// A weight or a heuristic that is missing, unknown or given twice; points above 100; a rule that is none.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, Problem> {
        let form: Form = source_text::parse(file, text)?;
        let problem = |message: String| Problem::of(file, message);
        let mut points = BTreeMap::new();
        let mut about = BTreeMap::new();
        for row in form.heuristic {
            let rule = RULES
                .into_iter()
                .find(|rule| *rule == row.rule)
                .ok_or_else(|| problem(format!("`{}` names no rule of this family", row.id.as_str())))?;
            let entry = About { number: row.number, rule, kind: row.kind };
            if about.insert(row.id, entry).is_some() {
                return Err(problem(format!("heuristic `{}` is there twice", row.id.as_str())));
            }
            for (name, value) in row.points {
                let weight = Weight::ALL
                    .iter()
                    .find(|weight| weight.heuristic() == row.id && weight.as_str() == name)
                    .ok_or_else(|| problem(format!("`{}` knows no weight `{name}`", row.id.as_str())))?;
                if value > MAX_POINTS {
                    return Err(problem(format!("`{name}` weighs {value}: at most {MAX_POINTS}")));
                }
                points.insert(*weight, value);
            }
        }
        if let Some(weight) = Weight::ALL.iter().find(|weight| !points.contains_key(weight)) {
            let message = format!("`{}` lacks its weight `{}`", weight.heuristic().as_str(), weight.as_str());
            return Err(problem(message));
        }
        Ok(Self {
            points,
            about,
            severity: form.severity,
            context: form.context,
            limits: form.limits,
            marks: form.marks,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    heuristic: Vec<Row>,
    severity: SeverityTable,
    context: ContextTable,
    limits: LimitTable,
    marks: MarkTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    number: u8,
    id: Heuristic,
    rule: String,
    kind: Kind,
    points: BTreeMap<String, u8>,
}

/// The rules that hardware can raise.
const RULES: [&str; 9] = ["KV-01", "KV-02", "KV-03", "KV-04", "KV-05", "KV-06", "KV-07", "KV-08", "KV-09"];
const MAX_POINTS: u8 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = include_str!("../../../catalogue/kvm/scoring.toml");

    #[test]
    fn what_is_missing_unknown_or_too_much_is_named() {
        for (from, to, word) in [
            ("exclusive-ids = 70", "", "lacks its weight `exclusive-ids`"),
            ("exclusive-ids = 70", "exclusive-id = 70", "no weight `exclusive-id`"),
            ("exclusive-ids = 70", "exclusive-ids = 101", "at most 100"),
            (
                "id = \"serial-bridge\"\nrule = \"KV-06\"",
                "id = \"serial-bridge\"\nrule = \"RA-06\"",
                "names no rule",
            ),
            ("proof = 90\n", "", "proof"),
        ] {
            assert!(TEXT.contains(from), "{from}");
            let problem = Scoring::parse("scoring.toml", &TEXT.replacen(from, to, 1)).unwrap_err();
            assert!(problem.message.contains(word), "{problem}");
        }
    }

    #[test]
    fn numbers_are_the_documentation_s_and_each_is_there_once() {
        let scoring = Scoring::parse("scoring.toml", TEXT).unwrap();
        let mut numbers: Vec<u8> = Heuristic::ALL.iter().map(|h| scoring.number(*h)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), Heuristic::ALL.len());
        assert_eq!(scoring.number(Heuristic::KeyboardWithAbsolutePointer), 6);
    }
}
