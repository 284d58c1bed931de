use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Which database named a package.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the managers' own names")]
pub enum PackageManager {
    #[default]
    Dpkg,
    Rpm,
    Pacman,
    Apk,
    Snap,
    Flatpak,
    AppImage,
    Nix,
    Msi,
    Appx,
    Pkg,
    Homebrew,
}

/// An installed package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Package {
    /// Which database.
    pub manager: PackageManager,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// When it was installed, where the database or its files tell.
    pub installed_at: Option<Timestamp>,
    /// Who publishes it, where the database tells.
    pub publisher: Option<String>,
}
