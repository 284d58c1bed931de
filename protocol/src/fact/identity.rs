use serde::{Deserialize, Serialize};

/// What kind of mark a program carries in itself, whatever its file is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityKind {
    /// ELF `.comment`: the compiler's line.
    Comment,
    /// A crate of a Rust program, from the paths in its panic messages (`rathole`, `bore-cli`).
    RustCrate,
    /// PE version resource, `OriginalFilename`.
    OriginalFilename,
    /// PE version resource, `InternalName`.
    InternalName,
    /// PE version resource, `ProductName`.
    ProductName,
    /// PE version resource, `CompanyName`.
    CompanyName,
    /// Common name of the subject of the signing certificate (Authenticode). Says who signed, not that it was verified.
    Signer,
    /// Mach-O code-signing identifier (`com.teamviewer.TeamViewer`).
    CodeIdentifier,
    /// Mach-O team identifier.
    TeamIdentifier,
    /// Java: `Main-Class` of a jar's manifest, or the class given to the virtual machine.
    JavaMainClass,
    /// Java: `Implementation-Title` or `Bundle-Name` of a jar's manifest.
    JavaTitle,
    /// Python: the module or script package that is run (`-m mitmproxy`).
    PythonModule,
    /// Node: name in the `package.json` nearest to the script.
    NodePackage,
    /// Electron: name in `package.json` of its application archive.
    ElectronApp,
    /// Name of the desktop entry inside an AppImage.
    AppImagePayload,
    /// Flatpak application id, from the sandbox's control group or metadata.
    FlatpakId,
    /// Snap name, from the control group.
    SnapName,
    /// Nix store name without the hash (`rustdesk-1.2.3`).
    NixName,
    /// The program behind a wrapper script or an interpreter.
    Script,
}

impl IdentityKind {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Comment => "comment",
            Self::RustCrate => "rust-crate",
            Self::OriginalFilename => "original-filename",
            Self::InternalName => "internal-name",
            Self::ProductName => "product-name",
            Self::CompanyName => "company-name",
            Self::Signer => "signer",
            Self::CodeIdentifier => "code-identifier",
            Self::TeamIdentifier => "team-identifier",
            Self::JavaMainClass => "java-main-class",
            Self::JavaTitle => "java-title",
            Self::PythonModule => "python-module",
            Self::NodePackage => "node-package",
            Self::ElectronApp => "electron-app",
            Self::AppImagePayload => "app-image-payload",
            Self::FlatpakId => "flatpak-id",
            Self::SnapName => "snap-name",
            Self::NixName => "nix-name",
            Self::Script => "script",
        }
    }
}

/// One mark.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// What kind of mark.
    pub kind: IdentityKind,
    /// The mark, as written in the file, made printable.
    pub value: String,
}
