use super::*;

const LOG: &str = "[Device Install Log]\r\n     OS Version = 10.0.19045\r\n\r\n[BeginLog]\r\n\r\n\
[Boot Session: 2026/03/02 08:00:00.500]\r\n\r\n\
>>>  [Device Install (Hardware initiated) - USB\\VID_1D6B&PID_0104\\CAFEBABE]\r\n\
>>>  Section start 2026/03/02 22:14:05.110\r\n\
     dvi: {Build Driver List} 22:14:05.176\r\n\
     dvi:      Searching for hardware ID(s):\r\n\
     dvi:           usb\\vid_1d6b&pid_0104&rev_0606\r\n\
     dvi:      Searching for compatible ID(s):\r\n\
     dvi:           usb\\devclass_00&subclass_00&prot_00\r\n\
     dvi:           usb\\composite\r\n\
     dvi:      Created Driver Node:\r\n\
     dvi:           HardwareID   - USB\\COMPOSITE\r\n\
<<<  Section end 2026/03/02 22:14:06.000\r\n\
<<<  [Exit status: SUCCESS]\r\n\r\n\
>>>  [Device Install (Hardware initiated) - USB\\VID_1D6B&PID_0104&MI_00\\7&3ae26960&0&0000]\r\n\
>>>  Section start 2026/03/02 22:14:07.110\r\n\
     dvi:      Searching for compatible ID(s):\r\n\
     dvi:           usb\\class_03&subclass_01&prot_01\r\n\
<<<  Section end 2026/03/02 22:14:08.000\r\n\
>>>  [Device Install (Hardware initiated) - USBSTOR\\CDROM&VEN_GLINET&PROD_FLASH_DRIVE&REV_1.00\\CAFEBABE&0]\r\n\
>>>  Section start 2026/03/02 22:14:09.000\r\n\
<<<  Section end 2026/03/02 22:14:09.500\r\n\
>>>  [Delete Device - USB\\VID_1D6B&PID_0104\\CAFEBABE]\r\n\
>>>  Section start 2026/03/04 09:00:00.000\r\n\
<<<  Section end 2026/03/04 09:00:00.100\r\n\
>>>  [Device Install (Hardware initiated) - SWD\\IP_TUNNEL_VBUS\\ISATAP_0]\r\n\
>>>  Section start 2026/03/04 09:01:00.000\r\n";

#[test]
fn sections_become_devices_with_times() {
    let log = parse(LOG).unwrap();
    let instances: Vec<&str> = log.devices.iter().map(|device| device.instance.as_str()).collect();
    assert_eq!(instances.len(), 3, "{instances:?}");
    let first = log.devices.first().unwrap();
    assert_eq!(first.compatible, ["usb\\devclass_00&subclass_00&prot_00", "usb\\composite"]);
    let node = first.node(Some(-60));
    assert_eq!(node.first_seen.unwrap().to_string(), "2026-03-02T21:14:05Z");
    assert_eq!(node.last_seen.unwrap().to_string(), "2026-03-04T08:00:00Z");
    let nodes: Vec<Node> = log.devices.iter().map(|device| device.node(None)).collect();
    let assembled = super::super::windows::assemble(&nodes, "setupapi");
    let [device] = &assembled.usb[..] else { panic!("{:?}", assembled.usb) };
    assert_eq!((device.interfaces.len(), device.interfaces[0].protocol), (1, 1));
    assert_eq!(device.serial.as_deref(), Some("CAFEBABE"));
    let [drive] = &assembled.storage[..] else { panic!("{:?}", assembled.storage) };
    assert_eq!((drive.vendor.as_deref(), drive.usb_path.as_ref()), (Some("GLINET"), Some(&device.path)));
}

#[test]
fn the_log_of_windows_xp_is_read() {
    let log = "[SetupAPI Log]\r\nOS Version = 5.1.2600\r\n[2010/03/01 19:00:40 264.1155 Driver Install]\r\n\
        #-019 Searching for hardware ID(s): usb\\vid_0557&pid_2419&rev_0100,usb\\vid_0557&pid_2419\r\n\
        #-018 Searching for compatible ID(s): usb\\class_03&subclass_01&prot_01,usb\\class_03\r\n\
        #-124 Doing copy-only install of \"USB\\VID_0557&PID_2419\\5&29E7AB&0&1\".\r\n\
        [2010/03/01 19:00:50 264.1 Driver Install]\r\n#I123 Doing full install of \"PCI\\VEN_8086\\1\".\r\n";
    let log = parse(log).unwrap();
    let [device] = &log.devices[..] else { panic!("{:?}", log.devices) };
    assert_eq!(device.compatible.len(), 2);
    assert_eq!(device.first.to_string(), "2010-03-01T19:00:40");
}

/// A real log, where it is at hand: 10,653 lines of a machine without USB devices.
#[test]
fn a_real_log_is_read_whole() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora/windows/setupapi.dev.log");
    let Ok(bytes) = std::fs::read(path) else { return };
    let log = parse(&String::from_utf8_lossy(&bytes)).unwrap();
    assert_eq!((log.devices.len(), log.over_limit), (0, 0));
}

#[test]
fn times_that_are_none_are_passed_over() {
    assert_eq!(parse_time("2026/13/02 22:14:05.110"), None);
    assert_eq!(parse_time("2026/03/02"), None);
    assert_eq!(parse("no log"), None);
    let headless =
        "[Device Install Log]\n>>>  [Device Install - USB\\VID_1D6B&PID_0104\\A]\n<<<  Section end\n";
    assert_eq!(parse(headless).unwrap().devices, []);
}

proptest::proptest! {
    #[test]
    fn arbitrary_lines_never_panic(at in 0_usize..32, line in "\\PC{0,80}") {
        let mut lines: Vec<&str> = LOG.lines().collect();
        if let Some(place) = lines.get_mut(at) { *place = &line; }
        let _ = parse(&lines.join("\n"));
    }
}
