//! What kind of network announces an address: our own table, reviewed line by line.
//!
//! Always: a network is in it where its kind is sure, and is of one kind; one that is not in it is unknown, which is never
//! called residential. The files say why, group by group.

use std::collections::HashMap;

use bearing_policies::place::EgressClass;
use serde::Deserialize;

/// The files.
const FILES: [&str; 6] = [
    include_str!("../../geodata/networks/vpn.toml"),
    include_str!("../../geodata/networks/relay.toml"),
    include_str!("../../geodata/networks/hosting.toml"),
    include_str!("../../geodata/networks/satellite.toml"),
    include_str!("../../geodata/networks/mobile.toml"),
    include_str!("../../geodata/networks/residential.toml"),
];
/// The day of the last review.
pub const REVIEWED: &str = "2026-11-25";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    class: EgressClass,
    #[serde(default)]
    group: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    reason: String,
    networks: Vec<Network>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Network {
    asn: u32,
    name: String,
}

/// Why the table cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ClassesError {
    #[error("the table of network classes cannot be read")]
    Syntax(#[from] toml::de::Error),
    #[error("AS{0} is in the table of network classes twice")]
    Twice(u32),
    #[error("AS{0} is in the table of network classes without a name or a reason")]
    Bare(u32),
}

/// Classes by network.
#[derive(Debug, Default)]
pub struct Classes(HashMap<u32, (EgressClass, String)>);

impl Classes {
    /// The built-in table.
    ///
    /// # Errors
    /// Where it is not what it should be; a test sees to that.
    pub fn read() -> Result<Self, ClassesError> {
        let mut classes = HashMap::new();
        for text in FILES {
            let file: File = toml::from_str(text)?;
            for group in file.group {
                for network in group.networks {
                    if network.name.trim().is_empty() || group.reason.trim().is_empty() {
                        return Err(ClassesError::Bare(network.asn));
                    }
                    if classes.insert(network.asn, (file.class, network.name)).is_some() {
                        return Err(ClassesError::Twice(network.asn));
                    }
                }
            }
        }
        Ok(Self(classes))
    }

    /// The class of a network; unknown where it is not in the table.
    pub fn class(&self, network: u32) -> EgressClass {
        self.0.get(&network).map_or(EgressClass::Unknown, |(class, _)| *class)
    }

    /// The name of a network in the table.
    pub fn name(&self, network: u32) -> Option<&str> {
        self.0.get(&network).map(|(_, name)| name.as_str())
    }

    /// How many networks it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let classes = Classes::read().unwrap();
        assert!(classes.len() > 300, "{}", classes.len());
        for (network, class) in [
            (24940, EgressClass::Hosting),
            (16509, EgressClass::Hosting),
            (13335, EgressClass::Relay),
            (36183, EgressClass::Relay),
            (54113, EgressClass::Relay),
            (14593, EgressClass::Satellite),
            (22351, EgressClass::Satellite),
            (21928, EgressClass::Mobile),
            (7922, EgressClass::Residential),
            (131_279, EgressClass::Unknown),
            (64_496, EgressClass::Unknown),
        ] {
            assert_eq!(classes.class(network), class, "AS{network}");
        }
        for (network, (class, _)) in &classes.0 {
            assert!(*class != EgressClass::Unknown && *network != 0, "AS{network}");
        }
    }
}
