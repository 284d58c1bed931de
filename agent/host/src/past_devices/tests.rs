use super::*;
use crate::testing::Machine;

const LOG: &str = "Nov 25 02:10:00 desk kernel: usb 1-1: New USB device found, idVendor=1d6b, idProduct=0104, bcdDevice= 1.00\n\
    Nov 25 02:10:00 desk kernel: usb 1-1: Product: PiKVM Composite Device\n\
    Nov 25 02:20:00 desk kernel: usb 1-1: USB disconnect, device number 5\n";

#[test]
fn several_memories_of_one_device_are_one_fact() {
    let machine = Machine::new();
    machine
        .file("/var/log/kern.log", LOG)
        .file("/var/log/syslog", LOG)
        .file("/var/log/syslog.2.gz", "")
        .file("/etc/usbguard/rules.conf", "allow id 1d6b:0104 name \"other\" via-port \"1-1\"\n")
        .directory("/run/udev/data");
    let reading = read(&machine.context()).unwrap();
    let [usb] = &reading.value.usb[..] else { panic!("{:?}", reading.value.usb) };
    assert_eq!(usb.provenance.as_deref(), Some("kernel-log"));
    assert_eq!(usb.product.as_deref(), Some("PiKVM Composite Device"));
    assert!(usb.path.starts_with("1-1@") && usb.path.ends_with("-11-25T02:20:00Z"), "{}", usb.path);
    assert_eq!(reading.value.events.len(), 2);
    assert_eq!(reading.gaps.describe(), "1 compressed logs: not read");
    assert!(reading.summary.contains("kernel-log: 1 devices in 2 files"), "{}", reading.summary);
}

#[test]
fn what_is_there_now_is_not_told_a_second_time() {
    let machine = Machine::new();
    machine.file("/var/log/messages", LOG);
    let mut context = machine.context();
    let present =
        UsbDevice { path: "1-1".into(), vendor_id: 0x1d6b, product_id: 0x0104, ..UsbDevice::default() };
    std::sync::Arc::make_mut(&mut context.earlier).usb.push(present);
    let past = read(&context).unwrap().value;
    assert!(past.usb.is_empty());
    assert_eq!(past.events.len(), 2, "what came and went is told all the same");
}

#[test]
fn a_journal_file_in_a_copied_machine_is_read() {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let packed = &include_bytes!("../../captures/systemd-252/compact.journal.gz")[..];
    flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    let machine = Machine::new();
    machine
        .file("/var/log/journal/0123/system.journal", &bytes)
        .file("/var/log/journal/0123/system@1.journal", "no journal")
        .fifo("/var/log/journal/0123/system@2.journal");
    let reading = read(&machine.context()).unwrap();
    let [usb] = &reading.value.usb[..] else { panic!("{:?}", reading.value.usb) };
    assert_eq!(usb.path, "1-1@2025-11-25T02:20:10Z");
    assert_eq!(usb.provenance.as_deref(), Some("systemd-journal"));
    assert_eq!(reading.value.storage[0].model.as_deref(), Some("CD-ROM Drive    "));
    assert_eq!(reading.gaps.describe(), "1 journal files: malformed");
}

#[test]
fn a_machine_that_remembers_nothing_says_so() {
    assert!(matches!(read(&Machine::new().context()), Err(Unread::Unsupported(_))));
}
