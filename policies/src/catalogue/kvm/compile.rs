//! From the written form to the lookups.

use std::{collections::HashSet, sync::Arc};

use bearing_descriptors::{edid, hid, inquiry};

use super::{
    Descriptor, Display, Entry, Genuine, Identity, Inquiry, KvmCatalogue, bare,
    form::{
        ContextForm, DescriptorForm, DeviceForm, Distinctive, EdidForm, GenuineForm, IdentityForm,
        InquiryForm, NetworkForm, OuiUse, Standing, Trust,
    },
    scoring::Scoring,
    strings_key,
};
use crate::source_text::{self, Problem};

/// What JetKVM writes behind a maker's name, and no maker does.
const ODD_MAKER: &str = "(x64)";
/// Shorter manufacturer strings are no names.
const MAKER_BYTES: usize = 5;

/// Compiles all files.
pub(super) fn compile(files: &[(&str, &str)]) -> Result<KvmCatalogue, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut devices: Vec<(&str, DeviceForm)> = Vec::new();
    let mut catalogue = KvmCatalogue::default();
    for (file, text) in files {
        let result = if is_scoring(file) {
            Scoring::parse(file, text).map(|scoring| catalogue.scoring = Arc::new(scoring))
        } else if file.contains("/anti-idle/") {
            catalogue.anti_idle.add(file, text)
        } else if file.contains("/genuine/") {
            source_text::parse(file, text)
                .and_then(|form: GenuineForm| add_genuine(&mut catalogue, file, form))
        } else if file.contains("/context/") {
            source_text::parse(file, text)
                .and_then(|form: ContextForm| add_context(&mut catalogue, file, form))
        } else {
            source_text::parse(file, text).map(|form: DeviceForm| devices.push((file, form)))
        };
        problems.extend(result.err());
    }
    devices.sort_by_key(|(_, device)| device.order);
    let mut known = HashSet::new();
    for (file, device) in devices {
        if !known.insert(device.id.clone()) {
            problems.push(Problem::of(file, format!("device `{}` is defined twice", device.id)));
        } else if !file.ends_with(&format!("/{}.toml", device.id)) {
            problems
                .push(Problem::of(file, format!("device `{}` belongs into a file of its name", device.id)));
        } else if let Err(problem) = add_device(&mut catalogue, file, device) {
            problems.push(problem);
        }
    }
    if !files.iter().any(|(file, _)| is_scoring(file)) {
        problems.push(Problem::of(
            "catalogue/kvm",
            "`scoring.toml`, which says what every sign weighs, is missing",
        ));
    }
    catalogue.oui_lengths =
        catalogue.ouis.keys().map(String::len).collect::<HashSet<_>>().into_iter().collect();
    catalogue.oui_lengths.sort_by_key(|len| std::cmp::Reverse(*len));
    if problems.is_empty() { Ok(catalogue) } else { Err(problems) }
}

fn is_scoring(file: &str) -> bool {
    file.ends_with("/kvm/scoring.toml")
}

fn add_device(catalogue: &mut KvmCatalogue, file: &str, device: DeviceForm) -> Result<(), Problem> {
    let number = catalogue.entries.len();
    catalogue.entries.push(Entry {
        id: device.id,
        order: device.order,
        family: device.family,
        label: device.label,
        name: device.name,
        standing: device.standing,
    });
    for identity in device.identity {
        // What does not say how far it is trusted is trusted as its entry is.
        let identity =
            IdentityForm { confidence: identity.confidence.or(Some(device.confidence)), ..identity };
        add_identity(catalogue, file, number, device.standing, identity)?;
    }
    for descriptor in device.report_descriptor {
        add_descriptor(catalogue, file, number, &descriptor)?;
    }
    for display in device.edid {
        add_display(catalogue, file, number, device.standing, display)?;
    }
    for inquiry in device.inquiry {
        add_inquiry(catalogue, number, device.standing, inquiry);
    }
    if let Some(network) = device.network {
        add_network(catalogue, number, &network);
    }
    Ok(())
}

fn add_identity(
    catalogue: &mut KvmCatalogue,
    file: &str,
    entry: usize,
    standing: Standing,
    form: IdentityForm,
) -> Result<(), Problem> {
    if form.confidence == Some(Trust::Unverified) || form.side.as_deref() == Some("operator") {
        return Ok(());
    }
    let vendor_id = form.vendor_id.as_deref().map(|text| hex_u16(file, text)).transpose()?;
    let product_id = form.product_id.as_deref().map(|text| hex_u16(file, text)).transpose()?;
    if let (Some(configuration), Standing::Kvm) = (form.configuration, standing) {
        let known = catalogue.configurations.entry(configuration).or_default();
        known.entries.push(entry);
        known.home.extend(vendor_id);
    }
    // A constant that convicts must be a product's own: the server side's virtual drives have some too.
    // A date or a short number may be an honest maker's: only constants with letters in them.
    let telling =
        form.serial.as_deref().is_some_and(|s| s.len() >= 8 && s.bytes().any(|b| b.is_ascii_alphabetic()));
    if let (Some(serial), Standing::Kvm, false, true) = (&form.serial, standing, form.disguise, telling) {
        catalogue.serials.entry(serial.clone()).or_default().push(entry);
    }
    let lower = |text: Option<String>| text.map(|text| text.trim().to_lowercase());
    let identity = Identity {
        entry,
        standing: form.standing.unwrap_or(standing),
        manufacturer: lower(form.manufacturer),
        product: lower(form.product),
        serial_prefix: form.serial_prefix,
        serial: form.serial,
        disguise: form.disguise,
        exclusive: form.exclusive,
    };
    if let (Standing::Kvm, Some(manufacturer), false) =
        (identity.standing, &identity.manufacturer, form.disguise)
    {
        // "KVM" is what switches on the desk call themselves too.
        if manufacturer.len() >= MAKER_BYTES {
            catalogue.makers.entry(manufacturer.clone()).or_insert(entry);
        }
        if let Some(product) = &identity.product {
            let named = identity.clone();
            catalogue.by_strings.entry(strings_key(manufacturer, product)).or_default().push(named.clone());
            catalogue.by_joined_name.entry(format!("{manufacturer} {product}")).or_default().push(named);
        }
    }
    if let (true, Some(manufacturer)) = (form.disguise, &identity.manufacturer)
        && manufacturer.contains(ODD_MAKER)
    {
        catalogue.odd_makers.entry(manufacturer.clone()).or_insert(entry);
    }
    match (vendor_id, product_id) {
        (Some(vendor_id), _) if form.any_product_id => {
            catalogue.by_vendor.entry(vendor_id).or_default().push(identity);
        }
        (Some(vendor_id), Some(product_id)) => {
            catalogue.by_ids.entry((vendor_id, product_id)).or_default().push(identity);
        }
        (Some(vendor_id), None) if identity.product.is_some() => {
            catalogue.by_vendor.entry(vendor_id).or_default().push(identity);
        }
        _ => {}
    }
    Ok(())
}

fn add_descriptor(
    catalogue: &mut KvmCatalogue,
    file: &str,
    entry: usize,
    form: &DescriptorForm,
) -> Result<(), Problem> {
    let bytes =
        hex::decode(&form.hex).map_err(|error| Problem::of(file, format!("{}: {error}", form.role)))?;
    let parsed = hid::parse(&bytes)
        .map_err(|error| Problem::of(file, format!("descriptor `{}`: {error}", form.role)))?;
    let descriptor = Descriptor { entry, trust: form.trust, role: form.role.clone() };
    if form.fragment || form.confidence == Trust::Unverified {
        return Ok(());
    }
    if form.trust == Distinctive::High {
        for key in parsed.keys().into_iter().filter(hid::CollectionKey::is_absolute_pointer) {
            catalogue.bare_meanings.entry(bare(&key)).or_default().push(descriptor.clone());
            catalogue.meanings.entry(key).or_default().push(descriptor.clone());
        }
    }
    catalogue.descriptors.entry(parsed.sha256).or_default().push(descriptor);
    Ok(())
}

fn add_display(
    catalogue: &mut KvmCatalogue,
    file: &str,
    entry: usize,
    standing: Standing,
    form: EdidForm,
) -> Result<(), Problem> {
    let display = Display {
        entry,
        standing: form.standing.unwrap_or(standing),
        disguise_of: form.disguise_of,
        verified: form.confidence != Trust::Unverified,
    };
    if !display.verified {
        return Ok(());
    }
    for digest in [form.sha256, form.base_sha256].into_iter().flatten() {
        catalogue.edid_digests.entry(digest).or_insert_with(|| display.clone());
    }
    if let (Some(text), Standing::Kvm, None) = (&form.hex, display.standing, &display.disguise_of) {
        let bytes = hex::decode(text).map_err(|error| Problem::of(file, error.to_string()))?;
        let parsed = edid::parse(&bytes).map_err(|error| Problem::of(file, error.to_string()))?;
        catalogue.edid_layouts.entry(parsed.layout_sha256).or_insert_with(|| display.clone());
    }
    if display.disguise_of.is_some() {
        return Ok(());
    }
    if let (Some(manufacturer), Some(product)) = (form.manufacturer, form.product) {
        let product = hex_u16(file, product.trim_start_matches("0x"))?;
        for name in form.name.into_iter().chain(form.names) {
            let key = (manufacturer.clone(), product, name.trim().to_lowercase());
            catalogue.edid_names.entry(key).or_insert_with(|| display.clone());
        }
    }
    Ok(())
}

fn add_inquiry(catalogue: &mut KvmCatalogue, entry: usize, standing: Standing, form: InquiryForm) {
    if form.confidence == Trust::Unverified {
        return;
    }
    let any_vendor = form.vendor.is_none();
    let vendor = form.vendor.unwrap_or_default();
    let joined = inquiry::Inquiry::default().joined(&vendor, &form.product);
    catalogue.inquiries.entry(joined).or_default().push(Inquiry {
        entry,
        standing,
        revision: form.revision,
        generic: form.generic,
        needs_input: form.needs_input,
        any_vendor,
    });
}

fn add_network(catalogue: &mut KvmCatalogue, entry: usize, form: &NetworkForm) {
    if form.confidence == Trust::Unverified {
        return;
    }
    for name in form.hostnames.iter().chain(&form.mdns) {
        let name = name.trim_end_matches(".local").to_lowercase();
        let names = if name.starts_with('_') { &mut catalogue.services } else { &mut catalogue.host_names };
        names.entry(name).or_insert(entry);
    }
    let prefixes = [(&form.label_prefixes, false), (&form.weak_label_prefixes, true)];
    for (list, weak) in prefixes {
        let lower = list.iter().map(|prefix| (prefix.to_lowercase(), entry, weak));
        catalogue.host_prefixes.extend(lower);
    }
    // A range that others share says nothing alone, and agrees with a name.
    for oui in &form.ouis {
        let digits: String = oui.chars().filter(char::is_ascii_hexdigit).collect();
        catalogue.shared_ouis.push((digits.to_lowercase(), entry));
    }
    if form.oui_use == OuiUse::Shared {
        return;
    }
    for oui in &form.ouis {
        let digits: String = oui.chars().filter(char::is_ascii_hexdigit).collect();
        catalogue.ouis.entry(digits.to_lowercase()).or_insert(entry);
    }
}

fn add_genuine(catalogue: &mut KvmCatalogue, file: &str, form: GenuineForm) -> Result<(), Problem> {
    if form.reviewed == Some(false) {
        let message = format!(
            "`{}` was learned and nobody has reviewed it: read it, and set `reviewed = true` where it is genuine",
            form.id
        );
        return Err(Problem::of(file, message));
    }
    let ids = (hex_u16(file, &form.vendor_id)?, hex_u16(file, &form.product_id)?);
    if form.confidence == Trust::Unverified {
        return Ok(());
    }
    let hid_releases = form
        .hid_releases
        .iter()
        .map(|text| hex_u16(file, text.trim_start_matches("0x")))
        .collect::<Result<_, _>>()?;
    let mut descriptors = Vec::new();
    let mut keyed_descriptors = Vec::new();
    for descriptor in form.report_descriptor {
        match (&descriptor.hex, &descriptor.digest) {
            (Some(text), None) => {
                let bytes = hex::decode(text)
                    .map_err(|error| Problem::of(file, format!("{}: {error}", descriptor.role)))?;
                descriptors.push(bearing_descriptors::sha256_hex(&bytes));
            }
            (None, Some(digest)) => match digest.split_once(':') {
                Some(("sha256", plain)) => descriptors.push(plain.to_owned()),
                Some(("hmac", keyed)) => keyed_descriptors.push(keyed.to_owned()),
                _ => {
                    let message = format!("{}: a digest begins with `sha256:` or `hmac:`", descriptor.role);
                    return Err(Problem::of(file, message));
                }
            },
            _ => {
                let message = format!("{}: a report descriptor has `hex` or `digest`", descriptor.role);
                return Err(Problem::of(file, message));
            }
        }
    }
    let genuine = Genuine {
        name: form.name,
        serial_present: form.serial_present,
        speeds: form.speeds,
        interfaces: form.interfaces,
        hid_releases,
        descriptors,
        // Without the key nothing can be held against keyed digests: then the set is not complete here.
        descriptors_complete: form.descriptors_complete && keyed_descriptors.is_empty(),
        keyed_descriptors,
    };
    match catalogue.genuine.insert(ids, genuine) {
        None => Ok(()),
        Some(_) => Err(Problem::of(file, "these ids have a genuine device already")),
    }
}

fn add_context(catalogue: &mut KvmCatalogue, file: &str, form: ContextForm) -> Result<(), Problem> {
    for device in form.device {
        if let (Some(vendor_id), Some(product_id)) = (&device.vendor_id, &device.product_id) {
            let ids = (hex_u16(file, vendor_id)?, hex_u16(file, product_id)?);
            catalogue.context_ids.insert(ids, (form.kind, device.name.clone()));
        }
        for word in device.words {
            catalogue.context_words.insert(word.to_lowercase(), (form.kind, device.name.clone()));
        }
        if let Some(pointer) = device.pointer {
            catalogue.virtual_pointers.push((pointer.buttons, pointer.maximum));
        }
    }
    Ok(())
}

/// `more` entries that nothing will ever match, in every lookup that a real one would be in.
pub(super) fn add_made_up(catalogue: &mut KvmCatalogue, more: usize) {
    for index in 0..more {
        let number = catalogue.entries.len();
        let name = format!("made-up-{index}");
        catalogue.entries.push(Entry {
            id: name.clone(),
            order: u32::MAX,
            family: name.clone(),
            label: name.clone(),
            name: name.clone(),
            standing: Standing::Kvm,
        });
        let low = u16::try_from(index & 0xffff).unwrap_or_default();
        let identity = Identity {
            entry: number,
            standing: Standing::Kvm,
            manufacturer: Some(name.clone()),
            product: Some(name.clone()),
            serial_prefix: None,
            serial: None,
            disguise: false,
            exclusive: false,
        };
        catalogue.by_ids.entry((0xffff, low)).or_default().push(identity);
        let digest = bearing_descriptors::sha256_hex(name.as_bytes());
        let descriptor = Descriptor { entry: number, trust: Distinctive::High, role: name.clone() };
        catalogue.descriptors.entry(digest.clone()).or_default().push(descriptor);
        let display = Display { entry: number, standing: Standing::Kvm, disguise_of: None, verified: true };
        catalogue.edid_digests.entry(digest).or_insert_with(|| display.clone());
        catalogue.edid_names.entry(("ZZZ".into(), low, name)).or_insert(display);
    }
}

fn hex_u16(file: &str, text: &str) -> Result<u16, Problem> {
    u16::from_str_radix(text, 16)
        .ok()
        .filter(|_| text.len() == 4)
        .ok_or_else(|| Problem::of(file, format!("`{text}` is not four hex digits")))
}
