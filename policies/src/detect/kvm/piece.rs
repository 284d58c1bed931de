//! One piece of evidence before it is fused: what fired, of which kind, with how many points.

use bearing_protocol::{coverage::Source, finding::Evidence, rule::RuleId};

/// Kinds of evidence that are independent of each other; each counts once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
}

impl Kind {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Descriptor => "descriptor",
            Self::Function => "function",
            Self::Display => "display",
            Self::Enterprise => "enterprise",
            Self::Network => "network",
        }
    }
}

/// The heuristics, with the numbers they have in the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is described where it is decided")]
pub enum Heuristic {
    DefaultIdentity = 1,
    ShippedDisplay = 2,
    ShippedDescriptor = 3,
    DisguiseStrings = 4,
    GadgetMarks = 5,
    KeyboardWithAbsolutePointer = 6,
    MediaBesideInput = 7,
    InquiryString = 8,
    BrandContradiction = 9,
    HighSpeedKeyboard = 10,
    GadgetRelease = 11,
    OctalProduct = 12,
    ConstantSerial = 13,
    SerialBridge = 14,
    CaptureSink = 15,
    DummyPlug = 16,
    EnterpriseKvm = 17,
    ManagementController = 18,
    GadgetIds = 19,
    Neighbour = 20,
}

/// One piece.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Which heuristic.
    pub heuristic: Heuristic,
    /// Which rule it belongs to.
    pub rule: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Its points, 0 for context.
    pub points: u8,
    /// What to say of it in a title (`runs at 480 Mb/s`); empty for nothing.
    pub phrase: String,
    /// The catalogue's entries it points at, and how strongly.
    pub products: Vec<(usize, u32)>,
    /// What was read.
    pub evidence: Evidence,
}

/// Pieces as they are collected for one subject.
#[derive(Clone, Debug, Default)]
pub struct Pieces(pub Vec<Piece>);

/// Where and what a piece was read from.
pub struct Seen<'a> {
    /// Source.
    pub source: Source,
    /// Place in the source.
    pub location: &'a str,
    /// Field.
    pub field: &'a str,
    /// What it held.
    pub value: String,
}

impl Pieces {
    /// Adds a piece.
    pub fn add(
        &mut self,
        heuristic: Heuristic,
        points: u8,
        seen: Seen<'_>,
        why: impl Into<String>,
    ) -> &mut Piece {
        let (rule, kind) = heuristic.rule_and_kind();
        let piece = Piece {
            heuristic,
            rule,
            kind,
            points,
            phrase: String::new(),
            products: Vec::new(),
            evidence: Evidence {
                source: seen.source,
                location: seen.location.to_owned(),
                field: seen.field.to_owned(),
                value: seen.value,
                why: why.into(),
                rule: None,
            },
        };
        self.0.push(piece);
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    /// Whether a heuristic fired.
    pub fn has(&self, heuristic: Heuristic) -> bool {
        self.0.iter().any(|piece| piece.heuristic == heuristic && piece.points > 0)
    }

    /// The best points of a heuristic.
    pub fn points(&self, heuristic: Heuristic) -> u8 {
        self.0
            .iter()
            .filter(|piece| piece.heuristic == heuristic)
            .map(|piece| piece.points)
            .max()
            .unwrap_or(0)
    }

    /// The best points of a kind.
    pub fn kind_points(&self, kind: Kind) -> u8 {
        self.0.iter().filter(|piece| piece.kind == kind).map(|piece| piece.points).max().unwrap_or(0)
    }
}

impl Piece {
    /// Sets what a title says of it.
    pub fn say(&mut self, phrase: impl Into<String>) -> &mut Self {
        self.phrase = phrase.into();
        self
    }

    /// Adds an entry it points at.
    pub fn of(&mut self, entry: usize, strength: u32) -> &mut Self {
        self.products.push((entry, strength));
        self
    }

    /// The rule's id, where it is one.
    pub fn rule_id(&self) -> Option<RuleId> {
        self.rule.parse().ok()
    }
}

impl Heuristic {
    const fn rule_and_kind(self) -> (&'static str, Kind) {
        match self {
            Self::DefaultIdentity | Self::OctalProduct | Self::ConstantSerial | Self::GadgetIds => {
                ("KV-01", Kind::Identity)
            }
            Self::ShippedDisplay => ("KV-02", Kind::Display),
            Self::ShippedDescriptor | Self::KeyboardWithAbsolutePointer | Self::HighSpeedKeyboard => {
                ("KV-03", Kind::Descriptor)
            }
            Self::DisguiseStrings => ("KV-04", Kind::Identity),
            Self::GadgetMarks | Self::BrandContradiction | Self::GadgetRelease => ("KV-04", Kind::Descriptor),
            Self::MediaBesideInput | Self::InquiryString => ("KV-05", Kind::Function),
            Self::SerialBridge => ("KV-06", Kind::Identity),
            Self::CaptureSink | Self::DummyPlug => ("KV-06", Kind::Display),
            Self::EnterpriseKvm => ("KV-01", Kind::Enterprise),
            Self::ManagementController => ("KV-09", Kind::Enterprise),
            Self::Neighbour => ("KV-07", Kind::Network),
        }
    }
}
