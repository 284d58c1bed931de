//! A database (MMDB) that an administrator plugs in.
//!
//! Always: where a field lies is found out from the records, not from the database's name; a database that has nothing
//! of its role is refused with what was looked for; of a city database the country alone is read.

use std::net::IpAddr;

use bearing_policies::place::EgressClass;
use bearing_protocol::text::printable;
use maxminddb::{LookupResult, MaxMindDbError, PathElement, Reader, WithinOptions};
use serde::Deserialize;

use super::country::normalise;

/// Largest database, in bytes.
pub const MAX_DATABASE_BYTES: u64 = 1024 * 1024 * 1024;
/// How many records are looked at to find the fields out.
const PROBED: usize = 50_000;
/// Longest name of a database's type that is shown.
const MAX_TYPE_CHARS: usize = 60;

/// Where a country may stand, in the order in which they are asked.
const COUNTRY: [&[&str]; 4] =
    [&["country", "iso_code"], &["country_code"], &["country"], &["registered_country", "iso_code"]];
/// Where the number of a network may stand: a number, or text with or without `AS`.
const NETWORK: [&[&str]; 3] =
    [&["autonomous_system_number"], &["traits", "autonomous_system_number"], &["asn"]];
/// Flags, and the class each one means. "Proxy" in these databases hides who uses it, as a VPN does.
const FLAGS: [(&str, EgressClass); 13] = [
    ("is_tor_exit_node", EgressClass::Tor),
    ("tor", EgressClass::Tor),
    ("is_anonymous_vpn", EgressClass::Vpn),
    ("vpn", EgressClass::Vpn),
    ("is_residential_proxy", EgressClass::ResidentialProxy),
    ("residential_proxy", EgressClass::ResidentialProxy),
    ("is_public_proxy", EgressClass::Vpn),
    ("proxy", EgressClass::Vpn),
    ("relay", EgressClass::Relay),
    ("is_hosting_provider", EgressClass::Hosting),
    ("hosting", EgressClass::Hosting),
    ("is_anonymous", EgressClass::Vpn),
    ("is_satellite_provider", EgressClass::Satellite),
];
/// Fields of a database that lists residential proxies and nothing else.
const RESIDENTIAL_PROXY: [&str; 2] = ["provider_name", "network_last_seen"];

/// What a database is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The country of an address.
    Country,
    /// The same from a database that knows more, which is not read.
    City,
    /// The autonomous system of an address.
    Asn,
    /// Whether an address hides who uses it.
    Anonymous,
}

impl Role {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::City => "city",
            Self::Asn => "asn",
            Self::Anonymous => "anonymous",
        }
    }

    const fn wants(self) -> &'static str {
        match self {
            Self::Country | Self::City => {
                "country.iso_code, country_code, country, registered_country.iso_code"
            }
            Self::Asn => "autonomous_system_number, traits.autonomous_system_number, asn",
            Self::Anonymous => {
                "is_tor_exit_node, is_anonymous_vpn, is_residential_proxy, is_hosting_provider, …, provider_name"
            }
        }
    }
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum DatabaseError {
    #[error("it is empty")]
    Empty,
    #[error("it is no MaxMind database, or it is cut: {0}")]
    Damaged(String),
    #[error("a record of it cannot be read, it is damaged: {0}")]
    Record(String),
    #[error(
        "its type is `{kind}` and none of its first {probed} records has what role `{role}` needs: {wants}"
    )]
    Role { kind: String, probed: usize, role: &'static str, wants: &'static str },
    #[error("it has no records")]
    NoRecords,
    #[error("it says it was built at no time there is")]
    Built,
}

/// Which fields answer.
#[derive(Debug)]
enum Fields {
    Country(Vec<&'static [&'static str]>),
    Network(Vec<&'static [&'static str]>),
    Flags(Vec<(&'static str, EgressClass)>),
    Every(EgressClass),
}

/// A database.
pub struct Database {
    reader: Reader<Vec<u8>>,
    fields: Fields,
    kind: String,
    built: String,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("kind", &self.kind)
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}

type Record<'a> = LookupResult<'a, Vec<u8>>;

fn keys<'a>(path: &[&'a str]) -> impl Iterator<Item = PathElement<'a>> {
    path.iter().map(|key| PathElement::Key(key))
}

/// The value at a path; `None` where it is not there or is something else.
fn at<'a, T: Deserialize<'a>>(record: &Record<'a>, path: &[&str]) -> Option<T> {
    let path: Vec<_> = keys(path).collect();
    record.decode_path(&path).ok().flatten()
}

fn country(record: &Record<'_>, path: &[&str]) -> Option<String> {
    normalise(at::<&str>(record, path)?)
}

fn network(record: &Record<'_>, path: &[&str]) -> Option<u32> {
    let number = at::<u64>(record, path).and_then(|number| u32::try_from(number).ok());
    let number = number.or_else(|| at::<u32>(record, path)).or_else(|| {
        let text = at::<&str>(record, path)?;
        text.strip_prefix("AS").unwrap_or(text).parse().ok()
    });
    number.filter(|number| *number != 0)
}

/// A flag: a boolean, or text or a number that says yes.
fn flag(record: &Record<'_>, name: &str) -> Option<bool> {
    at::<bool>(record, &[name])
        .or_else(|| Some(matches!(at::<&str>(record, &[name])?, "true" | "1" | "yes")))
        .or_else(|| Some(at::<u64>(record, &[name])? != 0))
}

fn damaged(error: &MaxMindDbError) -> DatabaseError {
    DatabaseError::Damaged(error.to_string())
}

impl Database {
    /// Reads a database and finds its fields out.
    ///
    /// # Errors
    /// Where it is none, is damaged, or has nothing of its role.
    pub fn read(bytes: Vec<u8>, role: Role) -> Result<Self, DatabaseError> {
        if bytes.is_empty() {
            return Err(DatabaseError::Empty);
        }
        let reader = Reader::from_source(bytes).map_err(|error| damaged(&error))?;
        let kind = printable(&reader.metadata().database_type, MAX_TYPE_CHARS);
        let built = i64::try_from(reader.metadata().build_epoch)
            .ok()
            .and_then(|second| jiff::Timestamp::from_second(second).ok())
            .ok_or(DatabaseError::Built)?
            .strftime("%Y-%m-%d")
            .to_string();
        let fields = probe(&reader, role, &kind)?;
        Ok(Self { reader, fields, kind, built })
    }

    /// The country of an address, from a database of role country or city.
    pub fn country(&self, address: IpAddr) -> Option<String> {
        let Fields::Country(paths) = &self.fields else { return None };
        let record = self.record(address)?;
        paths.iter().find_map(|path| country(&record, path))
    }

    /// The autonomous system of an address.
    pub fn network(&self, address: IpAddr) -> Option<u32> {
        let Fields::Network(paths) = &self.fields else { return None };
        let record = self.record(address)?;
        paths.iter().find_map(|path| network(&record, path))
    }

    /// The class of an address, from a database of role anonymous.
    pub fn class(&self, address: IpAddr) -> Option<EgressClass> {
        match &self.fields {
            Fields::Flags(flags) => {
                let record = self.record(address)?;
                flags.iter().find(|(name, _)| flag(&record, name) == Some(true)).map(|(_, class)| *class)
            }
            Fields::Every(class) => self.record(address).map(|_| *class),
            _ => None,
        }
    }

    /// The record of an address. An IPv6 address in a database of IPv4 has none.
    fn record(&self, address: IpAddr) -> Option<Record<'_>> {
        if address.is_ipv6() && self.is_ipv4_only() {
            return None;
        }
        self.reader.lookup(address).ok().filter(LookupResult::has_data)
    }

    /// What the database calls itself.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The day it was built.
    pub fn built(&self) -> &str {
        &self.built
    }

    /// Whether it knows IPv4 alone.
    pub fn is_ipv4_only(&self) -> bool {
        self.reader.metadata().ip_version == 4
    }

    /// The fields that answer, as text.
    pub fn fields(&self) -> String {
        match &self.fields {
            Fields::Country(paths) | Fields::Network(paths) => {
                paths.iter().map(|path| path.join(".")).collect::<Vec<_>>().join(", ")
            }
            Fields::Flags(flags) => flags.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "),
            Fields::Every(class) => format!("every record: {}", class.as_str()),
        }
    }
}

/// Finds out which fields of the role the records have.
fn probe(reader: &Reader<Vec<u8>>, role: Role, kind: &str) -> Result<Fields, DatabaseError> {
    let mut probed = 0;
    let (mut countries, mut networks) = ([false; COUNTRY.len()], [false; NETWORK.len()]);
    let mut flags = [false; FLAGS.len()];
    let mut proxies = false;
    for record in reader.networks(WithinOptions::default()).map_err(|error| damaged(&error))?.take(PROBED) {
        let record = record.map_err(|error| DatabaseError::Record(error.to_string()))?;
        record.decode::<serde::de::IgnoredAny>().map_err(|error| DatabaseError::Record(error.to_string()))?;
        probed += 1;
        match role {
            Role::Country | Role::City => {
                for (path, has) in COUNTRY.iter().zip(&mut countries) {
                    *has = *has || country(&record, path).is_some();
                }
            }
            Role::Asn => {
                for (path, has) in NETWORK.iter().zip(&mut networks) {
                    *has = *has || network(&record, path).is_some();
                }
            }
            Role::Anonymous => {
                for ((name, _), has) in FLAGS.iter().zip(&mut flags) {
                    *has = *has || flag(&record, name).is_some();
                }
                proxies |= RESIDENTIAL_PROXY.iter().any(|name| at::<&str>(&record, &[name]).is_some());
            }
        }
    }
    if probed == 0 {
        return Err(DatabaseError::NoRecords);
    }
    let fields = match role {
        Role::Country | Role::City => Fields::Country(there(&COUNTRY, &countries)),
        Role::Asn => Fields::Network(there(&NETWORK, &networks)),
        Role::Anonymous => {
            let flags = there(&FLAGS, &flags);
            if flags.is_empty() && proxies {
                Fields::Every(EgressClass::ResidentialProxy)
            } else {
                Fields::Flags(flags)
            }
        }
    };
    let none = match &fields {
        Fields::Country(paths) | Fields::Network(paths) => paths.is_empty(),
        Fields::Flags(flags) => flags.is_empty(),
        Fields::Every(_) => false,
    };
    if none {
        let (role, wants) = (role.as_str(), role.wants());
        return Err(DatabaseError::Role { kind: kind.to_owned(), probed, role, wants });
    }
    Ok(fields)
}

fn there<T: Copy>(all: &[T], has: &[bool]) -> Vec<T> {
    all.iter().zip(has).filter(|(_, has)| **has).map(|(one, _)| *one).collect()
}

#[cfg(test)]
pub(crate) mod tests;
