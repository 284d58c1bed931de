//! What is known of an address: two opinions about its country, the network that announces it, and what kind of way out
//! it is.
//!
//! Always: a loopback or private address has no country; "not in the table" is no country either; unknown is never called
//! residential; each answer names the tables behind it and their age. Never here: the network, the clock.

pub mod address;
pub mod builtin;
pub mod classes;
pub mod country;
pub mod database;
pub mod list;
mod live;
pub mod packed;
pub mod range_set;
pub mod reach;
mod source;
pub mod world;

use std::{net::IpAddr, sync::Arc};

use bearing_policies::{
    place::EgressClass,
    policy::{Site, SiteKind},
};
use bearing_protocol::payload::TableAge;

pub use address::is_public;
pub use live::{Live, SourceStatus};
pub(crate) use live::{list_content, read_at_most};
pub use source::{DatabaseConfig, GeoConfig, ListConfig};

use builtin::builtin;
use database::{Database, Role};
use list::List;

/// What is known of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// 4 or 6.
    pub family: u8,
    /// Country of its user, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Country to which a registry delegated it: a second opinion.
    pub alt_country: Option<String>,
    /// Autonomous system.
    pub asn: Option<u32>,
    /// Class.
    pub class: EgressClass,
}

/// The order in which classes are believed: the first that anybody names.
const ORDER: [EgressClass; 9] = [
    EgressClass::Corporate,
    EgressClass::Tor,
    EgressClass::Vpn,
    EgressClass::ResidentialProxy,
    EgressClass::Relay,
    EgressClass::Hosting,
    EgressClass::Satellite,
    EgressClass::Mobile,
    EgressClass::Residential,
];

/// A plugged-in database.
#[derive(Clone, Debug)]
pub(crate) struct Plugged {
    role: Role,
    priority: i32,
    database: Arc<Database>,
}

/// A plugged-in list.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    name: String,
    class: EgressClass,
    changed: String,
    list: Arc<List>,
}

/// Everything that is looked up in. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Geo {
    /// Highest priority first.
    databases: Vec<Plugged>,
    lists: Vec<Listed>,
}

impl Geo {
    pub(crate) fn of(mut databases: Vec<Plugged>, lists: Vec<Listed>) -> Self {
        databases.sort_by_key(|plugged| std::cmp::Reverse(plugged.priority));
        Self { databases, lists }
    }

    /// Looks an address up.
    pub fn look_up(&self, address: IpAddr) -> Seen {
        self.look_up_from(address, &[])
    }

    /// Looks an address up for an organisation with these sites.
    pub fn look_up_from(&self, address: IpAddr, sites: &[Site]) -> Seen {
        let address = address.to_canonical();
        let public = is_public(address);
        let builtin = builtin();
        let asn = public.then(|| self.network(address).or_else(|| builtin.network(address))).flatten();
        Seen {
            family: if address.is_ipv4() { 4 } else { 6 },
            country: public.then(|| self.country(address).or_else(|| builtin.country(address))).flatten(),
            alt_country: public.then(|| builtin.registry_country(address)).flatten(),
            asn,
            class: self.class(address, asn, sites),
        }
    }

    fn of_role(&self, wanted: &'static [Role]) -> impl Iterator<Item = &Database> {
        self.databases.iter().filter(move |one| wanted.contains(&one.role)).map(|one| &*one.database)
    }

    fn country(&self, address: IpAddr) -> Option<String> {
        self.of_role(&[Role::Country, Role::City]).find_map(|database| database.country(address))
    }

    fn network(&self, address: IpAddr) -> Option<u32> {
        self.of_role(&[Role::Asn]).find_map(|database| database.network(address))
    }

    fn class(&self, address: IpAddr, asn: Option<u32>, sites: &[Site]) -> EgressClass {
        let own = |site: &&Site| site.kind == SiteKind::Office || site.kind == SiteKind::Egress;
        if sites.iter().filter(own).any(|site| site.networks.iter().any(|network| network.contains(&address)))
        {
            return EgressClass::Corporate;
        }
        let listed = self
            .lists
            .iter()
            .filter(|one| {
                one.list.ranges.contains(address) || asn.is_some_and(|asn| one.list.networks.contains(&asn))
            })
            .map(|one| one.class);
        let flagged = self.of_role(&[Role::Anonymous]).filter_map(|database| database.class(address));
        let announced = asn.map(|asn| builtin().class(asn));
        let named: Vec<EgressClass> = listed.chain(flagged).chain(announced).collect();
        ORDER.into_iter().find(|class| named.contains(class)).unwrap_or_default()
    }

    /// The tables behind the look-ups: of countries, those that are asked first in front; of registries; of networks; of
    /// classes; lists.
    pub fn tables(&self) -> Vec<TableAge> {
        let plugged = |roles: &'static [Role]| {
            self.databases.iter().filter(|one| roles.contains(&one.role)).map(|one| TableAge {
                name: format!("{} ({})", one.database.kind(), one.role.as_str()),
                built: one.database.built().to_owned(),
            })
        };
        let listed =
            self.lists.iter().map(|one| TableAge { name: one.name.clone(), built: one.changed.clone() });
        let [country, registry, network, classes] = builtin().ages();
        plugged(&[Role::Country, Role::City])
            .chain([country, registry])
            .chain(plugged(&[Role::Asn]))
            .chain([network])
            .chain(plugged(&[Role::Anonymous]))
            .chain([classes])
            .chain(listed)
            .collect()
    }

    /// Age in whole days at `now` of the table that names countries: the first that is asked.
    pub fn country_age_days(&self, now: bearing_protocol::Timestamp) -> Option<u32> {
        let plugged = self.of_role(&[Role::Country, Role::City]).next().map(Database::built);
        age_days(plugged.unwrap_or(&builtin().manifest().country.built), now)
    }
}

/// Whole days from a day (YYYY-MM-DD, UTC) to `now`.
pub fn age_days(built: &str, now: bearing_protocol::Timestamp) -> Option<u32> {
    let day: jiff::civil::Date = built.parse().ok()?;
    let made = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    u32::try_from((now.as_second() - made.as_second()) / 86_400).ok()
}

/// Looks an address up in the built-in tables alone. What the administrator plugged in is asked by [`Live::current`].
pub fn look_up(address: IpAddr) -> Seen {
    Geo::default().look_up(address)
}

/// The tables behind [`look_up`].
pub fn tables() -> Vec<TableAge> {
    Geo::default().tables()
}

#[cfg(test)]
mod tests;
