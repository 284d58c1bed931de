//! Starting the emulator and listening to the guest.
//!
//! Always by software emulation (`-accel tcg`): a `/dev/kvm` may exist and hang. A boot that says
//! nothing more within [`SILENCE`] is ended, and the end of its console is part of the error.

use super::plan::{Message, Outputs, Ran};
use super::redirect;
use anyhow::{Context, bail};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long the guest may be silent.
const SILENCE: Duration = Duration::from_secs(300);
/// The most that one file or one program's output may have.
const MAX_BYTES: usize = 64 << 20;

/// Where captures go: called with capture name, path below its root, and file or link.
pub(crate) type Sink<'a> = dyn FnMut(&str, &str, Entry<'_>) -> anyhow::Result<()> + 'a;

pub(crate) enum Entry<'a> {
    File(&'a [u8]),
    Link(&'a str),
}

/// How a boot ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The emulator is killed once the plan is done, as by a power cut.
    Kill,
    /// The plan's last step reboots, at which the emulator ends by itself.
    Reboot,
}

/// What the machine has beside what every machine has.
pub(crate) struct Hardware {
    /// Raw: what is written is thrown away. A `.qcow2` keeps it for the next boot.
    pub disk: Option<PathBuf>,
    pub end: End,
    /// USB ports that devices of [`redirect`] can be put on.
    pub ports: usize,
    /// Devices of the emulator's own, as `-device` takes them.
    pub devices: Vec<&'static str>,
}

impl Default for Hardware {
    fn default() -> Self {
        Self { disk: None, end: End::Kill, ports: 1, devices: Vec::new() }
    }
}

/// Kills the emulator when a boot ends early.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Boots the kernel with the image, and gives what the programs in the guest printed.
///
/// # Errors
/// When the emulator cannot start, the guest falls silent or says that a step failed.
pub(crate) fn boot(
    kernel: &Path,
    image: &[u8],
    hardware: &Hardware,
    sink: &mut Sink<'_>,
) -> anyhow::Result<Outputs> {
    let dir = tempfile::tempdir()?;
    let initrd = dir.path().join("initrd");
    std::fs::write(&initrd, image)?;
    let console = dir.path().join("console");
    let channel = dir.path().join("channel");
    let listener = UnixListener::bind(&channel)?;
    let port_paths: Vec<PathBuf> =
        (0..hardware.ports).map(|number| dir.path().join(format!("port{number}"))).collect();
    let port_listeners = port_paths.iter().map(UnixListener::bind).collect::<Result<Vec<_>, _>>()?;
    // Four are the emulator's default, and what the captures were made with.
    let sockets = (hardware.ports + hardware.devices.len()).max(4);
    let mut command = Command::new("qemu-system-x86_64");
    command
        .args(["-accel", "tcg", "-M", "q35", "-cpu", "max", "-m", "768", "-smp", "1"])
        .args(["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-nic", "none"])
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(&initrd)
        .args(["-append", "console=ttyS0 quiet loglevel=4 panic=-1 clocksource=hpet tsc=unstable mitigations=off systemd.mask=serial-getty@ttyS0.service"])
        .arg("-serial")
        .arg(format!("file:{}", console.display()))
        .args(["-device", "bochs-display,id=display"])
        .args(["-device", "nvme,drive=disk,serial=rig-disk"])
        .args(["-device", "virtio-serial-pci", "-device", "virtserialport,chardev=channel,name=rig"])
        .arg("-chardev")
        .arg(format!("socket,id=channel,path={}", channel.display()))
        .args(["-device", &format!("qemu-xhci,id=xhci,p2={sockets}")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(dir.path().join("stderr"))?);
    for (number, path) in port_paths.iter().enumerate() {
        command
            .arg("-chardev")
            .arg(format!("socket,id=port{number},path={}", path.display()))
            .args(["-device", &format!("usb-redir,chardev=port{number},bus=xhci.0")]);
    }
    for device in &hardware.devices {
        command.args(["-device", device]);
    }
    match &hardware.disk {
        Some(disk) if disk.extension().is_some_and(|ending| ending == "qcow2") => {
            command.arg("-drive").arg(format!("file={},format=qcow2,if=none,id=disk", disk.display()))
        }
        // What is written goes to a file that is thrown away.
        Some(disk) => command
            .arg("-drive")
            .arg(format!("file={},format=raw,if=none,id=disk,snapshot=on", disk.display())),
        None => command.args(["-blockdev", "driver=null-co,node-name=disk,size=68719476736,read-zeroes=on"]),
    };
    let child = command
        .spawn()
        .context("cannot start `qemu-system-x86_64`; install it: apt-get install qemu-system-x86")?;
    let guard = Guard(child);
    let result = converse(&listener, &port_listeners, guard, hardware.end, sink);
    result.with_context(|| {
        let console = std::fs::read(&console).unwrap_or_default();
        let stderr = std::fs::read_to_string(dir.path().join("stderr")).unwrap_or_default();
        let tail =
            String::from_utf8_lossy(console.get(console.len().saturating_sub(4000)..).unwrap_or_default());
        format!("the test machine failed\n--- its console ends:\n{tail}\n--- the emulator said:\n{stderr}")
    })
}

fn converse(
    listener: &UnixListener,
    port_listeners: &[UnixListener],
    mut guard: Guard,
    end: End,
    sink: &mut Sink<'_>,
) -> anyhow::Result<Outputs> {
    let stream = accept(listener, &mut guard)?;
    let ports = port_listeners
        .iter()
        .map(|listener| redirect::Port::start(accept(listener, &mut guard)?))
        .collect::<anyhow::Result<Vec<_>>>()?;
    stream.set_read_timeout(Some(SILENCE))?;
    let mut answers = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    let mut outputs = Outputs::default();
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line).context("the guest fell silent")? == 0 {
            if end == End::Reboot {
                guard.0.wait()?;
                return Ok(outputs);
            }
            bail!("the guest hung up");
        }
        let message: Message = serde_json::from_slice(&line)
            .with_context(|| format!("the guest said `{}`", String::from_utf8_lossy(&line)))?;
        match message {
            Message::Log(text) => eprintln!("  vm: {text}"),
            Message::Port { number, attach } => {
                ports
                    .get(number)
                    .with_context(|| format!("the machine has no port {number}"))?
                    .set(attach)?;
                answers.write_all(b"\n")?;
            }
            Message::File { capture, path, size_bytes } => {
                let data = payload(&mut reader, size_bytes)?;
                sink(&capture, &path, Entry::File(&data))?;
            }
            Message::Link { capture, path, to } => sink(&capture, &path, Entry::Link(&to))?,
            Message::Ran { name, code, stderr, size_bytes } => {
                let stdout = payload(&mut reader, size_bytes)?;
                outputs.ran.insert(name, Ran { code, stdout, stderr });
            }
            Message::Plugged { name, path } => {
                outputs.places.insert(name, path);
            }
            Message::Done { error: None } => return Ok(outputs),
            Message::Done { error: Some(error) } => bail!("{error}"),
        }
    }
}

fn payload(reader: &mut impl Read, size_bytes: usize) -> anyhow::Result<Vec<u8>> {
    if size_bytes > MAX_BYTES {
        bail!("the guest wants to send {size_bytes} bytes; the limit is {MAX_BYTES}");
    }
    let mut data = vec![0; size_bytes];
    reader.read_exact(&mut data)?;
    Ok(data)
}

/// Waits for the emulator to connect, or to end.
fn accept(listener: &UnixListener, guard: &mut Guard) -> anyhow::Result<std::os::unix::net::UnixStream> {
    listener.set_nonblocking(true)?;
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                if let Some(status) = guard.0.try_wait()? {
                    bail!("the emulator ended: {status}");
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(error) => return Err(error.into()),
        }
    }
}
