//! The package test: a Debian with systemd installs from the local signed repository and lives through what laptops live through.
//!
//! Three boots of one disk. The first ends by a reboot, the second by a power cut (the emulator is killed), the third by
//! removal and purge, after which nothing of agent or server may be left: no user, no file, no unit.
//! Agent and server run in the same machine, over its loopback.

use super::plan::{Outputs, Step};
use super::{boot_image, debian, kernel, qemu};
use crate::package::{self, Format, Package};
use crate::{ci, place, repository, run, tools};
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A step's name, which appears in a failure, and its script, which must end with 0.
type Script = (&'static str, &'static str);

const FIRST_BOOT: [Script; 11] = [
    ("the system is up", "systemctl is-active basic.target"),
    ("the repository is trusted by its signature alone", include_str!("packages/repository.sh")),
    ("install from it", include_str!("packages/install.sh")),
    (
        "installed as it should be",
        "set -e; getent passwd bearing; getent passwd bearing-server; systemctl is-enabled bearing-agent bearing-enroll bearing-server; \
         if systemctl is-active --quiet bearing-agent; then exit 1; fi; systemd-analyze verify bearing-agent.service bearing-enroll.service bearing-server.service",
    ),
    ("set the server up", include_str!("packages/server.sh")),
    ("a wrong token", include_str!("packages/wrong_token.sh")),
    ("enrol", include_str!("packages/enrol.sh")),
    ("the agent runs", include_str!("packages/running.sh")),
    ("a report arrives", include_str!("packages/report.sh")),
    ("directories and modes", include_str!("packages/modes.sh")),
    ("units are hardened", include_str!("packages/hardened.sh")),
];

const SECOND_BOOT: [Script; 5] = [
    ("the agent runs after a reboot", include_str!("packages/running.sh")),
    ("upgrade, and no downgrade", include_str!("packages/upgrade.sh")),
    ("the agent is confined", include_str!("packages/confined.sh")),
    ("modes after the upgrade", include_str!("packages/modes.sh")),
    ("reports wait where the server is away", include_str!("packages/spool.sh")),
];

const THIRD_BOOT: [Script; 6] = [
    ("the agent runs after a power cut", include_str!("packages/running.sh")),
    ("what waited is delivered", include_str!("packages/delivered.sh")),
    (
        "remove keeps state",
        "set -e; apt-get remove -y bearing-agent; test -f /var/lib/bearing/enrolment.json; ! systemctl is-active --quiet bearing-agent",
    ),
    ("install again", "set -e; apt-get install -y bearing-agent; systemctl is-active bearing-agent"),
    ("purge", "apt-get purge -y bearing-agent bearing-server"),
    (
        "nothing is left",
        "set -e; for name in bearing bearing-server; do if getent passwd $name || getent group $name; then exit 1; fi; done; \
         left=$(find / -xdev -not -path '/rig/*' -not -path '/srv/*' -not -path '/proc/*' -not -path '/var/log/*' -not -path '/var/lib/apt/*' \
         -not -path '/var/cache/apt/*' -not -path '/etc/apt/*' -iname '*bearing*'); echo \"$left\"; test -z \"$left\"; test ! -e /etc/bearing; \
         ! grep -r bearing /var/cache/debconf/config.dat",
    ),
];

/// The version that is upgraded from: the same binaries under a lower number.
const OLD_VERSION: &str = "0.0.1";

/// Builds what is packaged, makes packages and repository, boots three times, and checks each step.
///
/// # Errors
/// When a step in the machine fails; its output is part of the error.
pub(crate) fn main(finished: Option<&Path>) -> anyhow::Result<()> {
    tools::debian(&repository::TOOLS)?;
    tools::debian(&["qemu-utils"])?;
    let dist = place::target().join("vm/dist");
    std::fs::create_dir_all(&dist)?;
    let binaries = stripped_binaries(finished)?;
    let archive = archive(&binaries, &dist)?;
    let attempt = dist.join("attempt");
    let source = place::root().join("xtask/src/vm/packages/attempt.c");
    run::run(Command::new("cc").args(["-O1", "-static", "-o"]).arg(&attempt).arg(source))?;
    let kernel = kernel::fetch()?;
    let disk = dist.join("disk.qcow2");
    run::run(
        Command::new("qemu-img")
            .args(["create", "-q", "-f", "qcow2", "-F", "raw", "-b"])
            .arg(debian::disk()?.canonicalize()?)
            .arg(&disk),
    )?;
    let boot = |scripts: &[Script], end: qemu::End| {
        let mut steps: Vec<Step> = scripts.iter().map(step).collect();
        if end == qemu::End::Reboot {
            steps.push(step(&("reboot", "systemctl reboot --no-block; sleep 600")));
        }
        let files: [(&Path, &str); 2] = [(&archive, "rig/repository.tar"), (&attempt, "rig/attempt")];
        let image = boot_image(&kernel, steps, &[], &files, true)?;
        let hardware = qemu::Hardware { disk: Some(disk.clone()), end, ..qemu::Hardware::default() };
        let outputs = qemu::boot(&kernel.image, &image, &hardware, &mut |_, _, _| Ok(()))?;
        scripts.iter().try_for_each(|(name, _)| expect(&outputs, name))
    };
    boot(&FIRST_BOOT, qemu::End::Reboot).context("first boot")?;
    boot(&SECOND_BOOT, qemu::End::Kill).context("second boot")?;
    boot(&THIRD_BOOT, qemu::End::Kill).context("third boot")?;
    std::fs::remove_file(&disk)?;
    println!(
        "installed from a signed repository, enrolled, rebooted, upgraded, cut off, delivered, purged without a trace"
    );
    Ok(())
}

fn step((name, script): &Script) -> Step {
    Step::Run { name: (*name).to_owned(), argv: ["/bin/bash", "-c", script].map(str::to_owned).to_vec() }
}

/// Both versions of the agent and one of the server as a signed repository, in one file.
fn archive(binaries: &Path, dist: &Path) -> anyhow::Result<PathBuf> {
    let version = package::version()?;
    let key = repository::Key::get(None)?;
    let packages = [("server", version.as_str()), ("agent", version.as_str()), ("agent", OLD_VERSION)]
        .into_iter()
        .map(|(product, version)| {
            package::one(&Package { product, format: Format::Deb, version, binaries, rpm_key: None }, dist)
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    repository::make(&packages, &dist.join("repository"), &key)?;
    let archive = dist.join("repository.tar");
    run::run(Command::new("tar").arg("-cf").arg(&archive).arg("-C").arg(dist).arg("repository"))?;
    Ok(archive)
}

fn expect(outputs: &Outputs, name: &str) -> anyhow::Result<()> {
    let ran = outputs.get(name).with_context(|| format!("the machine did not get to `{name}`"))?;
    let text = String::from_utf8_lossy(&ran.stdout);
    if ran.code != Some(0) {
        bail!("`{name}` ended with {:?}\n{text}\n{}", ran.code, ran.stderr);
    }
    if name == "units are hardened" || name == "the agent is confined" {
        println!("{text}");
    }
    Ok(())
}

/// Finished binaries, or those of the development profile, which the tests have built already, without what only
/// debuggers read: what is tested here is packaging.
///
/// # Errors
/// When they do not build.
pub(crate) fn stripped_binaries(finished: Option<&Path>) -> anyhow::Result<PathBuf> {
    let from = finished.map_or_else(binaries, |dir| Ok(dir.to_path_buf()))?;
    stripped(&from, &place::target().join("vm/dist/bin"))
}

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

/// Copies without what only debuggers read, so that they are as quick to pack as shipped ones.
fn stripped(from: &Path, to: &Path) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(to)?;
    for product in package::PRODUCTS {
        let name = format!("bearing-{product}");
        run::run(Command::new("strip").arg("-o").arg(to.join(&name)).arg(from.join(&name)))?;
    }
    Ok(to.to_path_buf())
}
