//! A place of the organisation: what is seen there speaks against nobody.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::place::country_flaw;

/// A place of the organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// What it is: one word decides how it is weighed.
    #[serde(default)]
    pub kind: SiteKind,
    /// Its public networks.
    #[serde(default)]
    pub networks: Vec<IpNet>,
    /// Its gateways, as the console shows them: 16 hex digits of the keyed digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<String>,
    /// Its country (ISO 3166-1 alpha-2), or countries.
    #[serde(default)]
    pub countries: Vec<String>,
}

/// What a site is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SiteKind {
    /// People of the organisation work there: its addresses are of class `corporate`.
    #[default]
    Office,
    /// Strangers work there too.
    Coworking,
    /// Where a VPN or proxy of the organisation leaves: of class `corporate`; says nothing about where anybody is.
    Egress,
}

impl SiteKind {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::Coworking => "coworking",
            Self::Egress => "egress",
        }
    }
}

impl Site {
    /// Everything that is wrong, each with a text that stands near it in the file.
    pub(super) fn flaws(&self) -> Vec<(String, String)> {
        let mut flaws: Vec<_> = self.countries.iter().filter_map(|country| country_flaw(country)).collect();
        let wide = |net: &&IpNet| net.prefix_len() < if matches!(net, IpNet::V4(_)) { 8 } else { 16 };
        if let Some(net) = self.networks.iter().find(wide) {
            flaws.push((net.to_string(), format!("site `{}`: {net} is too wide for a place", self.name)));
        }
        let is_digest = |text: &String| {
            text.len() == 16 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        if let Some(gateway) = self.gateways.iter().find(|gateway| !is_digest(gateway)) {
            flaws.push((
                gateway.clone(),
                format!("site `{}`: `gateways` hold keyed digests, 16 hex digits each", self.name),
            ));
        }
        flaws
    }
}
