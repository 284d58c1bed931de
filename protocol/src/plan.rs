//! What the host is asked to look for beyond what it always reads. Made from the catalogue by
//! `bearing-policies`, carried out by `bearing-host`; a plan names data, never code.

use serde::{Deserialize, Serialize};

/// What to look for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Paths whose existence is a fact. `~/` is every home directory; `*` stands for one path
    /// component or a part of one. Contents are never read.
    pub artefacts: Vec<ArtefactPattern>,
    /// Byte strings to look for in running and autostarting executables that no distribution package owns.
    pub markers: Vec<Marker>,
    /// Names of packages the catalogue knows: an executable that one of these owns is looked into too.
    pub packages: Vec<String>,
}

/// A path to look for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtefactPattern {
    /// The catalogue product it belongs to.
    pub product: String,
    /// The path or pattern.
    pub pattern: String,
}

/// A byte string that names a product wherever the file lies and whatever it is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// The catalogue product it belongs to.
    pub product: String,
    /// The bytes, as text.
    pub text: String,
}
