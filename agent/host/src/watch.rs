//! Devices that come and go, as the kernel tells it: a reason to look again, never a fact in itself.
//!
//! Always: only the kernel is believed (others can send to the same socket); where events were lost the
//! caller hears that something happened; where nothing can be heard the caller must look by itself.
//! Facts: netlink(7) (`NETLINK_KOBJECT_UEVENT`), `lib/kobject_uevent.c` and
//! `Documentation/ABI/testing/sysfs-uevent` of Linux.

use std::io;

/// Something happened to a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceEvent {
    /// `add`, `remove`, `change`, `bind`, …; [`LOST`] where the kernel had more than it could keep.
    pub action: String,
    /// `usb`, `drm`, `hid`, …
    pub subsystem: String,
    /// The device's place below `/sys`.
    pub devpath: String,
    /// `usb_device`, `drm_minor`, …
    pub devtype: Option<String>,
    /// Whether a display was plugged or pulled (`HOTPLUG=1`).
    pub hotplug: bool,
}

/// The action that stands for events the kernel could not keep.
pub const LOST: &str = "lost";

impl DeviceEvent {
    /// Whether it can change what the detectors see: a USB device, a HID device on any bus, a drive on USB or a
    /// display came or went.
    pub fn matters(&self) -> bool {
        let came_or_went = matches!(self.action.as_str(), "add" | "remove");
        match self.subsystem.as_str() {
            _ if self.action == LOST => true,
            "usb" => came_or_went && self.devtype.as_deref() == Some("usb_device"),
            "hid" => came_or_went,
            // A drive shows a second after its device (`delay_use` of usb-storage).
            "block" => {
                came_or_went && self.devtype.as_deref() == Some("disk") && self.devpath.contains("/usb")
            }
            "drm" => self.hotplug,
            _ => false,
        }
    }
}

/// Why devices cannot be watched: the caller reads them from time to time instead.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// This system tells nothing of the kind, or it is not listened to here.
    #[error(
        "device events are not heard on {}: devices are read from time to time instead",
        std::env::consts::OS
    )]
    Unsupported,
    /// The kernel refused.
    #[error("cannot listen to the kernel's device events: devices are read from time to time instead")]
    Open(#[source] io::Error),
    /// Listening failed.
    #[error("cannot read the kernel's device events")]
    Read(#[source] io::Error),
}

#[cfg(target_os = "linux")]
pub use crate::linux::watch::DeviceWatch;

/// Nothing is heard on this system.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub struct DeviceWatch(std::convert::Infallible);

#[cfg(not(target_os = "linux"))]
impl DeviceWatch {
    /// Always refuses.
    ///
    /// # Errors
    /// [`WatchError::Unsupported`].
    pub fn open() -> Result<Self, WatchError> {
        Err(WatchError::Unsupported)
    }

    /// Never called: there is no watch.
    ///
    /// # Errors
    /// None.
    pub fn read_events(&self) -> Result<Vec<DeviceEvent>, WatchError> {
        match self.0 {}
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
impl std::os::fd::AsRawFd for DeviceWatch {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        match self.0 {}
    }
}

/// Reads one message of the kernel: `ACTION@DEVPATH`, then `NAME=value`, each ended by a zero byte. `None`
/// where it is not of that form (udev's messages begin with `libudev`).
pub fn parse_event(message: &[u8]) -> Option<DeviceEvent> {
    let mut parts = message.split(|byte| *byte == 0).filter_map(|part| std::str::from_utf8(part).ok());
    let (action, devpath) = parts.next()?.split_once('@')?;
    let mut event =
        DeviceEvent { action: action.to_owned(), devpath: devpath.to_owned(), ..DeviceEvent::default() };
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        match name {
            "SUBSYSTEM" => event.subsystem = value.to_owned(),
            "DEVTYPE" => event.devtype = Some(value.to_owned()),
            "HOTPLUG" => event.hotplug = value == "1",
            _ => {}
        }
    }
    (!event.action.is_empty() && !event.subsystem.is_empty()).then_some(event)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_usb_device_that_is_plugged_matters() {
        let message = b"add@/devices/pci0000:00/0000:00:14.0/usb1/1-1\0ACTION=add\0\
            DEVPATH=/devices/pci0000:00/0000:00:14.0/usb1/1-1\0SUBSYSTEM=usb\0DEVTYPE=usb_device\0SEQNUM=7\0";
        let event = parse_event(message).unwrap();
        assert_eq!((event.action.as_str(), event.subsystem.as_str()), ("add", "usb"));
        assert_eq!(event.devtype.as_deref(), Some("usb_device"));
        assert!(event.matters());
        let interface = DeviceEvent { devtype: Some("usb_interface".to_owned()), ..event };
        assert!(!interface.matters(), "its device was told already");
    }

    #[test]
    fn displays_and_losses_matter_and_the_rest_does_not() {
        let display = b"change@/devices/pci0000:00/0000:00:02.0/drm/card0\0SUBSYSTEM=drm\0HOTPLUG=1\0";
        assert!(parse_event(display).unwrap().matters());
        assert!(!parse_event(b"change@/devices/x/drm/card0\0SUBSYSTEM=drm\0").unwrap().matters());
        assert!(!parse_event(b"add@/devices/virtual/net/tap0\0SUBSYSTEM=net\0").unwrap().matters());
        let drive = b"add@/devices/pci0/usb1/1-1/1-1:1.3/host6/block/sda\0SUBSYSTEM=block\0DEVTYPE=disk\0";
        assert!(parse_event(drive).unwrap().matters());
        assert!(
            !parse_event(b"add@/devices/virtual/block/loop0\0SUBSYSTEM=block\0DEVTYPE=disk\0")
                .unwrap()
                .matters()
        );
        assert!(DeviceEvent { action: LOST.to_owned(), ..DeviceEvent::default() }.matters());
    }

    #[test]
    fn what_is_not_the_kernels_form_is_nothing() {
        for message in [&b""[..], b"libudev\0\xfe\xed\xca\xfe", b"add@/devices/x\0", b"@\0SUBSYSTEM=usb\0"] {
            assert_eq!(parse_event(message), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            let _ = parse_event(&bytes);
        }
    }
}
