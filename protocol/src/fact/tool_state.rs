use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a tool is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BindingKind {
    /// A company's tenant at the vendor.
    Tenant,
    /// A person's account.
    Account,
    /// A server or instance of the tool.
    Instance,
    /// A private network (tailnet, ZeroTier network).
    Network,
    /// A relay.
    Relay,
}

impl BindingKind {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Account => "account",
            Self::Instance => "instance",
            Self::Network => "network",
            Self::Relay => "relay",
        }
    }
}

/// Who a tool answers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Binding {
    /// What kind of name.
    pub kind: BindingKind,
    /// The name. Leaves the device as a keyed digest, unless an approval in policy names it.
    pub value: String,
}

/// How a tool is set up here, from its own files: names of fields and yes or no, never secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToolState {
    /// The catalogue product.
    pub product: String,
    /// The file it was read from.
    pub location: String,
    /// Whose file, where it lies in a home directory.
    pub user: Option<String>,
    /// Who it answers to.
    pub bindings: Vec<Binding>,
    /// Other names of what `bindings` holds, by kind: a tailnet's DNS name beside its domain, an instance's id beside
    /// its host. They leave the device as the others do.
    pub aliases: Vec<Binding>,
    /// Whether it can be reached with nobody present (a permanent password, an always-on service).
    pub unattended: Option<bool>,
    /// Switches that widen what it does (`exit-node`, `subnet-router`, `funnel`, `ssh`, `view-only`).
    pub features: Vec<String>,
    /// Start of the newest incoming session that its own log names.
    pub last_incoming_at: Option<Timestamp>,
    /// Whether an incoming session is live.
    pub session_live: Option<bool>,
}
