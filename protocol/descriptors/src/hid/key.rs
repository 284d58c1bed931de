//! The semantic key: what a host does with a collection, whatever its bytes.
//!
//! Two descriptors with equal keys are the same device to a host. It is what survives a re-encoding of the
//! bytes, and what an operating system that hides the bytes still shows.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use super::{CollectionKind, Field, FieldKind, ReportDescriptor, usage_name};

const GENERIC_DESKTOP: u16 = 0x01;
const KEYBOARD_PAGE: u16 = 0x07;
const BUTTON_PAGE: u16 = 0x09;
const CONSUMER_PAGE: u16 = 0x0c;
const DIGITIZER_PAGE: u16 = 0x0d;
const MOUSE: (u16, u16) = (GENERIC_DESKTOP, 0x02);
const POINTER: (u16, u16) = (GENERIC_DESKTOP, 0x01);
const KEYBOARD: (u16, u16) = (GENERIC_DESKTOP, 0x06);
const KEYPAD: (u16, u16) = (GENERIC_DESKTOP, 0x07);
const X: u16 = 0x30;
const Y: u16 = 0x31;
const WHEEL: u16 = 0x38;
const AC_PAN: u16 = 0x0238;
/// Fewer keys than this are a macro pad or media keys, no keyboard to type on.
const KEYS_OF_A_KEYBOARD: u32 = 60;

/// One axis: its logical range and whether it says positions or changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Axis {
    /// Logical minimum.
    pub minimum: i32,
    /// Logical maximum as hosts take it.
    pub maximum: i64,
    /// Positions rather than changes.
    pub absolute: bool,
}

/// The meaning of one outermost collection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CollectionKey {
    /// Usage page and usage of the collection.
    pub usage: (u16, u16),
    /// Buttons in the same report as the pointer's axes (all buttons where it has none).
    pub buttons: u32,
    /// The X axis; the absolute one where there are both kinds.
    pub x: Option<Axis>,
    /// The Y axis.
    pub y: Option<Axis>,
    /// A vertical wheel.
    pub wheel: bool,
    /// A horizontal wheel (Consumer page, AC Pan).
    pub ac_pan: bool,
    /// Whether a Physical collection stands in it.
    pub physical: bool,
    /// Report ids, none where the device uses none.
    pub report_ids: Vec<u8>,
    /// Whether the Digitizer page is named anywhere in the whole descriptor.
    pub digitizer: bool,
    /// How many key codes its input covers (Keyboard page).
    pub keys: u32,
    /// A key array whose maximum is below its minimum when read as the standard says: the byte that stands there.
    pub inverted_key_maximum: Option<u32>,
}

impl CollectionKey {
    /// The key of the outermost collection `top`; `None` where there is no such collection.
    pub(super) fn of(descriptor: &ReportDescriptor, top: usize) -> Option<Self> {
        let collection = descriptor.collections.get(top)?;
        let inputs: Vec<&Field> =
            descriptor.fields_of(top).filter(|f| f.kind == FieldKind::Input && !f.is_constant()).collect();
        let axis_field = |usage: u16| {
            let of = |absolute: bool| {
                inputs.iter().find(|f| {
                    f.is_variable() && f.is_relative() != absolute && f.has_usage(GENERIC_DESKTOP, usage)
                })
            };
            of(true).or_else(|| of(false)).copied()
        };
        let axis = |field: &Field| Axis {
            minimum: field.logical_minimum,
            maximum: field.effective_maximum(),
            absolute: !field.is_relative(),
        };
        let x = axis_field(X);
        let beside_axes = |f: &Field| x.is_none_or(|x| x.report_id == f.report_id);
        let buttons = inputs
            .iter()
            .filter(|f| f.is_variable() && beside_axes(f))
            .map(|f| usages_on(f, BUTTON_PAGE).min(f.report_count))
            .sum();
        let key_array = inputs.iter().find(|f| !f.is_variable() && usages_on(f, KEYBOARD_PAGE) > 0);
        let report_ids: BTreeSet<u8> = descriptor.fields_of(top).filter_map(|f| f.report_id).collect();
        Some(Self {
            usage: collection.usage,
            buttons,
            x: x.map(axis),
            y: axis_field(Y).map(axis),
            wheel: inputs.iter().any(|f| f.has_usage(GENERIC_DESKTOP, WHEEL)),
            ac_pan: inputs.iter().any(|f| f.has_usage(CONSUMER_PAGE, AC_PAN)),
            physical: descriptor
                .collections
                .iter()
                .any(|c| c.top == top && c.kind == CollectionKind::Physical),
            report_ids: report_ids.into_iter().collect(),
            digitizer: descriptor.names_page(DIGITIZER_PAGE),
            keys: inputs.iter().map(|f| usages_on(f, KEYBOARD_PAGE)).sum(),
            inverted_key_maximum: key_array
                .filter(|f| f.logical_minimum >= 0 && f.logical_maximum < f.logical_minimum)
                .map(|f| f.logical_maximum_unsigned),
        })
    }

    /// A keyboard to type on.
    pub fn is_keyboard(&self) -> bool {
        matches!(self.usage, KEYBOARD | KEYPAD) && self.keys >= KEYS_OF_A_KEYBOARD
    }

    /// A mouse or pointer.
    pub fn is_pointer(&self) -> bool {
        matches!(self.usage, MOUSE | POINTER) && self.x.is_some() && self.y.is_some()
    }

    /// A mouse that says positions, has buttons and stands in no tablet: what an IP-KVM points with.
    pub fn is_absolute_pointer(&self) -> bool {
        self.is_pointer()
            && !self.digitizer
            && self.buttons > 0
            && [self.x, self.y].into_iter().flatten().all(|axis| axis.absolute)
    }
}

/// How many usages of a page a field names.
fn usages_on(field: &Field, page: u16) -> u32 {
    field
        .usages
        .iter()
        .filter(|range| range.page == page)
        .map(|range| u32::from(range.last) - u32::from(range.first) + 1)
        .fold(0, u32::saturating_add)
}

/// For people: `absolute pointer, 3 buttons, wheel`.
impl fmt::Display for CollectionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_keyboard() {
            f.write_str("keyboard")?;
            if let Some(byte) = self.inverted_key_maximum {
                write!(f, ", key maximum {byte:#04x} below its minimum")?;
            }
            return Ok(());
        }
        if !self.is_pointer() {
            return f.write_str(&usage_name(self.usage.0, self.usage.1));
        }
        let absolute = self.x.is_some_and(|axis| axis.absolute);
        let noun = if self.digitizer { "pointer of a tablet or touch device" } else { "pointer" };
        write!(f, "{} {noun}, ", if absolute { "absolute" } else { "relative" })?;
        match self.buttons {
            0 => f.write_str("no buttons")?,
            1 => f.write_str("1 button")?,
            n => write!(f, "{n} buttons")?,
        }
        if self.wheel {
            f.write_str(", wheel")?;
        }
        if self.ac_pan {
            f.write_str(", horizontal wheel")?;
        }
        Ok(())
    }
}
