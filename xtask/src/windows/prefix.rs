//! A Wine prefix with a prepared registry and files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{place, run};

/// The prefix; its programs end with it.
pub(super) struct Prefix {
    directory: tempfile::TempDir,
}

/// `ProcessPrng` is what the standard library asks for; this Wine has no such library.
const SHIM: &str = "#include <windows.h>\n\
    BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);\n\
    __declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE at, SIZE_T left) {\n\
    while (left) { ULONG part = left > 0x10000000 ? 0x10000000 : (ULONG)left;\n\
    if (!SystemFunction036(at, part)) return FALSE; at += part; left -= part; } return TRUE; }\n";

impl Prefix {
    /// Makes it, with the machine that the crate's own tests describe.
    pub(super) fn prepared() -> anyhow::Result<Self> {
        let prefix = Self { directory: tempfile::Builder::new().prefix("bearing-wine-").tempdir()? };
        fs::create_dir(prefix.directory.path().join("wine"))?;
        prefix.begin()?;
        let source = prefix.directory.path().join("shim.c");
        fs::write(&source, SHIM)?;
        run::run(
            Command::new("x86_64-w64-mingw32-gcc")
                .args(["-shared", "-s", "-o"])
                .arg(prefix.drive("windows/system32/bcryptprimitives.dll"))
                .arg(&source)
                .arg("-ladvapi32"),
        )?;
        let captures = place::root().join("agent/host/captures/windows");
        run::run(
            prefix.command("wine").args(["regedit", "/S"]).arg(windows_path(&captures.join("prepared.reg"))),
        )?;
        // Every Windows has where the installer keeps its own copies; Wine makes it with the first package.
        fs::create_dir_all(prefix.drive("windows/Installer"))?;
        fs::create_dir_all(prefix.drive("Program Files (x86)/AnyDesk"))?;
        let tasks = prefix.drive("windows/system32/Tasks");
        fs::create_dir_all(&tasks)?;
        let text = fs::read_to_string(captures.join("task.xml"))?;
        let mut task = vec![0xff, 0xfe];
        task.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        fs::write(tasks.join("RustDesk"), task)?;
        Ok(prefix)
    }

    /// Boots. Services stay up between two programs from now on, as they do on a machine, and none of them keeps the
    /// output of a program open.
    pub(super) fn begin(&self) -> anyhow::Result<()> {
        run::run(self.command("wineserver").arg("--persistent"))?;
        // The first program boots; `wineboot` by name would boot twice and leave two service managers.
        run::run(self.command("wine").args(["cmd", "/c", "exit", "0"]))
    }

    /// Ends every program at once.
    pub(super) fn end(&self) -> anyhow::Result<()> {
        run::run(self.command("wineserver").arg("--kill"))?;
        run::run(self.command("wineserver").arg("--wait"))
    }

    /// A program of Wine in this prefix.
    pub(super) fn command(&self, program: &str) -> Command {
        // A program of Wine that waits for ever ends the test and not the day.
        let mut command = Command::new("timeout");
        command
            .args(["180", program])
            .env("WINEPREFIX", self.directory.path().join("wine"))
            .env("WINEDEBUG", "-all")
            .env("WINEARCH", "win64")
            .env("WINEDLLOVERRIDES", "mscoree,mshtml=")
            .env_remove("DISPLAY");
        command
    }

    /// A path below `C:`.
    pub(super) fn drive(&self, path: &str) -> PathBuf {
        self.directory.path().join("wine/drive_c").join(path)
    }

    /// Every file and directory below `C:`.
    pub(super) fn everything(&self) -> anyhow::Result<BTreeSet<String>> {
        let found = run::output(Command::new("find").arg(".").current_dir(self.drive("")))?;
        Ok(found.lines().map(str::to_owned).collect())
    }

    /// Those whose path below `C:` has this in it.
    pub(super) fn paths_with(&self, part: &str) -> anyhow::Result<Vec<String>> {
        Ok(self.everything()?.into_iter().filter(|path| path.contains(part)).collect())
    }
}

impl Drop for Prefix {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// A path of this machine as Wine shows it.
pub(super) fn windows_path(path: &Path) -> String {
    format!("Z:{}", path.display()).replace('/', "\\")
}
