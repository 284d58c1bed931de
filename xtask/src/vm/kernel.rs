//! The Debian kernel of the test machine: fetched as a package, unpacked, never installed.

use crate::{place, run};
use anyhow::{Context, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

/// An unpacked kernel with its modules.
pub(crate) struct Kernel {
    /// The version as `uname -r` says it.
    pub release: String,
    pub image: PathBuf,
    modules_dir: PathBuf,
    dependencies: BTreeMap<String, (String, Vec<String>)>,
}

/// Fetches and unpacks the kernel that Debian's `linux-image-amd64` stands for, unless it lies here already.
///
/// # Errors
/// When apt knows no such package, or it cannot be unpacked.
pub(crate) fn fetch() -> anyhow::Result<Kernel> {
    let dir = place::target().join("vm/kernel");
    let release_file = dir.join("release");
    if !release_file.exists() {
        let package = run::output(Command::new("apt-cache").args(["depends", "linux-image-amd64"]))?
            .lines()
            .find_map(|line| line.trim().strip_prefix("Depends: linux-image-").map(str::to_owned))
            .context("apt knows no `linux-image-amd64`; run `apt-get update` first")?;
        std::fs::create_dir_all(&dir)?;
        let download = tempfile::tempdir_in(&dir)?;
        run::run(
            Command::new("apt-get")
                .args(["download", "-q", &format!("linux-image-{package}")])
                .current_dir(download.path()),
        )?;
        let archive = std::fs::read_dir(download.path())?
            .find_map(|entry| Some(entry.ok()?.path()))
            .context("apt-get downloaded nothing")?;
        run::run(Command::new("dpkg-deb").arg("-x").arg(archive).arg(&dir))?;
        run::run(Command::new("depmod").arg("-b").arg(&dir).arg(&package))?;
        std::fs::write(&release_file, package)?;
    }
    let release = std::fs::read_to_string(&release_file)?;
    let modules_dir = dir.join("lib/modules").join(&release);
    let listing = modules_dir.join("modules.dep");
    let text =
        std::fs::read_to_string(&listing).with_context(|| format!("cannot read `{}`", listing.display()))?;
    Ok(Kernel {
        image: dir.join(format!("boot/vmlinuz-{release}")),
        dependencies: text.lines().filter_map(parse_dependency).collect(),
        modules_dir,
        release,
    })
}

impl Kernel {
    /// The named modules and all they need, each after what it needs: name and file.
    ///
    /// # Errors
    /// When this kernel has no such module.
    pub(crate) fn modules(&self, wanted: &[&str]) -> anyhow::Result<Vec<(String, PathBuf)>> {
        let mut ordered = Vec::new();
        let mut seen = BTreeSet::new();
        for name in wanted {
            self.push(&canonical(name), &mut seen, &mut ordered)?;
        }
        Ok(ordered)
    }

    fn push(
        &self,
        name: &str,
        seen: &mut BTreeSet<String>,
        ordered: &mut Vec<(String, PathBuf)>,
    ) -> anyhow::Result<()> {
        let Some((path, needs)) = self.dependencies.get(name) else {
            bail!("kernel {} has no module `{name}`", self.release);
        };
        if seen.insert(name.to_owned()) {
            for needed in needs {
                self.push(needed, seen, ordered)?;
            }
            ordered.push((name.to_owned(), self.modules_dir.join(path)));
        }
        Ok(())
    }
}

/// One line of `modules.dep`: `path: path path …`, nearest need first.
fn parse_dependency(line: &str) -> Option<(String, (String, Vec<String>))> {
    let (path, needs) = line.split_once(':')?;
    let needs = needs.split_whitespace().rev().map(module_name).collect();
    Some((module_name(path), (path.to_owned(), needs)))
}

fn module_name(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    canonical(file.split('.').next().unwrap_or(file))
}

fn canonical(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_line_names_what_it_needs() {
        let (name, (path, needs)) =
            parse_dependency("kernel/a/usb-storage.ko: kernel/b/scsi_mod.ko kernel/c/usbcore.ko").unwrap();
        assert_eq!(name, "usb_storage");
        assert_eq!(path, "kernel/a/usb-storage.ko");
        assert_eq!(needs, ["usbcore", "scsi_mod"]);
    }
}
