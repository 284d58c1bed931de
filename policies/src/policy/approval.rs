//! An approval in a policy: what it covers, who answers for it, why, and until when.
//!
//! Always: an approval names a rule or a product, and has owner, reason and expiry; an expired one covers nothing,
//! and a scope that cannot be judged (a tenant nobody knows) covers nothing either.

use bearing_protocol::{Timestamp, finding::Approval, rule::RuleId};
use serde::{Deserialize, Serialize};

/// An approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRule {
    /// The rule it covers; any where absent.
    #[serde(default)]
    pub rule: Option<RuleId>,
    /// The product it covers; any where absent.
    #[serde(default)]
    pub product: Option<String>,
    /// The tenant, account or instance; any where absent.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The device group; any where absent.
    #[serde(default)]
    pub group: Option<String>,
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
        tenant: Option<&str>,
        group: Option<&str>,
        now: Timestamp,
    ) -> bool {
        let fits = |scope: &Option<String>, seen: Option<&str>| scope.is_none() || scope.as_deref() == seen;
        self.rule.is_none_or(|own| own == rule)
            && fits(&self.product, product)
            && fits(&self.tenant, tenant)
            && fits(&self.group, group)
            && self.not_before.is_none_or(|from| from <= now)
            && now < self.expires
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
        None
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
