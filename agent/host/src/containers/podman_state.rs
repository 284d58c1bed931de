//! libpod's own state (podman since 4.8): an SQLite database with a JSON text for each container.
//!
//! Facts: libpod `sqlite_state_internal.go` (tables), `container_config.go` (names in the JSON),
//! `define/containerstate.go` (numbers of states).

use std::{collections::BTreeMap, ops::ControlFlow};

use bearing_protocol::fact::Container;
use serde::Deserialize;

use crate::{
    executables::read_at::ReadAt,
    sqlite::{
        Database, SqliteError,
        record::{Value, columns},
    },
};

/// Reads a database, its log where there is one: containers by id.
///
/// # Errors
/// Where it is no database of this form.
pub fn parse(file: &dyn ReadAt, log: Option<&dyn ReadAt>) -> Result<Vec<(String, Container)>, SqliteError> {
    let database = Database::open(file, log)?;
    let mut states: BTreeMap<String, i64> = BTreeMap::new();
    if let Some(table) = database.root_of("table", "ContainerState")? {
        database.scan(table, |_, record| {
            let mut values = columns(record);
            if let (Some(Value::Text(id)), Some(Value::Integer(state))) = (values.next(), values.next()) {
                states.insert(String::from_utf8_lossy(id).into_owned(), state);
            }
            bounded(states.len())
        })?;
    }
    let mut containers = Vec::new();
    if let Some(table) = database.root_of("table", "ContainerConfig")? {
        database.scan(table, |_, record| {
            let values: Vec<Value<'_>> = columns(record).take(4).collect();
            if let [Value::Text(id), _, _, Value::Text(json)] = values.as_slice() {
                let id = String::from_utf8_lossy(id).into_owned();
                let config: Config = serde_json::from_slice(json).unwrap_or_default();
                let container = Container {
                    runtime: "podman".to_owned(),
                    image: config.image,
                    published_ports: config.ports.iter().flat_map(Mapping::ports).take(MAX_PORTS).collect(),
                    running: states.get(&id).map(|state| matches!(*state, RUNNING | PAUSED)),
                    ..Container::default()
                };
                containers.push((id, container));
            }
            bounded(containers.len())
        })?;
    }
    Ok(containers)
}

fn bounded(count: usize) -> ControlFlow<()> {
    if count < MAX_CONTAINERS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    #[serde(rename = "rootfsImageName")]
    image: String,
    #[serde(rename = "newPortMappings")]
    ports: Vec<Mapping>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Mapping {
    host_port: u16,
    range: u16,
}

impl Mapping {
    /// The ports of the machine; a range counts its first too.
    fn ports(&self) -> impl Iterator<Item = u16> + use<> {
        self.host_port..=self.host_port.saturating_add(self.range.saturating_sub(1))
    }
}

const RUNNING: i64 = 3;
const PAUSED: i64 = 5;
const MAX_CONTAINERS: usize = 2_000;
const MAX_PORTS: usize = 256;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Made with SQLite itself, in libpod's form.
    const FILE: &[u8] = include_bytes!("../../captures/podman-state/db.sql");

    #[test]
    fn images_ports_and_states_are_read() {
        let found = parse(&FILE, None).unwrap();
        assert_eq!(found[0].1.image, "docker.io/linuxserver/webtop:latest");
        assert_eq!(
            (found[0].1.published_ports.as_slice(), found[0].1.running),
            ([6081, 6082].as_slice(), Some(true))
        );
        assert_eq!((found[1].0.as_str(), found[1].1.running), ("abcdef", Some(false)));
        assert!(!format!("{found:?}").contains("SECRET"));
        assert!(parse(&b"no".as_slice(), None).is_err());
    }

    proptest! {
        #[test]
        fn any_damage_is_survived(at in 0..FILE.len(), value in any::<u8>(), end in 0..=FILE.len()) {
            let mut bytes = FILE.to_vec();
            bytes[at] = value;
            let _ = parse(&&bytes[..end], None);
        }
    }
}
