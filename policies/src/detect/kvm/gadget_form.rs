//! For tests: a device as a host sees it, every part of which can be changed.

use bearing_protocol::fact::{
    Facts, HidBus, HidDevice, MachineKind, StorageDevice, UsbDevice, UsbInterface, UsbSpeed,
};

/// One function of a device.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// A HID interface: report descriptor, subclass, protocol.
    Hid(Vec<u8>, u8, u8),
    /// A drive: vendor, product, revision, whether optical.
    Drive(String, String, String, bool),
    /// A network card (NCM).
    Network,
    /// A serial line (ACM data).
    Serial,
    /// A media transfer interface, as phones have.
    Mtp,
}

/// A device.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) ids: (u16, u16),
    pub(super) names: (Option<String>, Option<String>),
    pub(super) serial: Option<String>,
    pub(super) configuration: Option<String>,
    pub(super) device_release: u16,
    pub(super) max_power_ma: u16,
    pub(super) attributes: u8,
    pub(super) speed: Option<UsbSpeed>,
    pub(super) parts: Vec<Part>,
    /// iInterface of its HID interfaces.
    pub(super) interface_name: Option<String>,
    pub(super) hid_release: u16,
    pub(super) interval: u8,
    /// Bytes that the packet is longer than the report.
    pub(super) slack: u16,
    pub(super) machine: MachineKind,
    /// Whether `descriptors` could be read.
    pub(super) raw: bool,
}

impl Shape {
    /// What Linux's gadget code makes of `parts` at high speed.
    pub(super) fn gadget(parts: Vec<Part>) -> Self {
        Self {
            ids: (0x046d, 0xc31c),
            names: (Some("Logitech".into()), Some("USB Keyboard".into())),
            serial: None,
            configuration: None,
            device_release: 0x6400,
            max_power_ma: 100,
            attributes: 0xa0,
            speed: Some(UsbSpeed::High),
            parts,
            interface_name: Some("HID Interface".into()),
            hid_release: 0x0101,
            interval: 4,
            slack: 0,
            machine: MachineKind::Laptop,
            raw: true,
        }
    }

    /// The same as a maker's firmware at full speed shows it.
    pub(super) fn own_firmware(parts: Vec<Part>) -> Self {
        Self {
            speed: Some(UsbSpeed::Full),
            interface_name: None,
            hid_release: 0x0111,
            interval: 10,
            ..Self::gadget(parts)
        }
    }

    /// The machine that has it.
    pub(super) fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        facts.machine.kind = self.machine;
        if self.machine == MachineKind::Vm {
            facts.machine.hypervisor = Some("kvm".into());
        }
        let (mut body, mut interfaces) = (Vec::new(), Vec::new());
        for (number, part) in (0_u8..).zip(&self.parts) {
            self.part(number, part, &mut body, &mut interfaces, &mut facts);
        }
        let total = u16::try_from(body.len() + 9).unwrap();
        let (vendor, product) = self.ids;
        let mut descriptors = vec![18, 1, 0, 2, 0, 0, 0, 64];
        for word in [vendor, product, self.device_release] {
            descriptors.extend(word.to_le_bytes());
        }
        descriptors.extend([1, 2, 0, 1, 9, 2]);
        descriptors.extend(total.to_le_bytes());
        let power = u8::try_from(self.max_power_ma / 2).unwrap();
        descriptors.extend([u8::try_from(interfaces.len()).unwrap(), 1, 0, self.attributes, power]);
        descriptors.extend(body);
        facts.usb.push(UsbDevice {
            path: "1-1".into(),
            vendor_id: vendor,
            product_id: product,
            device_release: self.device_release,
            usb_release: Some(0x0200),
            class: Some((0, 0, 0)),
            manufacturer: self.names.0.clone(),
            product: self.names.1.clone(),
            serial: self.serial.clone(),
            configuration: self.configuration.clone(),
            speed: self.speed,
            max_power_ma: Some(self.max_power_ma),
            attributes: Some(self.attributes),
            interfaces,
            descriptors: if self.raw { descriptors } else { Vec::new() },
            ..UsbDevice::default()
        });
        facts
    }

    fn part(
        &self,
        number: u8,
        part: &Part,
        body: &mut Vec<u8>,
        list: &mut Vec<UsbInterface>,
        facts: &mut Facts,
    ) {
        let mut interface = |class, subclass, protocol, name| {
            list.push(UsbInterface { number, class, subclass, protocol, name, driver: None });
            [9, 4, number, 0, 1, class, subclass, protocol, 0]
        };
        match part {
            Part::Hid(bytes, subclass, protocol) => {
                let (parsed, _) = bearing_descriptors::hid::parse_prefix(bytes);
                let report = u16::try_from(parsed.longest_input_report().unwrap_or(8)).unwrap() + self.slack;
                body.extend(interface(3, *subclass, *protocol, self.interface_name.clone()));
                body.extend([9, 0x21]);
                body.extend(self.hid_release.to_le_bytes());
                body.extend([0, 1, 0x22]);
                body.extend(u16::try_from(bytes.len()).unwrap().to_le_bytes());
                body.extend([7, 5, 0x81 + number, 3]);
                body.extend(report.to_le_bytes());
                body.push(self.interval);
                let (vendor_id, product_id) = self.ids;
                facts.hid.push(HidDevice {
                    path: format!("0003:{vendor_id:04X}:{product_id:04X}.{number:04}"),
                    bus: HidBus::Usb,
                    vendor_id,
                    product_id,
                    usb_path: Some("1-1".into()),
                    usb_interface: Some(number),
                    report_descriptor: bytes.clone(),
                    ..HidDevice::default()
                });
            }
            Part::Drive(vendor, model, revision, optical) => {
                body.extend(interface(8, 6, 0x50, None));
                body.extend([7, 5, 0x81 + number, 2, 0, 2, 0]);
                facts.storage.push(StorageDevice {
                    name: format!("sd{}", char::from(b'a' + number)),
                    vendor: Some(vendor.clone()),
                    model: Some(model.clone()),
                    revision: Some(revision.clone()),
                    device_type: Some(if *optical { 5 } else { 0 }),
                    usb_path: Some("1-1".into()),
                    ..StorageDevice::default()
                });
            }
            Part::Network => body.extend(interface(2, 0x0d, 0, None)),
            Part::Serial => body.extend(interface(2, 2, 1, None)),
            Part::Mtp => body.extend(interface(6, 1, 1, Some("MTP".into()))),
        }
    }
}
