//! How devices are written in `catalogue/kvm/*.toml`.
//!
//! Always: an unknown field is an error; every entry and every fact in it names its sources and how far they are
//! trusted; facts marked `unverified` are kept and never convict.

use serde::Deserialize;

/// How a fact is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "plain words")]
pub enum Trust {
    SourceCode,
    VendorDoc,
    ThirdParty,
    /// Seen on an organisation's own machines and reviewed there.
    Fleet,
    Unverified,
}

/// What an entry may say about a machine that has such a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Remote control hardware: an IP-KVM, a KVM over USB, the gadget code they run.
    Kvm,
    /// A chip or cable that turns a serial line into a keyboard (CH9329).
    Bridge,
    /// A keystroke injector.
    Injector,
    /// A development board that is often made a keyboard: context.
    Board,
    /// The kernel's own gadget defaults.
    Gadget,
    /// A switch on the desk: context, never evidence.
    Switch,
    /// KVM over IP of the server room.
    Enterprise,
    /// A server's own management controller.
    Bmc,
    /// An HDMI capture card's input.
    Capture,
    /// A plug that pretends to be a display.
    Dummy,
    /// Kept to be told apart, says nothing.
    Reference,
}

/// How distinctive a report descriptor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Distinctive {
    /// Genuine devices have the same bytes.
    None,
    /// Many projects share it.
    Low,
    /// Hobby projects share it.
    Medium,
    /// Only this firmware.
    High,
}

/// A device.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceForm {
    /// The file's name.
    pub id: String,
    /// Its place in the list: of two entries that fit alike the earlier is named.
    pub order: u32,
    /// The product line.
    pub family: String,
    /// What a sentence calls it.
    pub label: String,
    /// Its full name.
    pub name: String,
    /// Who makes it.
    pub vendor: String,
    /// What it may say.
    pub standing: Standing,
    /// How it is known.
    pub confidence: Trust,
    /// From where.
    pub sources: Vec<String>,
    /// What a reader should know.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What stays when its identity is changed.
    #[serde(default)]
    pub survives: Vec<String>,
    /// USB identities.
    #[serde(default)]
    pub identity: Vec<IdentityForm>,
    /// Report descriptors.
    #[serde(default)]
    pub report_descriptor: Vec<DescriptorForm>,
    /// Displays it pretends to be.
    #[serde(default)]
    pub edid: Vec<EdidForm>,
    /// Drives it pretends to be.
    #[serde(default)]
    pub inquiry: Vec<InquiryForm>,
    /// How it shows on the network.
    pub network: Option<NetworkForm>,
}

/// A USB identity.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdentityForm {
    /// Four hex digits.
    pub vendor_id: Option<String>,
    /// Four hex digits.
    pub product_id: Option<String>,
    /// iManufacturer.
    pub manufacturer: Option<String>,
    /// iProduct.
    pub product: Option<String>,
    /// A serial that every unit shares.
    pub serial: Option<String>,
    /// How a made-up serial begins.
    pub serial_prefix: Option<String>,
    /// `windows-instance-id`: how a made-up serial looks.
    pub serial_shape: Option<String>,
    /// iConfiguration.
    pub configuration: Option<String>,
    /// Class triplet of the device.
    pub device_class: Option<String>,
    /// Class triplets of its interfaces.
    pub interfaces: Vec<String>,
    /// bcdDevice.
    pub device_release: Option<String>,
    /// bcdUSB.
    pub usb_release: Option<String>,
    /// bmAttributes.
    pub attributes: Option<String>,
    /// bMaxPower, mA.
    pub max_power_ma: Option<u16>,
    /// `full` or `high`.
    pub speed: Option<String>,
    /// An identity it borrows from another product.
    pub disguise: bool,
    /// Whose.
    pub imitates: Option<String>,
    /// `operator`: seen on the controlling machine only.
    pub side: Option<String>,
    /// No other product uses these ids.
    pub exclusive: bool,
    /// The product id varies by model.
    pub any_product_id: bool,
    /// Where this identity stands apart from its entry.
    pub standing: Option<Standing>,
    /// macOS `UsbDeviceSignature`.
    pub macos_signature: Option<String>,
    /// What an import of identities copies.
    pub copied_fields: Vec<String>,
    /// What a reader should know.
    pub note: Option<String>,
    /// How it is known.
    pub confidence: Option<Trust>,
    /// From where.
    pub sources: Vec<String>,
}

/// A report descriptor.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DescriptorForm {
    /// Which interface has it.
    pub role: String,
    /// How distinctive it is.
    pub trust: Distinctive,
    /// Its bytes.
    pub hex: String,
    /// Only a part of the whole.
    #[serde(default)]
    pub fragment: bool,
    /// A genuine device with the same bytes.
    pub also_genuine: Option<String>,
    /// What a reader should know.
    pub note: Option<String>,
    /// How it is known.
    pub confidence: Trust,
    /// From where.
    pub sources: Vec<String>,
}

/// A display identity.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdidForm {
    /// PNP id.
    pub manufacturer: Option<String>,
    /// Product code, `0x` and four digits.
    pub product: Option<String>,
    /// Monitor name.
    pub name: Option<String>,
    /// Monitor names, where there are several.
    #[serde(default)]
    pub names: Vec<String>,
    /// The real monitor it copies: then only the exact bytes count.
    pub disguise_of: Option<String>,
    /// What its settings page calls it.
    pub preset: Option<String>,
    /// The week byte its settings page tells presets apart by.
    pub byte_12: Option<String>,
    /// Digest of all bytes.
    pub sha256: Option<String>,
    /// Digest of the base block.
    pub base_sha256: Option<String>,
    /// The bytes.
    pub hex: Option<String>,
    /// Where it stands apart from its entry.
    pub standing: Option<Standing>,
    /// What a reader should know.
    pub note: Option<String>,
    /// How it is known.
    pub confidence: Trust,
    /// From where.
    pub sources: Vec<String>,
}

/// An inquiry string.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InquiryForm {
    /// Vendor; absent where it follows a borrowed name.
    pub vendor: Option<String>,
    /// Product.
    pub product: String,
    /// Revision.
    pub revision: Option<String>,
    /// `kernel-version`.
    pub revision_is: Option<String>,
    /// The kernel's default: many gadgets have it.
    #[serde(default)]
    pub generic: bool,
    /// Counts only where the same device is a keyboard or pointer.
    #[serde(default)]
    pub needs_input: bool,
    /// What a reader should know.
    pub note: Option<String>,
    /// How it is known.
    pub confidence: Trust,
    /// From where.
    pub sources: Vec<String>,
}

/// How it shows on the network.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkForm {
    /// Address prefixes, hex digits with colons; may end in half a byte.
    pub ouis: Vec<String>,
    /// `own` where only this product has them.
    pub oui_use: OuiUse,
    /// Host names.
    pub hostnames: Vec<String>,
    /// Names in multicast DNS.
    pub mdns: Vec<String>,
    /// Patterns of host names.
    #[serde(default)]
    pub hostname_patterns: Vec<String>,
    /// Patterns of multicast DNS names.
    #[serde(default)]
    pub mdns_patterns: Vec<String>,
    /// How a host name begins that goes on with letters and digits (`pikvm-`).
    #[serde(default)]
    pub label_prefixes: Vec<String>,
    /// The same where others begin so too: only together with an address of the product's range.
    #[serde(default)]
    pub weak_label_prefixes: Vec<String>,
    /// Subject of its certificate.
    pub tls_subject: Option<String>,
    /// Titles of its pages.
    #[serde(default)]
    pub http_titles: Vec<String>,
    /// Network of its USB network card.
    pub usb_ethernet_net: Option<String>,
    /// Address of its USB network card at the host.
    pub usb_ethernet_host_mac: Option<String>,
    /// Address of its USB network card at the device.
    pub usb_ethernet_dev_mac: Option<String>,
    /// What a reader should know.
    pub note: Option<String>,
    /// How it is known.
    pub confidence: Trust,
    /// From where.
    pub sources: Vec<String>,
}

/// Who uses an address prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OuiUse {
    /// Only this product line, as far as we know.
    Own,
    /// Much else too: no evidence.
    Shared,
}

/// A genuine device: what really stands behind a vendor and product id (`catalogue/kvm/genuine`).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenuineForm {
    /// The file's name.
    pub id: String,
    /// For people.
    pub name: String,
    /// Four hex digits.
    pub vendor_id: String,
    /// Four hex digits.
    pub product_id: String,
    /// iManufacturer.
    pub manufacturer: Option<String>,
    /// iProduct.
    pub product: Option<String>,
    /// Whether units have a serial.
    pub serial_present: Option<bool>,
    /// Speeds seen.
    #[serde(default)]
    pub speeds: Vec<String>,
    /// Interface lists seen, each as triplets with blanks between.
    #[serde(default)]
    pub interfaces: Vec<String>,
    /// bcdHID values seen.
    #[serde(default)]
    pub hid_releases: Vec<String>,
    /// bMaxPower values seen.
    #[serde(default)]
    pub max_power_ma: Vec<u16>,
    /// bcdDevice values seen.
    #[serde(default)]
    pub device_releases: Vec<String>,
    /// Whether `report_descriptor` holds all of the device's descriptors.
    pub descriptors_complete: bool,
    /// Whether a person has read the entry; absent in what the project ships. `false` is refused.
    pub reviewed: Option<bool>,
    /// On how many machines it was seen, where it was learned.
    pub seen_on: Option<u32>,
    /// The key that `hmac:` digests are under.
    pub key: Option<String>,
    /// What a reader should know.
    pub note: Option<String>,
    /// How it is known.
    pub confidence: Trust,
    /// From where.
    pub sources: Vec<String>,
    /// Report descriptors seen.
    #[serde(default)]
    pub report_descriptor: Vec<GenuineDescriptorForm>,
}

/// A genuine device's report descriptor.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenuineDescriptorForm {
    /// Which interface has it.
    pub role: String,
    /// Its bytes.
    pub hex: Option<String>,
    /// Or their digest: `sha256:` and hex, or `hmac:` and what the tenant's key makes of that hex.
    pub digest: Option<String>,
}

/// A reviewed list of innocent devices (`catalogue/kvm/context`).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextForm {
    /// What they are.
    pub kind: ContextKind,
    /// From where.
    pub sources: Vec<String>,
    /// The devices.
    pub device: Vec<ContextDeviceForm>,
}

/// Why a device is on a context list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContextKind {
    /// Assistive technology.
    Assistive,
    /// A hypervisor's own pointer.
    VirtualMachine,
}

/// One device of a context list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextDeviceForm {
    /// For people.
    pub name: String,
    /// Four hex digits.
    pub vendor_id: Option<String>,
    /// Four hex digits.
    pub product_id: Option<String>,
    /// Whole words of its name.
    #[serde(default)]
    pub words: Vec<String>,
    /// The pointer a hypervisor gives.
    pub pointer: Option<PointerForm>,
}

/// A hypervisor's pointer by meaning.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointerForm {
    /// How many buttons it may have.
    pub buttons: Vec<u32>,
    /// Its axes' maximum.
    pub maximum: i64,
}
