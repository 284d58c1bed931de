//! The MSI: packed by wixl, signed by osslsigncode with a certificate that is made for the test and trusted by nobody.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::{place, run};

/// Signs the program, packs it, signs the package. Says where it is.
///
/// # Errors
/// Names the tool that failed.
pub(super) fn signed(agent: &Path) -> anyhow::Result<PathBuf> {
    let work = place::target().join("windows-msi");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    fs::create_dir_all(&work)?;
    certificate(&work)?;
    let program = "bearing-agent.exe";
    sign(&work, agent, &work.join(program), "Bearing Agent")?;
    let packed = work.join("packed.msi");
    let version = env!("CARGO_PKG_VERSION");
    // wixl takes no absolute path for a file: it runs where the file is.
    run::run(
        Command::new("wixl")
            .current_dir(&work)
            .args([
                "-a",
                "x64",
                "-D",
                &format!("Version={version}"),
                "-D",
                &format!("Binary={program}"),
                "-o",
            ])
            .arg(&packed)
            .arg(place::root().join("packaging/windows/agent.wxs")),
    )?;
    // wixl knows no attribute for it: without this an installation with raised rights drops both properties.
    run::run(Command::new("msibuild").arg(&packed).args([
        "-q",
        "UPDATE `Property` SET `Value` = 'SERVER;TOKENFILE;WIX_UPGRADE_DETECTED;WIX_DOWNGRADE_DETECTED' WHERE `Property` = 'SecureCustomProperties'",
    ]))?;
    let package = work.join(format!("bearing-agent-{version}-x86_64.msi"));
    sign(&work, &packed, &package, "Bearing Agent")?;
    inspect(&package)?;
    for file in [&work.join(program), &package] {
        verify(&work, file)?;
    }
    Ok(package)
}

/// What an administrator would look at before rolling it out.
fn inspect(package: &Path) -> anyhow::Result<()> {
    let table = |name: &str| run::output(Command::new("msiinfo").arg("export").arg(package).arg(name));
    let services = table("ServiceInstall")?;
    anyhow::ensure!(
        services.contains("BearingAgent\tBearing Agent\t16\t2\t"),
        "the service is not in it:\n{services}"
    );
    let properties = table("Property")?;
    anyhow::ensure!(properties.contains("SecureCustomProperties\tSERVER;TOKENFILE;"), "{properties}");
    anyhow::ensure!(properties.contains("ALLUSERS\t1"), "{properties}");
    let registry = table("Registry")?;
    anyhow::ensure!(registry.contains("[TOKENFILE]") && registry.contains("[SERVER]"), "{registry}");
    Ok(())
}

fn certificate(work: &Path) -> anyhow::Result<()> {
    run::run(
        Command::new("openssl")
            .current_dir(work)
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-sha256"])
            .args(["-subj", "/CN=Bearing test signature"])
            .args(["-addext", "extendedKeyUsage=codeSigning"])
            .args(["-keyout", "test.key", "-out", "test.pem"]),
    )
}

fn sign(work: &Path, from: &Path, to: &Path, name: &str) -> anyhow::Result<()> {
    run::run(
        Command::new("osslsigncode")
            .args(["sign", "-h", "sha256", "-n", name, "-certs"])
            .arg(work.join("test.pem"))
            .arg("-key")
            .arg(work.join("test.key"))
            .arg("-in")
            .arg(from)
            .arg("-out")
            .arg(to),
    )
}

fn verify(work: &Path, file: &Path) -> anyhow::Result<()> {
    let text = run::output(
        Command::new("osslsigncode")
            .arg("verify")
            .arg("-CAfile")
            .arg(work.join("test.pem"))
            .arg("-in")
            .arg(file),
    )
    .with_context(|| format!("the signature of {}", file.display()))?;
    anyhow::ensure!(text.contains("Signature verification: ok"), "{text}");
    Ok(())
}
