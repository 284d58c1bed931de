//! One piece of evidence before it is fused: what fired, of which kind, with how many points.

use std::sync::Arc;

use bearing_protocol::{coverage::Source, finding::Evidence, rule::RuleId};

pub use crate::catalogue::kvm::scoring::{Heuristic, Kind, Weight};
use crate::catalogue::kvm::{KvmCatalogue, scoring::Scoring};

/// One piece.
#[derive(Clone, Debug)]
pub struct Piece {
    /// How strongly which heuristic fired.
    pub weight: Weight,
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

/// Pieces as they are collected for one subject, with the table that says what they weigh.
#[derive(Clone, Debug)]
pub struct Pieces(pub Vec<Piece>, Arc<Scoring>);

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
    /// None yet.
    pub fn new(catalogue: &KvmCatalogue) -> Self {
        Self(Vec::new(), catalogue.scoring())
    }

    /// The table.
    pub fn scoring(&self) -> &Scoring {
        &self.1
    }

    /// Adds a piece.
    pub fn add(&mut self, weight: Weight, seen: Seen<'_>, why: impl Into<String>) -> &mut Piece {
        let heuristic = weight.heuristic();
        let piece = Piece {
            weight,
            heuristic,
            rule: self.1.rule(heuristic),
            kind: self.1.kind(heuristic),
            points: self.1.points(weight),
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

    /// Whether a heuristic fired in just this way.
    pub fn at(&self, weight: Weight) -> bool {
        self.0.iter().any(|piece| piece.weight == weight)
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
