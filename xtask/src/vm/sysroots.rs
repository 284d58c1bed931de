//! Captured sysroots: `tests/vm/sysroots.toml` says which devices and display each shows.

use super::plan::Step;
use super::{description, device, image, kernel, qemu};
use crate::run;
use anyhow::Context;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sysroots {
    sysroot: Vec<Sysroot>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sysroot {
    name: String,
    about: String,
    #[serde(default)]
    device: Option<String>,
    /// A variant of the device, with its form (`renamed, keyboard only`); the plain device if not given.
    #[serde(default)]
    variant: Option<String>,
    /// A file below `tests/vm/edid`, without its ending.
    #[serde(default)]
    edid: Option<String>,
}

/// Captures all sysroots, or the named ones, in one boot.
///
/// # Errors
/// When a description cannot be read or the test machine fails; directories are then left as they were.
pub(crate) fn capture(names: &[String], to: &Path) -> anyhow::Result<()> {
    let path = super::dir().join("sysroots.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let Sysroots { sysroot: mut sysroots } = toml::from_str(&text)?;
    sysroots.retain(|sysroot| names.is_empty() || names.contains(&sysroot.name));
    anyhow::ensure!(!sysroots.is_empty(), "`{}` has no such sysroot", path.display());
    let kernel = kernel::fetch()?;
    let mut steps = Vec::new();
    for sysroot in &sysroots {
        steps
            .push(sysroot.edid.as_ref().map_or(Step::NoDisplay, |edid| Step::Display(format!("{edid}.bin"))));
        if let Some(name) = &sysroot.device {
            steps.push(Step::Plug(vec![described(name, sysroot.variant.as_deref())?]));
        }
        steps.push(Step::Capture(sysroot.name.clone()));
        if sysroot.device.is_some() {
            steps.push(Step::Unplug);
        }
    }
    std::fs::create_dir_all(to)?;
    let fresh = tempfile::tempdir_in(to)?;
    let image = image(&kernel, steps, &[], &[])?;
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    qemu::boot(&kernel.image, &image, &qemu::Hardware::default(), &mut |capture, path, entry| {
        let count = counts.entry(capture.to_owned()).or_default();
        let at = fresh.path().join(capture).join(relative(path)?);
        if let Some(parent) = at.parent() {
            std::fs::create_dir_all(parent)?;
        }
        match entry {
            qemu::Entry::File(data) => {
                std::fs::write(&at, data)?;
                count.1 += data.len();
            }
            qemu::Entry::Link(target) => std::os::unix::fs::symlink(target, &at)?,
        }
        count.0 += 1;
        Ok(())
    })?;
    let emulator = run::output(Command::new("qemu-system-x86_64").arg("--version"))?;
    let emulator = emulator.lines().next().unwrap_or_default();
    let date = run::output(Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
    for sysroot in &sysroots {
        let (files, bytes) = counts.get(&sysroot.name).copied().unwrap_or_default();
        let captured = fresh.path().join(&sysroot.name);
        let origin = format!(
            "# Written by `cargo xtask vm capture`; how such a capture is made: ../README.md\nabout = {:?}\ndevice = {:?}\nvariant = {:?}\nedid = {:?}\nkernel = {:?}\nemulator = {emulator:?}\ncaptured_on = {:?}\n",
            sysroot.about,
            sysroot.device.as_deref().unwrap_or("none"),
            sysroot.variant.as_deref().unwrap_or("none"),
            sysroot.edid.as_deref().unwrap_or("none"),
            kernel.release,
            date.trim(),
        );
        std::fs::write(captured.join("capture.toml"), origin)?;
        let place = to.join(&sysroot.name);
        if place.exists() {
            std::fs::remove_dir_all(&place)?;
        }
        std::fs::rename(&captured, &place)?;
        eprintln!("{}: {files} files and links, {bytes} bytes", place.display());
    }
    Ok(())
}

/// The device of a description, or one of its variants.
fn described(name: &str, variant: Option<&str>) -> anyhow::Result<super::plan::Device> {
    let Some(variant) = variant else { return device(name) };
    let wanted = format!("{name}: {variant}");
    description::all()?
        .into_iter()
        .map(|case| case.device)
        .find(|device| device.name == wanted)
        .with_context(|| format!("no description has `{wanted}`"))
}

/// A path below a root, whatever the guest says.
fn relative(path: &str) -> anyhow::Result<PathBuf> {
    let path = PathBuf::from(path);
    anyhow::ensure!(
        path.components().all(|component| matches!(component, Component::Normal(_))),
        "the guest named the path `{}`",
        path.display()
    );
    Ok(path)
}
