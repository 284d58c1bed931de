//! An approval in a policy: what it covers, who answers for it, why, and until when.
//!
//! Always: an approval names a rule or a product, and has owner, reason and expiry; an expired one covers nothing,
//! and a scope that cannot be judged (a tenant nobody knows) covers nothing either.

use bearing_protocol::{
    Timestamp,
    fact::{Binding, BindingKind},
    finding::Approval,
    rule::RuleId,
    text::printable,
};
use serde::{Deserialize, Serialize};

use super::{
    device::{DeviceApproval, NEED_A_DEVICE},
    scope::{Direction, Scope, WIDENING},
    window::Window,
};

/// An approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRule {
    /// The rule it covers; any where absent.
    #[serde(default)]
    pub rule: Option<RuleId>,
    /// The product it covers; any where absent.
    #[serde(default, alias = "tool")]
    pub product: Option<String>,
    /// Whom the product answers to, whatever kind of name that is; any where absent.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The account; any where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The server or instance; any where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The private network; any where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Switches that it covers too (`ssh`, `exit-node`, `funnel`). Those that widen are covered only where named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// The device group; any where absent.
    #[serde(default)]
    pub group: Option<String>,
    /// Which way sessions may go; both where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// Hours of the week; always where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// The one device it covers. What is found on a device that can be plugged in is covered by nothing less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceApproval>,
    /// From when it holds.
    #[serde(default, with = "optional_instant")]
    pub not_before: Option<Timestamp>,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Until when.
    #[serde(with = "instant")]
    pub expires: Timestamp,
}

impl ApprovalRule {
    /// Whether it covers such a finding now.
    pub fn covers(
        &self,
        rule: RuleId,
        product: Option<&str>,
        scope: &Scope,
        group: Option<&str>,
        now: Timestamp,
    ) -> bool {
        let fits = |own: &Option<String>, seen: Option<&str>| own.is_none() || own.as_deref() == seen;
        let covers_feature =
            |feature: &String| !WIDENING.contains(&feature.as_str()) || self.features.contains(feature);
        self.rule.is_none_or(|own| own == rule)
            && fits(&self.product, product)
            && self.names_bindings_of(scope)
            && !self.leaves_the_instance_open(scope)
            && match (&self.device, &scope.device) {
                (None, None) => true,
                (Some(own), Some(seen)) => own.is(seen),
                (Some(_), None) | (None, Some(_)) => false,
            }
            && scope.features.iter().all(covers_feature)
            && fits(&self.group, group)
            && self.direction.is_none_or(|own| scope.direction.is_none_or(|seen| seen == own))
            && self.window.as_ref().is_none_or(|window| window.contains(scope.at.unwrap_or(now)))
            && self.not_before.is_none_or(|from| from <= now)
            && now < self.expires
    }

    /// Whether it names a network while an instance that it does not name decides what is in that network: whoever runs a control
    /// server of his own calls his networks as he likes.
    fn leaves_the_instance_open(&self, scope: &Scope) -> bool {
        self.network.is_some()
            && self.instance.is_none()
            && scope.bindings.iter().any(|binding| binding.kind == BindingKind::Instance)
    }

    /// Whether it says whom the product may answer to.
    pub fn names_a_binding(&self) -> bool {
        self.binding_names().next().is_some()
    }

    /// Each name, with the kind it is of; any kind where there is none.
    fn binding_names(&self) -> impl Iterator<Item = (Option<BindingKind>, &str)> {
        let names = [
            (None, &self.tenant),
            (Some(BindingKind::Account), &self.account),
            (Some(BindingKind::Instance), &self.instance),
            (Some(BindingKind::Network), &self.network),
        ];
        names.into_iter().filter_map(|(kind, name)| Some((kind, name.as_deref()?)))
    }

    /// Whether each name is among the scope's, and no other of its kind is. One set-up may have several names for one
    /// thing; which thing that is cannot be told where there are two.
    pub(crate) fn names_bindings_of(&self, scope: &Scope) -> bool {
        self.binding_names().all(|(kind, name)| {
            let is_named = |binding: &Binding| binding.value.trim().eq_ignore_ascii_case(name.trim());
            let find = |among: &[Binding]| {
                let of_kind = |binding: &&Binding| kind.is_none_or(|kind| binding.kind == kind);
                among.iter().filter(of_kind).find(|binding| is_named(binding)).map(|binding| binding.kind)
            };
            let bound = |kind| scope.bindings.iter().filter(move |binding| binding.kind == kind);
            match (find(&scope.bindings), find(&scope.aliases)) {
                (Some(kind), _) => bound(kind).all(is_named),
                (None, Some(kind)) => bound(kind).count() <= 1,
                (None, None) => false,
            }
        })
    }

    pub(super) fn flaw(&self) -> Option<String> {
        if self.rule.is_none() && self.product.is_none() {
            return Some("an approval names a `rule`, a `product` or both".into());
        }
        if self.owner.trim().is_empty() || self.reason.trim().is_empty() {
            return Some("an approval has an `owner` and a `reason`".into());
        }
        if self.not_before.is_some_and(|from| from >= self.expires) {
            return Some("an approval's `not_before` is before its `expires`".into());
        }
        if self.binding_names().any(|(_, name)| name.trim().is_empty()) {
            return Some("an approval's `tenant`, `account`, `instance` or `network` is not empty".into());
        }
        if self.names_a_binding() && self.product.is_none() {
            return Some("an approval that says whom a product answers to names the `product`".into());
        }
        if let Some(feature) = self.features.iter().find(|feature| !WIDENING.contains(&feature.as_str())) {
            let shown = printable(feature, 40);
            return Some(format!("`{shown}` is no feature: want one of {}", WIDENING.join(", ")));
        }
        if let Some(flaw) = self.device.as_ref().and_then(DeviceApproval::flaw) {
            return Some(flaw);
        }
        let needing = self.rule.filter(|rule| NEED_A_DEVICE.contains(&rule.as_str()));
        if let (Some(rule), None) = (needing, &self.device) {
            return Some(format!(
                "an approval of {rule} names the device, or it would cover every unit that is plugged in: add `device = \
                 {{ vendor_id, product_id, serial, port, descriptor_digest }}`, as `bearing-agent explain usb PORT` \
                 and the finding show them"
            ));
        }
        self.window.as_ref().and_then(Window::flaw)
    }

    pub(super) fn to_finding(&self) -> Approval {
        Approval { id: None, owner: self.owner.clone(), reason: self.reason.clone(), expires: self.expires }
    }
}

/// An instant as text: `2027-01-31T00:00:00Z`, or a date, which is its first moment in UTC.
mod instant {
    use bearing_protocol::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&at.to_string())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        read(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }

    pub(super) fn read(text: &str) -> Result<Timestamp, String> {
        let date = || {
            let date: jiff::civil::Date = text.parse().ok()?;
            date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
        };
        text.parse().ok().or_else(date).ok_or_else(|| {
            let shown = bearing_protocol::text::printable(text, 40);
            format!("`{shown}` is no instant: want \"2027-01-31T00:00:00Z\" or \"2027-01-31\", in quotes")
        })
    }
}

/// As `instant`, or absent.
pub(super) mod optional_instant {
    use bearing_protocol::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => serializer.serialize_str(&at.to_string()),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::instant::read(&text)).transpose().map_err(D::Error::custom)
    }
}
