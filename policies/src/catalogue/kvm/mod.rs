//! Remote-control hardware as data: what the devices show of themselves, compiled into hash lookups.
//!
//! Always: what compiles cannot fail while matching, and a match costs the same however many devices there are.
//! Unverified facts are in no lookup that convicts.

pub mod anti_idle;
mod compile;
pub mod form;
pub mod learn;
pub mod scoring;

use std::{collections::HashMap, sync::Arc};

use bearing_descriptors::hid::CollectionKey;

pub use form::{ContextKind, Distinctive, OuiUse, Standing, Trust};

use crate::{embedded, source_text::Problem};

/// The compiled devices.
#[derive(Clone, Debug, Default)]
pub struct KvmCatalogue {
    scoring: Arc<scoring::Scoring>,
    anti_idle: anti_idle::AntiIdle,
    entries: Vec<Entry>,
    by_ids: HashMap<(u16, u16), Vec<Identity>>,
    by_vendor: HashMap<u16, Vec<Identity>>,
    by_strings: HashMap<String, Vec<Identity>>,
    by_joined_name: HashMap<String, Vec<Identity>>,
    makers: HashMap<String, usize>,
    odd_makers: HashMap<String, usize>,
    serials: HashMap<String, Vec<usize>>,
    configurations: HashMap<String, Configuration>,
    descriptors: HashMap<String, Vec<Descriptor>>,
    meanings: HashMap<CollectionKey, Vec<Descriptor>>,
    bare_meanings: HashMap<CollectionKey, Vec<Descriptor>>,
    edid_digests: HashMap<String, Display>,
    edid_names: HashMap<(String, u16, String), Display>,
    edid_layouts: HashMap<String, Display>,
    inquiries: HashMap<String, Vec<Inquiry>>,
    ouis: HashMap<String, usize>,
    oui_lengths: Vec<usize>,
    shared_ouis: Vec<(String, usize)>,
    host_names: HashMap<String, usize>,
    host_prefixes: Vec<(String, usize, bool)>,
    services: HashMap<String, usize>,
    genuine: HashMap<(u16, u16), Genuine>,
    context_ids: HashMap<(u16, u16), (ContextKind, String)>,
    context_words: HashMap<String, (ContextKind, String)>,
    virtual_pointers: Vec<(Vec<u32>, i64)>,
}

/// A device line of the catalogue, without its lookups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id (`pikvm-otg`).
    pub id: String,
    /// Its place in the list.
    pub order: u32,
    /// The product line (`pikvm`).
    pub family: String,
    /// What a sentence calls it (`PiKVM`).
    pub label: String,
    /// Its full name.
    pub name: String,
    /// What it may say.
    pub standing: Standing,
}

/// A USB identity, compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Number of the entry.
    pub entry: usize,
    /// What it may say.
    pub standing: Standing,
    /// iManufacturer, lower case.
    pub manufacturer: Option<String>,
    /// iProduct, lower case.
    pub product: Option<String>,
    /// How a made-up serial begins.
    pub serial_prefix: Option<String>,
    /// A serial all units of it share.
    pub serial: Option<String>,
    /// Borrowed from another product.
    pub disguise: bool,
    /// No other product uses the ids.
    pub exclusive: bool,
}

/// A configuration string, and the vendors under whose ids it is at home.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// Numbers of the entries that have it.
    pub entries: Vec<usize>,
    /// Vendor ids of those.
    pub home: Vec<u16>,
}

/// A report descriptor, compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Number of the entry.
    pub entry: usize,
    /// What it may say.
    pub trust: Distinctive,
    /// Which interface has it.
    pub role: String,
}

/// A display, compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Display {
    /// Number of the entry.
    pub entry: usize,
    /// What it may say.
    pub standing: Standing,
    /// The real monitor it copies.
    pub disguise_of: Option<String>,
    /// Whether its source was verified.
    pub verified: bool,
}

/// An inquiry string, compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// Number of the entry.
    pub entry: usize,
    /// What it may say.
    pub standing: Standing,
    /// Revision that must match, where one is known to.
    pub revision: Option<String>,
    /// The kernel's default.
    pub generic: bool,
    /// Counts only beside a keyboard or pointer.
    pub needs_input: bool,
    /// The product alone: the vendor follows a borrowed name.
    pub any_vendor: bool,
}

/// A genuine device, compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Genuine {
    /// For people.
    pub name: String,
    /// Whether units have a serial.
    pub serial_present: Option<bool>,
    /// Speeds seen (`full`).
    pub speeds: Vec<String>,
    /// Interface lists seen.
    pub interfaces: Vec<String>,
    /// bcdHID values seen.
    pub hid_releases: Vec<u16>,
    /// Digests of its report descriptors.
    pub descriptors: Vec<String>,
    /// Whether those are all.
    pub descriptors_complete: bool,
    /// Digests under the tenant's key: only who has the key can compare them.
    pub keyed_descriptors: Vec<String>,
}

impl KvmCatalogue {
    /// The devices that are built into this binary.
    ///
    /// # Panics
    /// When the built-in data does not compile, which a test rules out.
    pub fn embedded() -> Self {
        let compiled = embedded::unpack(embedded::Part::Kvm)
            .map_err(|error| vec![Problem::of("catalogue/kvm", error.to_string())])
            .and_then(|unpacked| Self::compile(&unpacked.files()));
        #[expect(clippy::panic, reason = "a binary without its catalogue would call every machine clean")]
        compiled.unwrap_or_else(|problems| {
            panic!("{}", problems.first().map(ToString::to_string).unwrap_or_default())
        })
    }

    /// The embedded devices, compiled once in a process.
    ///
    /// # Panics
    /// As [`KvmCatalogue::embedded`].
    pub fn shared() -> &'static Self {
        static SHARED: std::sync::LazyLock<KvmCatalogue> = std::sync::LazyLock::new(KvmCatalogue::embedded);
        &SHARED
    }

    /// Compiles devices from (path, text).
    ///
    /// # Errors
    /// Everything that is wrong, each with file and line.
    pub fn compile(files: &[(&str, &str)]) -> Result<Self, Vec<Problem>> {
        compile::compile(files)
    }

    /// The embedded devices and `more` made-up ones: for measuring that matching does not grow with the catalogue.
    pub fn embedded_with(more: usize) -> Self {
        let mut catalogue = Self::embedded();
        compile::add_made_up(&mut catalogue, more);
        catalogue
    }

    /// What every sign weighs.
    pub fn scoring(&self) -> Arc<scoring::Scoring> {
        Arc::clone(&self.scoring)
    }

    /// What keeps a machine awake.
    pub const fn anti_idle(&self) -> &anti_idle::AntiIdle {
        &self.anti_idle
    }

    /// All entries, by number.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What a sentence calls the entry of this number.
    pub fn label(&self, number: usize) -> &str {
        self.entries.get(number).map_or("a device of the catalogue", |entry| entry.label.as_str())
    }

    /// The entry of this number.
    pub fn entry(&self, number: usize) -> Option<&Entry> {
        self.entries.get(number)
    }

    /// Identities under these ids, the vendor's own lines included.
    pub fn identities(&self, vendor_id: u16, product_id: u16) -> impl Iterator<Item = &Identity> {
        let exact = self.by_ids.get(&(vendor_id, product_id)).into_iter().flatten();
        exact.chain(self.by_vendor.get(&vendor_id).into_iter().flatten())
    }

    /// Identities that go by manufacturer and product alone (`key` as [`strings_key`] makes it).
    pub fn by_strings(&self, key: &str) -> &[Identity] {
        self.by_strings.get(key).map_or(&[], Vec::as_slice)
    }

    /// Identities by `manufacturer product`, lower case, as the HID layer joins them.
    pub fn by_joined_name(&self, name: &str) -> &[Identity] {
        self.by_joined_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// The entry whose own manufacturer string this is.
    pub fn maker(&self, manufacturer: &str) -> Option<usize> {
        self.makers.get(&manufacturer.trim().to_lowercase()).copied()
    }

    /// The entry whose disguise spells a maker's name so, under whatever ids.
    pub fn odd_maker(&self, manufacturer: &str) -> Option<usize> {
        self.odd_makers.get(&manufacturer.trim().to_lowercase()).copied()
    }

    /// Entries whose units all share this serial.
    pub fn serial(&self, serial: &str) -> &[usize] {
        self.serials.get(serial).map_or(&[], Vec::as_slice)
    }

    /// Who has this configuration string.
    pub fn configuration(&self, text: &str) -> Option<&Configuration> {
        self.configurations.get(text)
    }

    /// Descriptors with exactly these bytes.
    pub fn descriptor(&self, sha256: &str) -> &[Descriptor] {
        self.descriptors.get(sha256).map_or(&[], Vec::as_slice)
    }

    /// High-trust descriptors that mean the same.
    pub fn meaning(&self, key: &CollectionKey) -> &[Descriptor] {
        self.meanings.get(key).map_or(&[], Vec::as_slice)
    }

    /// High-trust descriptors that mean the same but for report ids.
    pub fn bare_meaning(&self, key: &CollectionKey) -> &[Descriptor] {
        self.bare_meanings.get(&bare(key)).map_or(&[], Vec::as_slice)
    }

    /// A display with these bytes (digest of all, or of the base block).
    pub fn edid_digest(&self, sha256: &str) -> Option<&Display> {
        self.edid_digests.get(sha256)
    }

    /// A display by PNP id, product code and name.
    pub fn edid_name(&self, manufacturer: &str, product: u16, name: &str) -> Option<&Display> {
        self.edid_names.get(&(manufacturer.to_owned(), product, name.to_lowercase()))
    }

    /// A display that is laid out as a shipped one, whatever identity stands in it.
    pub fn edid_layout(&self, layout: &str) -> Option<&Display> {
        self.edid_layouts.get(layout)
    }

    /// Inquiry strings by `vendor product`, lower case.
    pub fn inquiry(&self, joined: &str) -> &[Inquiry] {
        self.inquiries.get(joined).map_or(&[], Vec::as_slice)
    }

    /// The entry whose own address prefix this is.
    pub fn oui(&self, mac: &str) -> Option<&Entry> {
        let digits: String =
            mac.chars().filter(char::is_ascii_hexdigit).map(|c| c.to_ascii_lowercase()).collect();
        self.oui_lengths
            .iter()
            .find_map(|len| self.ouis.get(digits.get(..*len)?))
            .and_then(|number| self.entry(*number))
    }

    /// Whether an address lies in a range of this entry's product line, be it shared or not.
    pub fn address_agrees(&self, mac: &str, entry: usize) -> bool {
        let digits: String =
            mac.chars().filter(char::is_ascii_hexdigit).map(|c| c.to_ascii_lowercase()).collect();
        let family = self.entry(entry).map(|entry| entry.family.as_str());
        self.shared_ouis.iter().any(|(prefix, owner)| {
            digits.starts_with(prefix.as_str())
                && self.entry(*owner).map(|entry| entry.family.as_str()) == family
        })
    }

    /// The entry that a host name (one label) belongs to, and whether it tells only together with an address.
    pub fn host_name(&self, label: &str) -> Option<(usize, bool)> {
        let label = label.to_lowercase();
        let exact = self.host_names.get(&label).map(|entry| (*entry, false));
        exact.or_else(|| {
            self.host_prefixes.iter().find_map(|(prefix, entry, weak)| {
                let rest = label.strip_prefix(prefix.as_str())?;
                (!rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
                    .then_some((*entry, *weak))
            })
        })
    }

    /// The entry that alone announces this service type (`_pikvm._tcp`).
    pub fn service(&self, service: &str) -> Option<usize> {
        self.services.get(&service.to_lowercase()).copied()
    }

    /// What is genuine under these ids; `None` is unknown, never wrong.
    pub fn genuine(&self, vendor_id: u16, product_id: u16) -> Option<&Genuine> {
        self.genuine.get(&(vendor_id, product_id))
    }

    /// Whether a device is on a reviewed list, by ids or by a word of its names.
    pub fn context(&self, vendor_id: u16, product_id: u16, names: &[&str]) -> Option<&(ContextKind, String)> {
        self.context_ids.get(&(vendor_id, product_id)).or_else(|| {
            names
                .iter()
                .flat_map(|name| name.split(|c: char| !c.is_alphanumeric()))
                .find_map(|word| self.context_words.get(&word.to_lowercase()))
        })
    }

    /// Whether a hypervisor gives its guests such a pointer.
    pub fn is_virtual_pointer(&self, key: &CollectionKey) -> bool {
        self.virtual_pointers.iter().any(|(buttons, maximum)| {
            key.is_absolute_pointer()
                && buttons.contains(&key.buttons)
                && key.x.is_some_and(|axis| axis.minimum == 0 && axis.maximum == *maximum)
        })
    }
}

/// How manufacturer and product are looked up.
pub fn strings_key(manufacturer: &str, product: &str) -> String {
    format!("{}\n{}", manufacturer.trim().to_lowercase(), product.trim().to_lowercase())
}

/// A key without its report ids.
fn bare(key: &CollectionKey) -> CollectionKey {
    CollectionKey { report_ids: Vec::new(), ..key.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_devices_compile() {
        let catalogue = KvmCatalogue::compile(embedded::KVM);
        if let Err(problems) = &catalogue {
            panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
        }
        assert_eq!(catalogue.unwrap().entries().len(), 67);
    }

    #[test]
    fn what_nobody_verified_is_in_no_lookup_that_convicts() {
        let unverified: Vec<(String, String)> = embedded::KVM
            .iter()
            .map(|(path, text)| {
                let words = ["source-code", "vendor-doc", "third-party"].iter().fold(
                    (*text).to_owned(),
                    |text, word| {
                        text.replace(&format!("confidence = \"{word}\""), "confidence = \"unverified\"")
                    },
                );
                ((*path).to_owned(), words)
            })
            .collect();
        let files: Vec<(&str, &str)> = unverified.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
        let all = KvmCatalogue::compile(&files).unwrap();
        assert_eq!(all.entries().len(), 67, "they are kept, for people");
        assert!(all.by_ids.is_empty() && all.by_vendor.is_empty() && all.by_strings.is_empty());
        assert!(all.by_joined_name.is_empty() && all.makers.is_empty() && all.serials.is_empty());
        assert!(all.configurations.is_empty() && all.descriptors.is_empty() && all.meanings.is_empty());
        assert!(all.bare_meanings.is_empty() && all.edid_digests.is_empty() && all.edid_names.is_empty());
        assert!(all.edid_layouts.is_empty() && all.inquiries.is_empty() && all.ouis.is_empty());
        assert!(all.shared_ouis.is_empty() && all.host_names.is_empty() && all.host_prefixes.is_empty());
        assert!(all.services.is_empty() && all.genuine.is_empty());
    }

    #[test]
    fn half_byte_prefixes_match_and_shared_ones_do_not() {
        let catalogue = KvmCatalogue::embedded();
        assert_eq!(catalogue.oui("48:da:35:6f:00:01").map(|e| e.family.as_str()), Some("nanokvm"));
        assert_eq!(catalogue.oui("48:da:35:7f:00:01"), None);
        assert_eq!(catalogue.oui("30:52:53:00:00:01").map(|e| e.family.as_str()), Some("jetkvm"));
        assert_eq!(catalogue.oui("dc:a6:32:00:00:01"), None, "a Raspberry Pi is no KVM");
        assert_eq!(catalogue.oui("x"), None);
    }

    #[test]
    fn an_unknown_field_and_a_bad_id_are_named() {
        let bad =
            KvmCatalogue::compile(&[("catalogue/kvm/x.toml", "id = \"x\"\nnmae = \"y\"\n")]).unwrap_err();
        assert!(bad[0].to_string().contains("nmae"), "{}", bad[0]);
    }
}
