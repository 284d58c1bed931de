//! Device, hardware and compatible ids of Windows.

/// What a USB id says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsbIds {
    /// idVendor.
    pub vendor_id: u16,
    /// idProduct.
    pub product_id: u16,
    /// bcdDevice, in hardware ids.
    pub release: Option<u16>,
    /// bInterfaceNumber, for a part of a composite device.
    pub interface: Option<u8>,
}

impl UsbIds {
    /// Whether `part` is a part of a device with these ids.
    pub fn is_of(&self, part: &Self) -> bool {
        self.interface.is_none() && (self.vendor_id, self.product_id) == (part.vendor_id, part.product_id)
    }
}

/// `USB\VID_0E0F&PID_0003&REV_0102&MI_00…`; `None` for any other id.
pub fn usb_ids(id: &str) -> Option<UsbIds> {
    let upper = id.get(..id.len().min(MAX_ID_BYTES)).unwrap_or_default().to_ascii_uppercase();
    let rest = upper.strip_prefix("USB\\")?;
    let name = rest.split('\\').next()?;
    let part = |prefix: &str| name.split('&').find_map(|part| part.strip_prefix(prefix));
    let word = |text: &str| (text.len() == 4).then(|| u16::from_str_radix(text, 16).ok()).flatten();
    Some(UsbIds {
        vendor_id: word(part("VID_")?)?,
        product_id: word(part("PID_")?)?,
        release: part("REV_").and_then(word),
        interface: part("MI_").and_then(|text| u8::from_str_radix(text, 16).ok()),
    })
}

/// The ids of the USB device below `HID\VID_0E0F&PID_0003&MI_00&Col01\…`; `None` for HID on another bus.
pub fn hid_ids(id: &str) -> Option<UsbIds> {
    let bus = id.get(..4)?;
    if !bus.eq_ignore_ascii_case("HID\\") {
        return None;
    }
    usb_ids(&format!("USB\\{}", id.get(4..)?))
}

/// `USB\Class_03&SubClass_01&Prot_01`, `USB\DevClass_00&SubClass_00&Prot_00`; `None` for a shorter id.
pub fn triplet(id: &str) -> Option<(u8, u8, u8)> {
    let upper = id.get(..id.len().min(MAX_ID_BYTES)).unwrap_or_default().to_ascii_uppercase();
    let rest = upper.strip_prefix("USB\\")?;
    let mut parts = rest.split('&');
    let class = parts.next()?;
    let class = class.strip_prefix("CLASS_").or_else(|| class.strip_prefix("DEVCLASS_"))?;
    let subclass = parts.next()?.strip_prefix("SUBCLASS_")?;
    let protocol = parts.next()?.strip_prefix("PROT_")?;
    let byte = |text: &str| u8::from_str_radix(text, 16).ok();
    Some((byte(class)?, byte(subclass)?, byte(protocol)?))
}

/// A drive's inquiry strings, as far as Windows kept them: blanks and odd characters became `_`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drive {
    /// `cdrom`, `disk`.
    pub kind: String,
    /// SPC-4 table 141, where the kind says it.
    pub device_type: Option<u8>,
    /// Whether the id itself says that it is on USB.
    pub on_usb: bool,
    /// T10 vendor.
    pub vendor: Option<String>,
    /// Product.
    pub product: Option<String>,
    /// Revision.
    pub revision: Option<String>,
}

/// `USBSTOR\CdRom&Ven_X&Prod_Y&Rev_Z\…` with its hardware ids and the name that shows its blanks.
pub fn drive(instance: &str, hardware: &[String], friendly: Option<&str>) -> Option<Drive> {
    let mut parts = instance.split('\\');
    let bus = parts.next()?.to_ascii_uppercase();
    let on_usb = bus == "USBSTOR";
    if !on_usb && bus != "SCSI" {
        return None;
    }
    let name = parts.next()?;
    let mut fields = name.split('&');
    let kind = fields.next()?.to_ascii_lowercase();
    let field = |prefix: &str| {
        name.split('&').skip(1).find_map(|part| {
            let head = part.get(..prefix.len())?;
            head.eq_ignore_ascii_case(prefix).then(|| part.get(prefix.len()..)).flatten()
        })
    };
    let device_type = match kind.as_str() {
        "disk" => Some(0),
        "sequential" => Some(1),
        "cdrom" => Some(5),
        "optical" => Some(7),
        _ => None,
    };
    // The first hardware id has fixed widths (8, 16, 4), so a vendor with `_` inside is told from padding.
    let fixed = hardware.first().and_then(|id| {
        let rest = id.split_once('\\')?.1;
        let head = rest.get(..kind.len())?;
        let body = rest.get(kind.len()..)?;
        let whole = head.eq_ignore_ascii_case(&kind) && body.len() == 28 && body.is_ascii();
        whole.then(|| (body.get(..8), body.get(8..24), body.get(24..)))
    });
    let (vendor, product, revision) = fixed.unwrap_or_else(|| (field("Ven_"), field("Prod_"), field("Rev_")));
    let shown = |text: Option<&str>| {
        let text = text?.trim_end_matches(['_', ' ']);
        let exact = friendly.is_some_and(|friendly| friendly.contains(text));
        let text = if exact { text.to_owned() } else { text.replace('_', " ") };
        (!text.trim().is_empty()).then_some(text)
    };
    Some(Drive {
        device_type,
        on_usb,
        vendor: shown(vendor),
        product: shown(product),
        revision: shown(revision),
        kind,
    })
}

/// Longer ids are cut before they are read (Windows stops at 200 characters).
const MAX_ID_BYTES: usize = 400;
