//! A printed report descriptor turned back into its bytes.

/// Collects `Item(…)` lines. The bytes count only where they come to the length that was printed above them.
#[derive(Clone, Debug, Default)]
pub(super) struct Items {
    announced: usize,
    bytes: Vec<u8>,
    broken: bool,
}

impl Items {
    /// `Report Descriptor: (length is 65)`; `None` for any other line.
    pub(super) fn begin(line: &str) -> Option<Self> {
        let length = line.strip_prefix("Report Descriptor: (length is ")?.strip_suffix(')')?;
        Some(Self { announced: length.parse().ok()?, ..Self::default() })
    }

    /// Takes a line; lines in words are passed over.
    pub(super) fn line(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("Item(") else { return };
        if self.item(rest).is_none() {
            self.broken = true;
        }
    }

    /// The bytes, where they are whole.
    pub(super) fn finish(self) -> Option<Vec<u8>> {
        let whole = !self.broken && self.announced > 0 && self.bytes.len() == self.announced;
        whole.then_some(self.bytes)
    }

    /// `Global): Usage Page, data= [ 0x01 ] 1` or `Main  ): End Collection, data=none`.
    fn item(&mut self, rest: &str) -> Option<()> {
        let (kind, rest) = rest.split_once("): ")?;
        let (name, data) = rest.split_once(", data=")?;
        let data = data.trim();
        let data = match data.strip_prefix('[') {
            None if data == "none" => Vec::new(),
            None => return None,
            Some(inner) => inner
                .split(']')
                .next()?
                .split_whitespace()
                .map(|word| u8::from_str_radix(word.strip_prefix("0x")?, 16).ok())
                .collect::<Option<Vec<u8>>>()?,
        };
        let size = match data.len() {
            0..=2 => u8::try_from(data.len()).ok()?,
            4 => 3,
            _ => return None,
        };
        self.bytes.push(prefix(kind.trim(), name.trim())? | size);
        self.bytes.extend(data);
        (self.bytes.len() <= MAX_BYTES).then_some(())
    }
}

/// bTag and bType (HID 1.11 section 6.2.2.2) of an item by the names that `lsusb` prints.
fn prefix(kind: &str, name: &str) -> Option<u8> {
    NAMES
        .iter()
        .find(|(byte, known)| *known == name && TYPES.get(usize::from(byte >> 2 & 3)) == Some(&kind))
        .map(|(byte, _)| *byte)
}

const TYPES: [&str; 4] = ["Main", "Global", "Local", "reserved"];
const NAMES: [(u8, &str); 27] = [
    (0x80, "Input"),
    (0x90, "Output"),
    (0xb0, "Feature"),
    (0xa0, "Collection"),
    (0xc0, "End Collection"),
    (0x04, "Usage Page"),
    (0x14, "Logical Minimum"),
    (0x24, "Logical Maximum"),
    (0x34, "Physical Minimum"),
    (0x44, "Physical Maximum"),
    (0x54, "Unit Exponent"),
    (0x64, "Unit"),
    (0x74, "Report Size"),
    (0x84, "Report ID"),
    (0x94, "Report Count"),
    (0xa4, "Push"),
    (0xb4, "Pop"),
    (0x08, "Usage"),
    (0x18, "Usage Minimum"),
    (0x28, "Usage Maximum"),
    (0x38, "Designator Index"),
    (0x48, "Designator Minimum"),
    (0x58, "Designator Maximum"),
    (0x78, "String Index"),
    (0x88, "String Minimum"),
    (0x98, "String Maximum"),
    (0xa8, "Delimiter"),
];
const MAX_BYTES: usize = 4_096;
