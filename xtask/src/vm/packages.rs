//! The package test: install both packages in a Debian with systemd, enrol, report, purge.
//!
//! Agent and server run in the same machine, over its loopback. At the end nothing of either may be
//! left: no user, no file, no unit.

use super::plan::{Outputs, Step};
use super::{boot_image, debian, kernel, qemu};
use crate::{ci, package, place, run};
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};

/// What the machine does, in order; each must end with 0. Names appear in the failure.
const SCRIPT: [(&str, &str); 12] = [
    ("the system is up", "systemctl is-active basic.target"),
    ("install", "dpkg -i /rig/bearing-server.deb /rig/bearing-agent.deb"),
    (
        "installed as it should be",
        "set -e; getent passwd bearing; getent passwd bearing-server; systemctl is-enabled bearing-agent bearing-enroll bearing-server; \
         ! systemctl is-active --quiet bearing-agent; systemd-analyze verify bearing-agent.service bearing-enroll.service bearing-server.service",
    ),
    ("set the server up", include_str!("packages/server.sh")),
    ("enrol", include_str!("packages/enrol.sh")),
    ("the agent runs", include_str!("packages/running.sh")),
    ("a report arrives", include_str!("packages/report.sh")),
    ("the agent is confined", include_str!("packages/confined.sh")),
    (
        "remove keeps state",
        "set -e; dpkg --remove bearing-agent; test -f /var/lib/bearing/enrolment.json; ! systemctl is-active --quiet bearing-agent",
    ),
    ("install again", "set -e; dpkg -i /rig/bearing-agent.deb; systemctl is-active bearing-agent"),
    ("purge", "dpkg --purge bearing-agent bearing-server"),
    (
        "nothing is left",
        "! getent passwd bearing && ! getent passwd bearing-server && ! getent group bearing && ! getent group bearing-server && \
         left=$(find / -xdev -not -path '/rig/*' -not -path '/proc/*' -not -path '/var/log/*' -iname '*bearing*') && echo \"$left\" && test -z \"$left\" && test ! -e /etc/bearing",
    ),
];

/// Builds what is packaged, makes the packages, boots once, and checks each step.
///
/// # Errors
/// When a step in the machine fails; its output is part of the error.
pub(crate) fn main(finished: Option<&Path>) -> anyhow::Result<()> {
    let dist = place::target().join("vm/dist");
    let binaries = finished.map_or_else(binaries, |dir| Ok(dir.to_path_buf()))?;
    let [agent, server] = package::make(&binaries, &dist)?;
    let kernel = kernel::fetch()?;
    let disk = debian::disk()?;
    let steps: Vec<Step> = SCRIPT
        .iter()
        .map(|(name, script)| Step::Run {
            name: (*name).to_owned(),
            argv: ["/bin/bash", "-c", script].map(str::to_owned).to_vec(),
        })
        .collect();
    let image = boot_image(
        &kernel,
        steps,
        &[],
        &[(&agent, "rig/bearing-agent.deb"), (&server, "rig/bearing-server.deb")],
        true,
    )?;
    let outputs = qemu::boot(
        &kernel.image,
        &image,
        &qemu::Hardware { disk: Some(disk), ..qemu::Hardware::default() },
        &mut |_, _, _| Ok(()),
    )?;
    for (name, _) in SCRIPT {
        expect(&outputs, name)?;
    }
    println!("both packages were installed, enrolled, reported, and were purged without a trace");
    Ok(())
}

fn expect(outputs: &Outputs, name: &str) -> anyhow::Result<()> {
    let ran = outputs.get(name).with_context(|| format!("the machine did not get to `{name}`"))?;
    if ran.code != Some(0) {
        bail!("`{name}` ended with {:?}\n{}\n{}", ran.code, String::from_utf8_lossy(&ran.stdout), ran.stderr);
    }
    Ok(())
}

/// The binaries of the development profile, which the tests have built already: what is tested here is packaging.
fn binaries() -> anyhow::Result<PathBuf> {
    run::run(ci::cargo().args([
        "build",
        "--quiet",
        "--locked",
        "-p",
        "bearing-agent",
        "-p",
        "bearing-server",
    ]))?;
    Ok(place::target().join("debug"))
}
