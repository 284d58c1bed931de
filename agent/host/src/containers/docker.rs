//! Docker's files of one container.

use std::collections::BTreeMap;

use bearing_protocol::fact::Container;
use serde::Deserialize;

/// Reads `config.v2.json`: image, whether it runs, and the ports it publishes while it does.
pub fn parse_config(bytes: &[u8]) -> Option<Container> {
    let file: Config = serde_json::from_slice(bytes).ok()?;
    let network = file.network.unwrap_or_default();
    Some(Container {
        runtime: "docker".to_owned(),
        image: file.config.image,
        published_ports: ports(&network.ports),
        running: file.state.map(|state| state.running),
        ..Container::default()
    })
}

/// Reads the ports that `hostconfig.json` asks for.
pub fn parse_host_config(bytes: &[u8]) -> Option<Vec<u16>> {
    let file: HostConfig = serde_json::from_slice(bytes).ok()?;
    Some(ports(&file.port_bindings))
}

type Bindings = Option<BTreeMap<String, Option<Vec<Binding>>>>;

fn ports(bindings: &Bindings) -> Vec<u16> {
    let all = bindings.iter().flat_map(BTreeMap::values).flatten().flatten();
    all.filter_map(|binding| binding.host_port.parse().ok()).take(MAX_PORTS).collect()
}

#[derive(Deserialize)]
struct Config {
    #[serde(rename = "Config")]
    config: Inner,
    #[serde(rename = "State")]
    state: Option<State>,
    #[serde(rename = "NetworkSettings")]
    network: Option<Network>,
}

#[derive(Deserialize)]
struct Inner {
    #[serde(rename = "Image", default)]
    image: String,
}

#[derive(Deserialize)]
struct State {
    #[serde(rename = "Running", default)]
    running: bool,
}

#[derive(Default, Deserialize)]
struct Network {
    #[serde(rename = "Ports", default)]
    ports: Bindings,
}

#[derive(Deserialize)]
struct HostConfig {
    #[serde(rename = "PortBindings", default)]
    port_bindings: Bindings,
}

#[derive(Deserialize)]
struct Binding {
    #[serde(rename = "HostPort", default)]
    host_port: String,
}

const MAX_PORTS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_in_use_and_missing_parts_are_minded() {
        let text = br#"{"Config":{"Image":"x"},"State":{"Running":false},"NetworkSettings":{"Ports":{"80/tcp":[{"HostPort":"8080"},{"HostPort":"99999"}],"81/tcp":null}}}"#;
        let container = parse_config(text).unwrap();
        assert_eq!((container.published_ports, container.running), (vec![8080], Some(false)));
        assert_eq!(parse_config(br#"{"Config":{}}"#).unwrap().running, None);
        assert_eq!(parse_config(b"{}"), None);
        assert_eq!(parse_host_config(br#"{"PortBindings":null}"#), Some(Vec::new()));
    }
}
