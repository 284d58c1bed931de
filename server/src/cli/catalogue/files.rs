//! The files of a catalogue, built in or in a directory.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use bearing_policies::embedded;

/// Most files of one catalogue, far above what there is.
const MAX_FILES: usize = 20_000;
/// Largest file.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// Deepest directory.
const MAX_DEPTH: usize = 4;

/// (path, text), sorted by path.
pub(super) struct Files {
    pub(super) tools: Vec<(String, String)>,
    pub(super) devices: Vec<(String, String)>,
}

impl Files {
    /// What is built in.
    pub(super) fn embedded() -> Self {
        let own =
            |files: &[(&str, &str)]| files.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect();
        Self { tools: own(embedded::TOOLS), devices: own(embedded::KVM) }
    }

    /// What is below `directory`: `remote-access` and `kvm`, or tools right there.
    pub(super) fn read(directory: &Path) -> Result<Self> {
        let part = |name: &str| {
            let mut files = Vec::new();
            below(&directory.join(name), &format!("catalogue/{name}"), &mut files, 0)?;
            files.sort();
            Ok::<_, anyhow::Error>(files)
        };
        if !directory.is_dir() {
            bail!("`{}` is no directory", directory.display());
        }
        let (mut tools, devices) = (part("remote-access")?, part("kvm")?);
        if tools.is_empty() && devices.is_empty() {
            below(directory, "catalogue/remote-access", &mut tools, MAX_DEPTH)?;
            tools.sort();
        }
        Ok(Self { tools, devices })
    }

    /// `built-in`, or a directory.
    pub(super) fn named(name: &Path) -> Result<Self> {
        if name == Path::new("built-in") { Ok(Self::embedded()) } else { Self::read(name) }
    }

    pub(super) fn borrowed_devices(&self) -> Vec<(&str, &str)> {
        self.devices.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect()
    }
}

/// The name of a file without directory and ending.
pub(super) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".toml").unwrap_or(name)
}

fn below(directory: &Path, name: &str, out: &mut Vec<(String, String)>, depth: usize) -> Result<()> {
    if !directory.is_dir() {
        return Ok(());
    }
    let shown = |path: &PathBuf| format!("cannot read `{}`", path.display());
    for entry in fs::read_dir(directory).with_context(|| shown(&directory.to_owned()))? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let inner = format!("{name}/{}", entry.file_name().to_string_lossy());
        if kind.is_dir() && depth < MAX_DEPTH {
            below(&path, &inner, out, depth + 1)?;
        } else if kind.is_file() && path.extension().is_some_and(|kind| kind == "toml") {
            if entry.metadata()?.len() > MAX_FILE_BYTES || out.len() == MAX_FILES {
                bail!(
                    "`{}`: larger than {MAX_FILE_BYTES} bytes, or more than {MAX_FILES} files",
                    path.display()
                );
            }
            out.push((inner, fs::read_to_string(&path).with_context(|| shown(&path))?));
        }
    }
    Ok(())
}
