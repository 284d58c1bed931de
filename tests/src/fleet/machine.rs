//! A synthetic sysroot: the files of one made-up Linux machine, written into a directory.

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

/// A made-up machine under construction.
#[derive(Debug)]
pub struct Machine {
    directory: PathBuf,
    next_pid: u32,
    packages: String,
    boot_seconds: i64,
}

/// SMBIOS chassis types (DMTF DSP0134, table 17).
const NOTEBOOK: &str = "10";
const RACK_MOUNT: &str = "23";

impl Machine {
    /// A Debian machine with an encrypted disk, a firewall, Secure Boot and automatic updates, that booted at
    /// `boot_seconds` (Unix time).
    pub fn debian(directory: &Path, hostname: &str, time_zone: &str, boot_seconds: i64) -> io::Result<Self> {
        let mut machine =
            Self { directory: directory.to_owned(), next_pid: 400, packages: String::new(), boot_seconds };
        machine.write(
            "/etc/os-release",
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n",
        )?;
        machine.write("/etc/hostname", &format!("{hostname}\n"))?;
        machine.write("/proc/sys/kernel/hostname", &format!("{hostname}\n"))?;
        machine.write("/proc/sys/kernel/random/boot_id", "7d0f6c1e-0000-4000-8000-5e1fb007ed00\n")?;
        machine.write("/proc/stat", &format!("cpu  1 0 1 1 0 0 0 0 0 0\nbtime {boot_seconds}\n"))?;
        machine.link("/etc/localtime", &format!("/usr/share/zoneinfo/{time_zone}"))?;
        machine.write(&format!("/usr/share/zoneinfo/{time_zone}"), "TZif2")?;
        machine.write("/etc/timezone", &format!("{time_zone}\n"))?;
        machine.write(
            "/etc/passwd",
            "root:x:0:0:root:/root:/bin/bash\nmorgan:x:1000:1000:Morgan:/home/morgan:/bin/bash\n",
        )?;
        machine.write("/etc/group", "root:x:0:\nsudo:x:27:\nmorgan:x:1000:\n")?;
        fs::create_dir_all(machine.path("/home/morgan"))?;
        machine.write("/etc/ufw/ufw.conf", "ENABLED=yes\nLOGLEVEL=low\n")?;
        machine.write("/etc/default/ufw", "DEFAULT_INPUT_POLICY=\"DROP\"\n")?;
        machine.write("/etc/apt/apt.conf.d/20auto-upgrades", "APT::Periodic::Unattended-Upgrade \"1\";\n")?;
        let variable = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
        machine.write_bytes(&format!("/sys/firmware/efi/efivars/SecureBoot-{variable}"), &[6, 0, 0, 0, 1])?;
        machine.write_bytes(&format!("/sys/firmware/efi/efivars/SetupMode-{variable}"), &[6, 0, 0, 0, 0])?;
        machine.encrypted_disk()?;
        machine.write(
            "/proc/net/arp",
            "IP address       HW type     Flags       HW address            Mask     Device\n",
        )?;
        for package in ["base-files", "bash", "systemd", "ufw", "unattended-upgrades", "firefox-esr"] {
            machine.package(package, "12.4");
        }
        machine.process("systemd", "/usr/lib/systemd/systemd", &["/sbin/init"], 0)?;
        machine.process("gnome-shell", "/usr/bin/gnome-shell", &["/usr/bin/gnome-shell"], 1000)?;
        machine.process("firefox-esr", "/usr/lib/firefox-esr/firefox-esr", &["firefox-esr"], 1000)?;
        for (owner, path) in [
            ("systemd", "/usr/lib/systemd/systemd"),
            ("gnome-shell", "/usr/bin/gnome-shell"),
            ("firefox-esr", "/usr/lib/firefox-esr/firefox-esr"),
        ] {
            machine.owns(owner, &[path])?;
        }
        Ok(machine)
    }

    /// Makes it a laptop: chassis, battery, open lid, built-in panel.
    pub fn laptop(&mut self, vendor: &str, product: &str, lid_open: bool) -> io::Result<&mut Self> {
        self.chassis(NOTEBOOK, vendor, product)?;
        self.write("/sys/class/power_supply/BAT0/type", "Battery\n")?;
        self.write("/sys/class/power_supply/BAT0/scope", "System\n")?;
        let state = if lid_open { "state:      open\n" } else { "state:      closed\n" };
        self.write("/proc/acpi/button/lid/LID0/state", state)?;
        Ok(self)
    }

    /// Puts it behind a gateway with this hardware address, on a Wi-Fi card with an address of its own.
    pub fn behind_gateway(&mut self, gateway_mac: &str, own_mac: &str) -> io::Result<&mut Self> {
        self.write(
            "/proc/net/route",
            "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
             wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n",
        )?;
        self.write(
            "/proc/net/arp",
            &format!(
                "IP address       HW type     Flags       HW address            Mask     Device\n\
                 192.168.2.1      0x1         0x2         {gateway_mac}     *        wlan0\n"
            ),
        )?;
        let card = "/sys/class/net/wlan0";
        self.write(&format!("{card}/type"), "1\n")?;
        self.write(&format!("{card}/ifindex"), "2\n")?;
        self.write(&format!("{card}/operstate"), "up\n")?;
        self.write(&format!("{card}/address"), &format!("{own_mac}\n"))?;
        self.write(&format!("{card}/uevent"), "DEVTYPE=wlan\nINTERFACE=wlan0\nIFINDEX=2\n")?;
        self.write(&format!("{card}/flags"), "0x1003\n")?;
        Ok(self)
    }

    /// Makes it a rack server with a management controller.
    pub fn server(&mut self, vendor: &str, product: &str) -> io::Result<&mut Self> {
        self.chassis(RACK_MOUNT, vendor, product)?;
        fs::create_dir_all(self.path("/sys/class/ipmi/ipmi0"))?;
        Ok(self)
    }

    fn chassis(&mut self, kind: &str, vendor: &str, product: &str) -> io::Result<()> {
        self.write("/sys/class/dmi/id/chassis_type", &format!("{kind}\n"))?;
        self.write("/sys/class/dmi/id/sys_vendor", &format!("{vendor}\n"))?;
        self.write("/sys/class/dmi/id/product_name", &format!("{product}\n"))
    }

    fn encrypted_disk(&mut self) -> io::Result<()> {
        self.write(
            "/proc/self/mountinfo",
            "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/mapper/root rw\n",
        )?;
        self.write("/proc/mounts", "/dev/mapper/root / ext4 rw,relatime 0 0\n")?;
        self.write(
            "/sys/devices/virtual/block/dm-0/dm/uuid",
            "CRYPT-LUKS2-5e1f5e1f5e1f5e1f5e1f5e1f5e1f5e1f-root\n",
        )?;
        self.write("/sys/devices/virtual/block/dm-0/dm/name", "root\n")?;
        self.write("/sys/devices/virtual/block/dm-0/dev", "254:0\n")?;
        self.link("/sys/dev/block/254:0", "../../devices/virtual/block/dm-0")?;
        self.link("/sys/class/block/dm-0", "../../devices/virtual/block/dm-0")
    }

    /// Adds an installed package.
    pub fn package(&mut self, name: &str, version: &str) -> &mut Self {
        self.packages.push_str(&format!(
            "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n"
        ));
        self
    }

    /// Says which files a package owns.
    pub fn owns(&mut self, package: &str, paths: &[&str]) -> io::Result<&mut Self> {
        let list = format!("/.\n{}\n", paths.join("\n"));
        self.write(&format!("/var/lib/dpkg/info/{package}.list"), &list)?;
        for path in paths {
            self.write_bytes(path, b"\x7fELF\x02\x01\x01\0")?;
        }
        Ok(self)
    }

    /// Adds a running process.
    pub fn process(&mut self, name: &str, executable: &str, arguments: &[&str], uid: u32) -> io::Result<u32> {
        let pid = self.next_pid;
        self.next_pid += 7;
        let mut command = arguments.join("\0").into_bytes();
        command.push(0);
        let short: String = name.chars().take(15).collect();
        self.write_bytes(&format!("/proc/{pid}/cmdline"), &command)?;
        self.write(&format!("/proc/{pid}/comm"), &format!("{short}\n"))?;
        self.write(
            &format!("/proc/{pid}/status"),
            &format!("Name:\t{short}\nPid:\t{pid}\nPPid:\t1\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n"),
        )?;
        let fields = "0 0 0 0 0 0 0 0 0 0 0 0 0 20 0 1 0 6000 0 0";
        self.write(&format!("/proc/{pid}/stat"), &format!("{pid} ({short}) S 1 {fields}\n"))?;
        let slice = if uid == 0 {
            format!("/system.slice/{name}.service")
        } else {
            "/user.slice/user-1000.slice".into()
        };
        self.write(&format!("/proc/{pid}/cgroup"), &format!("0::{slice}\n"))?;
        self.link(&format!("/proc/{pid}/exe"), executable)?;
        Ok(pid)
    }

    /// Adds an enabled system service.
    pub fn service(&mut self, name: &str, command: &str) -> io::Result<&mut Self> {
        let unit = format!(
            "[Unit]\nDescription={name}\n[Service]\nExecStart={command}\n[Install]\nWantedBy=multi-user.target\n"
        );
        self.write(&format!("/usr/lib/systemd/system/{name}.service"), &unit)?;
        self.link(
            &format!("/etc/systemd/system/multi-user.target.wants/{name}.service"),
            &format!("/usr/lib/systemd/system/{name}.service"),
        )?;
        Ok(self)
    }

    /// Adds the daily user to a group.
    pub fn administrator(&mut self) -> io::Result<&mut Self> {
        self.write("/etc/group", "root:x:0:\nsudo:x:27:morgan\nmorgan:x:1000:\n")?;
        Ok(self)
    }

    /// When it booted, Unix time.
    pub const fn boot_seconds(&self) -> i64 {
        self.boot_seconds
    }

    /// Lays another directory tree over `at`: symbolic links and files, for captured devices.
    pub fn overlay(&mut self, from: &Path, at: &str) -> io::Result<&mut Self> {
        copy_tree(from, &self.path(at))?;
        Ok(self)
    }

    /// Writes a text file.
    pub fn write(&mut self, path: &str, text: &str) -> io::Result<()> {
        self.write_bytes(path, text.as_bytes())
    }

    /// Writes a file.
    pub fn write_bytes(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, bytes)
    }

    /// Makes a symbolic link, replacing one that is there.
    pub fn link(&mut self, path: &str, target: &str) -> io::Result<()> {
        let path = self.path(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        symlink(target, path)
    }

    /// Writes what was gathered; the directory is then a sysroot.
    pub fn finish(mut self) -> io::Result<PathBuf> {
        let packages = std::mem::take(&mut self.packages);
        self.write("/var/lib/dpkg/status", &packages)?;
        Ok(self.directory)
    }

    fn path(&self, absolute: &str) -> PathBuf {
        self.directory.join(absolute.trim_start_matches('/'))
    }
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_symlink() {
            if fs::symlink_metadata(&target).is_ok_and(|m| !m.is_dir()) {
                fs::remove_file(&target)?;
            }
            symlink(fs::read_link(entry.path())?, &target)?;
        } else if kind.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
