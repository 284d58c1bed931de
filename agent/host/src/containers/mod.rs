//! Containers, as their runtimes' state files describe them.
//!
//! Always: no socket is asked and no program run; of each container id, image and published ports are taken,
//! never its environment or its mounts.
//! Facts: Docker `config.v2.json` and `hostconfig.json`; containers/storage `overlay-containers/containers.json`
//! with `userdata/config.json`; libpod's `db.sql`; LXC `config`.

pub mod docker;
pub mod podman;
pub mod podman_state;

use std::{collections::BTreeSet, fs::File};

use bearing_protocol::{fact::Container, limits::MAX_TEXT_BYTES, text::printable};

use crate::{
    executables::read_at::ReadAt,
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading},
    root::ReadErrorKind,
    users::homes,
};

const MAX_CONTAINERS: usize = 2_000;
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// How much of an id is kept: what the tools themselves show.
const ID_CHARACTERS: usize = 12;

/// Docker's state: of the system, of the snap, and below homes without root.
const DOCKER: [&str; 2] = ["/var/lib/docker/containers", "/var/snap/docker/common/var-lib-docker/containers"];
const DOCKER_ROOTLESS: &str = ".local/share/docker/containers";
const PODMAN: &str = "/var/lib/containers/storage";
const PODMAN_ROOTLESS: &str = ".local/share/containers/storage";
const LXC: &str = "/var/lib/lxc";
/// Storage drivers of podman whose directories carry their name.
const PODMAN_DRIVERS: [&str; 4] = ["overlay", "vfs", "btrfs", "zfs"];

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<Container>> {
    context.needs_linux()?;
    let mut found = Found { context, containers: Vec::new(), seen: BTreeSet::new(), gaps: Gaps::default() };
    let homes = homes(context);
    for directory in DOCKER {
        found.docker(directory);
    }
    found.podman(PODMAN);
    found.lxc();
    for home in &homes {
        found.docker(&format!("{}/{DOCKER_ROOTLESS}", home.path));
        found.podman(&format!("{}/{PODMAN_ROOTLESS}", home.path));
    }
    let Found { containers, gaps, .. } = found;
    let running = containers.iter().filter(|container| container.running == Some(true)).count();
    let summary = format!("{} containers, {running} of them running", containers.len());
    Ok(Reading::with_gaps(containers, summary, gaps))
}

struct Found<'a> {
    context: &'a Context,
    containers: Vec<Container>,
    seen: BTreeSet<(String, String)>,
    gaps: Gaps,
}

impl Found<'_> {
    fn names(&mut self, directory: &str) -> Vec<String> {
        match self.context.root.list_dir(directory, MAX_CONTAINERS) {
            Ok(listing) => {
                if listing.truncated {
                    self.gaps.add("containers", Why::OverLimit);
                }
                listing.names
            }
            Err(error) => {
                if error.kind != ReadErrorKind::NotAFile {
                    self.gaps.add_error("containers", &error);
                }
                Vec::new()
            }
        }
    }

    fn bytes(&mut self, path: &str) -> Option<Vec<u8>> {
        self.context
            .root
            .read(path, MAX_BYTES)
            .inspect_err(|error| self.gaps.add_error("containers", error))
            .ok()
    }

    fn docker(&mut self, directory: &str) {
        for id in self.names(directory) {
            let Some(state) = self.bytes(&format!("{directory}/{id}/config.v2.json")) else { continue };
            let Some(mut container) = docker::parse_config(&state) else {
                self.gaps.add("containers", Why::Malformed);
                continue;
            };
            if let Some(host) = self.bytes(&format!("{directory}/{id}/hostconfig.json")) {
                container.published_ports.extend(docker::parse_host_config(&host).unwrap_or_default());
            }
            self.add(container, &id);
        }
    }

    fn podman(&mut self, storage: &str) {
        self.podman_state(storage);
        for driver in PODMAN_DRIVERS {
            let directory = format!("{storage}/{driver}-containers");
            let Ok(list) = self.context.root.read(format!("{directory}/containers.json"), MAX_BYTES) else {
                continue;
            };
            let Some(containers) = podman::parse_containers(&list) else {
                self.gaps.add("containers", Why::Malformed);
                continue;
            };
            for (id, mut container) in containers.into_iter().take(MAX_CONTAINERS) {
                if let Some(spec) = self.bytes(&format!("{directory}/{id}/userdata/config.json")) {
                    podman::add_spec(&mut container, &spec);
                }
                self.add(container, &id);
            }
        }
    }

    /// libpod's own state, which knows more than the storage below it.
    fn podman_state(&mut self, storage: &str) {
        let root = &self.context.root;
        let path = format!("{storage}/db.sql");
        let file = match root.open(&path) {
            Ok(file) => file,
            Err(error) => return self.gaps.add_error("containers", &error),
        };
        let log: Option<File> = root.open(format!("{path}-wal")).ok();
        match podman_state::parse(&file, log.as_ref().map(|log| log as &dyn ReadAt)) {
            Ok(containers) => {
                for (id, container) in containers {
                    self.add(container, &id);
                }
            }
            Err(error) => self.gaps.note(format!("podman's state: {error}")),
        }
    }

    fn lxc(&mut self) {
        for name in self.names(LXC) {
            if self.context.root.exists(format!("{LXC}/{name}/config")) {
                self.add(Container { runtime: "lxc".to_owned(), ..Container::default() }, &name);
            }
        }
    }

    fn add(&mut self, mut container: Container, id: &str) {
        container.id = printable(id, ID_CHARACTERS).trim_end_matches('…').to_owned();
        container.image = printable(&container.image, MAX_TEXT_BYTES);
        container.published_ports.sort_unstable();
        container.published_ports.dedup();
        if container.running.is_none() {
            container.running = self.runs(id);
        }
        if self.containers.len() < MAX_CONTAINERS
            && self.seen.insert((container.runtime.clone(), id.to_owned()))
        {
            self.containers.push(container);
        }
    }

    /// Whether a process is in it, by its control group. Without processes nothing can be said.
    fn runs(&self, id: &str) -> Option<bool> {
        let processes = &self.context.earlier.processes;
        let inside = |group: &String| group.contains(id);
        (!processes.is_empty())
            .then(|| processes.iter().any(|process| process.cgroup.as_ref().is_some_and(inside)))
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    #[test]
    fn containers_of_every_runtime_are_listed() {
        let machine = Machine::new();
        let id = "4f1bce0123456789";
        machine
            .file("/etc/passwd", "anna:x:1000:1000::/home/anna:/bin/bash\n")
            .file(
                &format!("/var/lib/docker/containers/{id}/config.v2.json"),
                r#"{"ID":"x","State":{"Running":true},"Config":{"Image":"dorowu/ubuntu-desktop-lxde-vnc","Env":["PASSWORD=SECRET"]}}"#,
            )
            .file(
                &format!("/var/lib/docker/containers/{id}/hostconfig.json"),
                r#"{"PortBindings":{"5900/tcp":[{"HostIp":"","HostPort":"5901"}],"80/tcp":[{"HostPort":""}]}}"#,
            )
            .file(
                "/home/anna/.local/share/containers/storage/overlay-containers/containers.json",
                r#"[{"id":"abcdef0123456789","names":["x"],"image":"sha","metadata":"{\"image-name\":\"docker.io/linuxserver/webtop:latest\"}"}]"#,
            )
            .file(
                "/home/anna/.local/share/containers/storage/overlay-containers/abcdef0123456789/userdata/config.json",
                r#"{"annotations":{"io.podman.annotations.x":"1"},"process":{"env":["SECRET=1"]}}"#,
            )
            .file("/var/lib/containers/storage/db.sql", include_bytes!("../../captures/podman-state/db.sql"))
            .file("/var/lib/lxc/box/config", "");
        let reading = read(&machine.context()).unwrap();
        let found: Vec<_> = reading
            .value
            .iter()
            .map(|c| {
                (c.runtime.as_str(), c.id.as_str(), c.image.as_str(), c.published_ports.clone(), c.running)
            })
            .collect();
        assert_eq!(
            found,
            [
                ("docker", "4f1bce012345", "dorowu/ubuntu-desktop-lxde-vnc", vec![5901], Some(true)),
                (
                    "podman",
                    "942022011f35",
                    "docker.io/linuxserver/webtop:latest",
                    vec![6081, 6082],
                    Some(true)
                ),
                ("podman", "abcdef", "", vec![], Some(false)),
                ("lxc", "box", "", vec![], None),
                ("podman", "abcdef012345", "docker.io/linuxserver/webtop:latest", vec![], None),
            ]
        );
        assert!(!format!("{:?}", reading.value).contains("SECRET"));
        assert!(reading.gaps.is_empty(), "{}", reading.gaps.describe());
    }

    #[test]
    fn broken_state_is_told() {
        let machine = Machine::new();
        machine
            .file("/var/lib/docker/containers/a/config.v2.json", "[]")
            .fifo("/var/lib/docker/containers/b/config.v2.json")
            .file("/var/lib/containers/storage/overlay-containers/containers.json", "{");
        let reading = read(&machine.context()).unwrap();
        assert!(reading.value.is_empty());
        assert_eq!(reading.gaps.count("containers", Why::Malformed), 3);
    }
}
