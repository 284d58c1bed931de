//! The test machine: a Debian kernel in QEMU with real USB gadgets, one boot for many of them.
//!
//! Always: software emulation, no network, nothing of the host but what is copied into the boot
//! image; waiting is for something to be there, never for time to pass.

mod bluetooth;
mod bound;
mod capture;
pub(crate) mod debian;
mod description;
pub(crate) mod detect;
mod displays;
mod gadget;
pub(crate) mod guest;
mod initramfs;
mod kernel;
mod media;
pub(crate) mod packages;
mod plan;
mod program;
mod qemu;
mod redirect;
mod sysroots;
mod table;

use crate::place;
use anyhow::Context;
use plan::{Device, Plan, Step};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(clap::Subcommand)]
enum Task {
    /// Capture the sysroots of `tests/vm/sysroots.toml` anew
    Capture {
        /// Only these
        names: Vec<String>,
        /// Where to; `captures` if not given
        #[arg(long)]
        to: Option<PathBuf>,
    },
    /// Plug every described device in, in all its forms, and compare what the agent inside says of it
    Gadget(detect::Arguments),
    /// Run an IP-KVM's own set-up program, and the agent beside it
    Program(program::Arguments),
    /// Install the packages in a Debian with systemd, enrol, report, purge
    Packages {
        /// Package these finished binaries instead of building them
        #[arg(long, value_name = "DIR")]
        binaries: Option<PathBuf>,
    },
    /// Inside that Debian: carry out the plan
    #[command(hide = true)]
    Guest,
}

pub(crate) fn main(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.task {
        Task::Capture { names, to } => {
            let default = place::root().join("captures");
            sysroots::capture(names, to.as_deref().unwrap_or(&default))
        }
        Task::Gadget(arguments) => detect::main(arguments),
        Task::Program(arguments) => program::main(arguments),
        Task::Packages { binaries } => packages::main(binaries.as_deref()),
        Task::Guest => guest::in_debian(),
    }
}

/// What every boot loads: the gadget stack and the drivers of what is plugged in.
const MODULES: [&str; 28] = [
    "virtio_pci",
    "virtio_console",
    "nvme",
    "crc32c_generic",
    "ext4",
    "configfs",
    "libcomposite",
    "usb_f_hid",
    "usb_f_mass_storage",
    "usb_f_ecm",
    "usb_f_ncm",
    "usb_f_rndis",
    "xhci_pci",
    "usbhid",
    "hid_generic",
    "uhid",
    "usb_storage",
    "sd_mod",
    "sr_mod",
    "cdc_ether",
    "cdc_ncm",
    "rndis_host",
    "evdev",
    "bochs",
    "cdc_acm",
    "usb_f_acm",
    "usb_f_fs",
    "dummy_hcd",
];
/// Loaded by a step, with its parameters.
const LATER: [&str; 1] = ["dummy_hcd"];

/// `tests/vm`: descriptions of devices, EDIDs, the guest's few own files.
fn dir() -> PathBuf {
    place::root().join("tests/vm")
}

/// Reads `tests/vm/devices/NAME.toml`, without its variants.
fn device(name: &str) -> anyhow::Result<Device> {
    let path = dir().join(format!("devices/{name}.toml"));
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    description::plain(&text).with_context(|| format!("`{}` describes no device", path.display()))
}

/// A boot image of the rig alone, with EDIDs beside those of `tests/vm/edid`: file name and bytes.
fn image(
    kernel: &kernel::Kernel,
    steps: Vec<Step>,
    programs: &[(&Path, &str)],
    edids: &[(String, Vec<u8>)],
) -> anyhow::Result<Vec<u8>> {
    image_with(kernel, steps, programs, |image| {
        for (name, bytes) in edids {
            image.file(&format!("lib/firmware/edid/{name}"), 0o644, bytes);
        }
        Ok(())
    })
}

/// A boot image of the rig with whatever else the caller puts into it.
fn image_with(
    kernel: &kernel::Kernel,
    steps: Vec<Step>,
    programs: &[(&Path, &str)],
    more: impl FnOnce(&mut initramfs::Image) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<u8>> {
    let mut image = begin_image(kernel, steps, programs, &[], false)?;
    more(&mut image)?;
    Ok(image.finish())
}

/// A boot image that hands over to a Debian.
fn boot_image(
    kernel: &kernel::Kernel,
    steps: Vec<Step>,
    programs: &[(&Path, &str)],
    files: &[(&Path, &str)],
    in_debian: bool,
) -> anyhow::Result<Vec<u8>> {
    Ok(begin_image(kernel, steps, programs, files, in_debian)?.finish())
}

/// Puts a boot image together: this program as first process, modules, EDIDs, plan, more programs and files.
fn begin_image(
    kernel: &kernel::Kernel,
    steps: Vec<Step>,
    programs: &[(&Path, &str)],
    files: &[(&Path, &str)],
    in_debian: bool,
) -> anyhow::Result<initramfs::Image> {
    let mut image = initramfs::Image::default();
    for dir in ["proc", "sys", "dev", "tmp", "run", "root", "var/lib", "etc"] {
        image.directory(dir);
    }
    image.device("dev/null", 1, 3);
    image.device("dev/console", 5, 1);
    image.program(&std::env::current_exe()?, "init")?;
    image.program(Path::new("/bin/busybox"), guest::BUSYBOX)?;
    for (from, to) in programs {
        image.program(from, to.trim_start_matches('/'))?;
    }
    let mut plan = Plan { steps, in_debian, ..Plan::default() };
    for (from, to) in files {
        image.copy(from, to, 0o644)?;
    }
    for (name, file) in kernel.modules(&MODULES)? {
        image.copy(&file, &format!("{}/{name}.ko", guest::MODULES), 0o644)?;
        if !LATER.contains(&name.as_str()) {
            // `usb-storage` waits a second for slow disks unless told not to.
            let parameters = if name == "usb_storage" { "delay_use=0" } else { "" };
            plan.modules.push((name, parameters.to_owned()));
        }
    }
    for entry in std::fs::read_dir(dir().join("edid"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "hex") {
            let bytes = unhex(&std::fs::read_to_string(&path)?)?;
            let name = path.file_stem().and_then(|name| name.to_str()).context("an EDID without a name")?;
            image.file(&format!("lib/firmware/edid/{name}.bin"), 0o644, &bytes);
        }
    }
    let etc = dir().join("rootfs/etc");
    for entry in std::fs::read_dir(&etc)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).context("a file without a name")?;
        image.copy(&path, &format!("etc/{name}"), 0o644)?;
    }
    image.link("etc/localtime", "/usr/share/zoneinfo/Europe/Berlin");
    image.file(guest::PLAN, 0o644, &serde_json::to_vec(&plan)?);
    Ok(image)
}

/// Bytes from hexadecimal text; white space is ignored.
fn unhex(text: &str) -> anyhow::Result<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    anyhow::ensure!(digits.len().is_multiple_of(2), "an odd number of hexadecimal digits");
    digits
        .chunks(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair)?;
            u8::from_str_radix(pair, 16).with_context(|| format!("`{pair}` is not hexadecimal"))
        })
        .collect()
}
