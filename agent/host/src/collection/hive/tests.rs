use super::*;

const HIVE: &[u8] = include_bytes!("../../../captures/collections/system.hive");

#[test]
fn a_hive_written_by_another_program_is_read() {
    let hive = Hive::parse(HIVE).unwrap();
    assert!(!hive.is_dirty());
    let root = hive.root().unwrap();
    assert_eq!(root.at("Select").unwrap().value("Current"), Ok(Some(Data::Number(1))));
    let name = root.at("controlset001\\CONTROL\\ComputerName\\ComputerName").unwrap();
    assert_eq!(name.text("computername").as_deref(), Some("FINANCE-14"));
    let usb = root.at("ControlSet001\\Enum\\USB").unwrap();
    let (children, lost) = usb.children().unwrap();
    assert_eq!((children.len(), lost), (14, 0));
    let device = usb.at("VID_413C&PID_2113\\6&30c5d09c&0&5").unwrap();
    let hardware = device.value("HardwareID").unwrap().unwrap();
    assert_eq!(hardware.texts(), ["USB\\VID_413C&PID_2113&REV_0110", "USB\\VID_413C&PID_2113"]);
    assert_eq!(device.value("Nothing"), Ok(None));
}

#[test]
fn a_hive_in_use_is_told() {
    let mut bytes = HIVE.to_vec();
    bytes[4] ^= 1;
    assert!(Hive::parse(&bytes).unwrap().is_dirty());
}

#[test]
fn what_points_nowhere_is_an_error() {
    assert_eq!(Hive::parse(b"regf").unwrap_err(), HiveError::NotAHive);
    assert_eq!(Hive::parse(&[0; 5_000]).unwrap_err(), HiveError::NotAHive);
    let mut bytes = HIVE.to_vec();
    bytes[36..40].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(Hive::parse(&bytes).unwrap().root(), Err(HiveError::Cell { offset: u32::MAX })));
    bytes[36..40].copy_from_slice(&0_u32.to_le_bytes());
    assert!(Hive::parse(&bytes).unwrap().root().is_err());
    let cut = HIVE.get(..4_200).unwrap();
    let hive = Hive::parse(cut).unwrap();
    assert!(hive.root().is_ok_and(|root| root.children().is_err()) || hive.root().is_err());
}

/// Cells of a hand-made hive: each is its bytes, and stands where `at` says.
fn hand_made(cells: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; BASE_BYTES + 0x2_0000];
    bytes[..4].copy_from_slice(b"regf");
    bytes[36..40].copy_from_slice(&0x20_u32.to_le_bytes());
    for (at, body) in cells {
        let size = -i32::try_from(body.len() + 4).unwrap();
        bytes[BASE_BYTES + at..BASE_BYTES + at + 4].copy_from_slice(&size.to_le_bytes());
        bytes[BASE_BYTES + at + 4..BASE_BYTES + at + 4 + body.len()].copy_from_slice(body);
    }
    bytes
}

fn key(children: u32, list: u32, values: u32, value_list: u32) -> Vec<u8> {
    let mut record = vec![0; 80];
    record[..4].copy_from_slice(b"nk\x20\0");
    for (at, value) in [(20, children), (28, list), (36, values), (40, value_list)] {
        record[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    record[72] = 1;
    record[76] = b'k';
    record
}

#[test]
fn a_list_of_lists_that_holds_itself_ends() {
    let list = [&b"ri\x02\0"[..], &0x100_u32.to_le_bytes(), &0x100_u32.to_le_bytes()].concat();
    let bytes = hand_made(&[(0x20, &key(1, 0x100, 0, u32::MAX)), (0x100, &list)]);
    let root = Hive::parse(&bytes).unwrap().root().unwrap();
    assert_eq!(
        root.children().unwrap_err(),
        HiveError::TooMany { what: "levels of lists", limit: MAX_LIST_DEPTH }
    );
}

#[test]
fn data_in_segments_is_put_together() {
    let size = SEGMENT_BYTES + 100;
    let value = [
        &b"vk\x01\0"[..],
        &u32::try_from(size).unwrap().to_le_bytes(),
        &0x400_u32.to_le_bytes(),
        &3_u32.to_le_bytes(),
        b"\x01\0\0\0v",
    ]
    .concat();
    let segments = [&b"db\x02\0"[..], &0x500_u32.to_le_bytes()].concat();
    let list = [0x1000_u32.to_le_bytes(), 0x8000_u32.to_le_bytes()].concat();
    let first = vec![1; SEGMENT_BYTES + 4];
    let second = vec![2; 104];
    let bytes = hand_made(&[
        (0x20, &key(0, u32::MAX, 1, 0x200)),
        (0x200, &0x300_u32.to_le_bytes()),
        (0x300, &value),
        (0x400, &segments),
        (0x500, &list),
        (0x1000, &first),
        (0x8000, &second),
    ]);
    let root = Hive::parse(&bytes).unwrap().root().unwrap();
    let Ok(Some(Data::Bytes(data))) = root.value("v") else { panic!("{:?}", root.value("v")) };
    assert_eq!(data.len(), size);
    assert_eq!((data[SEGMENT_BYTES - 1], data[SEGMENT_BYTES], data[size - 1]), (1, 2, 2));
}

#[test]
fn marvin_hashes_as_published() {
    // Vectors of the published tests of .NET, seed 0x004f_b61a_001b_dbcc.
    let vectors: [(&[u8], u64); 4] = [
        (&[], 0x30ed_35c1_00cd_3c7d),
        (&[0xaf], 0x48e7_3fc7_7d75_ddc1),
        (&[0xe7, 0x0f], 0xb5f6_e1fc_485d_bff8),
        (&[0x37, 0xf4, 0x95], 0xf0b0_7c78_9b8c_f7e8),
    ];
    for (bytes, hash) in vectors {
        assert_eq!(marvin::hash_with(0x004f_b61a_001b_dbcc, bytes), hash, "{bytes:?}");
    }
}

/// A log entry that writes `data` at `offset` of the bins.
fn entry(sequence: u32, offset: u32, data: &[u8]) -> Vec<u8> {
    let size = (40 + 8 + data.len()).next_multiple_of(512);
    let mut entry = vec![0; size];
    entry[..4].copy_from_slice(b"HvLE");
    let bins = u32::try_from(HIVE.len() - BASE_BYTES).unwrap();
    for (at, value) in [
        (4, u32::try_from(size).unwrap()),
        (12, sequence),
        (16, bins),
        (20, 1),
        (40, offset),
        (44, u32::try_from(data.len()).unwrap()),
    ] {
        entry[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    entry[48..48 + data.len()].copy_from_slice(data);
    let hash = marvin::hash(&entry[40..]);
    entry[24..32].copy_from_slice(&hash.to_le_bytes());
    let hash = marvin::hash(&entry[..32]);
    entry[32..40].copy_from_slice(&hash.to_le_bytes());
    entry
}

#[test]
fn log_entries_count_where_they_follow_on_and_their_hashes_fit() {
    let mut hive = HIVE.to_vec();
    let next = u32_at(&hive, 8).unwrap();
    hive[4] ^= 0x10;
    let head = [&b"regf"[..], &[0; 508]].concat();
    let mut broken = entry(next + 2, 0x60, b"cccccccc");
    *broken.last_mut().unwrap() ^= 1;
    let log =
        [&head[..], &entry(next, 0x20, b"aaaaaaaa"), &entry(next + 1, 0x40, b"bbbbbbbb"), &broken].concat();
    let recovered = recover(hive.clone(), &[&log]);
    assert_eq!(recovered.entries, 2);
    assert_eq!(&recovered.bytes[BASE_BYTES + 0x20..BASE_BYTES + 0x28], b"aaaaaaaa");
    assert_eq!(&recovered.bytes[BASE_BYTES + 0x40..BASE_BYTES + 0x48], b"bbbbbbbb");
    assert_ne!(&recovered.bytes[BASE_BYTES + 0x60..BASE_BYTES + 0x68], b"cccccccc");
    // Past the bins, and older than the hive: nothing.
    let outside = [&head[..], &entry(next, u32::MAX - 3, b"aaaaaaaa")].concat();
    let older = [&head[..], &entry(next.wrapping_sub(1), 0x20, b"aaaaaaaa")].concat();
    assert_eq!(recover(hive.clone(), &[&outside, &older]).entries, 0);
}

proptest::proptest! {
    #[test]
    fn mutated_hives_never_panic_and_end(changes in proptest::collection::vec((0_usize..45_056, proptest::num::u8::ANY), 1..60)) {
        let mut bytes = HIVE.to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        if let Ok(hive) = Hive::parse(&bytes) {
            let _ = crate::collection::windows::read_system_hive(&hive);
        }
        let _ = recover(HIVE.to_vec(), &[&bytes]);
    }
}
