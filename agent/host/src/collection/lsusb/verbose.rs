//! The fields that `lsusb -v` prints below a device's line.

use std::collections::BTreeSet;

use bearing_protocol::fact::{HidBus, HidDevice, UsbDevice, UsbInterface, UsbSpeed};

use super::{
    Head, Listed,
    rebuild::{Kind, Section, descriptors},
    report_descriptor::Items,
};

/// Takes the lines of one device.
pub(super) struct Reader {
    head: Head,
    speed: Option<UsbSpeed>,
    sections: Vec<Section>,
    /// Report descriptors by the section they were printed under.
    reports: Vec<(usize, Option<Vec<u8>>)>,
    items: Option<Items>,
    /// What follows the configurations: another speed's, the hub's, the capabilities.
    past: bool,
}

impl Reader {
    pub(super) fn new(head: Head) -> Self {
        Self { head, speed: None, sections: Vec::new(), reports: Vec::new(), items: None, past: false }
    }

    pub(super) fn is_verbose(&self) -> bool {
        !self.sections.is_empty()
    }

    /// Whether fewer configurations, interfaces or endpoints were printed than the device announces
    /// (USB 2.0 sections 9.6.1, 9.6.3 and 9.6.5).
    pub(super) fn is_cut(&self) -> bool {
        let Some(device) = self.sections.iter().find(|section| section.kind == Kind::Device) else {
            return false;
        };
        let count = |sections: &[Section], kind: Kind| sections.iter().filter(|s| s.kind == kind).count();
        let announced = |section: &Section, name: &str| section.byte(name).map(usize::from);
        let configurations = count(&self.sections, Kind::Configuration);
        if announced(device, "bNumConfigurations").is_none_or(|announced| configurations < announced) {
            return true;
        }
        let mut below_device = self.sections.split(|section| section.kind == Kind::Device).skip(1);
        let below_device = below_device.next().unwrap_or_default();
        let starts = |kind: Kind| move |_: &Section, next: &Section| next.kind != kind;
        below_device.chunk_by(starts(Kind::Configuration)).any(|part| {
            let Some(head) = part.first().filter(|head| head.kind == Kind::Configuration) else {
                return false;
            };
            let interfaces: BTreeSet<_> = part
                .iter()
                .filter(|section| section.kind == Kind::Interface)
                .filter_map(|section| section.byte("bInterfaceNumber"))
                .collect();
            announced(head, "bNumInterfaces").is_none_or(|announced| interfaces.len() < announced)
                || part.chunk_by(starts(Kind::Interface)).any(|setting| {
                    setting.first().is_some_and(|head| {
                        head.kind == Kind::Interface
                            && announced(head, "bNumEndpoints")
                                .is_none_or(|announced| count(setting, Kind::Endpoint) < announced)
                    })
                })
        })
    }

    pub(super) fn line(&mut self, line: &str) {
        let text = line.trim();
        let indent = line.len() - line.trim_start().len();
        if let Some(speed) = text.strip_prefix("Negotiated speed:") {
            self.speed = negotiated(speed.trim());
            return;
        }
        if text.starts_with("Item(") {
            if let Some(items) = &mut self.items {
                items.line(text);
            }
            return;
        }
        if let Some(items) = Items::begin(text) {
            self.close_items();
            self.items = Some(items);
            return;
        }
        if let Some(raw) = text.strip_prefix("** UNRECOGNIZED:") {
            if !self.past {
                let mut section = Section::new(Kind::Raw);
                section.fields.push((String::new(), raw.trim().to_owned()));
                self.push(section);
                self.push(Section::new(Kind::Other));
            }
            return;
        }
        if let Some(kind) = heading(text, indent) {
            self.close_items();
            // `Device Qualifier`, `Binary Object Store`, `Hub`: at the margin, after the last configuration.
            self.past |= indent <= 1 && kind == Kind::Other && !self.sections.is_empty();
            if !self.past {
                self.push(Section::new(kind));
            }
            return;
        }
        if self.past {
            return;
        }
        let Some(section) = self.sections.last_mut() else { return };
        if let Some((name, value)) = text.split_once(char::is_whitespace)
            && name.starts_with(['b', 'i', 'w', 'M'])
            && section.fields.len() < MAX_FIELDS
        {
            section.fields.push((name.to_owned(), value.trim_start().to_owned()));
        }
    }

    fn push(&mut self, section: Section) {
        if self.sections.len() < MAX_SECTIONS {
            self.sections.push(section);
        }
    }

    fn close_items(&mut self) {
        if let Some(items) = self.items.take() {
            self.reports.push((self.sections.len(), items.finish()));
        }
    }

    pub(super) fn finish(mut self) -> (Listed, u64) {
        self.close_items();
        let (descriptors, mut malformed) = descriptors(&self.sections);
        malformed +=
            u64::try_from(self.reports.iter().filter(|(_, bytes)| bytes.is_none()).count()).unwrap_or(0);
        let Head { bus, number, vendor_id, product_id } = self.head;
        let mut device = UsbDevice { vendor_id, product_id, descriptors, ..UsbDevice::default() };
        if let Some(section) = self.sections.iter().find(|section| section.kind == Kind::Device) {
            device.device_release = section.release("bcdDevice").unwrap_or_default();
            device.usb_release = section.release("bcdUSB");
            let byte = |name| section.byte(name);
            device.class = byte("bDeviceClass")
                .zip(byte("bDeviceSubClass"))
                .zip(byte("bDeviceProtocol"))
                .map(|((class, subclass), protocol)| (class, subclass, protocol));
            device.manufacturer = section.string("iManufacturer");
            device.product = section.string("iProduct");
            device.serial = section.string("iSerial");
            // An exponent: 2^9 bytes is what SuperSpeed alone has (USB 3.2 section 9.6.1).
            if device.usb_release >= Some(0x0300) && byte("bMaxPacketSize0") == Some(9) {
                device.speed = Some(UsbSpeed::Super);
            }
        }
        device.speed = self.speed.or(device.speed);
        if let Some(section) = self.sections.iter().find(|section| section.kind == Kind::Configuration) {
            device.configuration = section.string("iConfiguration");
            device.attributes = section.byte("bmAttributes");
            device.max_power_ma =
                section.word("MaxPower").and_then(|word| word.strip_suffix("mA")?.parse().ok());
        }
        let mut listed = Listed { bus, number, device, ..Listed::default() };
        self.interfaces(&mut listed);
        (listed, malformed)
    }

    /// The first setting of each interface of the first configuration, and the HID devices on them.
    fn interfaces(&self, listed: &mut Listed) {
        let mut configurations = 0;
        let mut current: Option<u8> = None;
        for (at, section) in self.sections.iter().enumerate() {
            match section.kind {
                Kind::Configuration => configurations += 1,
                Kind::Interface if configurations == 1 => {
                    current = section.byte("bInterfaceNumber");
                    let first = section.byte("bAlternateSetting") == Some(0);
                    if let (Some(number), true) = (current, first) {
                        listed.device.interfaces.push(UsbInterface {
                            number,
                            class: section.byte("bInterfaceClass").unwrap_or_default(),
                            subclass: section.byte("bInterfaceSubClass").unwrap_or_default(),
                            protocol: section.byte("bInterfaceProtocol").unwrap_or_default(),
                            name: section.string("iInterface"),
                            driver: None,
                        });
                    }
                }
                Kind::Hid if configurations == 1 => {
                    let printed = self.reports.iter().find(|(place, _)| *place == at + 1);
                    match printed.and_then(|(_, bytes)| bytes.as_ref()) {
                        Some(bytes) => listed.hid.push(HidDevice {
                            bus: HidBus::Usb,
                            vendor_id: listed.device.vendor_id,
                            product_id: listed.device.product_id,
                            usb_interface: current,
                            report_descriptor: bytes.clone(),
                            ..HidDevice::default()
                        }),
                        None => listed.hid_without_descriptor += 1,
                    }
                }
                _ => {}
            }
        }
    }
}

/// Which descriptor a heading opens; `None` for a line that is no heading.
fn heading(text: &str, indent: usize) -> Option<Kind> {
    Some(match text {
        "Device Descriptor:" => Kind::Device,
        "Configuration Descriptor:" => Kind::Configuration,
        "Interface Association:" => Kind::Association,
        "Interface Descriptor:" => Kind::Interface,
        "HID Device Descriptor:" => Kind::Hid,
        "Endpoint Descriptor:" => Kind::Endpoint,
        // Not headings but values that end in a colon, below an open HID descriptor.
        "Report Descriptors:" | "Report Descriptor:" => return None,
        _ if text.ends_with(':') && (text.contains("Descriptor") || indent <= 1) => Kind::Other,
        _ if text.starts_with("Device Qualifier") || text.starts_with("Device Status:") => Kind::Other,
        _ => return None,
    })
}

/// `High Speed (480Mbps)`.
fn negotiated(text: &str) -> Option<UsbSpeed> {
    let name = text.split_once(" (").map_or(text, |(name, _)| name);
    Some(match name {
        "Low Speed" => UsbSpeed::Low,
        "Full Speed" => UsbSpeed::Full,
        "High Speed" => UsbSpeed::High,
        "SuperSpeed" => UsbSpeed::Super,
        "SuperSpeed+" => UsbSpeed::SuperPlus,
        _ => return None,
    })
}

const MAX_SECTIONS: usize = 4_096;
const MAX_FIELDS: usize = 512;
