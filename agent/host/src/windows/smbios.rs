//! SMBIOS structures: maker, product, chassis and serials of the machine.
//!
//! Always: every length is checked; a structure without its end ends the table; texts that fill a serial's place are
//! the caller's to judge. Facts: DMTF DSP0134, sections 6.1 (structures and strings), 7.2, 7.3, 7.4; the `RSMB` table
//! of `GetSystemFirmwareTable` puts eight bytes before them.

/// What the firmware says of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Smbios {
    /// System manufacturer (type 1).
    pub vendor: Option<String>,
    /// Product name (type 1).
    pub product: Option<String>,
    /// Firmware vendor (type 0).
    pub firmware_vendor: Option<String>,
    /// Chassis type (type 3).
    pub chassis_type: Option<u8>,
    /// Serial numbers with what they are of: `system`, `board`, `chassis`, `uuid`.
    pub serials: Vec<(&'static str, String)>,
    /// Whether a portable battery is described (type 22).
    pub battery: bool,
    /// Whether a management controller is described (type 38, or 42 with its host interface).
    pub bmc: bool,
}

/// Reads the table as `GetSystemFirmwareTable('RSMB')` gives it. `None` where it is none.
pub fn parse_raw(bytes: &[u8]) -> Option<Smbios> {
    let length = usize::try_from(crate::little_endian::u32_at(bytes, 4)?).ok()?;
    let table = bytes.get(RAW_HEAD_BYTES..)?;
    Some(parse(table.get(..length.min(table.len()))?))
}

/// Reads structures one after the other.
pub fn parse(mut table: &[u8]) -> Smbios {
    let mut out = Smbios::default();
    for _ in 0..MAX_STRUCTURES {
        let (Some(&kind), Some(&length)) = (table.first(), table.get(1)) else { break };
        let length = usize::from(length);
        if kind == END || length < 4 {
            break;
        }
        let Some((formatted, rest)) = table.split_at_checked(length) else { break };
        let Some(end) = rest.windows(2).position(|pair| pair == [0, 0]) else { break };
        let Some((strings, next)) = rest.split_at_checked(end + 2) else { break };
        out.add(kind, formatted, strings);
        table = next;
    }
    out
}

impl Smbios {
    fn add(&mut self, kind: u8, formatted: &[u8], strings: &[u8]) {
        let text = |at: usize| {
            let number = usize::from(*formatted.get(at)?).checked_sub(1)?;
            let bytes = strings.split(|byte| *byte == 0).nth(number)?;
            let text = String::from_utf8_lossy(bytes).trim().to_owned();
            (!text.is_empty()).then_some(text)
        };
        let mut serial = |of, found: Option<String>| {
            self.serials.extend(found.filter(|_| self.serials.len() < MAX_SERIALS).map(|text| (of, text)));
        };
        match kind {
            0 => self.firmware_vendor = self.firmware_vendor.take().or_else(|| text(4)),
            1 => {
                serial("system", text(7));
                let uuid = formatted.get(8..24).filter(|uuid| uuid.iter().any(|byte| *byte != uuid[0]));
                serial("uuid", uuid.map(hex::encode));
                self.vendor = self.vendor.take().or_else(|| text(4));
                self.product = self.product.take().or_else(|| text(5));
            }
            2 => serial("board", text(7)),
            3 => {
                serial("chassis", text(7));
                self.chassis_type = self.chassis_type.or_else(|| formatted.get(5).copied());
            }
            22 => self.battery = true,
            38 => self.bmc = true,
            _ => {}
        }
    }
}

const RAW_HEAD_BYTES: usize = 8;
/// End-of-table structure.
const END: u8 = 127;
const MAX_STRUCTURES: usize = 4_096;
const MAX_SERIALS: usize = 64;

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn structure(kind: u8, body: &[u8], strings: &[&str]) -> Vec<u8> {
        let mut out = vec![kind, u8::try_from(body.len() + 4).unwrap(), 0, 0];
        out.extend_from_slice(body);
        for text in strings {
            out.extend_from_slice(text.as_bytes());
            out.push(0);
        }
        if strings.is_empty() {
            out.push(0);
        }
        out.push(0);
        out
    }

    /// A laptop's table, written by hand after the specification.
    pub(crate) fn laptop() -> Vec<u8> {
        let mut table = structure(0, &[1, 2, 0, 0, 3], &["LENOVO", "N3HET85W", "2024-01-01"]);
        let mut system = vec![1, 2, 3, 4];
        system.extend_from_slice(&(1..=16).collect::<Vec<u8>>());
        table.extend(structure(1, &system, &["LENOVO", "21CB", "ThinkPad X1", "PF3ABCDE"]));
        table.extend(structure(2, &[1, 2, 3, 4], &["LENOVO", "21CB", "x", "L1HF123"]));
        table.extend(structure(3, &[1, 10, 2, 3], &["LENOVO", "None", "PF3ABCDE"]));
        table.extend(structure(22, &[0; 12], &[]));
        table.extend(structure(127, &[], &[]));
        let mut raw = vec![0, 3, 2, 0];
        raw.extend_from_slice(&u32::try_from(table.len()).unwrap().to_le_bytes());
        raw.extend(table);
        raw
    }

    #[test]
    fn a_laptop_is_read() {
        let found = parse_raw(&laptop()).unwrap();
        assert_eq!((found.vendor.as_deref(), found.product.as_deref()), (Some("LENOVO"), Some("21CB")));
        assert_eq!((found.chassis_type, found.battery, found.bmc), (Some(10), true, false));
        let serials: Vec<_> = found.serials.iter().map(|(of, text)| (*of, text.as_str())).collect();
        assert!(
            serials.contains(&("system", "PF3ABCDE")) && serials.contains(&("board", "L1HF123")),
            "{serials:?}"
        );
    }

    #[test]
    fn a_table_that_ends_early_keeps_what_was_whole() {
        let whole = laptop();
        let cut = parse_raw(&whole[..90]).unwrap();
        assert_eq!(cut.firmware_vendor.as_deref(), Some("LENOVO"));
        assert_eq!(parse_raw(&whole[..7]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse_raw(&bytes);
            let _ = parse(&bytes);
        }
    }
}
