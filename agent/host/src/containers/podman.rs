//! containers/storage: the list of podman's containers, and one container's specification.

use std::collections::BTreeMap;

use bearing_protocol::fact::Container;
use serde::Deserialize;
use serde_json::Value;

/// Reads `containers.json`: ids with what the list itself says.
pub fn parse_containers(bytes: &[u8]) -> Option<Vec<(String, Container)>> {
    let list: Vec<Entry> = serde_json::from_slice(bytes).ok()?;
    let container = |entry: Entry| {
        let metadata: Metadata = serde_json::from_str(&entry.metadata).unwrap_or_default();
        let container =
            Container { runtime: "podman".to_owned(), image: metadata.image_name, ..Container::default() };
        (entry.id, container)
    };
    Some(list.into_iter().filter(|entry| is_id(&entry.id)).map(container).collect())
}

/// Adds what a specification says: podman notes published ports in its annotations.
pub fn add_spec(container: &mut Container, bytes: &[u8]) {
    let Ok(spec) = serde_json::from_slice::<Spec>(bytes) else { return };
    for (name, value) in &spec.annotations {
        if name.ends_with("PortMappings") || name.ends_with("port_mappings") {
            let mappings: Vec<Value> = serde_json::from_str(value).unwrap_or_default();
            let port = |mapping: &Value| {
                let port = mapping.get("host_port").or_else(|| mapping.get("hostPort"))?.as_u64()?;
                u16::try_from(port).ok()
            };
            container.published_ports.extend(mappings.iter().filter_map(port).take(MAX_PORTS));
        }
    }
}

/// Ids become parts of paths: hexadecimal, as podman makes them.
fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    #[serde(default)]
    metadata: String,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(rename = "image-name", default)]
    image_name: String,
}

#[derive(Deserialize)]
struct Spec {
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

const MAX_PORTS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_are_paths_are_left_out() {
        let list = br#"[{"id":"../../etc"},{"id":"ab12"},{"id":""}]"#;
        let ids: Vec<_> = parse_containers(list).unwrap().into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, ["ab12"]);
        assert_eq!(parse_containers(b"{}"), None);
    }

    #[test]
    fn published_ports_are_read_from_annotations() {
        let mut container = Container::default();
        add_spec(&mut container, br#"{"annotations":{"io.podman.annotations.PortMappings":"[{\"host_port\":6080},{\"host_port\":99999}]"}}"#);
        assert_eq!(container.published_ports, [6080]);
        add_spec(&mut container, b"nothing");
    }
}
