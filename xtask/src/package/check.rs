//! A finished package looked at with its own distribution's tools: what is in it, with which modes.

use crate::run;
use anyhow::{Context, bail, ensure};
use std::path::Path;
use std::process::Command;

/// What each package holds: path, mode; the product's name stands for `{}`.
const FILES: [(&str, &str); 4] = [
    ("usr/bin/bearing-{}", "-rwxr-xr-x"),
    ("usr/lib/systemd/system/bearing-{}.service", "-rw-r--r--"),
    ("usr/lib/sysusers.d/bearing-{}.conf", "-rw-r--r--"),
    ("usr/share/doc/bearing-{}/README.md", "-rw-r--r--"),
];

/// Scripts that an rpm must carry.
const RPM_SCRIPTS: [&str; 3] = ["postinstall scriptlet", "preuninstall scriptlet", "postuninstall scriptlet"];

/// Checks one package by its ending.
///
/// # Errors
/// When something is missing, has another mode, or belongs to somebody other than root.
pub(super) fn package(file: &Path) -> anyhow::Result<()> {
    let name = file.file_name().and_then(|name| name.to_str()).context("a package without a name")?;
    let product = if name.starts_with("bearing-agent") { "agent" } else { "server" };
    let listing = match file.extension().and_then(|ending| ending.to_str()) {
        Some("deb") => run::output(Command::new("dpkg-deb").arg("-c").arg(file))?,
        Some("rpm") => {
            let scripts =
                run::output(Command::new("rpm").args(["-qp", "--nosignature", "--scripts"]).arg(file))?;
            for script in RPM_SCRIPTS {
                ensure!(scripts.contains(script), "`{name}` has no {script}");
            }
            run::output(Command::new("rpm").args(["-qplv", "--nosignature"]).arg(file))?
        }
        Some("zst" | "apk") => run::output(Command::new("bsdtar").arg("-tvf").arg(file))?,
        _ => bail!("`{name}` is no package"),
    };
    contents(&listing, product).with_context(|| format!("`{name}`"))
}

/// Installs an rpm into an empty root and takes it out again; its scripts do not run there.
///
/// # Errors
/// When its signature does not hold, a changed copy is taken, a file is not as packed, or something stays.
pub(super) fn rpm_in_a_root(file: &Path, public_key: &Path) -> anyhow::Result<()> {
    let work = tempfile::tempdir()?;
    let root = work.path().join("root");
    let rpm = |words: &[&str], file: &Path| {
        run::output(Command::new("rpm").arg("--root").arg(&root).args(words).arg(file))
    };
    std::fs::create_dir(&root)?;
    run::output(Command::new("rpm").arg("--root").arg(&root).arg("--initdb"))?;
    rpm(&["--import"], public_key)?;
    let told = rpm(&["--checksig"], file)?;
    ensure!(told.contains("digests signatures OK"), "the signature does not hold: {told}");
    let altered = work.path().join("altered.rpm");
    let mut bytes = std::fs::read(file)?;
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    std::fs::write(&altered, bytes)?;
    ensure!(rpm(&["--checksig"], &altered).is_err(), "a package with one bit changed was taken");
    rpm(&["--install", "--nodeps", "--noscripts"], file)?;
    let name = run::output(Command::new("rpm").args(["-qp", "--nosignature", "--qf", "%{NAME}"]).arg(file))?;
    let installed = Path::new(&name);
    rpm(&["--verify", "--nodeps", "--noscripts"], installed)?;
    rpm(&["--erase", "--nodeps", "--noscripts"], installed)?;
    let left = run::output(Command::new("find").arg(&root).args(["-iname", "*bearing*"]))?;
    ensure!(left.is_empty(), "left behind:\n{left}");
    Ok(())
}

fn contents(listing: &str, product: &str) -> anyhow::Result<()> {
    for (path, mode) in FILES {
        let path = path.replace("{}", product);
        let line = listing
            .lines()
            .find(|line| {
                line.split_whitespace().last().is_some_and(|last| last.trim_start_matches(['.', '/']) == path)
            })
            .with_context(|| format!("has no `{path}`"))?;
        ensure!(
            line.starts_with(mode),
            "`{path}` is `{}`, not `{mode}`",
            line.split(' ').next().unwrap_or_default()
        );
        let owner = line.split_whitespace().skip(1).find(|word| word.starts_with("root") || *word == "0");
        ensure!(owner.is_some(), "`{path}` does not belong to root: {line}");
    }
    for line in listing.lines() {
        // Links have all bits; a setuid bit or a file that everybody may write is never meant.
        let mode = line.split_whitespace().next().unwrap_or_default();
        let is_loose = mode.chars().nth(8) == Some('w') || mode.contains(['s', 'S', 't']);
        ensure!(mode.starts_with('l') || !is_loose, "has loose modes: {line}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(binary: &str) -> String {
        format!(
            "{binary} root/root 1 2026-01-01 00:00 ./usr/bin/bearing-agent\n\
             -rw-r--r-- root/root 1 2026-01-01 00:00 ./usr/lib/systemd/system/bearing-agent.service\n\
             -rw-r--r-- root/root 1 2026-01-01 00:00 ./usr/lib/sysusers.d/bearing-agent.conf\n\
             -rw-r--r-- root/root 1 2026-01-01 00:00 ./usr/share/doc/bearing-agent/README.md\n"
        )
    }

    #[test]
    fn a_setuid_program_or_a_missing_file_is_refused() {
        contents(&listing("-rwxr-xr-x"), "agent").unwrap();
        assert!(contents(&listing("-rwsr-xr-x"), "agent").is_err());
        let error = contents(&listing("-rwxr-xr-x"), "server").unwrap_err();
        assert!(error.to_string().contains("bearing-server"), "{error}");
        let loose = format!("{}drwxrwxrwx root/root 0 2026-01-01 00:00 ./var/x\n", listing("-rwxr-xr-x"));
        assert!(contents(&loose, "agent").is_err());
    }
}
