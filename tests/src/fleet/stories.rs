//! Twenty-four made-up devices and what their stories are. Names, people and addresses are invented; each
//! address is one that public registries place in the country the story needs.

use std::{io, path::Path};

use bearing_protocol::digest::Digest;

use super::machine::Machine;

/// One simulated device.
#[derive(Clone, Copy, Debug)]
pub struct Story {
    /// Host name.
    pub hostname: &'static str,
    /// Group.
    pub group: &'static str,
    /// Countries it is expected in.
    pub expected: &'static [&'static str],
    /// Address it speaks from.
    pub address: &'static str,
    /// Its time zone.
    pub time_zone: &'static str,
    /// What is on it.
    pub plot: Plot,
}

/// What makes a device interesting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plot {
    /// A disguised IP-KVM behind the strings of a Dell keyboard, lid shut.
    DisguisedKvm,
    /// A laptop farm's host on a factory-default IP-KVM.
    FarmDefaultKvm,
    /// The same, and AnyDesk besides.
    FarmDefaultKvmAndAnyDesk,
    /// A laptop farm's host on an IP-KVM with a shipped disguise.
    FarmPresetKvm,
    /// Two remote-control tools and a consumer VPN on the first day.
    FirstBootTakeover,
    /// A tool run from a home directory under another name.
    RenamedTool,
    /// TeamViewer as the help desk installs it.
    HelpDesk,
    /// Tunnels and an IDE's remote service.
    Developer,
    /// A rack server with a management controller and sshd.
    Server,
    /// An unencrypted disk and no firewall.
    PoorPosture,
    /// The daily user is administrator.
    Administrator,
    /// A network-only gadget on USB: a phone or a development board.
    NetworkGadget,
    /// Nothing but a keyboard and a monitor.
    Ordinary,
}

const US: &[&str] = &["US"];
const DE: &[&str] = &["DE"];
const ANYWHERE: &[&str] = &[];

const fn story(
    hostname: &'static str,
    group: &'static str,
    expected: &'static [&'static str],
    address: &'static str,
    time_zone: &'static str,
    plot: Plot,
) -> Story {
    Story { hostname, group, expected, address, time_zone, plot }
}

const FARM: &str = "68.104.12.7";
const COUPLE: &str = "91.10.20.30";

/// The fleet, the disguised KVM first.
pub const STORIES: [Story; 24] = [
    story("atx-lt-0417", "engineering", US, "24.28.10.4", "America/Chicago", Plot::DisguisedKvm),
    story("phx-lt-0101", "contractors", US, FARM, "America/Phoenix", Plot::FarmDefaultKvm),
    story("phx-lt-0102", "contractors", US, FARM, "America/Phoenix", Plot::FarmDefaultKvmAndAnyDesk),
    story("phx-lt-0103", "engineering", US, FARM, "America/Phoenix", Plot::FarmDefaultKvm),
    story("phx-lt-0104", "contractors", US, FARM, "America/Phoenix", Plot::FarmPresetKvm),
    story("phx-lt-0105", "engineering", US, FARM, "America/Phoenix", Plot::FarmPresetKvm),
    story("phx-lt-0106", "contractors", US, FARM, "America/Phoenix", Plot::FarmPresetKvm),
    story("new-lt-0900", "contractors", US, "73.12.40.9", "Asia/Shanghai", Plot::FirstBootTakeover),
    story("ber-lt-0042", "sales", DE, "85.240.10.9", "Europe/Lisbon", Plot::Ordinary),
    story("nyc-lt-0311", "finance", US, "73.20.30.40", "America/New_York", Plot::HelpDesk),
    story("ber-lt-0077", "engineering", DE, "91.20.40.60", "Europe/Berlin", Plot::Developer),
    story("fra-srv-0003", "servers", DE, "5.9.10.20", "Europe/Berlin", Plot::Server),
    story("muc-lt-0001", "finance", DE, COUPLE, "Europe/Berlin", Plot::Ordinary),
    story("muc-lt-0002", "sales", DE, COUPLE, "Europe/Berlin", Plot::Ordinary),
    story("sea-lt-0201", "engineering", US, "73.30.40.50", "America/Los_Angeles", Plot::RenamedTool),
    story("sea-lt-0202", "engineering", US, "73.31.41.51", "America/Los_Angeles", Plot::PoorPosture),
    story("den-lt-0301", "engineering", US, "73.32.42.52", "America/Denver", Plot::Administrator),
    story("lab-ws-0005", "lab", ANYWHERE, "91.30.50.70", "Europe/Berlin", Plot::NetworkGadget),
    story("chi-lt-0501", "finance", US, "73.33.43.53", "America/Chicago", Plot::Ordinary),
    story("chi-lt-0502", "finance", US, "73.34.44.54", "America/Chicago", Plot::Ordinary),
    story("ber-lt-0081", "engineering", DE, "91.40.60.80", "Europe/Berlin", Plot::Ordinary),
    story("ber-lt-0082", "engineering", DE, "91.41.61.81", "Europe/Berlin", Plot::Ordinary),
    story("nyc-lt-0312", "sales", US, "73.35.45.55", "America/New_York", Plot::Ordinary),
    story("nyc-lt-0313", "sales", US, "73.36.46.56", "America/New_York", Plot::Ordinary),
];

impl Story {
    /// Writes the device's sysroot into `directory`. `captures` holds sysroots of real gadgets.
    pub fn build(&self, directory: &Path, captures: &Path, boot_seconds: i64) -> io::Result<()> {
        let mut machine = Machine::debian(directory, self.hostname, self.time_zone, boot_seconds)?;
        let captured = |name: &str| captures.join(name).join("sys");
        let desk = matches!(
            self.plot,
            Plot::DisguisedKvm | Plot::FarmDefaultKvm | Plot::FarmDefaultKvmAndAnyDesk | Plot::FarmPresetKvm
        );
        let gadget = match self.plot {
            Plot::DisguisedKvm => Some("pikvm-as-dell-keyboard"),
            Plot::FarmDefaultKvm | Plot::FarmDefaultKvmAndAnyDesk => Some("pikvm-default"),
            Plot::FarmPresetKvm => Some("jetkvm-dell-preset"),
            Plot::NetworkGadget => Some("network-gadget"),
            Plot::Server => None,
            _ => Some("dell-keyboard"),
        };
        if let Some(name) = gadget {
            machine.overlay(&captured(name), "/sys")?;
        }
        if self.plot == Plot::Server {
            machine.server("Dell Inc.", "PowerEdge R650")?;
        } else {
            machine.laptop("Dell Inc.", "Latitude 7440", !desk)?;
        }
        // One line, one gateway: whoever speaks from one address stands behind one router.
        let digest = Digest::of(self.address.as_bytes());
        let own = Digest::of(self.hostname.as_bytes());
        machine.behind_gateway(&mac(&digest), &mac(&own))?;
        match self.plot {
            Plot::FarmDefaultKvmAndAnyDesk => anydesk(&mut machine)?,
            Plot::FirstBootTakeover => takeover(&mut machine)?,
            Plot::RenamedTool => renamed(&mut machine)?,
            Plot::HelpDesk => help_desk(&mut machine)?,
            Plot::Developer => developer(&mut machine)?,
            Plot::Server => server(&mut machine)?,
            Plot::PoorPosture => poor_posture(&mut machine)?,
            Plot::Administrator => {
                machine.administrator()?;
            }
            _ => {}
        }
        machine.finish()?;
        Ok(())
    }
}

/// A made-up hardware address of a maker that sells no remote-control hardware.
fn mac(of: &Digest) -> String {
    let [a, b, c, ..] = of.as_bytes();
    format!("a4:5d:36:{a:02x}:{b:02x}:{c:02x}")
}

fn anydesk(machine: &mut Machine) -> io::Result<()> {
    machine.package("anydesk", "6.3.3");
    machine.owns("anydesk", &["/usr/bin/anydesk"])?;
    machine.service("anydesk", "/usr/bin/anydesk --service")?;
    machine.process("anydesk", "/usr/bin/anydesk", &["/usr/bin/anydesk", "--service"], 0)?;
    Ok(())
}

fn takeover(machine: &mut Machine) -> io::Result<()> {
    anydesk(machine)?;
    machine.package("rustdesk", "1.3.2");
    machine.owns("rustdesk", &["/usr/share/rustdesk/rustdesk"])?;
    machine.service("rustdesk", "/usr/share/rustdesk/rustdesk --service")?;
    machine.process("rustdesk", "/usr/share/rustdesk/rustdesk", &["rustdesk", "--service"], 0)?;
    machine.write_bytes("/usr/local/Astrill/astrill", b"\x7fELF\x02\x01\x01\0")?;
    machine.process("astrill", "/usr/local/Astrill/astrill", &["/usr/local/Astrill/astrill"], 1000)?;
    Ok(())
}

fn renamed(machine: &mut Machine) -> io::Result<()> {
    let path = "/home/morgan/.cache/dbus-helper";
    let mut bytes = b"\x7fELF\x02\x01\x01\0".to_vec();
    bytes.extend_from_slice(b"\0rs-ny.rustdesk.com\0com.carriez.RustDesk\0librustdesk\0");
    machine.write_bytes(path, &bytes)?;
    machine.process("dbus-helper", path, &["/usr/bin/dbus-daemon", "--session"], 1000)?;
    Ok(())
}

fn help_desk(machine: &mut Machine) -> io::Result<()> {
    machine.package("teamviewer", "15.59.5");
    machine.owns("teamviewer", &["/opt/teamviewer/tv_bin/teamviewerd"])?;
    machine.service("teamviewerd", "/opt/teamviewer/tv_bin/teamviewerd -d")?;
    machine.process("teamviewerd", "/opt/teamviewer/tv_bin/teamviewerd", &["teamviewerd", "-d"], 0)?;
    Ok(())
}

fn developer(machine: &mut Machine) -> io::Result<()> {
    machine.write_bytes("/home/morgan/.local/bin/ngrok", b"\x7fELF\x02\x01\x01\0golang.ngrok.com/ngrok\0")?;
    machine.process("ngrok", "/home/morgan/.local/bin/ngrok", &["ngrok", "http", "8080"], 1000)?;
    machine.process("ssh", "/usr/bin/ssh", &["ssh", "-N", "-L", "5433:db:5432", "bastion"], 1000)?;
    machine.owns("openssh-client", &["/usr/bin/ssh"])?;
    machine.package("openssh-client", "1:9.2p1");
    Ok(())
}

fn server(machine: &mut Machine) -> io::Result<()> {
    machine.package("openssh-server", "1:9.2p1");
    machine.owns("openssh-server", &["/usr/sbin/sshd"])?;
    machine.service("ssh", "/usr/sbin/sshd -D")?;
    machine.process("sshd", "/usr/sbin/sshd", &["sshd: /usr/sbin/sshd -D"], 0)?;
    machine.write("/etc/ssh/sshd_config", "PermitRootLogin no\nPasswordAuthentication no\n")?;
    Ok(())
}

fn poor_posture(machine: &mut Machine) -> io::Result<()> {
    machine.write("/etc/ufw/ufw.conf", "ENABLED=no\n")?;
    machine
        .write("/proc/self/mountinfo", "22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw\n")?;
    machine.write("/proc/mounts", "/dev/nvme0n1p2 / ext4 rw,relatime 0 0\n")?;
    machine.write("/sys/devices/pci0000:00/nvme0n1/nvme0n1p2/dev", "259:2\n")?;
    machine.write("/sys/devices/pci0000:00/nvme0n1/nvme0n1p2/partition", "2\n")?;
    machine.write("/sys/devices/pci0000:00/nvme0n1/dev", "259:0\n")?;
    machine.link("/sys/dev/block/259:2", "../../devices/pci0000:00/nvme0n1/nvme0n1p2")?;
    machine.link("/sys/class/block/nvme0n1p2", "../../devices/pci0000:00/nvme0n1/nvme0n1p2")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_device_has_a_name_of_its_own_and_the_disguised_kvm_is_first() {
        let names: BTreeSet<_> = STORIES.iter().map(|story| story.hostname).collect();
        assert_eq!(names.len(), STORIES.len());
        assert_eq!(STORIES[0].plot, Plot::DisguisedKvm);
    }
}
