//! How often the machine's own keyboard and pointer made themselves heard: a count since the start, no events.
//!
//! Always: read only when asked for, which policy has to; the count says that something moved, never what or when.
//! Facts: proc_interrupts(5); `drivers/input/serio/i8042.c` (`i8042`) and `drivers/i2c/i2c-core-base.c` (`i2c-NAME`) of Linux.

use crate::root::Root;

/// Interrupts of the built-in keyboard controller and of input devices on I2C, all processors together; `None` where
/// the kernel lists none.
pub fn builtin_input_count(root: &Root) -> Option<u64> {
    parse(&root.read_text("/proc/interrupts", MAX_BYTES).ok()?)
}

/// The count in the text of `/proc/interrupts`.
pub fn parse(text: &str) -> Option<u64> {
    text.lines()
        .take(MAX_LINES)
        .filter(|line| line.split_whitespace().any(|word| word == "i8042" || word.starts_with("i2c-")))
        .map(|line| {
            let counts = line.split_whitespace().skip(1).map_while(|word| word.parse::<u64>().ok());
            counts.fold(0, u64::saturating_add)
        })
        .reduce(u64::saturating_add)
}

const MAX_BYTES: usize = 1024 * 1024;
const MAX_LINES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_all_processors_are_added() {
        let text = "           CPU0       CPU1\n  1:          0       9041   IR-IO-APIC    1-edge      i8042\n\
             12:         10          5   IR-IO-APIC   12-edge      i8042\n \
             51:        100          0   intel-gpio   50  i2c-ELAN0001:00\n  8:          0          1   IR-IO-APIC    8-edge      rtc0\n";
        assert_eq!(parse(text), Some(9156));
        assert_eq!(parse("           CPU0\n  8:  1  IR-IO-APIC  8-edge  rtc0\n"), None);
        assert_eq!(parse(""), None);
    }
}
