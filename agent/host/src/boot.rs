//! This boot: the kernel's id for it, and when it began.
//!
//! Facts: proc_sys_kernel(5) (`random/boot_id`), proc_stat(5) (`btime`, seconds since the epoch).

use bearing_protocol::{Timestamp, fact::Boot};

use crate::{
    gaps::{Gaps, Why},
    reading::{Context, Read, Reading},
};

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Boot> {
    context.needs_linux()?;
    let mut gaps = Gaps::default();
    let id = context.root.read_trimmed(BOOT_ID, 64);
    let stat = context.root.read_text(STAT, MAX_STAT_BYTES);
    let (id, stat) = match (id, stat) {
        (Err(error), Err(_)) => return Err(error.into()),
        pair => pair,
    };
    let id = match id {
        Ok(text) if is_boot_id(&text) => Some(text),
        Ok(_) => {
            gaps.add("boot ids", Why::Malformed);
            None
        }
        Err(error) => {
            gaps.add("boot ids", error.kind.into());
            None
        }
    };
    let at = match stat {
        Ok(text) => {
            let at = parse_boot_time(&text);
            if at.is_none() {
                gaps.add("boot times", Why::Malformed);
            }
            at
        }
        Err(error) => {
            gaps.add("boot times", error.kind.into());
            None
        }
    };
    let summary = at.map_or_else(String::new, |at| format!("started {at}"));
    Ok(Reading::with_gaps(Boot { id, at, installed_at: None }, summary, gaps))
}

/// The `btime` line of `/proc/stat`.
pub fn parse_boot_time(stat: &str) -> Option<Timestamp> {
    let seconds = stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Timestamp::from_second(seconds).ok()
}

/// Whether a text is a UUID, the form of a boot id.
fn is_boot_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
const STAT: &str = "/proc/stat";
/// Most bytes of `/proc/stat`: it grows with processors and interrupts.
const MAX_STAT_BYTES: usize = 4 * 1024 * 1024;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    #[test]
    fn a_boot_is_read() {
        let machine = Machine::new();
        machine
            .file(BOOT_ID, "5a0a1c8e-3c0e-4a5b-9a43-0f0a4b1f2c3d\n")
            .file(STAT, "cpu  1 2 3\nintr 0\nctxt 7\nbtime 1795593600\nprocesses 3\n");
        let reading = read(&machine.context()).unwrap();
        assert_eq!(reading.value.id.as_deref(), Some("5a0a1c8e-3c0e-4a5b-9a43-0f0a4b1f2c3d"));
        assert_eq!(reading.value.at.unwrap().as_second(), 1_795_593_600);
        assert!(reading.gaps.is_empty());
    }

    #[test]
    fn nonsense_is_told_and_not_kept() {
        let machine = Machine::new();
        machine.file(BOOT_ID, "<script>\n").file(STAT, "btime 99999999999999999999\n");
        let reading = read(&machine.context()).unwrap();
        assert_eq!(reading.value, Boot::default());
        assert_eq!(reading.gaps.describe(), "1 boot ids: malformed; 1 boot times: malformed");
        assert!(read(&Machine::new().context()).is_err());
    }
}
