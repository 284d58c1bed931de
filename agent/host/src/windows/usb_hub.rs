//! What a USB hub says of the device at one of its ports: raw descriptors and speed.
//!
//! Facts: `usbioctl.h` (`USB_NODE_CONNECTION_INFORMATION_EX`, packed); USB 2.0 section 9.6.

use bearing_protocol::fact::{UsbDevice, UsbSpeed};

use crate::little_endian::u16_at;

/// A device at a port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PortDevice {
    /// The key of its driver, as the registry names it in `Driver`.
    pub(super) driver_key: String,
    /// Its device descriptor.
    pub(super) device_descriptor: Vec<u8>,
    /// Its active configuration's descriptors.
    pub(super) configuration: Vec<u8>,
    /// `USB_DEVICE_SPEED`.
    pub(super) speed: u8,
}

/// The answer to `IOCTL_USB_GET_NODE_CONNECTION_INFORMATION_EX`: descriptor and speed; `None` where nothing is plugged.
pub(super) fn parse_connection(bytes: &[u8]) -> Option<PortDevice> {
    let connected = crate::little_endian::u32_at(bytes, STATUS_AT)? == DEVICE_CONNECTED;
    let device_descriptor = bytes.get(DESCRIPTOR_AT..DESCRIPTOR_AT + DESCRIPTOR_BYTES)?.to_vec();
    let whole = device_descriptor.first() == Some(&18) && device_descriptor.get(1) == Some(&1);
    (connected && whole).then(|| PortDevice {
        device_descriptor,
        speed: bytes.get(SPEED_AT).copied().unwrap_or_default(),
        ..PortDevice::default()
    })
}

/// The answer to a request for a configuration descriptor, as long as it says it is; `None` where it is none.
pub(super) fn parse_configuration(bytes: &[u8]) -> Option<Vec<u8>> {
    let total = usize::from(u16_at(bytes, 2)?);
    (bytes.get(1) == Some(&2) && total >= 9)
        .then(|| bytes.get(..total.min(bytes.len())).unwrap_or_default().to_vec())
}

impl PortDevice {
    /// Adds what the hub knows to a device.
    pub(super) fn complete(&self, device: &mut UsbDevice) {
        let bytes = &self.device_descriptor;
        device.usb_release = u16_at(bytes, 2);
        if let [class, subclass, protocol] = bytes.get(4..7).unwrap_or_default() {
            device.class = Some((*class, *subclass, *protocol));
        }
        if let Some(release) = u16_at(bytes, 12) {
            device.device_release = release;
        }
        device.speed = match self.speed {
            0 => Some(UsbSpeed::Low),
            1 => Some(UsbSpeed::Full),
            2 => Some(UsbSpeed::High),
            3 => Some(UsbSpeed::Super),
            _ => None,
        };
        device.attributes = self.configuration.get(7).copied();
        let unit = if self.speed == 3 { 8 } else { 2 };
        device.max_power_ma = self.configuration.get(8).map(|units| u16::from(*units) * unit);
        device.descriptors = [bytes.as_slice(), self.configuration.as_slice()].concat();
    }
}

/// Offsets in the packed structure: index (4), descriptor (18), configuration value (1), speed (1), is hub (1),
/// address (2), open pipes (4), status (4).
const DESCRIPTOR_AT: usize = 4;
const DESCRIPTOR_BYTES: usize = 18;
const SPEED_AT: usize = 23;
const STATUS_AT: usize = 31;
/// `DeviceConnected`.
const DEVICE_CONNECTED: u32 = 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_port_with_a_device_gives_its_descriptors() {
        let mut answer = vec![2, 0, 0, 0];
        answer.extend([18, 1, 0, 2, 0, 0, 0, 64, 0x6b, 0x1d, 4, 1, 0, 1, 1, 2, 3, 1]);
        answer.extend([1, 2, 0, 5, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
        let mut port = parse_connection(&answer).unwrap();
        let configuration = [9, 2, 18, 0, 1, 1, 0, 0x80, 50, 9, 4, 0, 0, 1, 3, 1, 1, 0, 0, 0];
        port.configuration = parse_configuration(&configuration).unwrap();
        let mut device = UsbDevice::default();
        port.complete(&mut device);
        assert_eq!((device.usb_release, device.speed), (Some(0x0200), Some(UsbSpeed::High)));
        assert_eq!((device.max_power_ma, device.attributes), (Some(100), Some(0x80)));
        assert_eq!(device.descriptors.len(), 18 + 18);
        answer[31] = 0;
        assert_eq!(parse_connection(&answer), None, "nothing is plugged in");
    }

    proptest! {
        #[test]
        fn any_answer_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse_connection(&bytes);
            let _ = parse_configuration(&bytes);
        }
    }
}
