//! Printed fields turned back into descriptors: the same bytes for what a descriptor's standard part says.

/// One descriptor as it was printed: what it is, and its fields in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) kind: Kind,
    pub(super) fields: Vec<(String, String)>,
}

/// Which descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    Device,
    Configuration,
    Association,
    Interface,
    Hid,
    Endpoint,
    /// Bytes that `lsusb` printed as they are.
    Raw,
    /// In words, or of another speed: nothing is rebuilt.
    #[default]
    Other,
}

impl Section {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, fields: Vec::new() }
    }

    /// The first word of a field's value.
    pub(super) fn word(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(field, _)| field == name)?;
        value.split_whitespace().next()
    }

    /// A number, decimal or `0x…`.
    pub(super) fn number(&self, name: &str) -> Option<u16> {
        number(self.word(name)?)
    }

    pub(super) fn byte(&self, name: &str) -> Option<u8> {
        u8::try_from(self.number(name)?).ok()
    }

    /// A release (`12.10` is `0x1210`).
    pub(super) fn release(&self, name: &str) -> Option<u16> {
        let (high, low) = self.word(name)?.split_once('.')?;
        let part = |text: &str| (text.len() <= 2).then(|| u16::from_str_radix(text, 16).ok()).flatten();
        Some(part(high)? << 8 | part(low)?)
    }

    /// The string behind a string index; `None` where there is none or it could not be read.
    pub(super) fn string(&self, name: &str) -> Option<String> {
        let (_, value) = self.fields.iter().find(|(field, _)| field == name)?;
        let (index, text) = value.split_once(' ')?;
        if index == "0" || text.trim() == "(error)" || text.trim().is_empty() {
            return None;
        }
        Some(text.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// bmAttributes' transfer and the other fields, as the standard lays them out.
    fn bytes(&self, out: &mut Vec<u8>) -> Option<()> {
        let word = |value: u16| value.to_le_bytes();
        match self.kind {
            Kind::Device => {
                out.extend([18, 1]);
                out.extend(word(self.release("bcdUSB")?));
                for name in ["bDeviceClass", "bDeviceSubClass", "bDeviceProtocol", "bMaxPacketSize0"] {
                    out.push(self.byte(name)?);
                }
                out.extend(word(self.number("idVendor")?));
                out.extend(word(self.number("idProduct")?));
                out.extend(word(self.release("bcdDevice")?));
                for name in ["iManufacturer", "iProduct", "iSerial", "bNumConfigurations"] {
                    out.push(self.byte(name)?);
                }
            }
            Kind::Configuration => {
                out.extend([9, 2, 0, 0]);
                for name in ["bNumInterfaces", "bConfigurationValue", "iConfiguration", "bmAttributes"] {
                    out.push(self.byte(name)?);
                }
                out.push(0);
            }
            Kind::Association => {
                out.extend([8, 11]);
                for name in [
                    "bFirstInterface",
                    "bInterfaceCount",
                    "bFunctionClass",
                    "bFunctionSubClass",
                    "bFunctionProtocol",
                    "iFunction",
                ] {
                    out.push(self.byte(name)?);
                }
            }
            Kind::Interface => {
                out.extend([9, 4]);
                for name in [
                    "bInterfaceNumber",
                    "bAlternateSetting",
                    "bNumEndpoints",
                    "bInterfaceClass",
                    "bInterfaceSubClass",
                    "bInterfaceProtocol",
                    "iInterface",
                ] {
                    out.push(self.byte(name)?);
                }
            }
            Kind::Endpoint => {
                let long = self.byte("bLength") == Some(9) && self.byte("bRefresh").is_some();
                out.extend([if long { 9 } else { 7 }, 5]);
                out.push(self.byte("bEndpointAddress")?);
                out.push(self.byte("bmAttributes")?);
                out.extend(word(self.number("wMaxPacketSize")?));
                out.push(self.byte("bInterval")?);
                if long {
                    out.extend([self.byte("bRefresh")?, self.byte("bSynchAddress")?]);
                }
            }
            Kind::Hid => self.hid_bytes(out)?,
            Kind::Raw => {
                let (_, text) = self.fields.first()?;
                let bytes: Option<Vec<u8>> = text
                    .split_whitespace()
                    .map(|pair| (pair.len() == 2).then(|| u8::from_str_radix(pair, 16).ok()).flatten())
                    .collect();
                let bytes = bytes?;
                // Only whole descriptors: anything else would put what follows out of step.
                if bytes.len() < 2 || usize::from(*bytes.first()?) != bytes.len() {
                    return None;
                }
                out.extend(bytes);
            }
            Kind::Other => {}
        }
        Some(())
    }

    /// HID 1.11 section 6.2.1: the head, then type and length of each class descriptor.
    fn hid_bytes(&self, out: &mut Vec<u8>) -> Option<()> {
        let count = self.byte("bNumDescriptors")?;
        out.extend([6_u8.checked_add(count.checked_mul(3)?)?, 0x21]);
        out.extend(self.release("bcdHID")?.to_le_bytes());
        out.extend([self.byte("bCountryCode")?, count]);
        let value_of = |value: &str| value.split_whitespace().next().and_then(number);
        let of = |wanted: &'static str| {
            self.fields.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value_of(value))
        };
        // The descriptor's own type stands first among those of the same name.
        let mut pairs = of("bDescriptorType").skip(1).zip(of("wDescriptorLength"));
        for _ in 0..count {
            let (kind, length) = pairs.next()?;
            out.push(u8::try_from(kind?).ok()?);
            out.extend(length?.to_le_bytes());
        }
        Some(())
    }
}

pub(super) fn number(text: &str) -> Option<u16> {
    match text.strip_prefix("0x") {
        Some(hex) => u16::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The descriptors of a device: its own, then each configuration with what stands below it. How many sections could
/// not be rebuilt is the second value. wTotalLength is that of what was rebuilt.
pub(super) fn descriptors(sections: &[Section]) -> (Vec<u8>, u64) {
    let mut out = Vec::new();
    let mut broken = 0;
    let mut configuration_at: Option<usize> = None;
    let mut super_speed = false;
    for section in sections {
        let mut bytes = Vec::new();
        if section.bytes(&mut bytes).is_none() {
            broken += 1;
            if matches!(section.kind, Kind::Device | Kind::Configuration) {
                // Without it nothing below has a place.
                break;
            }
            continue;
        }
        match section.kind {
            Kind::Device => super_speed = section.release("bcdUSB").is_some_and(|release| release >= 0x0300),
            Kind::Configuration => {
                close(&mut out, configuration_at);
                configuration_at = Some(out.len());
                let unit = if super_speed { 8 } else { 2 };
                let power =
                    section.word("MaxPower").and_then(|word| word.strip_suffix("mA")?.parse::<u16>().ok());
                if let (Some(power), Some(last)) = (power, bytes.last_mut()) {
                    *last = u8::try_from(power / unit).unwrap_or(u8::MAX);
                }
            }
            _ if configuration_at.is_none() => continue,
            _ => {}
        }
        out.extend(bytes);
    }
    close(&mut out, configuration_at);
    (out, broken)
}

/// Writes wTotalLength of the configuration that began at `start`.
fn close(out: &mut [u8], start: Option<usize>) {
    let Some(start) = start else { return };
    let total = u16::try_from(out.len() - start).unwrap_or(u16::MAX).to_le_bytes();
    if let Some(place) = out.get_mut(start + 2..start + 4) {
        place.copy_from_slice(&total);
    }
}
