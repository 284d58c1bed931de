use super::*;
use crate::collection::hive::Hive;
use bearing_protocol::fact::MachineKind;

const HIVE: &[u8] = include_bytes!("../../../captures/collections/system.hive");

fn remembered() -> Remembered {
    read_system_hive(&Hive::parse(HIVE).unwrap()).unwrap()
}

#[test]
fn a_hive_remembers_devices_with_times() {
    let remembered = remembered();
    assert_eq!(remembered.hostname, "FINANCE-14");
    assert_eq!((remembered.machine.kind, remembered.bias_minutes), (MachineKind::Laptop, Some(-60)));
    assert_eq!((remembered.lost, remembered.over_limit), (0, 0));
    let assembled = assemble(&remembered.nodes, "registry");
    assert_eq!((assembled.usb.len(), assembled.orphans), (4, 0));
    let pikvm = assembled.usb.iter().find(|device| device.vendor_id == 0x1d6b).unwrap();
    assert_eq!(pikvm.path, "Port_#0002.Hub_#0001@2026-03-03T04:40:51Z");
    assert_eq!((pikvm.product_id, pikvm.device_release), (0x0104, 0x0606));
    assert_eq!(pikvm.product.as_deref(), Some("PiKVM Composite Device"));
    assert_eq!((pikvm.serial.as_deref(), pikvm.manufacturer.as_deref()), (Some("CAFEBABE"), None));
    assert_eq!(pikvm.provenance.as_deref(), Some("registry"));
    assert_eq!(pikvm.first_seen.unwrap().to_string(), "2026-03-02T21:14:05Z");
    let triplets: Vec<_> = pikvm.interfaces.iter().map(|i| (i.class, i.subclass, i.protocol)).collect();
    assert_eq!(triplets, [(3, 1, 1), (3, 0, 0), (3, 1, 2), (8, 6, 0x50)]);
    let drive = assembled.storage.iter().find(|drive| drive.usb_path.as_ref() == Some(&pikvm.path)).unwrap();
    assert_eq!((drive.vendor.as_deref(), drive.model.as_deref()), (Some("PiKVM"), Some("CD-ROM Drive")));
    assert_eq!((drive.revision.as_deref(), drive.device_type), (Some("0606"), Some(5)));
}

#[test]
fn windows_own_instances_are_no_serials() {
    let assembled = assemble(&remembered().nodes, "registry");
    let by = |product: u16| assembled.usb.iter().find(|device| device.product_id == product).unwrap();
    // A device that brings such a text along is told by Windows' own flag.
    assert_eq!(by(0x2011).serial.as_deref(), Some("6&2a1b3c4&0&1"));
    assert_eq!(by(0x2113).serial, None);
    assert_eq!(by(0x2011).interfaces[0].name.as_deref(), Some("HID Interface"));
    // One function: its class stands in the device's own ids.
    assert_eq!(by(0xc077).interfaces.len(), 1);
    assert_eq!(by(0xc077).interfaces[0].protocol, 2);
}

#[test]
fn a_display_is_remembered_with_its_edid() {
    let remembered = remembered();
    let [display] = &remembered.displays[..] else { panic!("{:?}", remembered.displays) };
    assert_eq!((display.connector.as_str(), display.edid.len()), ("LNX7770/UID4353", 256));
    assert_eq!(display.last_seen.unwrap().to_string(), "2026-03-03T04:40:51Z");
}

#[test]
fn ids_are_read_by_their_parts() {
    let ids = usb_ids("usb\\vid_0e0f&pid_0003&rev_0102&mi_0a\\7&1").unwrap();
    assert_eq!(
        (ids.vendor_id, ids.product_id, ids.release, ids.interface),
        (0x0e0f, 3, Some(0x0102), Some(10))
    );
    for other in
        ["USB\\ROOT_HUB30\\5&2", "HID\\VID_0E0F&PID_0003", "USB\\VID_0E0F", "USB\\VID_E0F&PID_0003", ""]
    {
        assert_eq!(usb_ids(other), None, "{other}");
    }
    assert_eq!(triplet("USB\\DevClass_00&SubClass_00&Prot_00"), Some((0, 0, 0)));
    assert_eq!(triplet("USB\\Class_03&SubClass_01"), None);
}

#[test]
fn inquiry_strings_come_from_fixed_widths_or_from_the_name() {
    let of = |instance: &str, hardware: &[&str], friendly: Option<&str>| {
        let hardware: Vec<String> = hardware.iter().map(|id| (*id).to_owned()).collect();
        drive(instance, &hardware, friendly).unwrap()
    };
    let comet = of("USBSTOR\\CDROM&VEN_GLINET&PROD_FLASH_DRIVE&REV_1.00\\1&0", &[], None);
    assert_eq!((comet.vendor.as_deref(), comet.product.as_deref()), (Some("GLINET"), Some("FLASH DRIVE")));
    assert_eq!((comet.device_type, comet.on_usb), (Some(5), true));
    let odd = of(
        "USBSTOR\\Disk&Ven_A_B&Prod_C_D&Rev_1\\1&0",
        &["USBSTOR\\DiskA_B_____C_D_____________1___"],
        Some("A_B C D USB Device"),
    );
    assert_eq!((odd.vendor.as_deref(), odd.product.as_deref()), (Some("A_B"), Some("C D")));
    assert_eq!(drive("USB\\VID_0E0F&PID_0003\\1", &[], None), None);
    let sata = drive("SCSI\\CdRom&Ven_NECVMWar&Prod_VMware_SATA_CD01\\5&1&0", &[], None).unwrap();
    assert!(!sata.on_usb);
}

#[test]
fn parts_without_their_device_are_counted_and_not_guessed() {
    let node = |instance: &str| Node { instance: instance.to_owned(), ..Node::default() };
    let part = Node {
        parent: Some("USB\\VID_1D6B&PID_0104\\GONE".to_owned()),
        ..node("USB\\VID_1D6B&PID_0104&MI_00\\7&1&0&0000")
    };
    let assembled = assemble(&[node("USB\\VID_1D6B&PID_0104\\A"), part], "registry");
    assert_eq!((assembled.usb.len(), assembled.orphans), (1, 1));
    let two = [
        node("USB\\VID_1D6B&PID_0104\\A"),
        node("USB\\VID_1D6B&PID_0104\\B"),
        node("USB\\VID_1D6B&PID_0104&MI_00\\7&1&0&0000"),
    ];
    let assembled = assemble(&two, "setupapi");
    assert_eq!(assembled.orphans, 1);
    assert_ne!(assembled.usb[0].path, assembled.usb[1].path);
}

fn nodes(instances: &[&str]) -> Vec<Node> {
    instances.iter().map(|instance| Node { instance: (*instance).to_owned(), ..Node::default() }).collect()
}

#[test]
fn a_drive_without_links_goes_to_the_only_device_it_can_be_of() {
    let mut all = vec![
        "USB\\VID_1D6B&PID_0104\\5&2a1b3c4d&0&1",
        "USB\\VID_1D6B&PID_0104&MI_00\\6&1a2b&0&0000",
        "USB\\VID_1D6B&PID_0104&MI_03\\6&1a2b&0&0003",
        "HID\\VID_1D6B&PID_0104&MI_00\\7&1a2b&0&0000",
        "USBSTOR\\CdRom&Ven_JetKVM&Prod_Virtual_Media&Rev_\\7&1a2b3c4d&0",
    ];
    let assembled = assemble(&nodes(&all), "setupapi");
    assert_eq!((assembled.usb.len(), assembled.storage.len(), assembled.orphans), (1, 1, 0));
    assert_eq!(assembled.storage[0].usb_path.as_ref(), Some(&assembled.usb[0].path));
    // The HID node is proof of the interface below it.
    assert_eq!((assembled.usb[0].interfaces[0].number, assembled.usb[0].interfaces[0].class), (0, 3));
    assert_eq!(assembled.hid_interfaces, 1);
    // A second device that may hold it: it is of neither.
    all.push("USB\\VID_0781&PID_5567\\6&5d6e7f8&0&1");
    let assembled = assemble(&nodes(&all), "setupapi");
    assert_eq!((assembled.usb.len(), assembled.orphans), (3, 1));
    let alone = assembled.usb.last().unwrap();
    assert_eq!((alone.vendor_id, assembled.storage[0].usb_path.as_ref()), (0, Some(&alone.path)));
}

#[test]
fn a_drive_alone_is_a_past_device_with_the_serial_of_its_instance() {
    let assembled = assemble(
        &nodes(&["USBSTOR\\CdRom&Ven_PiKVM&Prod_Optical_Drive\\7&1a2b3c4d&0&CAFEBABE&0"]),
        "setupapi",
    );
    assert_eq!((assembled.usb.len(), assembled.storage.len(), assembled.orphans), (1, 1, 1));
    assert_eq!(assembled.usb[0].serial.as_deref(), Some("CAFEBABE"));
    let assembled = assemble(&nodes(&["USBSTOR\\Disk&Ven_A\\7&1a2b3c4d&0"]), "setupapi");
    assert_eq!(assembled.usb[0].serial, None);
}
