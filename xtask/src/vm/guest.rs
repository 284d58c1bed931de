//! The first process of the test machine: carries out the plan, says what came of it, powers off.

use super::plan::{AttachedBy, Device, Message, Plan, Step};
use super::{bluetooth, bound, capture, gadget};
use anyhow::Context;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

pub(crate) const PLAN: &str = "rig/plan.json";
pub(crate) const MODULES: &str = "rig/modules";
pub(crate) const BUSYBOX: &str = "bin/busybox";
const DISPLAY_DRIVER: &str = "/sys/bus/pci/drivers/bochs-drm";
/// QEMU's `bochs-display`.
const DISPLAY_ID: (&str, &str) = ("0x1234", "0x1111");

/// Whether this is the guest: its kernel started this program first.
pub(crate) fn is_first_process() -> bool {
    std::process::id() == 1 && Path::new("/").join(PLAN).exists()
}

/// Carries out the plan and powers the machine off.
pub(crate) fn main() -> ! {
    let ended = boot().and_then(|mut host| {
        let error = carry_out(&mut host).err().map(|error| format!("{error:#}"));
        host.say(&Message::Done { error })
    });
    if let Err(error) = ended {
        // The console is all that is left to say it on.
        eprintln!("rig: {error:#}");
    }
    if busybox(&["poweroff", "-f"]).is_ok() {
        loop {
            std::thread::park();
        }
    }
    // The kernel panics when its first process ends, and the emulator ends with it.
    std::process::exit(1)
}

/// The line to the host.
struct Host {
    out: File,
    answers: BufReader<File>,
}

impl Host {
    fn say(&mut self, message: &Message) -> anyhow::Result<()> {
        self.say_with(message, &[])
    }

    fn say_with(&mut self, message: &Message, data: &[u8]) -> anyhow::Result<()> {
        let mut bytes = serde_json::to_vec(message)?;
        bytes.push(b'\n');
        bytes.extend_from_slice(data);
        self.out.write_all(&bytes).context("the host hung up")
    }

    fn log(&mut self, text: impl Into<String>) -> anyhow::Result<()> {
        let up = fs::read_to_string("/proc/uptime").unwrap_or_default();
        let seconds = up.split_whitespace().next().unwrap_or_default();
        self.say(&Message::Log(format!("[{seconds:>6} s] {}", text.into())))
    }
}

/// The second half of a boot with a Debian: runs as one of its services, and powers it off at the end.
///
/// # Errors
/// When the host cannot be told.
pub(crate) fn in_debian() -> anyhow::Result<()> {
    let mut host = connect()?;
    let error = carry_out(&mut host).err().map(|error| format!("{error:#}"));
    host.say(&Message::Done { error })
}

fn boot() -> anyhow::Result<Host> {
    for (kind, at) in
        [("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev"), ("tmpfs", "/tmp"), ("tmpfs", "/run")]
    {
        fs::create_dir_all(at)?;
        busybox(&["mount", "-t", kind, kind, at])?;
    }
    fs::write("/proc/sys/kernel/hostname", fs::read_to_string("/etc/hostname")?.trim())?;
    let plan = plan()?;
    for (name, parameters) in &plan.modules {
        load(name, parameters)?;
    }
    busybox(&["mount", "-t", "configfs", "configfs", "/sys/kernel/config"])?;
    busybox(&["ip", "link", "set", "lo", "up"])?;
    if plan.in_debian {
        super::debian::enter()?;
    }
    bound::wait("the disk", || Path::new("/sys/block/nvme0n1/size").exists().then_some(()))?;
    connect()
}

fn connect() -> anyhow::Result<Host> {
    let port = bound::wait("the line to the host", || {
        bound::entries("/sys/class/virtio-ports").into_iter().find(|port| {
            fs::read_to_string(format!("/sys/class/virtio-ports/{port}/name"))
                .is_ok_and(|name| name.trim() == "rig")
        })
    })?;
    let out = OpenOptions::new().read(true).write(true).open(format!("/dev/{port}"))?;
    Ok(Host { answers: BufReader::new(out.try_clone()?), out })
}

fn plan() -> anyhow::Result<Plan> {
    let path = Path::new("/").join(PLAN);
    let text = fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(serde_json::from_slice(&text)?)
}

fn carry_out(host: &mut Host) -> anyhow::Result<()> {
    host.log("up")?;
    let mut plugged: Vec<(Device, Attached)> = Vec::new();
    let Plan { steps, in_debian, .. } = plan()?;
    for step in steps {
        match step {
            Step::Display(edid) => {
                attach_display(&edid)?;
                host.log(format!("display attached: {edid}"))?;
            }
            Step::NoDisplay => detach_display()?,
            Step::Plug(devices) => {
                plug(host, devices, &mut plugged)?;
            }
            Step::Unplug => unplug(host, std::mem::take(&mut plugged))?,
            Step::Capture(name) => {
                let mut count = 0;
                capture::capture(|found| {
                    count += 1;
                    let capture = name.clone();
                    match found {
                        capture::Found::File(path, data) => {
                            host.say_with(&Message::File { capture, path, size_bytes: data.len() }, &data)
                        }
                        capture::Found::Link(path, to) => host.say(&Message::Link { capture, path, to }),
                    }
                })?;
                host.log(format!("captured {name}: {count} files and links"))?;
            }
            Step::Run { name, argv } => {
                let succeeded = run(host, name, &argv)?;
                // Each step of an installation builds on the one before; the host sees which one it was.
                if in_debian && !succeeded {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// What holds a device on the bus.
enum Attached {
    Gadget(gadget::Gadget),
    Port(usize),
    Paired(File),
    Always,
}

fn plug(host: &mut Host, devices: Vec<Device>, plugged: &mut Vec<(Device, Attached)>) -> anyhow::Result<()> {
    let gadgets: Vec<&Device> =
        devices.iter().filter(|device| device.attached_by == AttachedBy::Gadget).collect();
    if let Some(first) = gadgets.first() {
        gadget::controllers(first.speed, gadgets.len())?;
    }
    let (mut controllers, mut ports) = (0.., 0..);
    let mut names = Vec::new();
    for device in devices {
        let what = || format!("cannot plug in {} ({})", device.name, device.about);
        let (attached, place) = match device.attached_by {
            AttachedBy::Gadget => {
                let (made, place) =
                    gadget::plug(&device, controllers.next().unwrap_or_default()).with_context(what)?;
                (Attached::Gadget(made), place)
            }
            AttachedBy::Port => {
                let before = bound::places();
                let number = ports.next().unwrap_or_default();
                ask_for_port(host, number, Some(device.clone()))?;
                let is_new = |path: &Path| {
                    path.file_name().is_some_and(|name| !before.iter().any(|known| name == known.as_str()))
                };
                (Attached::Port(number), bound::wait_until_bound(&device, &is_new).with_context(what)?)
            }
            AttachedBy::Emulator => {
                let says = |path: &Path| {
                    fs::read_to_string(path.join("product")).ok().map(|text| text.trim().to_owned())
                        == device.product
                };
                (Attached::Always, bound::wait_until_bound(&device, &says).with_context(what)?)
            }
            AttachedBy::Bluetooth => {
                let (file, place) = bluetooth::pair(&device).with_context(what)?;
                (Attached::Paired(file), place)
            }
        };
        host.say(&Message::Plugged { name: device.name.clone(), path: place })?;
        names.push(if device.name.is_empty() { device.about.clone() } else { device.name.clone() });
        plugged.push((device, attached));
    }
    host.log(format!("plugged in: {}", names.join("; ")))
}

fn unplug(host: &mut Host, plugged: Vec<(Device, Attached)>) -> anyhow::Result<()> {
    let mut had_gadgets = false;
    let mut gone = Vec::new();
    for (device, attached) in plugged {
        let what = || format!("cannot unplug {} ({})", device.name, device.about);
        match attached {
            Attached::Gadget(made) => {
                had_gadgets = true;
                gadget::unplug(made).with_context(what)?;
            }
            Attached::Port(number) => {
                ask_for_port(host, number, None)?;
                gone.push(format!("{:04x}", device.product_id));
            }
            Attached::Paired(file) => drop(file),
            Attached::Always => {}
        }
    }
    if had_gadgets {
        unload("dummy_hcd")?;
    }
    bound::wait("the device to leave the bus", || {
        let is_there = bound::entries("/sys/bus/usb/devices").into_iter().any(|name| {
            fs::read_to_string(format!("/sys/bus/usb/devices/{name}/idProduct"))
                .is_ok_and(|text| gone.iter().any(|product| text.trim() == product))
        });
        (!is_there).then_some(())
    })
}

fn ask_for_port(host: &mut Host, number: usize, attach: Option<Device>) -> anyhow::Result<()> {
    host.say(&Message::Port { number, attach })?;
    host.answers.read_line(&mut String::new())?;
    Ok(())
}

/// The display driver asks for an EDID when it is bound, so it is bound anew.
fn attach_display(edid: &str) -> anyhow::Result<()> {
    detach_display()?;
    gadget::write(Path::new("/sys/module/drm/parameters/edid_firmware"), &format!("edid/{edid}"))?;
    gadget::write(&Path::new(DISPLAY_DRIVER).join("bind"), &display_address()?)?;
    bound::wait("the display's EDID", || {
        bound::entries("/sys/class/drm").into_iter().find_map(|name| {
            let edid = fs::read(format!("/sys/class/drm/{name}/edid")).ok()?;
            (!edid.is_empty()).then_some(())
        })
    })
}

fn detach_display() -> anyhow::Result<()> {
    let address = display_address()?;
    if Path::new(DISPLAY_DRIVER).join(&address).exists() {
        gadget::write(&Path::new(DISPLAY_DRIVER).join("unbind"), &address)?;
    }
    Ok(())
}

fn display_address() -> anyhow::Result<String> {
    bound::entries("/sys/bus/pci/devices")
        .into_iter()
        .find(|name| {
            let is = |file: &str, id: &str| {
                fs::read_to_string(format!("/sys/bus/pci/devices/{name}/{file}"))
                    .is_ok_and(|text| text.trim() == id)
            };
            is("vendor", DISPLAY_ID.0) && is("device", DISPLAY_ID.1)
        })
        .context("the test machine has no display adapter")
}

/// Runs a program, sends what came of it, and says whether it ended with 0.
fn run(host: &mut Host, name: String, argv: &[String]) -> anyhow::Result<bool> {
    let (program, arguments) = argv.split_first().context("a step runs nothing")?;
    host.log(name.as_str())?;
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{program}` in the test machine"))?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    host.say_with(
        &Message::Ran { name, code: output.status.code(), stderr, size_bytes: output.stdout.len() },
        &output.stdout,
    )?;
    Ok(output.status.success())
}

/// Loads a module that lies in the boot image; one that is loaded already is left alone.
pub(crate) fn load(name: &str, parameters: &str) -> anyhow::Result<()> {
    if Path::new("/sys/module").join(name).join("initstate").exists() {
        return Ok(());
    }
    let file = format!("/{MODULES}/{name}.ko");
    let mut words = vec!["insmod", &file];
    words.extend(parameters.split_whitespace());
    busybox(&words)
}

pub(crate) fn unload(name: &str) -> anyhow::Result<()> {
    busybox(&["rmmod", name])
}

pub(crate) fn busybox(words: &[&str]) -> anyhow::Result<()> {
    let output =
        Command::new(Path::new("/").join(BUSYBOX)).args(words).output().context("cannot start busybox")?;
    anyhow::ensure!(
        output.status.success(),
        "`{}` failed: {}",
        words.join(" "),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
